"""What an expectation asks of a record: one class a kind of question. `differs` says what stood there instead."""

import re
from dataclasses import dataclass
from typing import Any, Protocol

from tests.conformance import times
from tests.conformance.records import ORIGINAL, View, text_of
from tests.conformance.values import absent, same

# The range of severity numbers for each word, as the oracle of Datadog has it; fatal and panic as OpenTelemetry has.
LEVELS = {
    **dict.fromkeys(("emergency", "emerg", "fatal", "panic"), (21, 24)),
    "alert": (19, 24),
    "verbose": (1, 9),  # the least of .NET's levels, but above debug in Redis
    **dict.fromkeys(("critical", "crit"), (18, 24)),
    **dict.fromkeys(("error", "err", "severe"), (17, 20)),
    **dict.fromkeys(("warning", "warn"), (13, 16)),
    "notice": (9, 12),
    **dict.fromkeys(("info", "information", "informational", "ok"), (9, 12)),
    **dict.fromkeys(("debug", "fine"), (5, 8)),
    **dict.fromkeys(("trace", "finest"), (1, 4)),
}


class Check(Protocol):
    """One expected thing, by the name that the oracle has for it."""

    @property
    def label(self) -> str: ...

    def differs(self, view: View) -> str | None: ...


@dataclass(frozen=True)
class Field:
    """A value under any of some attributes."""

    label: str
    names: tuple[str, ...]
    value: Any

    def differs(self, view: View) -> str | None:
        there = {name: view.attributes[name] for name in self.names if name in view.attributes}
        if any(same(self.value, value) for value in there.values()):
            return None
        if self.label.endswith(".ip") and any(same(self.value, str(value).split("%")[0]) for value in there.values()):
            return None  # the zone of a link-local address is no part of it
        for name, value in there.items():  # an address with its port, which we keep apart
            port = view.attributes.get(_port(name))
            if self.value in (f"{value}:{port}", f"[{value}]:{port}"):
                return None
        found = ", ".join(f"{name}={value!r}" for name, value in there.items())
        return found or f"no {' or '.join(self.names)}{_elsewhere(self.value, view)}"


@dataclass(frozen=True)
class Somewhere:
    """A value of a key that no map names: under some attribute, or in the body where that is a part of the line."""

    label: str
    value: Any

    def differs(self, view: View) -> str | None:
        if any(same(self.value, value) for value in view.values):
            return None
        if isinstance(self.value, dict):  # an object, its members apart
            inner = (
                Somewhere(f"{self.label}.{key}", of).differs(view) for key, of in self.value.items() if not absent(of)
            )
            return next((different for different in inner if different), None)
        if isinstance(self.value, list) and all(self._item(item, view) for item in self.value):
            return None
        if isinstance(self.value, list) and _lines(self.value) in [_lines(have) for have in view.values if have]:
            return None  # a stack trace, its lines apart
        if isinstance(self.value, str) and self.value.strip() in _part(view):
            return None
        moment = times.read(self.value) if view.time else None
        if moment and moment.fits(view.time, view.raw_text):
            return None  # it is the record's own time
        return None if self._in_two(view) or _version_of(self.value) == _said_version(view, self.value) else "nowhere"

    def _in_two(self, view: View) -> bool:
        """An address and its port, a file and its line, a protocol and its version: two attributes here."""
        if not isinstance(self.value, str):
            return False
        for name, prefix in (("network.protocol.version", "HTTP/"), ("tls.protocol.version", "TLSv")):
            if self.value.startswith(prefix) and same(self.value.removeprefix(prefix), view.attributes.get(name)):
                return True
        front, colon, number = self.value.rpartition("://")[2].rpartition(":")
        both = (front.strip("[]"), number)
        return bool(colon) and number.isdigit() and all(any(same(part, have) for have in view.values) for part in both)

    def _item(self, item: Any, view: View) -> bool:
        return any(same(item, value) or (isinstance(value, list) and item in value) for value in view.values)


@dataclass(frozen=True)
class Body:
    """The message."""

    value: Any
    label: str = "body"

    def differs(self, view: View) -> str | None:
        body = view.body
        if isinstance(body, dict) and not isinstance(self.value, dict):
            body = body.get("message", body.get("msg", body))
        if isinstance(self.value, str) and _bare_line(self.value) == _bare_line(view.raw_text):
            return None  # the oracle kept the line whole: so does the record
        if same(self.value, text_of(body) if isinstance(body, bytes) else body) or _one_line(self.value) == _one_line(
            body
        ):
            return None
        return repr(body)


@dataclass(frozen=True)
class Time:
    """The record's own time."""

    moment: times.Moment
    label: str = "time"

    def differs(self, view: View) -> str | None:
        if view.time and self.moment.fits(view.time, view.raw_text):
            return None
        return times.show(view.time)


@dataclass(frozen=True)
class Level:
    """A severity in words: its number where the word is one that all know, else its spelling."""

    word: str
    label: str = "severity"

    def differs(self, view: View) -> str | None:
        allowed = LEVELS.get(self.word.casefold())
        if allowed:
            good = allowed[0] <= view.severity <= allowed[1]
        else:
            good = view.severity_text.casefold() == self.word.casefold()
        return None if good else f"{view.severity} {view.severity_text!r}"


