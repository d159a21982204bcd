"""Records as the checks look at them: attributes flat, the raw line, where it stood in its source."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import orjson

import logloom

ORIGINAL = "log.record.original"


@dataclass(frozen=True)
class Reading:
    """How a user would have a source read: a format and its options."""

    format: str = "auto"
    options: dict[str, Any] = field(default_factory=dict)


class View:
    """One record, flattened."""

    def __init__(self, record: logloom.Record, format: str) -> None:
        self.format = format
        self.time: int = record.time_unix_nano
        self.observed: int = record.observed_time_unix_nano
        self.severity: int = record.severity_number
        self.severity_text: str = record.severity_text
        self.body: Any = record.body
        self.is_reject: bool = record.is_reject
        self.trace_id: str = record.trace_id
        self.span_id: str = record.span_id
        self.flags: int = record.flags
        self.event_name: str = record.event_name
        self.scope_name: str = record.scope_name
        self.scope_version: str = record.scope_version
        self.own: dict[str, Any] = record.attributes
        self.resource: dict[str, Any] = record.resource

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """Attributes, those of the resource and the scope's name, nested maps by their dotted path."""
        flat = dict(flatten(self.resource))
        flat.update(flatten(self.own))
        if self.scope_name:
            flat.setdefault("scope.name", self.scope_name)
            flat.setdefault("scope.version", self.scope_version)
        return flat

    @cached_property
    def raw(self) -> Any:
        """The original: the attribute that keeps it, else the body."""
        return self.own.get(ORIGINAL, self.body)

    @cached_property
    def raw_text(self) -> str:
        return text_of(self.raw)

    @cached_property
    def values(self) -> list[Any]:
        """All values but the original, those of the body with them where it was taken apart."""
        found: list[Any] = [value for name, value in self.attributes.items() if name != ORIGINAL]
        found += [self.severity_text, self.trace_id, self.span_id, self.event_name]
        found += [value for _, value in flatten(self.body)] if isinstance(self.body, dict) else [self.body]
        return [value for value in found if value not in ("", None)]


def flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of a nested map by dotted path, and each map that is not at the top as well."""
    if not isinstance(value, dict):
        yield prefix, value
        return
    if prefix:
        yield prefix, value
    for key, inner in value.items():
        yield from flatten(inner, f"{prefix}.{key}" if prefix else key)


def text_of(value: Any) -> str:
    """A body or original as text; bytes that are not UTF-8 keep their place."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return value if isinstance(value, str) else ""


@cache
def known_formats() -> dict[str, frozenset[str]]:
    """Each format of this build and the options that it takes."""
    return {entry["name"]: frozenset(entry["options"]) for entry in logloom.formats()}


def detect(data: bytes) -> str:
    """The format that the first 64 KiB look like."""
    return logloom.detect(data[: 64 << 10])


def read(data: bytes, reading: Reading) -> list[View]:
    """All records of a source. Raises `logloom.ConfigError` as the user would see it."""
    parser = logloom.Parser(reading.format, **reading.options)
    batch = parser.parse(data)
    return [View(record, parser.format) for record in batch]


def offsets(data: bytes, views: Sequence[View]) -> list[int]:
    """Where each record's original begins in the source; -1 where it does not stand there as it is."""
    found, at = [], 0
    for view in views:
        raw = view.raw_text.encode("utf-8", "surrogateescape")
        # A joined record may have lost its blank lines' own blanks: its first line finds it.
        start = data.find(raw, at) if raw else -1
        if start < 0 and raw:
            start = data.find(raw.split(b"\n", 1)[0], at)
        found.append(start)
        if start >= 0:
            at = start + max(1, len(raw.split(b"\n", 1)[0]))
    return found


def _is_document(data: bytes) -> bool:
    """Whether the source is one JSON document over several lines."""
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return b"\n" in data.strip()


def kept(data: bytes, views: Sequence[View]) -> list[str]:
    """The lines of the source that no record keeps."""
    if _is_document(data):
        return [] if views else ["the whole document"]  # its items are the records, its brackets are none
    have = "\n".join(view.raw_text for view in views)
    whole = set(re.split(r"\r?\n", have))
    lines = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").split("\n")
    return [
        line
        for line in lines
        if line.strip("\r\n \t\ufeff\0") and line not in whole and line.strip("\ufeff\0\r") not in have
    ]
