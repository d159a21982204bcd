"""OTLP in and out, binary and JSON, against the official classes."""

import base64
import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from google.protobuf import json_format
from google.protobuf.internal import encoder
from hypothesis import assume, given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs

from logloom._native import Batch, DataError, LogloomError, Parser
from tests import otlp
from tests.requests import requests, resource_logs


def same(a: Any, b: Any) -> bool:
    """Equal, where NaN equals itself and 0.0 differs from -0.0."""
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or struct.pack("d", a) == struct.pack("d", b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def read_alike(data: bytes) -> None:
    """The Batch of `data` gives its bytes back, and its records are what the official classes read."""
    batch = Batch.from_otlp(data)
    assert bytes(batch) == data
    for record, wanted in zip(batch, otlp.from_bytes(data), strict=True):
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
def test_binary_otlp_leaves_as_it_came_and_reads_as_the_official_classes_read_it(
    request_: ExportLogsServiceRequest,
) -> None:
    read_alike(request_.SerializeToString())
    assert Batch.from_proto(request_).to_proto() == request_ or b"\xf8\x7f" in bytes(Batch.from_proto(request_))  # NaN


def field(number: int, data: bytes) -> bytes:
    """A length-delimited field."""
    return encoder.TagBytes(number, 2) + encoder._VarintBytes(len(data)) + data


@given(resource_logs(), resource_logs())
def test_what_protobuf_merges_reads_merged_and_leaves_as_it_came(first: ResourceLogs, second: ResourceLogs) -> None:
    """Every message that should stand once stands twice, behind what it describes."""
    both = (first, second)
    for name, logs in zip("ab", both, strict=True):  # OTLP demands keys that differ
        for pairs in (logs.resource.attributes, logs.scope_logs[0].log_records[0].attributes):
            for pair in pairs:
                pair.key = name + pair.key
    record = b"".join(logs.scope_logs[0].log_records[0].SerializeToString() for logs in both)
    scopes = b"".join(field(1, logs.scope_logs[0].scope.SerializeToString()) for logs in both)
    resources = b"".join(field(1, logs.resource.SerializeToString()) for logs in both)
    data = field(1, field(2, field(2, record) + scopes) + resources)
    try:
        list(otlp.from_bytes(data))
    except AssertionError:
        assume(False)  # two bodies that are maps with a key in common
    read_alike(data)


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


def hex_ids(value: Any) -> Any:
    """Protobuf's JSON with ids as OTLP writes them."""
    if isinstance(value, list):
        return [hex_ids(item) for item in value]
    if isinstance(value, dict):
        return {
            key: base64.b64decode(item).hex() if key in {"traceId", "spanId", "trace_id", "span_id"} else hex_ids(item)
            for key, item in value.items()
        }
    return value


@given(requests(), st.booleans(), st.booleans())
def test_json_of_the_official_classes_is_read(
    request_: ExportLogsServiceRequest, snake_case: bool, numbers: bool
) -> None:
    written = json_format.MessageToDict(
        request_, preserving_proto_field_name=snake_case, use_integers_for_enums=numbers
    )
    batch = Batch.from_otlp_json(orjson.dumps(hex_ids(written)))
    assert not batch.rejects
    assert same(json_format.MessageToDict(batch.to_proto()), json_format.MessageToDict(request_))


@given(requests(), st.data())
def test_json_cut_short_or_changed_never_passes_for_whole(
    request_: ExportLogsServiceRequest, data: st.DataObject
) -> None:
    text = Batch.from_proto(request_).to_otlp_json()
    cut = data.draw(st.integers(1, len(text) - 1))
    with pytest.raises(DataError):
        Batch.from_otlp_json(text[:cut])
    changed = bytearray(text)
    changed[cut] = data.draw(st.integers(0, 255))
    try:
        batch = Batch.from_otlp_json(changed)
    except LogloomError:
        return
    assert len(Batch.from_otlp(batch.to_otlp())) == len(batch)


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


def test_the_document_tells_every_key_of_ndjson() -> None:
    request = ExportLogsServiceRequest()
    logs = request.resource_logs.add()
    logs.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope = logs.scope_logs.add()
    scope.scope.name = "lib"
    record = scope.log_records.add(
        time_unix_nano=1_795_341_600_123_456_789,
        observed_time_unix_nano=1_795_341_601_000_000_000,
        severity_number=14,
        severity_text="warning",
        event_name="e",
        flags=1,
        trace_id=bytes(range(16)),
        span_id=bytes(range(8)),
        dropped_attributes_count=1,
    )
    record.body.int_value = 2**63 - 1
    record.attributes.add(key="raw").value.bytes_value = b"\xff"
    found = orjson.loads(Batch.from_proto(request).to_ndjson())
    assert found == {
        "time": "2026-11-22T10:00:00.123456789Z",
        "observed_time": "2026-11-22T10:00:01Z",
        "severity": "WARN2",
        "severity_text": "warning",
        "event_name": "e",
        "body": 2**63 - 1,
        "trace_id": "000102030405060708090a0b0c0d0e0f",
        "span_id": "0001020304050607",
        "flags": 1,
        "attributes": {"raw": {"$bytes": "/w=="}},
        "dropped_attributes_count": 1,
        "resource": {"service.name": "shop"},
        "scope": {"name": "lib"},
    }
    (reject,) = Parser("text", limits={"frame_bytes_max": 4}).parse(b"12345").to_ndjson().splitlines()[:1]
    assert orjson.loads(reject)["reject"] is True
    text = (Path(__file__).resolve().parents[2] / "docs" / "ndjson.md").read_text("utf-8")
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert [name.strip(" `") for cell in cells for name in cell.split(",")] == [
        name for key in found for name in (["body", "reject"] if key == "body" else [key])
    ]


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


SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "corpora"


@pytest.mark.skipif(not SHARED.exists(), reason="NOT RUN: the corpora are not beside this checkout")
@pytest.mark.parametrize("name", ["logs", "events"])
def test_the_examples_of_the_specification(name: str) -> None:
    text = (SHARED / "otel-proto-examples" / "examples" / f"{name}.json").read_bytes()
    wanted = json_format.ParseDict(otlp.base64_ids(orjson.loads(text)), ExportLogsServiceRequest())
    batch = Batch.from_otlp_json(text)
    assert batch.to_proto() == wanted
    assert Batch.from_otlp_json(batch.to_otlp_json()).to_proto() == wanted


FLUENT_BIT = SHARED / "fluent-bit" / "tests" / "internal" / "data" / "opentelemetry" / "logs.json"
# Where OTLP takes more than Fluent Bit, the official classes decide: lists that are missing are empty.
LISTS_THAT_MAY_BE_MISSING = {"scopeLogs_missing", "resourceLogs_missing", "resource_valid_scope_missing"}


@pytest.mark.skipif(not FLUENT_BIT.exists(), reason="NOT RUN: the corpora are not beside this checkout")
def test_the_cases_of_fluent_bit() -> None:
    """A case that is an error there has no record here that reads as if it were good."""
    cases = orjson.loads(FLUENT_BIT.read_bytes())
    assert len(cases) > 50
    for name, case in cases.items():
        text = orjson.dumps(case["input"])
        if "expected_error" in case and name not in LISTS_THAT_MAY_BE_MISSING:
            try:
                batch = Batch.from_otlp_json(text)
            except DataError:
                continue
            assert batch.rejects, name
            continue
        batch = Batch.from_otlp_json(text)
        assert not batch.rejects, name
        wanted = case.get("expected", {})
        if (
            "log_body" not in wanted or name == "unwrapped_plain_map"
        ):  # a value that is no AnyValue: unknown keys, passed over
            continue
        record = batch[0]
        body = {"log": record.body} if not isinstance(record.body, dict) else record.body
        assert {k: v or None for k, v in body.items()} == {k: v or None for k, v in wanted["log_body"].items()}, name
        said = wanted["log_metadata"]["otlp"]
        found = {
            "observed_timestamp": record.observed_time_unix_nano,
            "severity_number": record.severity_number,
            "severity_text": record.severity_text,
            "attributes": record.attributes,
            "trace_id": record.trace_id.upper(),
            "span_id": record.span_id.upper(),
            "event_name": record.event_name,
            "dropped_attributes_count": record.dropped_attributes_count,
        }
        assert {key: found[key] for key in said if key in found} == {key: said[key] for key in said if key in found}, (
            name
        )


@pytest.mark.parametrize(
    "deep", [lambda n: "[" * n + "]" * n, lambda n: '{"a":' * n + "1" + "}" * n], ids=["array", "map"]
)
def test_values_at_the_default_depth_are_read_by_the_official_classes(deep: Callable[[int], str]) -> None:
    """They nest 100 messages at most: one line beyond that would cost a receiver the whole request."""
    levels = 28
    batch = Parser("json").parse(f'{{"msg":"m","a":{deep(levels - 1)}}}\n{{"msg":"m","a":{deep(levels)}}}\n')
    assert len(otlp.from_bytes(bytes(batch))) == 2
    assert [reject.kind for reject in batch.rejects] == ["limit"]

    attributes = [{"key": "k", "value": _any_value(levels)}]
    link = {"traceId": "3" * 32, "spanId": "4" * 16, "attributes": attributes}
    span = {"traceId": "1" * 32, "spanId": "2" * 16, "links": [link]}
    spans = Parser("otlp_traces_json").parse(orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}))
    assert not spans.rejects
    assert len(otlp.from_bytes(bytes(spans))) == 1


def _any_value(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"intValue": "1"}
    for _ in range(levels):
        value = {"kvlistValue": {"values": [{"key": "a", "value": value}]}}
    return value
