"""Reading logloom's outputs with the official OpenTelemetry classes, into plain values that a test can compare."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

_HEX = {"traceId", "spanId"}


@dataclass(frozen=True)
class Flat:
    """One log record with its resource and scope, all values plain Python."""

    time: int
    observed: int
    severity: int
    severity_text: str
    body: Any
    attributes: dict[str, Any]
    resource: dict[str, Any]
    scope: str
    trace_id: str
    span_id: str
    flags: int
    event_name: str


def plain(value: AnyValue) -> Any:
    """The Python value of an AnyValue; None when nothing is set."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return attributes(value.kvlist_value.values)
    return getattr(value, kind)


def attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """A dict of the pairs; a key must not occur twice, as OTLP demands."""
    pairs = list(pairs)
    found = {pair.key: plain(pair.value) for pair in pairs}
    assert len(found) == len(pairs), f"a key occurs twice: {[pair.key for pair in pairs]}"
    return found


def records(request: ExportLogsServiceRequest) -> Iterator[Flat]:
    """All records of a request, in their order."""
    for resource in request.resource_logs:
        for scope in resource.scope_logs:
            for record in scope.log_records:
                yield Flat(
                    record.time_unix_nano,
                    record.observed_time_unix_nano,
                    record.severity_number,
                    record.severity_text,
                    plain(record.body),
                    attributes(record.attributes),
                    attributes(resource.resource.attributes),
                    scope.scope.name,
                    record.trace_id.hex(),
                    record.span_id.hex(),
                    record.flags,
                    record.event_name,
                )


def from_bytes(data: bytes | memoryview) -> list[Flat]:
    """The records of an ExportLogsServiceRequest in its binary form."""
    return list(records(ExportLogsServiceRequest.FromString(bytes(data))))


def from_json(data: bytes) -> list[Flat]:
    """The records of OTLP JSON, one request or several of them, one a line.

    The official classes read Protobuf's JSON, where bytes are base64; OTLP's ids are hex.
    """
    found: list[Flat] = []
    for line in data.splitlines():
        if line.strip():
            request = json_format.ParseDict(base64_ids(orjson.loads(line)), ExportLogsServiceRequest())
            found += records(request)
    return found


def base64_ids(value: Any) -> Any:
    """`value` with the hex of ids as base64, which is what the official classes read."""
    if isinstance(value, list):
        return [base64_ids(item) for item in value]
    if isinstance(value, dict):
        return {
            key: base64.b64encode(bytes.fromhex(item)).decode() if key in _HEX else base64_ids(item)
            for key, item in value.items()
        }
    return value