@dataclass(frozen=True)
class Severity:
    """A severity by number."""

    low: int
    high: int
    label: str = "severity"

    def differs(self, view: View) -> str | None:
        return None if self.low <= view.severity <= self.high else f"{view.severity} {view.severity_text!r}"


@dataclass(frozen=True)
class Target:
    """A request target: whole under one attribute, or as path and query."""

    label: str
    value: str

    def differs(self, view: View) -> str | None:
        have = view.attributes
        if any(same(self.value, have.get(name)) for name in ("url.original", "url.full")):
            return None
        path, query = have.get("url.path"), have.get("url.query")
        joined = f"{path or ''}?{query}" if query is not None else path
        if joined is not None and (same(self.value, joined) or _bare(self.value) == joined):
            return None
        return f"url.path={path!r} url.query={query!r} url.original={have.get('url.original')!r}"


@dataclass(frozen=True)
class Duration:
    """A duration in nanoseconds, under any attribute that is one, in whatever unit."""

    label: str
    nanos: float

    def differs(self, view: View) -> str | None:
        found = {n: v for n, v in view.attributes.items() if re.search("duration|time|took|latency|elapsed", n)}
        for value in found.values():
            if not isinstance(value, str | int | float) or isinstance(value, bool):
                continue
            if any(same(self.nanos, _scaled(value, unit)) for unit in (1, 1e3, 1e6, 1e9)):
                return None
        return f"{found}" if found else "no duration"


@dataclass(frozen=True)
class Identity:
    """A trace's or span's id."""

    label: str
    value: str

    def differs(self, view: View) -> str | None:
        have = view.trace_id if "trace" in self.label.casefold() else view.span_id
        return None if have and have.lstrip("0") == self.value.casefold().lstrip("0") else repr(have)


@dataclass(frozen=True)
class Raw:
    """The line as it was, in the body or beside it."""

    line: str
    label: str = "raw line"

    def differs(self, view: View) -> str | None:
        kept = (view.raw_text, text_of(view.body))
        if _bare_line(self.line) in {_bare_line(text) for text in kept}:
            return None
        if "\ufffd" in self.line and _bare_line(self.line) in {_bare_line(_repaired(text)) for text in kept}:
            return None
        return f"{view.raw_text!r}"


@dataclass(frozen=True)
class Unread:
    """A line that the oracle could not read: a record that keeps it whole, and says nothing that is not in it."""

    line: str
    label: str = "unread line"

    def differs(self, view: View) -> str | None:
        different = Raw(self.line).differs(view)
        if different:
            return different
        line = self.line.casefold()
        for name, value in view.attributes.items():
            # What a priority means is no invention, nor why the line was rejected.
            if name == ORIGINAL or name.startswith(("syslog.", "logloom.reject.")) or not isinstance(value, str):
                continue
            if value.casefold() not in line:
                return f"{name}={value!r} is not in the line"
        return None


def level_or(label: str, word: Any) -> Check | None:
    """The check for a severity; None where there is none."""
    return None if absent(word) else Level(str(word), label)


def _part(view: View) -> str:
    """The body, where it is a part of the line and not all of it."""
    body = text_of(view.body)
    return "" if body == view.raw_text and ORIGINAL not in view.own else body


def _port(name: str) -> str:
    return f"{name.removesuffix('address')}port"


def _elsewhere(value: Any, view: View) -> str:
    names = [name for name, have in view.attributes.items() if name != ORIGINAL and same(value, have)]
    return f" (it stands in {', '.join(names)})" if names else ""


def _one_line(text: Any) -> Any:
    return text.strip() if isinstance(text, str) else text


def _bare_line(line: str) -> str:
    return line.replace("\r\n", "\n").strip("\n\r \t\0\ufeff")


def _lines(value: Any) -> list[str]:
    """The lines of a text or of a list of texts, without their blanks."""
    text = "\n".join(map(str, value)) if isinstance(value, list) else value if isinstance(value, str) else ""
    return [line.strip() for line in text.strip().split("\n")]


def _version_of(protocol: Any) -> str:
    """`1.1` of `HTTP/1.1`, `1.2` of `TLSv1.2`: the conventions keep name and version apart."""
    found = re.fullmatch(r"(?:HTTP/|TLSv)([\d.]+)", protocol) if isinstance(protocol, str) else None
    return found[1] if found else ""


def _said_version(view: View, protocol: Any) -> Any:
    name = "tls.protocol.version" if str(protocol).startswith("TLS") else "network.protocol.version"
    return view.attributes.get(name)


def _repaired(text: str) -> str:
    """Bytes that are not UTF-8 as U+FFFD, as expectations have them."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _bare(target: str) -> str:
    """A request target without scheme and authority, and without a fragment."""
    found = re.match(r"(?i)[a-z][a-z0-9+.-]*://[^/?#]*(.*)", target)
    return (found[1] or "/") if found else target


def _scaled(value: str | float, unit: float) -> float | None:
    try:
        return float(value) * unit
    except ValueError:
        return None
