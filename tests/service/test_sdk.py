"""The OpenTelemetry Python SDK as a client of the endpoint: what its own users would send, over gRPC and over HTTP."""

from collections.abc import Callable
from pathlib import Path

import pytest
from grpc import Compression as GrpcCompression
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression as HttpCompression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from tests.otlp import Flat
from tests.service.logloom_process import Logloom, read

pytestmark = pytest.mark.peer

COUNT = 300
TRACE = 0x0AF7651916CD43DD8448EB211C80319C


def _context(trace_id: int) -> Context:
    """Inside a sampled span of that trace."""
    within = SpanContext(trace_id, 0x00F067AA0BA902B7, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return set_span_in_context(NonRecordingSpan(within))


LOGS: dict[str, Callable[[Logloom], LogRecordExporter]] = {
    "grpc": lambda to: GrpcLogs(endpoint=f"http://{to.endpoint('otlp', 'grpc')}", insecure=True),
    "grpc-gzip": lambda to: GrpcLogs(
        endpoint=f"http://{to.endpoint('otlp', 'grpc')}", insecure=True, compression=GrpcCompression.Gzip
    ),
    "http": lambda to: HttpLogs(endpoint=f"http://{to.endpoint('otlp', 'http')}/v1/logs"),
    "http-gzip": lambda to: HttpLogs(
        endpoint=f"http://{to.endpoint('otlp', 'http')}/v1/logs", compression=HttpCompression.Gzip
    ),
}

SPANS: dict[str, Callable[[Logloom], SpanExporter]] = {
    "grpc": lambda to: GrpcSpans(endpoint=f"http://{to.endpoint('otlp', 'grpc')}", insecure=True),
    "http": lambda to: HttpSpans(endpoint=f"http://{to.endpoint('otlp', 'http')}/v1/traces"),
}


def _config(out: Path, *signals: str) -> dict[str, object]:
    return {
        "receivers": {
            "otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}, "http": {"endpoint": "127.0.0.1:0"}}}
        },
        "exporters": {"file": {"path": str(out)}},
        "service": {"pipelines": {signal: {"receivers": ["otlp"], "exporters": ["file"]} for signal in signals}},
    }


@pytest.mark.parametrize("way", LOGS)
def test_logs(way: str, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with Logloom(_config(out, "logs"), tmp_path) as collector:
        provider = LoggerProvider(Resource({"service.name": "shop", "replica": 3}), shutdown_on_exit=False)
        provider.add_log_record_processor(BatchLogRecordProcessor(LOGS[way](collector)))
        logger = provider.get_logger("tests.sdk", "1.2")
        for number in range(COUNT):
            logger.emit(
                LogRecord(
                    timestamp=1_700_000_000_000_000_000 + number,
                    observed_timestamp=1_700_000_001_000_000_000 + number,
                    context=_context(TRACE + number),
                    severity_number=SeverityNumber.WARN,
                    severity_text="WARNING",
                    body={"text": f'number {number} "quoted" é', "nested": [1, 2.5, True, {"deep": "yes"}]},
                    attributes={"n": number, "big": 2**63 - 1, "ratio": 0.1, "ok": False, "list": ["a", "b"]},
                    event_name="sdk.test",
                )
            )
        assert provider.force_flush(30_000)
        provider.shutdown()
        # The SDK has its acknowledgement: everything must be in the file by the time that the collector has stopped.

    found = sorted(read(out), key=lambda record: record.time)
    assert len(found) == COUNT
    for number, record in enumerate(found):
        assert record == Flat(
            time=1_700_000_000_000_000_000 + number,
            observed=1_700_000_001_000_000_000 + number,
            severity=13,
            severity_text="WARNING",
            body={"text": f'number {number} "quoted" é', "nested": [1, 2.5, True, {"deep": "yes"}]},
            attributes={"n": number, "big": 2**63 - 1, "ratio": 0.1, "ok": False, "list": ["a", "b"]},
            resource={"service.name": "shop", "replica": 3},
            scope="tests.sdk",
            trace_id=f"{TRACE + number:032x}",
            span_id="00f067aa0ba902b7",
            flags=1,
            event_name="sdk.test",
        )


@pytest.mark.parametrize("way", SPANS)
def test_spans_become_records(way: str, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with Logloom(_config(out, "traces"), tmp_path) as collector:
        provider = TracerProvider(resource=Resource({"service.name": "shop"}), shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(SPANS[way](collector)))
        tracer = provider.get_tracer("tests.sdk", "1.2")
        start = 1_700_000_000_000_000_123
        with tracer.start_as_current_span("parent", kind=SpanKind.SERVER, start_time=start) as parent:
            parent.add_event("cache.miss", {"key": "k1", "tries": 2}, timestamp=1_700_000_000_000_000_500)
            child = tracer.start_span(
                "child",
                kind=SpanKind.CLIENT,
                links=[Link(parent.get_span_context(), {"why": "batch"})],
                attributes={"http.request.method": "GET", "n": 7, "ok": True, "ratio": 0.5},
                start_time=1_700_000_000_000_000_200,
            )
            child.set_status(Status(StatusCode.ERROR, "it broke"))
            child.end(1_700_000_000_000_001_200)
            parent.end(1_700_000_000_000_002_123)
        provider.shutdown()
    found = {record.body if record.event_name == "span" else record.event_name: record for record in read(out)}
    assert set(found) == {"parent", "child", "cache.miss"}

    outer, inner, event = found["parent"], found["child"], found["cache.miss"]
    above, below = parent.get_span_context(), child.get_span_context()
    assert {record.trace_id for record in found.values()} == {f"{above.trace_id:032x}"}
    assert (outer.span_id, inner.span_id, event.span_id) == (
        f"{above.span_id:016x}",
        f"{below.span_id:016x}",
        f"{above.span_id:016x}",
    )
    assert (outer.time, inner.time, event.time) == (
        1_700_000_000_000_000_123,
        1_700_000_000_000_000_200,
        1_700_000_000_000_000_500,
    )
    assert outer.attributes["span.duration_ns"] == 2000
    assert inner.attributes["span.duration_ns"] == 1000
    assert inner.attributes["span.parent_span_id"] == f"{above.span_id:016x}"
    assert inner.attributes["span.status_message"] == "it broke"
    assert {key: inner.attributes[key] for key in ("http.request.method", "n", "ok", "ratio")} == {
        "http.request.method": "GET",
        "n": 7,
        "ok": True,
        "ratio": 0.5,
    }
    assert (outer.severity, inner.severity) == (9, 17)
    assert (event.attributes["key"], event.attributes["tries"]) == ("k1", 2)
    assert all(record.resource["service.name"] == "shop" for record in found.values())
