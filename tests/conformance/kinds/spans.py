"""Spans of Zipkin and Jaeger in their JSON encodings: what each file says of a span must stand in its record."""

import base64
from collections.abc import Iterator
from typing import Any

import orjson

from tests.conformance import times
from tests.conformance.checks import Check, Field, Identity, Somewhere, Time
from tests.conformance.kinds.common import read_into
from tests.conformance.manifest import Corpora, Source
from tests.conformance.records import Reading, View, detect, kept
from tests.conformance.results import CaseResult, SourceResult, failed, judge
from tests.conformance.settings import WANTED
from tests.conformance.values import absent

_MICRO = 1000


def run(corpora: Corpora, source: Source) -> SourceResult:
    """A record a span, found by its id."""
    result = SourceResult(source)
    data = source.data
    views = read_into(result, data, Reading(), whole_source=False)
    result.detected = detect(data)
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        lost = kept(data, views)
        result.cases.append(
            CaseResult("broken", not lost, int(not lost), 1, tuple(f"not kept: {line}" for line in lost[:3]))
        )
        return result
    if isinstance(document, dict) and ("resourceSpans" in document or "resourceLogs" in document):
        from tests.conformance.kinds import otlp

        return otlp.run_json(corpora, source)
    spans = list(_spans(document))
    if not spans:
        result.error = "no spans"
    elif source.category in WANTED and all(_start(span) for span in spans):
        result.detections.append((source.category, result.detected, WANTED[source.category]))
    by_id: dict[str, list[View]] = {}
    for view in views:
        by_id.setdefault(view.span_id.lstrip("0"), []).append(view)
    for number, span in enumerate(spans):
        result.cases.append(_judge(f"#{number} {_id(span)}", span, by_id, views))
    return result


def _spans(document: Any) -> Iterator[dict[str, Any]]:
    """Every span of a list, of Jaeger's `data`, of a batch with one process, or alone."""
    if isinstance(document, list):
        for item in document:
            yield from _spans(item)
    elif isinstance(document, dict):
        if isinstance(document.get("data"), list):
            yield from _spans(document["data"])
        elif isinstance(document.get("spans"), list):
            process = document.get("process")
            for span in document["spans"]:
                yield {"process": process, **span} if process and isinstance(span, dict) else span
        elif {"traceId", "traceID", "TraceID", "traceIdLow"} & document.keys():
            yield document


def _id(span: dict[str, Any]) -> str:
    value = next((span[key] for key in ("id", "spanID", "spanId", "SpanID") if key in span), "")
    return _hex(value, 8)


def _hex(value: Any, size: int) -> str:
    """An id in any of its spellings: hexadecimal, signed or unsigned 64 bits, base64."""
    if isinstance(value, int):
        return f"{value & (1 << 64) - 1:x}"
    text = str(value)
    if text.endswith("=") or len(text) not in range(1, 2 * size + 1):
        return base64.b64decode(text).hex().lstrip("0")
    return text.casefold().lstrip("0")


def _judge(name: str, span: dict[str, Any], by_id: dict[str, list[View]], views: list[View]) -> CaseResult:
    if not isinstance(span.get("duration", 0), int | float | str) or span.get("duration") == "invalid":
        # What cannot be a span is kept, as whatever it is read.
        held = any('"invalid"' in view.raw_text or '"invalid"' in str(view.body) for view in views)
        return CaseResult(name, held, int(held), 1, () if held else ("a broken span is not kept",))
    title = next((span[key] for key in ("name", "operationName", "OperationName") if span.get(key)), "")
    own = [view for view in by_id.get(_id(span), ()) if not title or any(title == value for value in view.values)]
    start = _start(span)
    own.sort(key=lambda view: (start is None or not start.fits(view.time), len(view.attributes) == 0))
    if not own:
        return failed(name, f"no record with the span's id and name {title!r}")
    # One id may be two spans: a client's, and its server's that shares it.
    results = [judge(name, list(_checks(span)), view) for view in own]
    return max(results, key=lambda result: (result.passed, result.held))


def _start(span: dict[str, Any]) -> times.Moment | None:
    for key in ("timestamp", "startTime", "StartTime"):
        value = span.get(key)
        if isinstance(value, int):
            return times.Moment(value * _MICRO, _MICRO)
        if isinstance(value, str):
            return times.read(value)
    return None


def _checks(span: dict[str, Any]) -> Iterator[Check]:
    trace = next((span[key] for key in ("traceId", "traceID", "TraceID") if key in span), None)
    if trace is not None:
        yield Identity("trace", _hex(trace, 16))
    elif "traceIdLow" in span:
        yield Identity(
            "trace", f"{span.get('traceIdHigh', 0) & (1 << 64) - 1:016x}{span['traceIdLow'] & (1 << 64) - 1:016x}"
        )
    start = _start(span)
    if start:
        yield Time(start)
    parent = span.get("parentId") or span.get("parentSpanID") or span.get("parentSpanId") or span.get("ParentID")
    if parent and _hex(parent, 8):
        yield _Parent(_hex(parent, 8))
    service = (span.get("localEndpoint") or {}).get("serviceName") or (span.get("process") or {}).get("serviceName")
    if service:
        yield Field("service", ("service.name",), service)
    tags = span.get("tags") or span.get("Tags") or {}
    pairs = tags.items() if isinstance(tags, dict) else ((tag.get("key", tag.get("Key")), _tag(tag)) for tag in tags)
    for key, value in pairs:
        if not absent(value) and key not in ("span.kind", "error") and not isinstance(value, bool):
            yield Somewhere(str(key), value)


def _tag(tag: dict[str, Any]) -> Any:
    if str(tag.get("type", tag.get("vType", tag.get("ValueType", "")))).casefold() == "binary":
        return None
    for key, value in tag.items():
        if key.startswith("v") and key != "vType":
            return value
    return None


class _Parent:
    """The parent's id, under any attribute."""

    label = "parent"

    def __init__(self, value: str) -> None:
        self.value = value

    def differs(self, view: View) -> str | None:
        found = [v for v in view.attributes.values() if isinstance(v, str) and v.lstrip("0") == self.value]
        return None if found else "no attribute with it"
