"""How the message of a table is sent to the receiver that it is of."""

import socket
import struct
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import grpc
import msgpack
import orjson
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.protos import generated
from tests.service.logloom_process import Logloom
from tests.service.sinks import EXPORTS

LOOPBACK = "127.0.0.1"
Fields = set[tuple[str, ...]]
"""Paths in a message."""

HTTP: dict[str, Any] = {"endpoint": f"{LOOPBACK}:0"}


@dataclass(frozen=True)
class Way:
    """A protocol.

    Attributes:
        config: The receiver's; `{folder}` in it is a folder of the test's.
        send: Sends a table's message.
        fields: All fields that the protocol's schema has; none where it has no schema.
    """

    config: dict[str, Any]
    send: "Callable[[To, Any], None]"
    fields: "Callable[[], Fields]" = set


@dataclass(frozen=True)
class To:
    """Where to send."""

    logloom: Logloom
    receiver: str
    folder: Path

    def port(self, what: str) -> int:
        """Of the receiver's endpoint."""
        return self.logloom.port(self.receiver, what)

    def post(self, path: str, body: bytes, content_type: str = "application/json", **headers: str) -> None:
        """Over HTTP."""
        url = f"http://{LOOPBACK}:{self.port('http')}{path}"
        request = urllib.request.Request(url, body, {"Content-Type": content_type, **headers})
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            assert answer.status < 300

    def call(self, method: str, message: bytes, what: str = "grpc") -> None:
        """Over gRPC."""
        with grpc.insecure_channel(f"{LOOPBACK}:{self.port(what)}") as channel:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
            call(message, timeout=20)

    def talk(self, what: str, data: bytes, answer_bytes: int = 0) -> None:
        """Over TCP."""
        with socket.create_connection((LOOPBACK, self.port(what)), 20) as connection:
            connection.sendall(data)
            if answer_bytes:
                assert connection.recv(answer_bytes)


def nanoseconds(text: str) -> int:
    """Of a time with any number of digits behind the second."""
    whole, _, rest = text.rstrip("Z").partition(".")
    return int(datetime.fromisoformat(f"{whole}+00:00").timestamp()) * 10**9 + int(rest.ljust(9, "0") or 0)


def fluentforward(to: To, message: Any) -> None:
    """Message [tag, [[[time, metadata], record]], option], as Fluent Bit writes it."""
    at = nanoseconds(message["time"])
    event_time = msgpack.ExtType(0, struct.pack(">II", *divmod(at, 10**9)))
    events = [[[event_time, message["metadata"]], message["record"]]]
    to.talk("forward", msgpack.packb([message["tag"], events, {"chunk": "c1"}]), 100)


def lumberjack(to: To, message: Any) -> None:
    """A window of one event."""
    event = orjson.dumps(message)
    to.talk("lumberjack", b"2W" + struct.pack(">I", 1) + b"2J" + struct.pack(">II", 1, len(event)) + event, 6)


def http(to: To, message: Any) -> None:
    """A line of JSON."""
    to.post("/", orjson.dumps(message), "application/x-ndjson")


def syslog(to: To, message: Any) -> None:
    """RFC 5424, its octets counted."""
    elements = "".join(
        f"[{name}" + "".join(f' {key}="{value}"' for key, value in element.items()) + "]"
        for name, element in message["STRUCTURED-DATA"].items()
    )
    head = [f"<{message['PRI']}>{message['VERSION']}", *(message[name] for name in SYSLOG), elements, message["MSG"]]
    line = " ".join(head).encode()
    to.talk("tcp", b"%d %s" % (len(line), line))


SYSLOG = ("TIMESTAMP", "HOSTNAME", "APP-NAME", "PROCID", "MSGID")


