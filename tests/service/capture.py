"""One drive through the mesh with every kind of log written at once: the material that the tests compare."""

from dataclasses import dataclass
from pathlib import Path

import orjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.service import envoy, logs, mesh
from tests.service.client import send_raw
from tests.service.mesh import Exchange
from tests.service.sinks import OtlpSink
from tests.service.upstream import Answer, Received, Upstream

FIRST = 1
"""Lines before those of the exchanges: the request that takes the limited route's token."""

LAST = 1
"""Lines after them: a malformed request."""


@dataclass(frozen=True)
class Captured:
    """What went through and what Envoy wrote about it."""

    folder: Path
    exchanges: list[Exchange]
    upstream: list[Received]
    zipkin: list[bytes]
    """The tracer's bodies, as posted."""
    otlp: list[bytes]
    """The OTLP access logger's requests."""
    port: int
    """Envoy's own."""
    upstream_port: int
    dead_port: int

    def log(self, name: str) -> bytes:
        """A whole log file, see `access_logs`."""
        return (self.folder / name).read_bytes()

    def lines(self, name: str) -> list[bytes]:
        """The log's lines that belong to `exchanges`, in their order."""
        lines = self.log(name).split(b"\n")
        return lines[FIRST : len(lines) - LAST - 1]


def access_logs(folder: Path) -> list[envoy.Json]:
    """Every file log that a test reads; the file's name says its format."""
    return [
        envoy.file_log(folder / "default.log"),
        envoy.text_log(folder / "istio.log", logs.ISTIO),
        *(envoy.text_log(folder / f"{name}.log", format_string) for name, format_string in logs.CUSTOM.items()),
        envoy.file_log(folder / "istio.json", json_format=logs.JSON),
        envoy.file_log(folder / "istio-omit-empty.json", json_format=logs.JSON, omit_empty_values=True),
        envoy.typed_json_log(folder / "typed.json", logs.JSON),
        envoy.file_log(folder / "gateway.json", json_format=logs.GATEWAY_JSON),
        envoy.file_log(folder / "nested.json", json_format=logs.TYPED_JSON),
    ]


def zipkin_tracing(cluster_name: str) -> envoy.Json:
    """The connection manager's tracing, every request sampled, Zipkin v2 JSON."""
    return {
        "provider": envoy.extension(
            "zipkin",
            "envoy.config.trace.v3.ZipkinConfig",
            collector_cluster=cluster_name,
            collector_endpoint="/api/v2/spans",
            collector_endpoint_version="HTTP_JSON",
            trace_id_128bit=True,
        )
    }


def capture(folder: Path, count: int, seed: int = 1) -> Captured:
    """Drives `count` requests through a real Envoy, into all of its logs."""
    with Upstream() as upstream, Upstream(Answer(202)) as zipkin, OtlpSink() as sink, mesh.closed_port() as dead:
        config = mesh.config(
            upstream,
            dead,
            [*access_logs(folder), envoy.otlp_log("collector", logs.OTLP_BODY, logs.OTLP_ATTRIBUTES)],
            [envoy.cluster("collector", sink.port, http2=True), envoy.cluster("zipkin", zipkin.port)],
            tracing=zipkin_tracing("zipkin"),
        )
        with envoy.Envoy(config, folder) as proxy:
            port = proxy.ports[mesh.LISTENER]
            exchanges = mesh.drive(port, upstream, mesh.traffic(count, seed))
            send_raw(port, b"GET / HTTP/1.1\r\nbad header\r\n\r\n")
            zipkin.wait_for(lambda got: _spans(got) >= FIRST + count, "the tracer to have posted all spans")
            sink.wait_for(lambda got: _records(got) >= FIRST + count + LAST, "the OTLP logger to have sent all records")
        return Captured(
            folder,
            exchanges,
            upstream.received,
            [post.body for post in zipkin.received],
            sink.received(),
            port,
            upstream.port,
            dead,
        )


def _spans(posts: list[Received]) -> int:
    return sum(len(orjson.loads(post.body)) for post in posts)


def _records(requests: list[bytes]) -> int:
    return sum(
        len(scope.log_records)
        for request in requests
        for resource in ExportLogsServiceRequest.FromString(request).resource_logs
        for scope in resource.scope_logs
    )
