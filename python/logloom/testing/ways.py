"""How what a test gives comes in by each receiver: read by the same format, with the same options, as over its socket.

A receiver's row is a function of its Config and of what is given; a test asks for a row for each receiver there is.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from logloom.testing.cases import Given, GivenError

__all__ = ["WAYS", "Way"]


@dataclass(frozen=True, slots=True)
class Way:
    """How it is read.

    Attributes:
        format: The format's name.
        options: Its options.
        source: What else `Push.source` takes, where lines come in over a file or a connection; None: whole messages.
        keep: What else `Push.messages` takes.
        body: How a map or a list becomes the bytes of a message.
    """

    format: str
    options: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] | None = None
    keep: Mapping[str, bool] = field(default_factory=dict)
    body: Callable[[Any], bytes] = orjson.dumps


def _filelog(config: Any, given: Given) -> Way:
    lines = config.lines
    source = {
        "resource": lines.resource(given.path),
        "attributes": lines.attributes(),
        "record_offset": config.include_file_record_offset,
        "record_number": config.include_file_record_number,
        "keep_original": config.keep_original,
        "frame_bytes_max": config.max_log_size,
    }
    return Way(lines.format, lines.options(), source)


def _syslog(config: Any, given: Given) -> Way:
    options = config.format_options()
    if given.lines is not None:
        return Way("syslog", options, {})
    return Way("syslog", options, keep={"keep_unreadable": True})


def _otlp(_config: Any, given: Given) -> Way:
    spans = isinstance(given.body, dict) and ("resourceSpans" in given.body or "resource_spans" in given.body)
    name = "otlp_traces" if spans else "otlp"
    return Way(name if _kind(given) == "proto" else f"{name}_json")


def _nothing(_config: Any, given: Given) -> Way:
    msg = f"receiver '{given.receiver}' takes nothing, as all receivers 'nop': give it to another one"
    raise GivenError(msg)


def _http(config: Any, given: Given) -> Way:
    path = config.paths.get(given.path) or next(iter(config.paths.values()))
    return Way(path.format, path.options)


def _loki(config: Any, given: Given) -> Way:
    return Way("loki", {"serialization": _kind(given), **config.lines()})


def _splunkhec(config: Any, given: Given) -> Way:
    names = config.hec_metadata_to_otel_attrs.keys()
    options: dict[str, Any] = {"keys": names} if names else {}
    if given.lines is not None:
        options |= {"raw": True, "line_format": config.line_format}
    return Way("splunkhec", options, keep={"keep_original": False})


def _serialized(name: str, default: str, **keep: bool) -> Callable[[Any, Given], Way]:
    def way(_config: Any, given: Given) -> Way:
        return Way(name, {"serialization": _kind(given, default)}, keep=keep)

    return way


def _plain(name: str, body: Callable[[Any], bytes] = orjson.dumps, **keep: bool) -> Callable[[Any, Given], Way]:
    def way(_config: Any, _given: Given) -> Way:
        return Way(name, keep=keep, body=body)

    return way


def _kind(given: Given, default: str = "json") -> str:
    """How it is written: as it says; else any bytes are protobuf."""
    return given.serialization or ("proto" if given.base64 is not None else default)


def _ndjson(value: Any) -> bytes:
    """A line for each item of a list, as bulks have them."""
    items = value if isinstance(value, list) else [value]
    return b"".join(orjson.dumps(item) + b"\n" for item in items)


def _msgpack(value: Any) -> bytes:
    """MessagePack, of which a test needs so little: https://github.com/msgpack/msgpack/blob/master/spec.md."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return struct.pack(">Bq", 0xD3, value) if value < 1 << 63 else struct.pack(">BQ", 0xCF, value)
    if isinstance(value, float):
        return struct.pack(">Bd", 0xCB, value)
    if isinstance(value, str):
        text = value.encode()
        return struct.pack(">BI", 0xDB, len(text)) + text
    if isinstance(value, list):
        return struct.pack(">BI", 0xDD, len(value)) + b"".join(map(_msgpack, value))
    pairs = [_msgpack(str(key)) + _msgpack(inner) for key, inner in value.items()]
    return struct.pack(">BI", 0xDF, len(pairs)) + b"".join(pairs)


WAYS: Final[Mapping[str, Callable[[Any, Given], Way]]] = {
    "datadog": _serialized("datadog", "json"),
    "elasticsearch": _plain("elasticsearch_bulk", _ndjson, keep_original=False, keep_parts=True),
    "envoyals": _serialized("envoy_als", "json", keep_unreadable=True),
    "filelog": _filelog,
    "fluentforward": _plain("fluentforward", _msgpack, keep_unreadable=True),
    "http": _http,
    "jaeger": _serialized("jaeger", "json", keep_unreadable=True),
    "loki": _loki,
    "lumberjack": _plain("ecs", keep_unreadable=True, keep_original=False),
    "nop": _nothing,
    "otlp": _otlp,
    "own": _plain("json", keep_unreadable=True, keep_original=False),
    "splunkhec": _splunkhec,
    "syslog": _syslog,
    "zipkin": _serialized("zipkin", "json"),
}
"""By a receiver's type; sorted."""
