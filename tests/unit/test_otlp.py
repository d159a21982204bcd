"""OTLP in and out, binary and JSON, against the official classes."""

import math
import struct
from typing import Any

import orjson
import pytest
from google.protobuf import json_format
from hypothesis import given
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from logloom._native import Batch, DataError
from tests import otlp
from tests.requests import requests


def same(a: Any, b: Any) -> bool:
    """Equal, where NaN equals itself and 0.0 differs from -0.0."""
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or struct.pack("d", a) == struct.pack("d", b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@given(requests())
def test_binary_otlp_leaves_as_it_came_and_reads_as_the_official_classes_read_it(
    request_: ExportLogsServiceRequest,
) -> None:
    data = request_.SerializeToString()
    batch = Batch.from_otlp(data)
    assert bytes(batch) == data
    assert batch.to_proto() == request_ or b"\xf8\x7f" in data  # NaN is not equal to itself
    assert len(batch) == len(list(otlp.records(request_)))
    for record, wanted in zip(batch, otlp.records(request_), strict=True):
        found = {
            "time": record.time_unix_nano,
            "observed": record.observed_time_unix_nano,
            "severity": record.severity_number,
            "severity_text": record.severity_text,
            "body": record.body,
            "attributes": record.attributes,
            "resource": record.resource,
            "scope": record.scope_name,
            "trace_id": record.trace_id,
            "span_id": record.span_id,
            "flags": record.flags,
            "event_name": record.event_name,
        }
        assert same(found, vars(wanted)), (found, wanted)


@given(requests())
def test_json_means_the_same_to_the_official_classes(request_: ExportLogsServiceRequest) -> None:
    text = Batch.from_proto(request_).to_otlp_json()
    assert b"\n" not in text
    read = json_format.ParseDict(otlp.base64_ids(orjson.loads(text)), ExportLogsServiceRequest())
    assert same(json_format.MessageToDict(read), json_format.MessageToDict(request_))


def test_json_is_written_as_otlp_has_it() -> None:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    record.time_unix_nano = 2**64 - 1
    record.severity_number = 9
    record.trace_id, record.span_id = bytes(range(0xF0, 0x100)), b"short"
    record.attributes.add(key="n").value.int_value = -(2**63)
    record.attributes.add(key="b").value.bytes_value = b"\x00\xff"
    record.attributes.add(key="d").value.double_value = math.inf
    (found,) = orjson.loads(Batch.from_proto(request).to_otlp_json())["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    assert found == {
        "timeUnixNano": "18446744073709551615",
        "severityNumber": 9,
        "traceId": "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        "attributes": [
            {"key": "n", "value": {"intValue": "-9223372036854775808"}},
            {"key": "b", "value": {"bytesValue": "AP8="}},
            {"key": "d", "value": {"doubleValue": "Infinity"}},
        ],
    }


@given(requests())
def test_ndjson_is_one_object_a_record(request_: ExportLogsServiceRequest) -> None:
    batch = Batch.from_proto(request_)
    lines = batch.to_ndjson().splitlines()
    assert len(lines) == len(batch)
    for line, record in zip(lines, batch, strict=True):
        found = orjson.loads(line)
        assert found.get("event_name", "") == record.event_name
        assert found.get("attributes", {}).keys() == record.attributes.keys()
        assert ("time" in found) == (record.time_unix_nano != 0 or record.observed_time_unix_nano != 0)


def test_unknown_fields_survive() -> None:
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add().severity_number = 9
    data = request.SerializeToString() + b"\xc2\x3e\x03new"  # field 1000
    assert bytes(Batch.from_otlp(data)) == data


def test_a_traces_request_is_refused() -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.name = bytes(16), "GET /"
    with pytest.raises(DataError, match=r"some other message.* \(at byte \d+\)"):
        Batch.from_otlp(request.SerializeToString())
