"""Sources without an oracle: every line is kept, and none is rejected that is well formed.

A JSON document or an event in XML says itself what must be read from it; of lines only this is asked.
"""

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import orjson

from tests.conformance import times
from tests.conformance.checks import Check, Field, Somewhere, Time
from tests.conformance.kinds import lal, otlp, spans
from tests.conformance.kinds.common import read_into
from tests.conformance.manifest import Corpora, Source
from tests.conformance.records import Reading
from tests.conformance.results import CaseResult, SourceResult, judge
from tests.conformance.values import absent


def run(corpora: Corpora, source: Source) -> SourceResult:
    """By what the file is."""
    start = source.data[:4096].lstrip()
    if source.category.startswith("span-"):
        return spans.run(corpora, source)
    if source.category == "mesh-als":
        return lal.run_message(corpora, source)
    if re.match(rb'\{\s*"(resource_?(Logs|Spans|logs|spans))"', start):
        return otlp.run_json(corpora, source)
    if start.startswith(b"<Event"):
        return _event(source)
    return _lines(source)


def _lines(source: Source) -> SourceResult:
    result = SourceResult(source)
    data = source.data
    if not data.strip():
        return result
    views = read_into(result, data, Reading())
    if source.category == "wire-es-bulk":
        told = {str(value) for view in views for value in view.attributes.values()}
        result.lost = [line for line in result.lost if not _is_told(line, told)]
    bad = [view for view in views if view.is_reject and _well_formed(view.raw_text, result.detected)]
    if not _is_json(result.detected) and 10 * len(bad) < len(views):
        bad = []  # a banner, a line of another program: no wrong guess
    differences = [f"line not kept: {line[:200]!r}" for line in result.lost[:3]]
    differences += [f"rejected by {view.format}: {view.raw_text[:200]!r}" for view in bad[:3]]
    result.whole = not differences
    result.error = "; ".join(filter(None, [result.error, *differences]))
    return result


def _is_told(line: str, told: set[str]) -> bool:
    """Whether a line of the bulk API says what is to be done, and all that it says is in attributes."""
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    metadata = next(iter(said.values()), None)
    return len(said) == 1 and isinstance(metadata, dict) and {str(value) for value in metadata.values()} <= told


def _is_json(format: str) -> bool:
    return "json" in format or format in ("docker", "bunyan", "hubble")


def _well_formed(line: str, format: str) -> bool:
    """Whether a rejected line is one that its format should have read: JSON that is whole, or any other text."""
    text = line.strip()
    if _is_json(format) or text[:1] in ("{", "["):
        try:
            return isinstance(orjson.loads(text), dict)
        except orjson.JSONDecodeError:
            return False
    return bool(text)


def _event(source: Source) -> SourceResult:
    result = SourceResult(source)
    data = source.data
    views = read_into(result, data, Reading(), whole_source=False)
    view = views[0] if views else None
    result.cases.append(judge("event", list(_event_checks(data)), view))
    if len(views) > 1:
        result.cases[-1] = CaseResult(
            "event", passed=False, held=0, asked=1, differences=(f"{len(views)} records of one event",)
        )
    return result


def _event_checks(data: bytes) -> Iterator[Check]:
    """The System part by what it is, the rest by value."""
    root = ET.fromstring(data)  # noqa: S314 (the corpora's own files)
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        text = (element.text or "").strip()
        if name == "TimeCreated":
            moment = times.read(element.get("SystemTime"))
            if moment:
                yield Time(moment)
        elif name == "Computer":
            yield Field(name, ("host.name",), text)
        elif name in ("EventID", "EventRecordID", "Channel", "Data", "Keyword") and not absent(text):
            yield Somewhere(name, text)
        elif name == "Provider" and element.get("Name"):
            yield Somewhere(name, _attribute(element, "Name"))


def _attribute(element: Any, name: str) -> str:
    return str(element.get(name))
