"""Elastic's pairs: a log and, beside it, the events that a Beats module makes of it (flat ECS keys)."""

import bisect
import fnmatch
import re
from functools import cache
from typing import Any

from tests.conformance import times
from tests.conformance.checks import Body, Check, Duration, Field, Identity, Level, Raw, Somewhere, Target, Time
from tests.conformance.kinds.common import read_into
from tests.conformance.manifest import Corpora, Source
from tests.conformance.records import View, offsets
from tests.conformance.results import SourceResult, failed, judge
from tests.conformance.settings import FILEBEAT, FILEBEAT_ZONE_MINUTES, FILLERS, reading_for
from tests.conformance.values import absent

# `event.*` is ignored as a whole, but the oracle's list of accepted attributes names these two.
_KEPT_EVENT_KEYS = ("event.duration",)
# Where the recorder read the file: the receiver knows that, the line does not.
_OF_THE_RECEIVER = ("log.file.path",)
_RELATIONS = ("match", "equivalent", "otlp", "conflict")


def run(corpora: Corpora, source: Source) -> SourceResult:
    """Every event of an expected file against the record that begins where the event does."""
    result = SourceResult(source)
    events = source.json()
    log = corpora.input_of(source)
    if log is None:
        result.error = "its log is not in the corpora"
        return result
    result.source = log
    program = next((event["event.dataset"] for event in events if "event.dataset" in event), "")
    data = log.data
    views = read_into(result, data, reading_for(program, FILEBEAT), program=program)
    starts = offsets(data, views)
    taken: set[int] = set()
    for number, event in enumerate(events):
        name = f"#{number}"
        offset = int(event.get("log.offset", 0))
        at = bisect.bisect_right(starts, offset) - 1
        line = data[offset:].split(b"\n", 1)[0].decode("utf-8", "replace")
        if at < 0 or at in taken:
            why = "one record for what the oracle has as two events" if at in taken else f"no record at byte {offset}"
            result.cases.append(failed(name, f"{why}: {line[:200]!r}"))
            continue
        taken.add(at)
        result.cases.append(judge(name, [*checks_of(corpora, event), _HasLine(line)], views[at], line))
    return result


class _HasLine(Raw):
    """The event's first line stands in the original, whatever else was joined to it."""

    def differs(self, view: View) -> str | None:
        return None if self.line.strip("\r\n \t\ufeff\0") in view.raw_text else repr(view.raw_text)


def checks_of(corpora: Corpora, event: dict[str, Any], zone_minutes: int = FILEBEAT_ZONE_MINUTES) -> list[Check]:
    """What an ECS event asks of a record."""
    return [check for key, value in event.items() for check in check_of(corpora, key, value, zone_minutes)]


def check_of(corpora: Corpora, key: str, value: Any, zone_minutes: int = 0) -> list[Check]:
    """The checks for one ECS key."""
    if absent(value) or _ignored(corpora, key) or FILLERS.get(key) == value:
        return []
    match key:
        case "@timestamp":
            moment = times.read(value, zone_minutes)
            return [Time(moment)] if moment else []
        case "message":
            return [Body(value, "message")]
        case "log.level":
            return [Level(str(value), key)]
        case "url.original":
            return [Target(key, str(value))]
        case "event.duration":
            return [Duration(key, float(value))]
        case "trace.id" | "span.id":
            return [Identity(key, str(value))]
    names = accepted(corpora, key)
    return [Field(key, names, value)] if names else [Somewhere(key, value)]


def accepted(corpora: Corpora, key: str) -> tuple[str, ...]:
    """The attributes that may hold an ECS key; none where the oracle has no opinion."""
    related = corpora.oracle("ecs_to_otel").get("map", {}).get(key, ())
    names = [item["attribute"] for item in related if item["relation"] in _RELATIONS and item["attribute"]]
    for name in corpora.oracle("ecs_extra").get("accept", {}).get(key, ()):
        plain = re.sub(r" \(.*\)\Z", "", name)
        if plain == "any":
            return ()
        names.append(plain)
    if key == "destination.port":
        names.append("server.port")  # as the oracle takes server.address for destination.ip
    return tuple(dict.fromkeys(names))


def _ignored(corpora: Corpora, key: str) -> bool:
    if key in _KEPT_EVENT_KEYS or key in _OF_THE_RECEIVER:
        return key in _OF_THE_RECEIVER
    return _pattern(tuple(corpora.oracle("ecs_extra").get("ignore", ()))).match(key) is not None


@cache
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns) or r"(?!)")
