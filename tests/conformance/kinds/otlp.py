"""OTLP as JSON or YAML: decode cases with the record that comes of it or an error; and whole requests."""

from collections.abc import Iterator
from typing import Any

import orjson

import logloom
from tests.conformance.checks import Body, Check, Field, Identity, Severity, Somewhere
from tests.conformance.kinds.common import read_into
from tests.conformance.manifest import Corpora, Source
from tests.conformance.records import Reading, View
from tests.conformance.results import CaseResult, SourceResult, failed, judge, together
from tests.conformance.values import absent, same

_SNAKE = {
    "timeUnixNano": "time_unix_nano",
    "observedTimeUnixNano": "observed_time_unix_nano",
    "severityNumber": "severity_number",
    "severityText": "severity_text",
    "traceId": "trace_id",
    "spanId": "span_id",
    "eventName": "event_name",
}


def run_cases(corpora: Corpora, result: SourceResult, cases: list[dict[str, Any]]) -> list[CaseResult]:
    """An input; the groups and records expected of it, or that it is an error."""
    results = []
    for case in cases:
        data = orjson.dumps(case["input"])
        name = case["name"]
        views = read_into(result, data, Reading("otlp_json"), whole_source=False)
        if "expected_error" in case:
            results.append(_refused(name, case["expected_error"], views))
        else:
            results.append(_accepted(name, case["expected"], views))
    return results


def _refused(name: str, error: Any, views: list[View]) -> CaseResult:
    """An error there is a reject here: a record with the raw text, and none that looks good."""
    if any(view.is_reject for view in views):
        return CaseResult(name, passed=True, held=1, asked=1)
    return failed(name, f"expected {error.get('code')}, is {[(v.body, v.own) for v in views]!r}")


def _accepted(name: str, expected: dict[str, Any], views: list[View]) -> CaseResult:
    if expected.get("empty_payload"):
        return CaseResult(
            name, not views, int(not views), 1, () if not views else (f"{len(views)} records, expected 0",)
        )
    groups = expected.get("groups") or [
        {
            "body": expected["group_body"],
            "records": [{"metadata": expected["log_metadata"], "body": expected["log_body"]}],
        }
    ]
    parts = []
    at = 0
    for group in groups:
        for record in group["records"]:
            view = views[at] if at < len(views) else None
            parts.append(judge(name, list(_checks(group["body"], record)), view))
            at += 1
    return together(name, parts)


def _checks(group: dict[str, Any], record: dict[str, Any]) -> Iterator[Check]:
    resource = group.get("resource", {})
    for key, value in (resource.get("attributes") or {}).items():
        if not absent(value):
            yield Field(key, (key,), value)
    if (group.get("scope") or {}).get("name"):
        yield Field("scope.name", ("scope.name",), group["scope"]["name"])
    said = record["metadata"].get("otlp", {})
    if "severity_number" in said:
        yield Severity(said["severity_number"], said["severity_number"])
    for key in ("trace_id", "span_id"):
        if said.get(key):
            yield Identity(key, said[key])
    for key, value in (said.get("attributes") or {}).items():
        yield Field(key, (key,), value)
    for key in ("event_name",):
        if said.get(key):
            yield Somewhere(key, said[key])
    yield _LogBody(record["body"])


class _LogBody(Body):
    """A body that fluent-bit wraps as `{"log": text}` unless it is a map."""

    def differs(self, view: View) -> str | None:
        body = view.body
        if isinstance(self.value, dict) and set(self.value) == {"log"} and not isinstance(body, dict):
            return None if same(self.value["log"], body) else repr(body)
        return None if same(self.value, body) else repr(body)


def run_yaml(corpora: Corpora, source: Source) -> SourceResult:
    """A request in YAML: its records are those of the same request in JSON, field for field."""
    result = SourceResult(source)
    document = source.yaml()
    if not isinstance(document, dict):
        result.error = "no request"
        return result
    return _request(result, document)


def run_json(corpora: Corpora, source: Source) -> SourceResult:
    """A request in JSON."""
    result = SourceResult(source)
    try:
        document = source.json()
    except orjson.JSONDecodeError:
        result.error = "not one JSON document"
        return result
    if not isinstance(document, dict):
        result.error = "no request"
        return result
    return _request(result, document)


def _request(result: SourceResult, document: dict[str, Any]) -> SourceResult:
    logs = document.get("resourceLogs") or document.get("resource_logs")
    spans = document.get("resourceSpans") or document.get("resource_spans")
    if not logs and not spans:
        result.error = "neither logs nor traces"
        return result
    reading = Reading("otlp_json" if logs else "otlp_traces_json")
    views = read_into(result, orjson.dumps(document), reading, whole_source=False)
    wanted = list(_records(logs or spans or []))
    for number, (record, scope, resource) in enumerate(wanted):
        view = _find(record, views) if spans else views[number] if number < len(views) else None
        checks = list(_record_checks(record, scope, resource))
        result.cases.append(judge(f"#{number}", checks, view))
    if logs:
        result.cases.append(_round_trip(document, views))
    return result


def _records(groups: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    for group in groups:
        for scoped in _get(group, "scopeLogs") or _get(group, "scopeSpans") or ():
            for record in _get(scoped, "logRecords") or scoped.get("spans") or ():
                yield record, scoped.get("scope") or {}, group.get("resource") or {}


def _get(value: dict[str, Any], camel: str) -> Any:
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in camel)
    return value.get(camel, value.get(snake))


def _find(record: dict[str, Any], views: list[View]) -> View | None:
    span_id, name = _get(record, "spanId"), record.get("name")
    time = int(_get(record, "timeUnixNano") or _get(record, "startTimeUnixNano") or 0)
    for view in views:
        if (not span_id or view.span_id == span_id.casefold()) and (not time or view.time == time or name):
            return view
    return None


def _record_checks(record: dict[str, Any], scope: dict[str, Any], resource: dict[str, Any]) -> Iterator[Check]:
    for key in ("traceId", "spanId"):
        if _get(record, key):
            yield Identity(key, _get(record, key))
    number = _get(record, "severityNumber")
    if isinstance(number, int) and number:
        yield Severity(number, number)
    for value in (record.get("name"), _get(record, "severityText"), scope.get("name")):
        if not absent(value):
            yield Somewhere("name", value)
    body = _plain(record.get("body"))
    if body is not None:
        yield Body(body)
    for item in [*(record.get("attributes") or ()), *(resource.get("attributes") or ())]:
        value = _plain(item.get("value"))
        if not absent(value) and not isinstance(value, dict | list):
            yield Field(item["key"], (item["key"],), value)


def _plain(value: Any) -> Any:
    if not isinstance(value, dict):
        return None
    for kind, inner in value.items():
        match kind.replace("_", "").casefold():
            case "kvlistvalue":
                return {item["key"]: _plain(item.get("value")) for item in inner.get("values") or ()}
            case "arrayvalue":
                return [_plain(item) for item in inner.get("values") or ()]
            case "bytesvalue":
                return None
            case "intvalue":
                return int(inner)
        return inner
    return None


def _round_trip(document: dict[str, Any], views: list[View]) -> CaseResult:
    """The request as it leaves again has as many records."""
    batch = logloom.parse(orjson.dumps(document), format="otlp_json")
    again = logloom.Batch.from_otlp_json(batch.to_otlp_json())
    same_count = len(again) == len(views)
    return CaseResult("round trip", same_count, int(same_count), 1)
