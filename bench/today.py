"""How Python does this today: `re` or orjson, then the official OpenTelemetry classes, or the SDK.

Nothing here is logloom's. It is written as one writes it when it is to be right and fairly quick, and its answers are
at once the independent opinion that logloom's are checked against.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as ProtoRecord
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs, ScopeLogs
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor


class Said(NamedTuple):
    """What one line says."""

    time_ns: int
    body: str
    attributes: dict[str, Any]
    severity: int = 0
    trace_id: str = ""
    span_id: str = ""


ENVOY = re.compile(
    r'\[(?P<time>[^\]]+)\] "(?P<method>\S+) (?P<path>\S+) (?P<protocol>\S+)" (?P<code>\d+) (?P<flags>\S+) '
    r"(?P<received>\d+) (?P<sent>\d+) (?P<duration>\d+) (?P<service_time>\S+) "
    r'"(?P<forwarded>[^"]*)" "(?P<agent>.*)" "(?P<request_id>[^"]*)" "(?P<authority>[^"]*)" "(?P<host>[^"]*)"'
)
"""Envoy's default format; the user agent may hold quotes."""

NUMBERS = {"code", "received", "sent", "duration", "service_time"}

ENVOY_NAMES = {
    "method": "http.request.method",
    "path": "url.path",
    "query": "url.query",
    "version": "network.protocol.version",
    "code": "http.response.status_code",
    "flags": "envoy.response_flags",
    "received": "http.request.body.size",
    "sent": "http.response.body.size",
    "duration": "envoy.duration_ms",
    "service_time": "envoy.upstream.service_time_ms",
    "forwarded": "http.request.header.x-forwarded-for",
    "client": "client.address",
    "agent": "user_agent.original",
    "request_id": "http.request.header.x-request-id",
    "address": "server.address",
    "port": "server.port",
    "host": "envoy.upstream.host",
}
"""Field to the attribute that it becomes."""

ISTIO_KEYS = {
    "start_time": "time",
    "response_code": "code",
    "response_flags": "flags",
    "bytes_received": "received",
    "bytes_sent": "sent",
    "upstream_service_time": "service_time",
    "x_forwarded_for": "forwarded",
    "user_agent": "agent",
    "upstream_host": "host",
}
"""Istio's JSON key to the field, where it is not the same word."""

APP_NAMES = {
    "logger": "log.logger",
    "logger_name": "log.logger",
    "thread_name": "thread.name",
    "service": "service.name",
    "pid": "process.pid",
    "hostname": "host.name",
}
"""The libraries' key to its name in the conventions; any other key keeps its own."""

TIME_KEYS = ("time", "ts", "@timestamp")
MESSAGE_KEYS = ("msg", "message")
LEVELS = {"debug": 5, "info": 9, "warn": 13, "error": 17}
PINO = {20: 5, 30: 9, 40: 13, 50: 17}


def nanoseconds(stamp: str) -> int:
    """RFC 3339 to nanoseconds, exactly."""
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    return int(datetime.fromisoformat(whole + "+00:00").timestamp()) * 10**9 + int(fraction.ljust(9, "0"))


def _access(found: dict[str, Any], line: str) -> Said:
    """The fields of an access log entry, typed and named."""
    for key in NUMBERS & found.keys():
        found[key] = int(found[key])
    found["path"], _, query = found["path"].partition("?")
    if query:
        found["query"] = query
    found["version"] = found.pop("protocol").removeprefix("HTTP/")
    found["address"], _, port = found.pop("authority").partition(":")
    if port:
        found["port"] = int(port)
    if "downstream_remote_address" in found:
        found["client"] = found["downstream_remote_address"].rpartition(":")[0]
    elif "forwarded" in found:
        found["client"] = found["forwarded"].partition(",")[0]
    for key in ("forwarded", "request_id"):  # headers are lists in the conventions
        if key in found:
            found[key] = [found[key]]
    time_ns = nanoseconds(found.pop("time"))
    return Said(time_ns, line, {ENVOY_NAMES[key]: value for key, value in found.items() if key in ENVOY_NAMES})


def envoy(data: bytes) -> Iterator[Said]:
    """Envoy's default format. A line that is none has no time and no attributes."""
    for line in data.decode("utf-8", "replace").split("\n")[:-1]:
        match = ENVOY.fullmatch(line)
        if match is None:
            yield Said(0, line, {})
        else:
            yield _access({key: value for key, value in match.groupdict().items() if value != "-"}, line)