def filelog(to: To, message: Any) -> None:
    """A line of a container's log, as the runtime writes it."""
    path = to.folder / message["file"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{message['time']} {message['stream']} F {message['line']}" + "\n")


def otlp(to: To, message: Any) -> None:
    """An export over gRPC."""
    to.call(EXPORTS["logs"], json_format.ParseDict(message, ExportLogsServiceRequest()).SerializeToString())


def zipkin(to: To, message: Any) -> None:
    """A list of one span, as JSON."""
    to.post("/api/v2/spans", orjson.dumps([message]))


def jaeger(to: To, message: Any) -> None:
    """A batch over gRPC."""
    request = json_format.ParseDict(message, generated("jaeger")[0].PostSpansRequest())
    to.call("/jaeger.api_v2.CollectorService/PostSpans", request.SerializeToString())


def envoyals(to: To, message: Any) -> None:
    """Two streams of a message each, one of HTTP and one of TCP."""
    stub = generated("envoy_als")[1]
    with grpc.insecure_channel(f"{LOOPBACK}:{to.port('grpc')}") as channel:
        service = stub.AccessLogServiceStub(channel)
        for other in ("tcp_logs", "http_logs"):
            parts = {key: value for key, value in message.items() if key != other}
            made = json_format.ParseDict(parts, generated("envoy_als")[0].StreamAccessLogsMessage())
            service.StreamAccessLogs(iter([made]), timeout=20)


def loki(to: To, message: Any) -> None:
    """A push of JSON."""
    body = orjson.dumps({"streams": message["streams"]})
    to.post("/loki/api/v1/push", body, "application/json", **{"X-Scope-OrgID": message["X-Scope-OrgID"]})


def datadog(to: To, message: Any) -> None:
    """An entry."""
    to.post("/api/v2/logs", orjson.dumps([message]))


def splunkhec(to: To, message: Any) -> None:
    """An event."""
    to.post("/services/collector/event", orjson.dumps(message), Authorization="Splunk t0")


def elasticsearch(to: To, message: Any) -> None:
    """An action, and its document."""
    to.post("/_bulk", orjson.dumps(message["action"]) + b"\n" + orjson.dumps(message["document"]) + b"\n")


def fields_of(message: Descriptor, name: Callable[[FieldDescriptor], str] = lambda field: field.name) -> Fields:
    """The paths of all fields of a protobuf message; what nests in itself, and Google's own types, as wholes."""

    def walk(message: Descriptor, path: tuple[str, ...], seen: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for field in message.fields:
            inner = field.message_type
            here = (*path, name(field))
            is_map = inner is not None and inner.GetOptions().map_entry
            if inner is None or is_map or inner.full_name.startswith("google.") or inner.full_name in seen:
                yield here
            else:
                yield from walk(inner, (*here, "0") if field.is_repeated else here, (*seen, inner.full_name))

    return set(walk(message, (), (message.full_name,)))


def _zipkin_fields() -> Fields:
    """Zipkin's JSON has the names of its protobuf, in camelCase, but for one."""
    span = generated("zipkin")[0].Span.DESCRIPTOR
    return fields_of(span, lambda field: field.json_name)


WAYS = {
    "datadog": Way(HTTP, datadog),
    "elasticsearch": Way(HTTP, elasticsearch),
    "envoyals": Way(HTTP, envoyals, lambda: fields_of(generated("envoy_als")[0].StreamAccessLogsMessage.DESCRIPTOR)),
    "filelog": Way(
        {"include": ["{folder}/pods/*/*/*.log"], "start_at": "beginning", "format": "cri"},
        filelog,
    ),
    "fluentforward": Way(HTTP, fluentforward),
    "http": Way(HTTP, http),
    "jaeger": Way(
        {"protocols": {"grpc": HTTP}}, jaeger, lambda: fields_of(generated("jaeger")[0].PostSpansRequest.DESCRIPTOR)
    ),
    "loki": Way({"protocols": {"http": HTTP}}, loki),
    "lumberjack": Way(HTTP, lumberjack),
    "otlp": Way({"protocols": {"grpc": HTTP}}, otlp, lambda: fields_of(ExportLogsServiceRequest.DESCRIPTOR)),
    "splunkhec": Way(HTTP, splunkhec),
    "syslog": Way({"tcp": {"listen_address": f"{LOOPBACK}:0"}}, syslog),
    "zipkin": Way(HTTP, zipkin, _zipkin_fields),
}
