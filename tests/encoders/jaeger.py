"""A batch of Jaeger's spans in each of its encodings."""

import base64
from dataclasses import dataclass
from typing import Any

import orjson
from google.protobuf import json_format

from tests.encoders import thrift
from tests.encoders.zipkin import signed
from tests.protos import generated

Json = dict[str, Any]
Value = str | bool | int | float | bytes
Tags = tuple[tuple[str, Value], ...]

TYPES = {str: "string", bool: "bool", int: "int64", float: "float64", bytes: "binary"}
PROTO = {str: ("STRING", "v_str"), bool: ("BOOL", "v_bool"), int: ("INT64", "v_int64")}
PROTO |= {float: ("FLOAT64", "v_float64"), bytes: ("BINARY", "v_binary")}
THRIFT = {str: (0, "vStr"), float: (1, "vDouble"), bool: (2, "vBool"), int: (3, "vLong"), bytes: (4, "vBinary")}


@dataclass(frozen=True)
class Span:
    """A span; times in microseconds. A reference is its kind, a trace id and a span id."""

    trace_id: int
    id: int
    name: str
    start: int
    duration: int
    flags: int = 0
    parent_id: int = 0
    references: tuple[tuple[str, int, int], ...] = ()
    tags: Tags = ()
    logs: tuple[tuple[int, Tags], ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def all_references(self) -> tuple[tuple[str, int, int], ...]:
        """With that to the parent."""
        return ((("CHILD_OF", self.trace_id, self.parent_id),) if self.parent_id else ()) + self.references


@dataclass(frozen=True)
class Batch:
    """Spans of one process."""

    service: str
    tags: Tags
    spans: tuple[Span, ...]


def _tags_json(tags: Tags) -> list[Json]:
    def plain(value: Value) -> Any:
        return base64.b64encode(value).decode() if isinstance(value, bytes) else value

    return [{"key": key, "type": TYPES[type(value)], "value": plain(value)} for key, value in tags]


def api_json(batch: Batch) -> bytes:
    """An answer of the API: one trace."""
    spans = [
        {
            "traceID": f"{span.trace_id:032x}",
            "spanID": f"{span.id:016x}",
            "flags": span.flags,
            "operationName": span.name,
            "references": [
                {"refType": kind, "traceID": f"{trace:032x}", "spanID": f"{span_id:016x}"}
                for kind, trace, span_id in span.all_references
            ],
            "startTime": span.start,
            "duration": span.duration,
            "tags": _tags_json(span.tags),
            "logs": [{"timestamp": at, "fields": _tags_json(fields)} for at, fields in span.logs],
            "processID": "p1",
            "warnings": list(span.warnings) or None,
        }
        for span in batch.spans
    ]
    process = {"serviceName": batch.service, "tags": _tags_json(batch.tags)}
    trace = {"traceID": "1", "spans": spans, "processes": {"p1": process}, "warnings": None}
    return orjson.dumps({"data": [trace], "total": 0, "errors": None})


def request(batch: Batch) -> Any:
    """A PostSpansRequest."""
    messages, _ = generated("jaeger")

    def put(place: Any, tags: Tags) -> None:
        for key, value in tags:
            kind, field = PROTO[type(value)]
            place.add(key=key, v_type=kind, **{field: value})

    request = messages.PostSpansRequest()
    request.batch.process.service_name = batch.service
    put(request.batch.process.tags, batch.tags)
    for span in batch.spans:
        one = request.batch.spans.add(
            trace_id=span.trace_id.to_bytes(16),
            span_id=span.id.to_bytes(8),
            operation_name=span.name,
            flags=span.flags,
            warnings=span.warnings,
        )
        one.start_time.FromMicroseconds(span.start)
        one.duration.FromMicroseconds(span.duration)
        for kind, trace, span_id in span.all_references:
            one.references.add(ref_type=kind, trace_id=trace.to_bytes(16), span_id=span_id.to_bytes(8))
        put(one.tags, span.tags)
        for at, fields in span.logs:
            log = one.logs.add()
            log.timestamp.FromMicroseconds(at)
            put(log.fields, fields)
    return request


def proto(batch: Batch) -> bytes:
    """A PostSpansRequest, as the collector takes it over gRPC."""
    encoded: bytes = request(batch).SerializeToString()
    return encoded


def proto_batch(batch: Batch) -> bytes:
    """The Batch by itself."""
    encoded: bytes = request(batch).batch.SerializeToString()
    return encoded


def proto_json(batch: Batch) -> bytes:
    """The Batch by itself, as protobuf's JSON."""
    return json_format.MessageToJson(request(batch).batch, indent=None).encode()


def struct(batch: Batch) -> Any:
    """Thrift's Batch."""
    idl: Any = thrift.definitions("jaeger")

    def tags(tags: Tags) -> list[Any]:
        return [
            idl.Tag(key=key, vType=THRIFT[type(value)][0], **{THRIFT[type(value)][1]: value}) for key, value in tags
        ]

    def halves(trace_id: int) -> tuple[int, int]:
        return signed(trace_id & (1 << 64) - 1), signed(trace_id >> 64)

    spans = []
    for span in batch.spans:
        low, high = halves(span.trace_id)
        references = [
            idl.SpanRef(getattr(idl.SpanRefType, kind), *halves(trace), signed(span_id))
            for kind, trace, span_id in span.all_references
        ]
        logs = [idl.Log(at, tags(fields)) for at, fields in span.logs]
        spans.append(
            idl.Span(
                traceIdLow=low,
                traceIdHigh=high,
                spanId=signed(span.id),
                parentSpanId=signed(span.parent_id),
                operationName=span.name,
                references=references or None,
                flags=signed(span.flags, 32),
                startTime=span.start,
                duration=span.duration,
                tags=tags(span.tags) or None,
                logs=logs or None,
            )
        )
    return idl.Batch(process=idl.Process(batch.service, tags(batch.tags) or None), spans=spans)


def thrift_binary(batch: Batch) -> bytes:
    """As clients post it to the collector."""
    return thrift.struct(struct(batch), "binary")


def thrift_compact(batch: Batch) -> bytes:
    """The same in the compact protocol."""
    return thrift.struct(struct(batch), "compact")


def _emit(batch: Batch, protocol: str, *, strict: bool = True) -> bytes:
    arguments = thrift.definitions("jaeger").Agent.emitBatch_args(batch=struct(batch))
    return thrift.message("emitBatch", arguments, protocol, strict=strict)


def emit_binary(batch: Batch) -> bytes:
    """As the agent gets it on UDP port 6832."""
    return _emit(batch, "binary")


def emit_binary_old(batch: Batch) -> bytes:
    """The same without a version in its envelope."""
    return _emit(batch, "binary", strict=False)


def emit_compact(batch: Batch) -> bytes:
    """As the agent gets it on UDP port 6831."""
    return _emit(batch, "compact")


def thrift_json(batch: Batch) -> bytes:
    """Thrift's Batch as JSON by its field names, as tools in Go dump it."""
    return orjson.dumps(_dumped(struct(batch)))


def _dumped(value: Any, name: str = "") -> Any:
    if isinstance(value, list):
        return [_dumped(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    idl: Any = thrift.definitions("jaeger")
    if name == "vType":
        return idl.TagType._VALUES_TO_NAMES[value]
    if name == "refType":
        return idl.SpanRefType._VALUES_TO_NAMES[value]
    if hasattr(value, "thrift_spec"):
        return {key: _dumped(item, key) for key, item in vars(value).items() if item is not None}
    return value


BINARY = {
    "proto": proto,
    "thrift_binary": thrift_binary,
    "thrift_compact": thrift_compact,
    "emit_binary": emit_binary,
    "emit_binary_old": emit_binary_old,
    "emit_compact": emit_compact,
}
ENCODINGS = {**BINARY, "proto_batch": proto_batch, "proto_json": proto_json, "thrift_json": thrift_json}
# Thrift has no warnings.
WITH_WARNINGS = ("proto", "proto_batch", "proto_json")
