"""Seeded bodies of requests: what Datadog's Agent sends, and OTLP's traces as JSON; and what each record should say."""

from typing import Any

import orjson

from bench.corpus import AGENTS, CODES, LEVELS, LOGGERS, MESSAGES, METHODS, NAMESPACES, SERVICES, Maker, iso

Said = dict[str, Any]
"""Attributes, and under `body`, `time`, `resource` and the names of ids what those are."""

SOURCES = ["nginx", "python", "java", "go", "redis"]
CONTAINERS = 12
"""Whose logs the Agent of one node has in one body."""


def _container(make: Maker) -> dict[str, str]:
    """What the Agent says of a container with each of its lines."""
    service, namespace = make.choice(SERVICES), make.choice(NAMESPACES)
    pod = f"{service}-{make.hex(8)}-{make.hex(5)}"
    tags = f"env:prod,kube_namespace:{namespace},pod_name:{pod},image_tag:v{make.random.randrange(90)}"
    return {"ddsource": make.choice(SOURCES), "ddtags": tags, "hostname": f"node-{make.hex(4)}", "service": service}


def datadog(count: int, seed: int = 1) -> tuple[bytes, list[Said]]:
    """One body, about 306 bytes an entry; a quarter of the messages hold the JSON that their program wrote."""
    make = Maker(seed)
    containers = [_container(make) for _ in range(CONTAINERS)]
    entries, said = [], []
    for _ in range(count):
        container, now = make.choice(containers), make.tick() // 10**6
        level, text = make.choice(LEVELS), f"{make.choice(MESSAGES)} for {make.choice(SERVICES)} in {make.path()}"
        expected = {
            "time": now * 10**6,
            "body": text,
            "datadog.ddsource": container["ddsource"],
            "resource": {"service.name": container["service"], "host.name": container["hostname"]},
        }
        message = text
        if make.often(0.25):
            took = make.random.randrange(5000)
            own = {"timestamp": iso(now * 10**6), "level": level, "logger": make.choice(LOGGERS), "message": text}
            message = orjson.dumps(own | {"took_ms": took}).decode()
            expected |= {"took_ms": took, "log.logger": own["logger"]}
        entries.append({"message": message, "status": level, "timestamp": now} | container)
        said.append(expected)
    return orjson.dumps(entries), said


def _any(value: Any) -> dict[str, Any]:
    """A value as OTLP's JSON has it: integers of 64 bits are strings."""
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def _pairs(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _any(value)} for key, value in values.items()]


SPANS_A_SERVICE = 50


def otlp_traces(count: int, seed: int = 1) -> tuple[bytes, list[Said]]:
    """One request in the manner of an SDK, about 1 kB a span; every fourth span has an event, which is a record too."""
    make = Maker(seed)
    scope = {"name": "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", "version": "0.61.0"}
    resources: list[dict[str, Any]] = []
    said: list[Said] = []
    for first in range(0, count, SPANS_A_SERVICE):
        own = {
            "service.name": make.choice(SERVICES),
            "service.namespace": make.choice(NAMESPACES),
            "telemetry.sdk.language": "go",
            "k8s.pod.name": f"pod-{make.hex(8)}",
        }
        made = [_span(make) for _ in range(min(SPANS_A_SERVICE, count - first))]
        spans = [span for span, _ in made]
        resources.append({"resource": {"attributes": _pairs(own)}, "scopeSpans": [{"scope": scope, "spans": spans}]})
        said.extend(record | {"resource": own} for _, records in made for record in records)
    return orjson.dumps({"resourceSpans": resources}), said


def _span(make: Maker) -> tuple[dict[str, Any], list[Said]]:
    """A server's or client's span, and its records."""
    start, took = make.tick(), make.random.randrange(10_000, 10**9)
    method, code = make.choice(METHODS), make.choice(CODES)
    attributes = {
        "http.request.method": method,
        "url.path": make.path(),
        "url.scheme": "https",
        "server.address": f"{make.choice(SERVICES)}.example.com",
        "server.port": 8443,
        "http.response.status_code": code,
        "user_agent.original": make.choice(AGENTS),
        "network.peer.address": make.ip(),
        "network.protocol.version": "1.1",
        "http.response.body.size": make.random.randrange(60_000),
    }
    span: dict[str, Any] = {
        "traceId": make.hex(32),
        "spanId": make.hex(16),
        "parentSpanId": make.hex(16),
        "flags": 257,
        "name": f"{method} /{make.choice(SERVICES)}/{{id}}",
        "kind": make.choice([2, 2, 3]),
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + took),
        "attributes": _pairs(attributes),
        "status": {"code": 2} if code >= 500 else {},
    }
    ids = {"trace_id": span["traceId"], "span_id": span["spanId"]}
    said = [ids | attributes | {"time": start, "body": span["name"], "span.duration_ns": took}]
    if make.often(0.25):
        about = {"exception.type": "TimeoutError", "exception.message": make.choice(MESSAGES)}
        span["events"] = [{"timeUnixNano": str(start + 7), "name": "exception", "attributes": _pairs(about)}]
        said.append(ids | about | {"time": start + 7, "body": "exception"})
    return span, said
