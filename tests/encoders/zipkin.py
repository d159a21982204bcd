"""A span of Zipkin in each of its encodings."""

import base64
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.encoders import thrift
from tests.protos import generated

Json = dict[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """Where a service was reached; an address as its text, "" for none."""

    service: str = ""
    ipv4: str = ""
    ipv6: str = ""
    port: int = 0


@dataclass(frozen=True)
class Span:
    """A span; times in microseconds, 0 for none."""

    trace_id: int
    id: int
    parent_id: int = 0
    kind: str = ""
    name: str = ""
    timestamp: int = 0
    duration: int = 0
    local: Endpoint | None = None
    remote: Endpoint | None = None
    annotations: tuple[tuple[int, str], ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    debug: bool = False
    shared: bool = False


def signed(value: int, bits: int = 64) -> int:
    """The same bits, as thrift has them."""
    return value - (1 << bits) if value >> (bits - 1) else value


def _hex(trace_id: int) -> str:
    return f"{trace_id:032x}" if trace_id >> 64 else f"{trace_id:016x}"


def _endpoint_json(endpoint: Endpoint) -> Json:
    values = {"serviceName": endpoint.service, "ipv4": endpoint.ipv4, "ipv6": endpoint.ipv6, "port": endpoint.port}
    return {key: value for key, value in values.items() if value}


def v2_json(spans: Iterable[Span]) -> bytes:
    """`POST /api/v2/spans`, application/json."""
    return orjson.dumps([_v2_json(span) for span in spans])


def _v2_json(span: Span) -> Json:
    values: Json = {
        "traceId": _hex(span.trace_id),
        "parentId": f"{span.parent_id:016x}" if span.parent_id else None,
        "id": f"{span.id:016x}",
        "kind": span.kind,
        "name": span.name,
        "timestamp": span.timestamp,
        "duration": span.duration,
        "localEndpoint": _endpoint_json(span.local) if span.local else None,
        "remoteEndpoint": _endpoint_json(span.remote) if span.remote else None,
        "annotations": [{"timestamp": at, "value": value} for at, value in span.annotations],
        "tags": span.tags,
        "debug": span.debug,
        "shared": span.shared,
    }
    return {key: value for key, value in values.items() if value}


def proto(spans: Iterable[Span]) -> bytes:
    """`POST /api/v2/spans`, application/x-protobuf."""
    messages, _ = generated("zipkin")
    request = messages.ListOfSpans()
    for span in spans:
        one = request.spans.add(
            trace_id=span.trace_id.to_bytes(16 if span.trace_id >> 64 else 8),
            parent_id=span.parent_id.to_bytes(8) if span.parent_id else b"",
            id=span.id.to_bytes(8),
            kind=span.kind or "SPAN_KIND_UNSPECIFIED",
            name=span.name,
            timestamp=span.timestamp,
            duration=span.duration,
            tags=span.tags,
            debug=span.debug,
            shared=span.shared,
        )
        for at, value in span.annotations:
            one.annotations.add(timestamp=at, value=value)
        for place, endpoint in ((one.local_endpoint, span.local), (one.remote_endpoint, span.remote)):
            if endpoint:
                place.service_name = endpoint.service
                place.ipv4 = _packed(endpoint.ipv4)
                place.ipv6 = _packed(endpoint.ipv6)
                place.port = endpoint.port
    encoded: bytes = request.SerializeToString(deterministic=True)
    return encoded


def _packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed if address else b""


CORE = {"CLIENT": ("cs", "cr"), "SERVER": ("sr", "ss"), "PRODUCER": ("ms", "ws"), "CONSUMER": ("wr", "mr")}
ADDRESS = {"CLIENT": "sa", "SERVER": "ca", "PRODUCER": "ma", "CONSUMER": "ma", "": "sa"}


def _moments(span: Span) -> list[tuple[int, str]]:
    """The annotations of version 1: those with fixed names say the kind and when."""
    moments = list(span.annotations)
    if span.kind:
        begin, end = CORE[span.kind]
        if span.duration:
            moments += [(span.timestamp, begin), (span.timestamp + span.duration, end)]
        else:
            moments.append((span.timestamp, "mr" if span.kind == "CONSUMER" else begin))
    return moments


def v1_json(spans: Iterable[Span]) -> bytes:
    """`POST /api/v1/spans`, application/json."""
    return orjson.dumps([_v1_json(span) for span in spans])


def _v1_json(span: Span) -> Json:
    local = {"endpoint": _endpoint_json(span.local)} if span.local else {}
    tags: list[Json] = [{"key": key, "value": value, **local} for key, value in span.tags.items()]
    moments = [{"timestamp": at, "value": value, **local} for at, value in _moments(span)]
    if span.local and not tags and not moments:
        tags.append({"key": "lc", "value": "", **local})
    if span.remote:
        tags.append({"key": ADDRESS[span.kind], "value": True, "endpoint": _endpoint_json(span.remote)})
    own_time = {} if span.shared else {"timestamp": span.timestamp, "duration": span.duration}
    values: Json = {
        "traceId": _hex(span.trace_id),
        "id": f"{span.id:016x}",
        "parentId": f"{span.parent_id:016x}" if span.parent_id else None,
        "debug": span.debug,
        **own_time,
    }
    kept = {key: value for key, value in values.items() if value}
    return {**kept, "name": span.name, "annotations": moments, "binaryAnnotations": tags}


def v1_thrift(spans: Iterable[Span]) -> bytes:
    """`POST /api/v1/spans`, application/x-thrift."""
    return thrift.structs([v1_struct(span) for span in spans])


def v1_struct(span: Span) -> Any:
    """The struct of one span."""
    core = thrift.definitions("zipkin")

    def host(endpoint: Endpoint | None) -> Any:
        if endpoint is None:
            return None
        packed = _packed(endpoint.ipv4)
        return core.Endpoint(
            ipv4=int.from_bytes(packed, signed=True) if packed else 0,
            port=signed(endpoint.port, 16),
            service_name=endpoint.service,
            ipv6=_packed(endpoint.ipv6) or None,
        )

    local = host(span.local)
    kinds = core.AnnotationType
    tags = [
        core.BinaryAnnotation(key=key, value=value.encode(), annotation_type=kinds.STRING, host=local)
        for key, value in span.tags.items()
    ]
    moments = [core.Annotation(timestamp=at, value=value, host=local) for at, value in _moments(span)]
    if local and not tags and not moments:
        tags.append(core.BinaryAnnotation(key="lc", value=b"", annotation_type=kinds.STRING, host=local))
    if span.remote:
        remote = host(span.remote)
        tags.append(
            core.BinaryAnnotation(key=ADDRESS[span.kind], value=b"\x01", annotation_type=kinds.BOOL, host=remote)
        )
    return core.Span(
        trace_id=signed(span.trace_id & (1 << 64) - 1),
        trace_id_high=signed(span.trace_id >> 64) or None,
        id=signed(span.id),
        parent_id=signed(span.parent_id) or None,
        name=span.name,
        annotations=moments,
        binary_annotations=tags,
        debug=span.debug or None,
        timestamp=None if span.shared else span.timestamp or None,
        duration=None if span.shared else span.duration or None,
    )


def v1_thrift_json(spans: Iterable[Span]) -> bytes:
    """The same structs as JSON by their field names, as tools in Go dump them."""
    return orjson.dumps([_dumped(v1_struct(span)) for span in spans])


def _dumped(value: Any, name: str = "") -> Any:
    if isinstance(value, list):
        return [_dumped(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if name == "annotation_type":
        names: dict[int, str] = thrift.definitions("zipkin").AnnotationType._VALUES_TO_NAMES
        return names[value]
    if hasattr(value, "thrift_spec"):
        return {key: _dumped(item, key) for key, item in vars(value).items() if item is not None}
    return value


ENCODINGS = {
    "v2_json": v2_json,
    "proto": proto,
    "v1_json": v1_json,
    "v1_thrift": v1_thrift,
    "v1_thrift_json": v1_thrift_json,
}
