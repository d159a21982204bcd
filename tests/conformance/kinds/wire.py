"""VictoriaLogs' cases of what other systems push: to Loki, to Datadog."""

import re
from collections.abc import Callable
from typing import Any

import orjson

import logloom
from tests.conformance import times
from tests.conformance.checks import Body, Check, Field, Somewhere, Time, Unread
from tests.conformance.records import Reading, View, read
from tests.conformance.results import CaseResult, SourceResult, failed, judge, together
from tests.encoders import loki

GOOD = 1_577_836_800_000_000_000
"""A time, where a case has none."""


def run_loki(result: SourceResult, cases: list[dict[str, Any]]) -> list[CaseResult]:
    """JSON as it stands; protobuf of what the case has as JSON; labels by themselves."""
    is_protobuf = "protobuf" in result.source.file
    results = []
    for number, case in enumerate(cases):
        name, text = f"#{number} {case['test']}", case["s"]
        data, options = text.encode(), {"serialization": "json"}
        if "PromLabels" in name:
            data = orjson.dumps({"streams": [{"labels": text, "entries": [{"ts": str(GOOD), "line": "x"}]}]})
        elif is_protobuf:
            data, options = _protobuf(case), {"serialization": "proto"}
        if "msgFields" in case:
            inside: Any = {"inside": "json", "keys": dict.fromkeys(case["msgFields"], "body")}
            options |= inside
        results.append(_case(result, name, data, Reading("loki", options), case))
    return results


def _protobuf(case: dict[str, Any]) -> bytes:
    """The push that the case has as JSON, with the times that it expects: protobuf knows one way to write them."""
    stamps = iter(case["timestampsExpected"] or ())
    return loki.proto(
        loki.Stream(
            stream.get("stream", {}),
            tuple(loki.Line(next(stamps), line[1], *line[2:]) for line in stream["values"]),
        )
        for stream in orjson.loads(case["s"])["streams"]
    )


def run_datadog(result: SourceResult, cases: list[dict[str, Any]]) -> list[CaseResult]:
    """What its logs API is sent."""
    return [
        _case(result, f"#{number} {case['test']}", case["data"].encode(), Reading("datadog"), case)
        for number, case in enumerate(cases)
    ]


def _case(result: SourceResult, name: str, data: bytes, reading: Reading, case: dict[str, Any]) -> CaseResult:
    text = str(case.get("s", case.get("data")))
    try:
        views = read(data, reading)
    except logloom.LogloomError as error:
        return failed(name, str(error))
    result.formats = (reading.format,)
    result.rejects += sum(view.is_reject for view in views)
    if re.search("_?Failure$", case["test"]):
        return _refused(name, views, text)
    if "PromLabels" in name:
        labels = re.findall(r'(\w+)="(\w*)"', text)
        return judge(name, [Body("x"), *(Somewhere(*label) for label in labels)], views[0] if views else None, text)
    rows = [orjson.loads(row) for row in (case["resultExpected"] or "").split("\n") if row]
    if len(rows) != len(views):
        return failed(name, f"{len(views)} records, expected {len(rows)}")
    stamps = case.get("timestampsExpected") or [0] * len(rows)
    parts = [
        judge(name, [*_of_row(row), *([Time(times.Moment(stamp))] if stamp else [])], view, view.raw_text)
        for row, stamp, view in zip(rows, stamps, views, strict=True)
    ]
    return together(name, parts) if parts else CaseResult(name, passed=True, held=1, asked=1)


def _of_row(row: dict[str, Any]) -> list[Check]:
    return [Body(value, key) if key == "_msg" else Somewhere(key, value) for key, value in row.items()]


def _refused(name: str, views: list[View], text: str) -> CaseResult:
    """What the other project refuses: nothing of it is taken for read, and it is kept."""
    if not views or not all(view.is_reject for view in views):
        return failed(name, "taken, and to be refused")
    labels = "loki.labels" in views[0].attributes
    if "PromLabels" in name and not labels:
        return failed(name, "labels that are none are kept as they came")
    check: list[Check] = [Field("loki.labels", ("loki.labels",), text)] if labels else []
    return together(name, [judge(name, check or [Unread(view.raw_text)], view, text) for view in views])


RUNNERS: dict[str, Callable[[SourceResult, list[dict[str, Any]]], list[CaseResult]]] = {
    "wire-loki": run_loki,
    "wire-datadog": run_datadog,
}
"""By category."""
