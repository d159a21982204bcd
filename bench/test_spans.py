"""Spans of Zipkin and Jaeger in each of their encodings; each span a record, each annotation or log another."""

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

import logloom
from bench import corpus, encoded
from bench.answers import attributes, records
from bench.figures import Figure
from bench.measure import Measure

SPANS = 1400
"""About 1 MiB of Zipkin."""

Expected = dict[tuple[str, str, str], dict[str, Any]]
"""(trace id, span id, event name) to what the record says: "time", "body", and attributes."""


def _zipkin(data: bytes) -> Expected:
    found: Expected = {}
    for span in orjson.loads(data):
        at = {key: value for key, value in span["tags"].items() if key != "span.kind"}
        at["span.kind"] = span["kind"].lower()
        at["span.duration_ns"] = span["duration"] * 1000
        if "parentId" in span:
            at["span.parent_span_id"] = span["parentId"]
        ids = span["traceId"], span["id"]
        found[*ids, "span"] = {"time": span["timestamp"] * 1000, "body": span["name"], **at}
        for note in span.get("annotations", []):
            found[*ids, note["value"]] = {"time": note["timestamp"] * 1000}
    return found


def _jaeger(data: bytes) -> Expected:
    found: Expected = {}
    for trace in orjson.loads(data)["data"]:
        for span in trace["spans"]:
            tags = {tag["key"]: tag["value"] for tag in span["tags"]}
            failed = tags.pop("error")
            at = {
                **tags,
                "span.kind": tags["span.kind"],
                "span.duration_ns": span["duration"] * 1000,
                "severity": 17 if failed else 9,
            }
            if span["references"]:
                at["span.parent_span_id"] = span["references"][0]["spanID"]
            ids = span["traceID"], span["spanID"]
            found[*ids, "span"] = {"time": span["startTime"] * 1000, "body": span["operationName"], **at}
            for log in span["logs"]:
                found[*ids, log["fields"][0]["value"]] = {"time": log["timestamp"] * 1000}
    return found


def _said(record: LogRecord) -> dict[str, Any]:
    return {
        "time": record.time_unix_nano,
        "body": record.body.string_value,
        "severity": record.severity_number,
        **attributes(record),
    }


Case = tuple[Figure, str, Callable[[int], bytes], Callable[[int], Expected]]


def _read(read: Callable[[bytes], Expected], make: Callable[[int], bytes]) -> Callable[[int], Expected]:
    return lambda spans: read(make(spans))


def _zipkin_as(encoding: str, what: str) -> Case:
    figure = Figure(f"zipkin_{encoding}", what, "spans", 1.2e6, keeps_original=True)
    return figure, "zipkin", partial(encoded.zipkin, encoding), _read(_zipkin, encoded.zipkin_json)


def _jaeger_as(encoding: str, what: str) -> Case:
    figure = Figure(f"jaeger_{encoding}", what, "spans", 1.2e6, keeps_original=True)
    return figure, "jaeger", partial(encoded.jaeger, encoding), _read(_jaeger, corpus.jaeger)


CASES: list[Case] = [
    (
        Figure("zipkin", "Zipkin v2 JSON", "spans", 6e5, keeps_original=True),
        "zipkin",
        corpus.zipkin,
        _read(_zipkin, corpus.zipkin),
    ),
    (
        Figure("jaeger", "Jaeger API JSON", "spans", 5e5, keeps_original=True),
        "jaeger",
        corpus.jaeger,
        _read(_jaeger, corpus.jaeger),
    ),
    _zipkin_as("proto", "Zipkin v2 protobuf"),
    _zipkin_as("v1_thrift", "Zipkin v1 thrift"),
    _jaeger_as("proto", "Jaeger protobuf"),
    _jaeger_as("thrift_binary", "Jaeger thrift, binary"),
    _jaeger_as("emit_compact", "Jaeger thrift, compact"),
]


@pytest.mark.parametrize(("figure", "format", "make", "read"), CASES, ids=[figure.name for figure, *_ in CASES])
def test_spans(
    measure: Measure,
    figure: Figure,
    format: str,
    make: Callable[[int], bytes],
    read: Callable[[int], Expected],
) -> None:
    data = make(SPANS)
    batch = logloom.parse(data, format=format)
    assert not batch.rejects
    found = {(r.trace_id.hex(), r.span_id.hex(), r.event_name): _said(r) for r in records(batch)}
    wanted = read(SPANS)
    assert found.keys() == wanted.keys()
    for key, expected in wanted.items():
        assert {name: found[key].get(name) for name in expected} == expected, key
    size = batch.otlp_len
    note = f"{len(data) / SPANS:.0f} B a span, {len(batch)} records"
    del batch

    def work() -> None:
        logloom.parse(data, format=format).to_otlp()

    measure(figure, work, data=data, records=SPANS, output_bytes=size, note=note)
