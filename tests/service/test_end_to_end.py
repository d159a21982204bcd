"""A mesh's whole traffic into one running logloom, and out as OpenTelemetry records: every field of every request.

A real Envoy writes its logs while logloom follows the files, sends its OTLP access log to logloom's gRPC endpoint and
its spans to logloom's Zipkin endpoint. What came out is compared with what the client sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.otlp import Flat
from tests.service import attributes, envoy, expected, logs, mesh
from tests.service.attributes import FORMATS
from tests.service.capture import FIRST, LAST, Captured, access_logs, zipkin_tracing
from tests.service.client import send_raw
from tests.service.logloom_process import Logloom, read
from tests.service.upstream import Upstream

pytestmark = pytest.mark.peer

COUNT = 80


@dataclass(frozen=True)
class Run:
    """One drive, and where logloom wrote what."""

    captured: Captured
    folder: Path

    def records(self, name: str) -> list[Flat]:
        """What came out of one way in."""
        return read(self.folder / "out" / f"{name}.jsonl")


def _config(folder: Path) -> dict[str, Any]:
    ways: dict[str, dict[str, Any]] = {
        f"filelog/{name}": {"include": [str(folder / name)], "start_at": "beginning", **options}
        for name, options in FORMATS.items()
    }
    ways["otlp"] = {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}, "http": {"endpoint": "127.0.0.1:0"}}}
    ways["zipkin"] = {"endpoint": "127.0.0.1:0"}
    names = {way: way.removeprefix("filelog/") for way in ways}
    return {
        "receivers": ways,
        "exporters": {f"file/{name}": {"path": str(folder / "out" / f"{name}.jsonl")} for name in names.values()},
        "service": {
            "pipelines": {
                f"{'traces' if way == 'zipkin' else 'logs'}/{name}": {"receivers": [way], "exporters": [f"file/{name}"]}
                for way, name in names.items()
            }
        },
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder: Path = tmp_path_factory.mktemp("end-to-end")
    with Upstream() as upstream, mesh.closed_port() as dead:
        with Logloom(_config(folder), folder / "logloom") as collector:
            config = mesh.config(
                upstream,
                dead,
                [*access_logs(folder), envoy.otlp_log("collector", logs.OTLP_BODY, logs.OTLP_ATTRIBUTES)],
                [
                    envoy.cluster("collector", collector.port("otlp", "grpc"), http2=True),
                    envoy.cluster("zipkin", collector.port("zipkin", "http")),
                ],
                tracing=zipkin_tracing("zipkin"),
            )
            with envoy.Envoy(config, folder) as proxy:
                port = proxy.ports[mesh.LISTENER]
                exchanges = mesh.drive(port, upstream, mesh.traffic(COUNT, seed=4))
                send_raw(port, b"GET / HTTP/1.1\r\nbad header\r\n\r\n")
                for name in [*FORMATS, "otlp"]:
                    collector.wait_for(
                        folder / "out" / f"{name}.jsonl",
                        lambda found: len(found) >= FIRST + COUNT + LAST,
                        f"all records of {name}",
                    )
                collector.wait_for(
                    folder / "out" / "zipkin.jsonl",
                    lambda found: len(attributes.spans_by_number(found)) >= COUNT,
                    "all spans",
                )
        yield Run(Captured(folder, exchanges, upstream.received, [], [], port, upstream.port, dead), folder)


@pytest.mark.parametrize("name", FORMATS)
def test_file_logs(run: Run, name: str) -> None:
    found = run.records(name)
    assert len(found) == FIRST + COUNT + LAST
    lines = run.captured.log(name).split(b"\n")
    for exchange, record, line in zip(run.captured.exchanges, found[FIRST:-LAST], lines[FIRST:], strict=False):
        what = f"{name}: {line!r}"
        wanted = {
            key: value
            for key, value in expected.fields(run.captured, exchange).items()
            if key in attributes.LOGGED[name]
        }
        expected.compare(wanted, attributes.operators(record), what)
        assert record.body == line.decode(), what
        assert record.resource["log.file.name"] == name if "log.file.name" in record.resource else True
    assert [record.body for record in found] == [line.decode() for line in lines[:-1]]


def test_the_malformed_request_is_a_record_too(run: Run) -> None:
    found = attributes.operators(run.records("default.log")[-1])
    assert found["RESPONSE_CODE"] == 400
    assert found["RESPONSE_FLAGS"] == ["DPE"]
    assert {"METHOD", "PATH", "USER_AGENT", "REQUEST_ID", "AUTHORITY", "UPSTREAM_HOST"}.isdisjoint(found)


def test_the_otlp_access_logger(run: Run) -> None:
    found = run.records("otlp")
    assert len(found) == FIRST + COUNT + LAST
    by_path = {record.body.split(" ")[1]: record for record in found}
    for exchange in run.captured.exchanges:
        record = by_path[exchange.request.target]
        wanted = expected.fields(run.captured, exchange)
        request = exchange.request
        assert record.body == f"{request.method} {request.target} HTTP/1.1 {exchange.response.status}"
        assert record.attributes["code"] == str(exchange.response.status)
        assert record.attributes["flags"] == exchange.route.flags
        assert record.attributes["sent"] == str(len(exchange.response.body))
        agent = expected.text(request.header("user-agent"))
        assert record.attributes["agent"] == ("-" if agent is None else agent)
        assert record.attributes["host"] == (wanted["UPSTREAM_HOST"] or "-")
        assert record.resource["service.name"] == "edge"
        assert record.resource["node_name"] == "node-1"
        assert exchange.began_ns - 1000 <= record.time <= exchange.ended_ns
        assert len(record.trace_id) == 32


def test_the_tracer(run: Run) -> None:
    spans = attributes.spans_by_number(run.records("zipkin"))
    traces = {record.body.split(" ")[1]: record.trace_id for record in run.records("otlp")}
    assert len(spans) == COUNT
    for exchange in run.captured.exchanges:
        record, request = spans[exchange.number], exchange.request
        what = f"{exchange.number} {exchange.route.path}"
        received = expected.fields(run.captured, exchange)["BYTES_RECEIVED"]
        assert record.attributes["http.method"] == request.method, what
        assert record.attributes["http.url"] == f"http://{request.authority}{request.target}", what
        assert record.attributes["http.status_code"] == str(exchange.response.status), what
        assert record.attributes["response_flags"] == exchange.route.flags, what
        assert callable(received) or record.attributes["request_size"] == str(received), what
        assert record.attributes["response_size"] == str(len(exchange.response.body)), what
        assert record.attributes["span.kind"] == "server", what
        assert record.resource["service.name"] == "mesh", what
        # The tracer's clock has microseconds; Envoy ends the span of a request that was cut off by itself.
        assert exchange.began_ns - 1000 <= record.time <= exchange.ended_ns, what
        assert record.trace_id == traces[request.target], what
        assert len(record.span_id) == 16, what


def test_the_tracers_annotations(run: Run) -> None:
    found = run.records("zipkin")
    spans = {record.span_id: record for record in found if record.event_name == "span"}
    annotations = [record for record in found if record.event_name != "span"]
    assert annotations
    for annotation in annotations:
        span = spans[annotation.span_id]
        assert annotation.trace_id == span.trace_id
        assert annotation.event_name in ("ss", "cs", "sr", "cr")
        assert span.time <= annotation.time
