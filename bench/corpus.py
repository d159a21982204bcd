"""Seeded logs for the benches: the same bytes for the same seed on every machine, and as varied as real ones.

Each function takes how much to make and a seed, and returns bytes. Sizes are averages that a test holds, because the
figures in the README are given a line.
"""

import random
from datetime import UTC, datetime

import orjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber

START_NS = 1_767_225_600_000_000_000
"""2026-01-01T00:00:00Z: times run from here, some milliseconds a record."""

METHODS = ["GET"] * 14 + ["POST"] * 5 + ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]
CODES = [200] * 30 + [201, 202, 204, 204, 301, 304, 304, 400, 401, 403, 404, 404, 429, 500, 503, 503, 504]
SERVICES = ["cart", "checkout", "catalog", "payment", "recommendation", "shipping", "identity", "search", "pricing"]
NAMESPACES = ["shop", "payments", "platform", "edge"]
AGENTS = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "curl/8.9.1",
    "kube-probe/1.31",
    "Go-http-client/2.0",
    "grpc-go/1.66.0",
    "python-requests/2.32.3",
    "okhttp/4.12.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15",
    "Prometheus/2.54.1",
    "node-fetch/3.3.2",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15",
]
SEGMENTS = ["items", "orders", "users", "sessions", "prices", "stock", "reviews", "v1", "v2", "internal", "health"]
LEVELS = ["info"] * 12 + ["debug"] * 4 + ["warn"] * 3 + ["error"]
LOGGERS = ["com.example.shop.CartService", "app.http", "orders.worker", "db.pool", "kafka.consumer", "auth.jwt"]
MESSAGES = [
    "request completed",
    "cache miss, falling back to the primary store",
    "retrying after a transient failure of the upstream",
    "published an event to the outbox",
    "connection pool is running low",
    "order accepted",
    'could not parse header "x-deadline": expected a duration',
    "slow query",
    "user session renewed",
]


class Maker:
    """The random pieces that logs are made of."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now_ns = START_NS
        self.choice = self.random.choice

    def tick(self) -> int:
        """The next record's time in nanoseconds: later than the last one by up to 12 ms."""
        self.now_ns += self.random.randrange(20_000, 12_000_000, 1000)
        return self.now_ns

    def hex(self, digits: int) -> str:
        return f"{self.random.getrandbits(digits * 4):0{digits}x}"

    def uuid(self) -> str:
        text = self.hex(32)
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    def ip(self) -> str:
        value = self.random.getrandbits(24)
        return f"10.{value >> 16}.{value >> 8 & 255}.{value & 255}"

    def often(self, share: float) -> bool:
        return self.random.random() < share

    def path(self) -> str:
        parts = [self.choice(SEGMENTS) for _ in range(self.random.randrange(1, 4))]
        if self.often(0.5):
            parts.append(str(self.random.randrange(1, 10**7)))
        query = (
            f"?page={self.random.randrange(40)}&q={self.choice(SERVICES)}%20{self.hex(4)}" if self.often(0.2) else ""
        )
        return "/" + "/".join(parts) + query

    def flags(self, code: int) -> str:
        if code == 503:
            return self.choice(["UH", "UF", "UF,URX", "UO", "UC", "-"])
        return {404: "NR", 504: "UT", 429: "RL"}.get(code, "-") if self.often(0.5) else "-"


