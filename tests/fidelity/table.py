"""The tables, and records as they speak of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import yaml
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests import otlp

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Row:
    """One field of a protocol.

    Attributes:
        field: Its path in the message; a part that is a number is a place in a list.
        sent: What is in it.
        place: Where it is found: `body`, `attribute NAME`, `resource NAME`, …
        value: What stands there.
        record: In the how manieth record.
        note: For people.
    """

    field: tuple[str, ...]
    sent: Any
    place: str
    value: Any
    record: int
    note: str


@dataclass(frozen=True)
class Table:
    """All rows of a protocol; `left_out` says why a field is in none."""

    name: str
    title: str
    page: str
    rows: tuple[Row, ...]
    left_out: dict[tuple[str, ...], str]

    def message(self) -> Any:
        """The message that has all that is sent."""
        made: dict[str, Any] = {}
        for row in self.rows:
            put(made, row.field, row.sent)
        return lists(made)

    def speaks_of(self, field: tuple[str, ...]) -> bool:
        """Whether a row, or the list of what is left out, has this field, or the whole that it is a part of."""
        named = {row.field for row in self.rows} | set(self.left_out)
        return any(field[:length] in named for length in range(1, len(field) + 1))


def put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Sets the value at the path."""
    *parents, last = path
    for part in parents:
        tree = tree.setdefault(part, {})
    assert tree.get(last, value) == value, f"{path} is sent twice"
    tree[last] = value


def lists(tree: Any) -> Any:
    """The tree, with lists where the keys are numbers."""
    if not isinstance(tree, dict):
        return tree
    if tree and all(key.isdigit() for key in tree):
        return [lists(tree[str(at)]) for at in range(len(tree))]
    return {key: lists(value) for key, value in tree.items()}


def names() -> list[str]:
    """Of all tables."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def read(name: str) -> Table:
    """The table of this protocol."""
    data = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    rows = tuple(
        Row(
            path(row["field"]),
            row["sent"],
            row["as"],
            row.get("value", row["sent"]),
            row.get("record", 0),
            row.get("note", ""),
        )
        for row in data["rows"]
    )
    left_out = {path(field): why for field, why in data.get("left_out", {}).items()}
    return Table(name, data["title"], data["page"], rows, left_out)


def path(field: str) -> tuple[str, ...]:
    """`a/b/0` as its parts."""
    return tuple(field.split("/"))


@dataclass(frozen=True)
class Record:
    """A record by the places of the tables."""

    places: dict[str, Any]

    def leaves(self) -> list[Any]:
        """All values in it but its original: what was kept, not what could be dug for."""
        return [leaf for name, value in self.places.items() if name != ORIGINAL for leaf in _leaves(value)]


ORIGINAL = "attribute log.record.original"


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def records(request: ExportLogsServiceRequest) -> list[Record]:
    """All records of a request."""
    found = []
    for group in request.resource_logs:
        for scope in group.scope_logs:
            for record in scope.log_records:
                places: dict[str, Any] = {
                    "time": record.time_unix_nano,
                    "observed time": record.observed_time_unix_nano,
                    "severity": record.severity_number,
                    "severity text": record.severity_text,
                    "body": otlp.plain(record.body),
                    "trace id": record.trace_id.hex(),
                    "span id": record.span_id.hex(),
                    "flags": record.flags,
                    "event name": record.event_name,
                    "dropped attributes": record.dropped_attributes_count,
                    "scope": scope.scope.name,
                    "scope version": scope.scope.version,
                    "resource schema": group.schema_url,
                    "scope schema": scope.schema_url,
                    "resource dropped attributes": group.resource.dropped_attributes_count,
                    "resource entities": ", ".join(entity.type for entity in group.resource.entity_refs),
                    "scope dropped attributes": scope.scope.dropped_attributes_count,
                }
                for kind, pairs in (
                    ("attribute", record.attributes),
                    ("resource", group.resource.attributes),
                    ("scope attribute", scope.scope.attributes),
                ):
                    places |= {f"{kind} {key}": value for key, value in otlp.attributes(pairs).items()}
                found.append(Record(places))
    return found


def from_json(line: bytes) -> list[Record]:
    """The records of a line that the exporter `file` wrote."""
    return records(json_format.ParseDict(otlp.base64_ids(orjson.loads(line)), ExportLogsServiceRequest()))


def code(text: str) -> str:
    """A place with its name as code, for the page."""
    return re.sub(r"^((?:scope )?attribute|resource) (.*)$", r"\1 `\2`", text)
