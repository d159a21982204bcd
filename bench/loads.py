"""What is sent to each receiver: requests as its clients make them, of seeded records."""

import gzip
import struct
import zlib
from typing import Any

import msgpack
import orjson

from bench import corpus, encoded
from bench.collectors import ROOT, Load
from bench.syslog_corpus import syslog_5424
from logloom._native import compress
from tests.encoders import loki as to_loki

LINES = 1000
SPANS = 100
START_S = 1_795_430_459
ZERO = {"endpoint": "127.0.0.1:0"}
THERE = {"endpoint": "127.0.0.1:{port}"}
KEPT = {**THERE, "keep_alives_enabled": True}
"""Without it the Collector closes these connections after each request: that would only cost it more."""


def http(path: str, body: bytes, content_type: str, **headers: str) -> bytes:
    """A whole request."""
    named = {"Host": "bench", "Content-Type": content_type, "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def _events() -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in corpus.app_json(LINES).splitlines()]


def forward() -> Load:
    """A chunk of Fluent Bit's `forward` output."""
    packed = b"".join(
        msgpack.packb([msgpack.ExtType(0, struct.pack(">II", START_S + at, 0)), event])
        for at, event in enumerate(_events())
    )
    chunk = {"size": LINES, "chunk": "p8n9gmxTQVC8/nh2wlKKeQ=="}
    message = msgpack.packb(["app.shop", packed, chunk])
    answered = len(msgpack.packb({"ack": chunk["chunk"]}))
    return Load(
        "fluentforward",
        "Fluent Forward, packed, acknowledged",
        ("fluentforward", "forward"),
        ZERO,
        f"answered:{answered}",
        message,
        LINES,
        ("fluentforward", {}),
        collector=THERE,
    )


def lumberjack() -> Load:
    """A window of Filebeat's, compressed as by default."""
    events = corpus.app_json(LINES).splitlines()
    frames = b"".join(
        b"2J" + struct.pack(">II", number, len(event)) + event for number, event in enumerate(events, start=1)
    )
    packed = zlib.compress(frames, 3)
    message = b"2W" + struct.pack(">I", LINES) + b"2C" + struct.pack(">I", len(packed)) + packed
    return Load(
        "lumberjack",
        "Beats, compressed windows",
        ("lumberjack", "lumberjack"),
        ZERO,
        "answered:6",
        message,
        LINES,
        ("ecs", {"keep_original": False}),
        b"\n".join(events) + b"\n",
    )


def elasticsearch() -> Load:
    """A request of Filebeat's or Fluent Bit's: what is to be done, and a document, line by line."""
    body = b"".join(b'{"create":{"_index":"app"}}\n' + event + b"\n" for event in corpus.app_json(LINES).splitlines())
    return Load(
        "elasticsearch",
        "Elasticsearch's bulk API",
        ("elasticsearch", "http"),
        ZERO,
        "http",
        http("/_bulk?filter_path=errors,items.*.error,items.*.status", body, "application/x-ndjson"),
        LINES,
        ("elasticsearch_bulk", {"keep_original": False}),
        body,
    )


def splunkhec() -> Load:
    """Events as Splunk's loggers send them."""
    body = b"".join(orjson.dumps({"time": START_S + at, "event": event}) for at, event in enumerate(_events()))
    return Load(
        "splunkhec",
        "Splunk's HTTP Event Collector",
        ("splunkhec", "http"),
        ZERO,
        "http",
        http("/services/collector/event", body, "application/json"),
        LINES,
        ("splunkhec", {"keep_original": False}),
        body,
    )


def loki() -> Load:
    """What Promtail pushes: lines of several streams, as protobuf in a block of Snappy."""
    streams: dict[str, list[to_loki.Line]] = {}
    for at, event in enumerate(_events()):
        line = orjson.dumps(event).decode()
        streams.setdefault(str(event["service"]), []).append(to_loki.Line((START_S + at) * to_loki.NANOS, line))
    labels = {"namespace": "shop", "job": "shop/app", "node_name": "node-3", "stream": "stdout"}
    body = to_loki.proto([to_loki.Stream({**labels, "app": app}, tuple(lines)) for app, lines in streams.items()])
    return Load(
        "loki",
        "Loki's push, protobuf",
        ("loki", "http"),
        {"protocols": {"http": ZERO}},
        "http",
        http("/loki/api/v1/push", compress(body, "snappy"), "application/x-protobuf"),
        LINES,
        ("loki", {"serialization": "proto", "inside": "text"}),
        body,
    )


def datadog() -> Load:
    """What the Datadog Agent sends: a batch of lines, compressed as by default."""
    known = {"status": "info", "hostname": "node-3", "service": "shop", "ddsource": "python"}
    tags = "env:prod,version:1.4.2,kube_namespace:shop,pod_name:cart-7d9c"
    entries = [
        {"message": orjson.dumps(event).decode(), "timestamp": (START_S + at) * 1000, "ddtags": tags, **known}
        for at, event in enumerate(_events())
    ]
    body = orjson.dumps(entries)
    return Load(
        "datadog",
        "Datadog's intake, gzip",
        ("datadog", "http"),
        ZERO,
        "http",
        http("/api/v2/logs", gzip.compress(body, 6), "application/json", **{"Content-Encoding": "gzip"}),
        LINES,
        ("datadog", {"serialization": "json"}),
        body,
    )


def zipkin() -> Load:
    """Zipkin v2 JSON, as its reporters post it."""
    body = corpus.zipkin(SPANS)
    return Load(
        "zipkin",
        "Zipkin v2 JSON",
        ("zipkin", "http"),
        ZERO,
        "http",
        http("/api/v2/spans", body, "application/json"),
        SPANS,
        ("zipkin", {"serialization": "json"}),
        body,
        messages=200,
        collector=KEPT,
        spans=True,
    )


def jaeger() -> Load:
    """Jaeger's thrift over HTTP."""
    body = encoded.jaeger("thrift_binary", SPANS)
    return Load(
        "jaeger",
        "Jaeger thrift over HTTP",
        ("jaeger", "thrift_http"),
        {"protocols": {"thrift_http": ZERO}},
        "http",
        http("/api/traces", body, "application/x-thrift"),
        SPANS,
        ("jaeger", {"serialization": "thrift"}),
        body,
        messages=200,
        collector={"protocols": {"thrift_http": KEPT}},
        spans=True,
    )


def otlp_grpc() -> Load:
    """OTLP over gRPC."""
    body = corpus.otlp_logs(LINES)
    return Load(
        "otlp_grpc",
        "OTLP over gRPC",
        ("otlp", "grpc"),
        {"protocols": {"grpc": ZERO}},
        "grpc:/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        body,
        LINES,
        ("otlp", {}),
        collector={"protocols": {"grpc": THERE}},
    )


def envoyals() -> Load:
    """A stream of Envoy's access log service, with the entries that a real one sent."""
    entries = (ROOT / "tests" / "formats" / "envoy_als" / "real-http.log").read_bytes()
    return Load(
        "envoyals",
        "Envoy's access log service",
        ("envoyals", "grpc"),
        ZERO,
        "grpcstream:/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs",
        entries * 15,  # what fills Envoy's buffer of 16 KiB
        3 * 15,
        ("envoy_als", {"serialization": "proto"}),
        messages=1000,
    )


def otlp_http() -> Load:
    """OTLP over HTTP."""
    body = corpus.otlp_logs(LINES)
    return Load(
        "otlp_http",
        "OTLP over HTTP, protobuf",
        ("otlp", "http"),
        {"protocols": {"http": ZERO}},
        "http",
        http("/v1/logs", body, "application/x-protobuf"),
        LINES,
        ("otlp", {}),
        body,
        collector={"protocols": {"http": THERE}},
    )


def syslog_tcp() -> Load:
    """RFC 5424 over TCP."""
    tcp = {"listen_address": "127.0.0.1:{port}"}
    return Load(
        "syslog_tcp",
        "syslog, RFC 5424 over TCP",
        ("syslog", "tcp"),
        {"tcp": {"listen_address": "127.0.0.1:0"}},
        "stream",
        syslog_5424(LINES),
        LINES,
        ("syslog", {}),
        messages=75,
        collector={"tcp": tcp, "protocol": "rfc5424"},
    )


def syslog_udp() -> Load:
    """RFC 5424 over UDP."""
    udp = {"listen_address": "127.0.0.1:{port}"}
    lines = syslog_5424(30_000)
    return Load(
        "syslog_udp",
        "syslog, RFC 5424 over UDP",
        ("syslog", "udp"),
        {"udp": {"listen_address": "127.0.0.1:0"}},
        "datagrams",
        lines,
        30_000,
        ("syslog", {}),
        messages=10_000,
        may_lack=6_000,
        collector={"udp": udp, "protocol": "rfc5424"},
    )


def webhook() -> Load:
    """JSON lines in bodies."""
    body = corpus.app_json(LINES)
    return Load(
        "http",
        "JSON lines over HTTP",
        ("http", "http"),
        ZERO,
        "http",
        http("/", body, "application/x-ndjson"),
        LINES,
        ("json", {}),
        body,
    )


def filelog() -> Load:
    """Lines of a file, as they are."""
    files = {"include": ["{folder}/in.log"], "start_at": "beginning"}
    return Load(
        "filelog",
        "files, plain lines",
        ("filelog", ""),
        {**files, "format": "text"},
        "file",
        corpus.app_json(LINES),
        LINES,
        ("text", {}),
        messages=1000,
        may_lack=1,
        collector=files,
    )


ALL = [
    load()
    for load in (
        forward,
        lumberjack,
        elasticsearch,
        splunkhec,
        loki,
        datadog,
        zipkin,
        jaeger,
        otlp_grpc,
        otlp_http,
        envoyals,
        syslog_tcp,
        syslog_udp,
        webhook,
        filelog,
    )
]