def iso(time_ns: int, digits: int = 3) -> str:
    """RFC 3339 in UTC with that many digits of the second."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{f'{rest:09}'[:digits]}Z"


def _envoy(make: Maker) -> dict[str, str | int | None]:
    """One access through a sidecar: Istio's 24 JSON keys in Envoy's (sorted) order; None is absent."""
    code = make.choice(CODES)
    flags = make.flags(code)
    reached = flags in ("-", "UT", "UC")
    service, namespace = make.choice(SERVICES), make.choice(NAMESPACES)
    duration = min(int(make.random.expovariate(1 / 30)), 30_000)
    host = f"{make.ip()}:8080" if reached else None
    return {
        "authority": f"{service}.{namespace}.svc.cluster.local:8080",
        "bytes_received": make.choice([0, 0, 0, make.random.randrange(20, 4000)]),
        "bytes_sent": make.random.randrange(0, 60_000) if code != 204 else 0,
        "connection_termination_details": None,
        "downstream_local_address": f"{make.ip()}:8080",
        "downstream_remote_address": f"{make.ip()}:{make.random.randrange(32768, 61000)}",
        "duration": duration,
        "method": make.choice(METHODS),
        "path": make.path(),
        "protocol": make.choice(["HTTP/1.1", "HTTP/1.1", "HTTP/2"]),
        "request_id": make.uuid(),
        "requested_server_name": f"outbound_.8080_._.{service}.{namespace}.svc.cluster.local"
        if make.often(0.9)
        else None,
        "response_code": code,
        "response_code_details": "via_upstream" if reached else "no_healthy_upstream",
        "response_flags": flags,
        "route_name": "default" if make.often(0.8) else None,
        "start_time": iso(make.tick()),
        "upstream_cluster": f"inbound|8080||{service}.{namespace}.svc.cluster.local" if reached else None,
        "upstream_host": host,
        "upstream_local_address": f"127.0.0.6:{make.random.randrange(32768, 61000)}" if reached else None,
        "upstream_service_time": str(max(0, duration - 1)) if reached else None,
        "upstream_transport_failure_reason": None,
        "user_agent": make.choice(AGENTS),
        "x_forwarded_for": make.ip() if make.often(0.75) else None,
    }


def _default_line(fields: dict[str, str | int | None]) -> str:
    f = {key: "-" if value is None else value for key, value in fields.items()}
    return (
        f'[{f["start_time"]}] "{f["method"]} {f["path"]} {f["protocol"]}" {f["response_code"]} {f["response_flags"]} '
        f"{f['bytes_received']} {f['bytes_sent']} {f['duration']} {f['upstream_service_time']} "
        f'"{f["x_forwarded_for"]}" "{f["user_agent"]}" "{f["request_id"]}" "{f["authority"]}" "{f["upstream_host"]}"\n'
    )


def envoy_text(lines: int, seed: int = 1) -> bytes:
    """Envoy's default access log, about 240 bytes a line."""
    make = Maker(seed)
    return "".join(_default_line(_envoy(make)) for _ in range(lines)).encode()