def envoy_json(data: bytes) -> Iterator[Said]:
    """Istio's JSON encoding."""
    for line in data.splitlines():
        found = {ISTIO_KEYS.get(key, key): value for key, value in orjson.loads(line).items()}
        yield _access({key: value for key, value in found.items() if value not in (None, "-")}, line.decode())


def app(data: bytes) -> Iterator[Said]:
    """Applications' JSON in the manner of zap, Logstash's encoder, pino and slog."""
    for line in data.splitlines():
        found = orjson.loads(line)
        stamp = next(found.pop(key) for key in TIME_KEYS if key in found)
        if isinstance(stamp, str):
            time_ns = nanoseconds(stamp)
        else:  # seconds as a float, or milliseconds
            time_ns = int(Decimal(repr(stamp)) * 10**9) if isinstance(stamp, float) else stamp * 10**6
        level = found.pop("level")
        severity = LEVELS[level.lower()] if isinstance(level, str) else PINO[level]
        body = next(found.pop(key) for key in MESSAGE_KEYS if key in found)
        ids = found.pop("trace_id", ""), found.pop("span_id", "")
        if "caller" in found:
            file, _, number = found.pop("caller").partition(":")
            found |= {"code.file.path": file, "code.line.number": int(number)}
        for key, value in found.pop("exception", {}).items():
            found[f"exception.{key}"] = value
        for key, value in found.pop("http", {}).items():
            found["http.request.method" if key == "method" else f"http.{key}"] = value
        yield Said(time_ns, body, {APP_NAMES.get(key, key): value for key, value in found.items()}, severity, *ids)


COMBINED = re.compile(
    r"(?P<client>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "
    r'"(?P<method>\S+) (?P<target>\S+) HTTP/(?P<version>[\d.]+)" (?P<code>\d+) (?P<size>\d+|-) '
    r'"(?P<referer>[^"]*)" "(?P<agent>[^"]*)"'
)
"""Apache's combined log format."""

COMBINED_NAMES = {
    "client": "client.address",
    "user": "user.name",
    "method": "http.request.method",
    "target": "url.original",
    "version": "network.protocol.version",
    "code": "http.response.status_code",
    "size": "http.response.body.size",
    "referer": "http.request.header.referer",
    "agent": "user_agent.original",
}


def combined(data: bytes) -> Iterator[Said]:
    """Apache's combined log format."""
    for line in data.decode().split("\n")[:-1]:
        match = COMBINED.fullmatch(line)
        if match is None:
            yield Said(0, line, {})
            continue
        found: dict[str, Any] = {key: value for key, value in match.groupdict().items() if value != "-"}
        for key in {"code", "size"} & found.keys():
            found[key] = int(found[key])
        if "referer" in found:
            found["referer"] = [found["referer"]]
        moment = datetime.strptime(found.pop("time"), "%d/%b/%Y:%H:%M:%S %z")
        yield Said(int(moment.timestamp()) * 10**9, line, {COMBINED_NAMES[key]: value for key, value in found.items()})


def any_value(value: Any) -> AnyValue:
    """The AnyValue of a Python value."""
    match value:
        case str():
            return AnyValue(string_value=value)
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=[any_value(item) for item in value]))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=key_values(value)))
        case _:
            return AnyValue()


def key_values(attributes: dict[str, Any]) -> list[KeyValue]:
    """The attributes, made as OpenTelemetry's own Python encoder makes them."""
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def to_otlp(lines: Iterable[Said]) -> bytes:
    """An ExportLogsServiceRequest of such records, made with opentelemetry-proto."""
    records = [
        ProtoRecord(
            time_unix_nano=said.time_ns,
            severity_number=said.severity,  # type: ignore[arg-type]  # the enum's numbers are OpenTelemetry's
            trace_id=bytes.fromhex(said.trace_id),
            span_id=bytes.fromhex(said.span_id),
            body=AnyValue(string_value=said.body),
            attributes=key_values(said.attributes),
        )
        for said in lines
    ]
    resource = ResourceLogs(scope_logs=[ScopeLogs(log_records=records)])
    return ExportLogsServiceRequest(resource_logs=[resource]).SerializeToString()


def sdk(lines: Iterable[Said]) -> bytes:
    """The same through the OpenTelemetry SDK's logger and its own encoder."""
    exporter = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    logger = provider.get_logger("today")
    for said in lines:
        logger.emit(
            LogRecord(
                timestamp=said.time_ns,
                severity_number=SeverityNumber.INFO,
                body=said.body,
                attributes=said.attributes,
            )
        )
    return encode_logs(exporter.get_finished_logs()).SerializeToString()
