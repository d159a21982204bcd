"""Metrics that are sent: over gRPC and HTTP, to destinations that take them, and that do not."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest
from aiohttp import web
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from logloom import config
from logloom.config import PeriodicConfig
from logloom.errors import ConfigError
from logloom.telemetry import Metric, Point, Telemetry
from logloom.telemetry.push import METHOD, Sender, push

Got = list[tuple[ExportMetricsServiceRequest, dict[str, str]]]


def periodic(endpoint: str, protocol: str, more: str = "") -> PeriodicConfig:
    text = f"""
receivers: {{otlp: {{protocols: {{http: {{}}}}}}}}
exporters: {{nop: {{}}}}
service:
  telemetry:
    metrics:
      readers:
        - periodic:
            interval: 100
            exporter: {{otlp: {{endpoint: "{endpoint}", protocol: {protocol}, headers: {{X-Key: secret}}{more}}}}}
  pipelines: {{logs: {{receivers: [otlp], exporters: [nop]}}}}
"""
    (reader,) = config.loads(text).service.telemetry.metrics.readers or []
    assert reader.periodic is not None
    return reader.periodic


@asynccontextmanager
async def over_http(got: Got, statuses: list[int]) -> AsyncIterator[str]:
    async def take(request: web.BaseRequest) -> web.Response:
        body = await request.read()
        assert request.path == "/v1/metrics"
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)  # noqa: TID251 — our own
        got.append((ExportMetricsServiceRequest.FromString(body), {k.lower(): v for k, v in request.headers.items()}))
        return web.Response(status=statuses.pop() if statuses else 200)

    runner = web.ServerRunner(web.Server(take, auto_decompress=False))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def over_grpc(got: Got, statuses: list[int]) -> AsyncIterator[str]:
    async def take(body: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        got.append((ExportMetricsServiceRequest.FromString(body), dict(context.invocation_metadata() or ())))
        if statuses:
            statuses.pop()
            await context.abort(grpc.StatusCode.UNAVAILABLE, "later")
        return b""

    server = grpc.aio.server()
    service, _, method = METHOD.strip("/").partition("/")
    handler = grpc.unary_unary_rpc_method_handler(take)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await server.stop(None)


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize(("protocol", "server"), [("http/protobuf", over_http), ("grpc", over_grpc)])
async def test_they_come_again_and_again(
    protocol: str, server: "object", compression: str, caplog: pytest.LogCaptureFixture
) -> None:
    got: Got = []
    caplog.set_level("INFO")
    telemetry = Telemetry({"service.name": "logloom"})
    telemetry.sources.append(lambda: [Metric("sent", "counter", "", "", [Point(5)])])
    async with server(got, [503]) as endpoint:  # type: ignore[operator]
        given = periodic(endpoint, protocol, f", compression: {compression}")
        async with Sender(given.exporter.otlp) as sender:
            task = asyncio.create_task(push(given, sender, telemetry.snapshot))
            async with asyncio.timeout(60):
                while "taken again" not in caplog.text:  # noqa: ASYNC110 — nothing tells
                    await asyncio.sleep(0.01)
                before = len(got)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
    assert len(got) >= before + 1  # once more at the end
    assert "metrics were not taken" in caplog.text
    request, headers = got[-1]
    assert headers["x-key"] == "secret"
    (metric,) = request.resource_metrics[0].scope_metrics[0].metrics
    assert metric.sum.data_points[0].as_int == 5


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
async def test_nobody_takes_them(protocol: str) -> None:
    async with Sender(periodic("http://127.0.0.1:1", protocol).exporter.otlp) as sender:
        with pytest.raises(OSError, match=r"UNAVAILABLE|onnect"):
            await sender.send(b"")


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
async def test_files_that_are_not_there(protocol: str) -> None:
    given = periodic("https://127.0.0.1:1", protocol, ", certificate: /none.pem")
    with pytest.raises(ConfigError, match=r"service\.telemetry\.metrics: .*No such file"):
        async with Sender(given.exporter.otlp):
            pass