def envoy_text_dirty(lines: int, seed: int = 1) -> bytes:
    """The same, with non-ASCII text in 2 % of the lines, and 1 % that no format can read."""
    make = Maker(seed)
    out = []
    for _ in range(lines):
        fields = _envoy(make)
        if make.often(0.02):
            fields["user_agent"] = make.choice(["Grüße/1.0", "日本語のエージェント/2", "emoji 🚀 agent", "naïve café"])
        line = _default_line(fields)
        if make.often(0.01):
            line = make.choice(
                [line[: len(line) // 2] + "\n", "upstream connect error or disconnect/reset before headers\n", "[]\n"]
            )
        out.append(line)
    return "".join(out).encode()


def istio_text(lines: int, seed: int = 1) -> bytes:
    """Istio's default access log."""
    make = Maker(seed)
    out = []
    for _ in range(lines):
        f = {key: "-" if value is None else value for key, value in _envoy(make).items()}
        out.append(
            f'[{f["start_time"]}] "{f["method"]} {f["path"]} {f["protocol"]}" {f["response_code"]} '
            f"{f['response_flags']} {f['response_code_details']} {f['connection_termination_details']} "
            f'"{f["upstream_transport_failure_reason"]}" {f["bytes_received"]} {f["bytes_sent"]} {f["duration"]} '
            f'{f["upstream_service_time"]} "{f["x_forwarded_for"]}" "{f["user_agent"]}" "{f["request_id"]}" '
            f'"{f["authority"]}" "{f["upstream_host"]}" {f["upstream_cluster"]} {f["upstream_local_address"]} '
            f"{f['downstream_local_address']} {f['downstream_remote_address']} {f['requested_server_name']} "
            f"{f['route_name']}\n"
        )
    return "".join(out).encode()


def envoy_json(lines: int, seed: int = 1) -> bytes:
    """Istio's JSON encoding, 24 keys, about 890 bytes a line."""
    make = Maker(seed)
    return b"".join(orjson.dumps(_envoy(make)) + b"\n" for _ in range(lines))


def app_json(lines: int, seed: int = 1) -> bytes:
    """Applications' JSON logs in the manner of several libraries mixed, about 410 bytes a line."""
    make = Maker(seed)
    return b"".join(orjson.dumps(_app(make)) + b"\n" for _ in range(lines))


def _app(make: Maker) -> dict[str, object]:
    time_ns = make.tick()
    level = make.choice(LEVELS)
    message = make.choice(MESSAGES)
    if make.often(0.05):
        message += '\n\tat line 3: "quoted" \\ slash, Größe ✓'
    trace = {"trace_id": make.hex(32), "span_id": make.hex(16)} if make.often(0.7) else {}
    common: dict[str, object] = {
        "service": make.choice(SERVICES),
        "pod": f"{make.choice(SERVICES)}-{make.hex(8)}-{make.hex(5)}",
        "http": {"method": make.choice(METHODS), "path": make.path(), "status": make.choice(CODES)},
        "duration_ms": round(make.random.expovariate(1 / 40), 3),
        "user_id": make.random.randrange(10**9),
        "cached": make.often(0.3),
        "region": make.choice(["eu-central-1", "us-east-2"]),
    }
    if level == "error":
        common["exception"] = {"type": "TimeoutError", "message": "deadline exceeded after 2000 ms"}
    style = make.random.randrange(4)
    if style == 0:  # in the manner of zap
        head: dict[str, object] = {"level": level, "ts": time_ns / 1e9, "logger": make.choice(LOGGERS), "msg": message}
        return {**head, "caller": f"server/{make.choice(SERVICES)}.go:{make.random.randrange(900)}", **trace, **common}
    if style == 1:  # Logstash's encoder
        head = {"@timestamp": iso(time_ns), "@version": "1", "message": message, "level": level.upper()}
        return {
            **head,
            "logger_name": make.choice(LOGGERS),
            "thread_name": f"http-nio-8080-exec-{make.random.randrange(64)}",
            **trace,
            **common,
        }
    if style == 2:  # pino
        number = {"debug": 20, "info": 30, "warn": 40, "error": 50}[level]
        head = {"level": number, "time": time_ns // 1_000_000, "pid": make.random.randrange(1, 9999)}
        return {**head, "hostname": f"pool-{make.hex(4)}", "msg": message, **trace, **common}
    head = {"time": iso(time_ns, 6), "level": level.upper(), "msg": message, "logger": make.choice(LOGGERS)}
    return {**head, **trace, **common, "tags": [make.choice(SEGMENTS) for _ in range(make.random.randrange(4))]}


def logfmt(lines: int, seed: int = 1) -> bytes:
    """key=value lines, about 378 bytes each."""
    make = Maker(seed)
    out = []
    for _ in range(lines):
        message = make.choice(MESSAGES).replace('"', '\\"')
        out.append(
            f"time={iso(make.tick(), 6)} level={make.choice(LEVELS)} "
            f'msg="{message}" logger={make.choice(LOGGERS)} trace_id={make.hex(32)} span_id={make.hex(16)} '
            f"service={make.choice(SERVICES)} namespace={make.choice(NAMESPACES)} peer={make.ip()}:8080 "
            f"method={make.choice(METHODS)} path={make.path()} status={make.choice(CODES)} "
            f"duration={make.random.randrange(2000)}ms bytes={make.random.randrange(60_000)} "
            f'agent="{make.choice(AGENTS)}" retry={str(make.often(0.1)).lower()}\n'
        )
    return "".join(out).encode()


def combined(lines: int, seed: int = 1) -> bytes:
    """Apache's combined log format, about 170 bytes each."""
    make = Maker(seed)
    out = []
    for _ in range(lines):
        seconds = make.tick() // 1_000_000_000
        stamp = datetime.fromtimestamp(seconds, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
        referer = f"https://shop.example.com{make.path()}" if make.often(0.6) else "-"
        size = make.random.randrange(60_000) if make.often(0.95) else "-"
        out.append(
            f"{make.ip()} - {make.choice(SERVICES) if make.often(0.2) else '-'} [{stamp}] "
            f'"{make.choice(METHODS)} {make.path()} HTTP/1.1" {make.choice(CODES)} {size} '
            f'"{referer}" "{make.choice(AGENTS)}"\n'
        )
    return "".join(out).encode()


def haproxy(lines: int, seed: int = 1) -> bytes:
    """HAProxy's HTTP log without a syslog header, about 160 bytes each."""
    make = Maker(seed)
    out = []
    for _ in range(lines):
        seconds, nanos = divmod(make.tick(), 1_000_000_000)
        stamp = datetime.fromtimestamp(seconds, UTC).strftime("%d/%b/%Y:%H:%M:%S") + f".{nanos // 1_000_000:03}"
        number = make.random.randrange
        times = [number(9), number(3), number(5), number(900)]
        out.append(
            f"{make.ip()}:{number(1024, 65536)} [{stamp}] https-in~ {make.choice(SERVICES)}/web{number(9)} "
            f"{'/'.join(map(str, [*times, sum(times)]))} {make.choice(CODES)} {number(60_000)} - - ---- "
            f"{number(300)}/{number(300)}/{number(90)}/{number(30)}/0 0/{number(3)} "
            f'"{make.choice(METHODS)} {make.path()} HTTP/1.1"\n'
        )
    return "".join(out).encode()


def text(lines: int, seed: int = 1) -> bytes:
    """Lines without any structure, about 120 bytes each."""
    make = Maker(seed)
    out = []
    for _ in range(lines):
        words = " ".join(make.choice(SEGMENTS + SERVICES) for _ in range(make.random.randrange(2, 20)))
        out.append(f"{make.choice(MESSAGES)}: {words} ({make.hex(8)})\n")
    return "".join(out).encode()


def _span(make: Maker) -> dict[str, object]:
    start_us = make.tick() // 1000
    duration_us = int(make.random.expovariate(1 / 20_000)) + 1
    code = make.choice(CODES)
    span: dict[str, object] = {
        "traceId": make.hex(32),
        "parentId": make.hex(16),
        "id": make.hex(16),
        "kind": make.choice(["CLIENT", "SERVER", "SERVER", "PRODUCER"]),
        "name": f"{make.choice(SERVICES)}.{make.choice(NAMESPACES)}.svc.cluster.local:8080/*",
        "timestamp": start_us,
        "duration": duration_us,
        "localEndpoint": {
            "serviceName": f"{make.choice(SERVICES)}.{make.choice(NAMESPACES)}",
            "ipv4": make.ip(),
            "port": 8080,
        },
        "tags": {
            "component": "proxy",
            "node_id": f"sidecar~{make.ip()}~{make.choice(SERVICES)}",
            "http.method": make.choice(METHODS),
            "http.url": f"http://{make.choice(SERVICES)}.example.com{make.path()}",
            "http.status_code": str(code),
            "http.protocol": "HTTP/1.1",
            "guid:x-request-id": make.uuid(),
            "request_size": str(make.random.randrange(4000)),
            "upstream_cluster": f"inbound|8080||{make.choice(SERVICES)}.shop.svc.cluster.local",
            "user_agent": make.choice(AGENTS),
        },
    }
    if make.often(0.5):
        del span["parentId"]
    if make.often(0.5):
        span["annotations"] = [
            {
                "timestamp": start_us + make.random.randrange(duration_us),
                "value": make.choice(["cache.miss", "ss", "retry"]),
            }
        ]
    return span


def zipkin(spans: int, seed: int = 1) -> bytes:
    """One Zipkin v2 JSON array, about 727 bytes a span; every second span has an annotation."""
    make = Maker(seed)
    return orjson.dumps([_span(make) for _ in range(spans)])


def jaeger(spans: int, seed: int = 1) -> bytes:
    """A Jaeger API answer: traces of about 20 spans, each with its processes."""
    make = Maker(seed)
    pods = [
        {
            "serviceName": make.choice(SERVICES),
            "tags": [
                {"key": "hostname", "type": "string", "value": f"pool-{make.hex(4)}"},
                {"key": "ip", "type": "string", "value": make.ip()},
            ],
        }
        for _ in range(12)
    ]
    traces = []
    for first in range(0, spans, 20):
        trace_id = make.hex(32)
        count = min(20, spans - first)
        traces.append(
            {
                "traceID": trace_id,
                "spans": [_jaeger_span(make, trace_id) for _ in range(count)],
                "processes": {"p1": make.choice(pods), "p2": make.choice(pods)},
                "warnings": None,
            }
        )
    return orjson.dumps({"data": traces, "total": 0, "limit": 0, "offset": 0, "errors": None})


def _jaeger_span(make: Maker, trace_id: str) -> dict[str, object]:
    start_us = make.tick() // 1000
    logs = [
        {
            "timestamp": start_us + 7,
            "fields": [{"key": "event", "type": "string", "value": make.choice(["acquired", "retry"])}],
        }
    ]
    return {
        "traceID": trace_id,
        "spanID": make.hex(16),
        "operationName": f"HTTP {make.choice(METHODS)} /{make.choice(SEGMENTS)}",
        "references": [{"refType": "CHILD_OF", "traceID": trace_id, "spanID": make.hex(16)}] if make.often(0.8) else [],
        "startTime": start_us,
        "duration": make.random.randrange(1, 10**6),
        "tags": [
            {"key": "span.kind", "type": "string", "value": make.choice(["client", "server"])},
            {"key": "http.status_code", "type": "int64", "value": make.choice(CODES)},
            {"key": "error", "type": "bool", "value": make.often(0.05)},
            {"key": "sampler.param", "type": "float64", "value": 0.5},
        ],
        "logs": logs if make.often(0.5) else [],
        "processID": make.choice(["p1", "p2"]),
        "warnings": None,
    }


def otlp_logs(records: int = 1000, seed: int = 1) -> bytes:
    """One ExportLogsServiceRequest in the manner of an SDK, about 450 bytes a record, made by the official classes."""
    make = Maker(seed)
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    for key, value in (("service.name", "checkout"), ("service.namespace", "shop"), ("telemetry.sdk.language", "go")):
        resource.resource.attributes.append(KeyValue(key=key, value=AnyValue(string_value=value)))
    scope = resource.scope_logs.add()
    scope.scope.name = "shop.checkout"
    scope.scope.version = "1.7.0"
    for _ in range(records):
        record = scope.log_records.add()
        record.time_unix_nano = make.tick()
        record.observed_time_unix_nano = make.now_ns + 1000
        record.severity_text = make.choice(["INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR"])
        record.severity_number = getattr(SeverityNumber, f"SEVERITY_NUMBER_{record.severity_text}")
        record.body.string_value = f"{make.choice(MESSAGES)} for {make.choice(SERVICES)}"
        record.trace_id = bytes.fromhex(make.hex(32))
        record.span_id = bytes.fromhex(make.hex(16))
        record.flags = 1
        attributes: list[tuple[str, AnyValue]] = [
            ("http.request.method", AnyValue(string_value=make.choice(METHODS))),
            ("url.path", AnyValue(string_value=make.path())),
            ("http.response.status_code", AnyValue(int_value=make.choice(CODES))),
            ("user_agent.original", AnyValue(string_value=make.choice(AGENTS))),
            ("client.address", AnyValue(string_value=make.ip())),
            ("enduser.id", AnyValue(string_value=make.uuid())),
            ("thread.name", AnyValue(string_value=f"http-nio-8080-exec-{make.random.randrange(64)}")),
            ("duration_ms", AnyValue(double_value=make.random.expovariate(1 / 40))),
            ("cached", AnyValue(bool_value=make.often(0.3))),
        ]
        if make.often(0.1):
            tags = ArrayValue(values=[AnyValue(string_value=make.choice(SEGMENTS)) for _ in range(2)])
            attributes.append(("tags", AnyValue(array_value=tags)))
            pair = KeyValue(key="zone", value=AnyValue(string_value="a"))
            attributes.append(("placement", AnyValue(kvlist_value=KeyValueList(values=[pair]))))
        record.attributes.extend(KeyValue(key=key, value=value) for key, value in attributes)
    return request.SerializeToString()
