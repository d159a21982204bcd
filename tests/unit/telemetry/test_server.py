"""`/metrics` and the probes over HTTP."""

import aiohttp
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from logloom.config import PrometheusConfig
from logloom.errors import ServiceError
from logloom.telemetry import Metric, Point, Telemetry
from logloom.telemetry.server import MetricsServer


async def test_paths_and_methods() -> None:
    is_ready = True
    telemetry = Telemetry({"service.name": "logloom"})
    telemetry.sources.append(lambda: [Metric("sent", "counter", "{record}", "Sent.", [Point(5)])])
    server = MetricsServer(PrometheusConfig("127.0.0.1", 0), telemetry.snapshot, lambda: is_ready)
    at = await server.start()
    try:
        async with aiohttp.ClientSession(f"http://{at}") as client:
            async with client.get("/metrics") as answer:
                assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
                assert "sent 5" in (await answer.text()).splitlines()
            accept = {"Accept": "application/openmetrics-text; version=1.0.0, text/plain;q=0.5"}
            async with client.get("/metrics", headers=accept) as answer:
                assert answer.content_type == "application/openmetrics-text"
                families = {it.name: it for it in text_string_to_metric_families(await answer.text())}
                assert families["sent"].samples[0].value == 5
            for path, status in (("/readyz", 200), ("/livez", 200), ("/healthz", 200), ("/", 404)):
                async with client.get(path) as answer:
                    assert answer.status == status, path
            is_ready = False
            for path, status in (("/readyz", 503), ("/livez", 200)):
                async with client.get(path) as answer:
                    assert answer.status == status, path
            async with client.post("/metrics", data=b"x") as answer:
                assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
            async with client.head("/metrics") as answer:
                assert answer.status == 200
    finally:
        await server.stop()


async def test_a_port_that_is_taken() -> None:
    first = MetricsServer(PrometheusConfig("127.0.0.1", 0), Telemetry().snapshot, lambda: True)
    at = await first.start()
    second = MetricsServer(PrometheusConfig("127.0.0.1", at.port), Telemetry().snapshot, lambda: True)
    try:
        with pytest.raises(ServiceError, match=f"cannot listen at 127.0.0.1:{at.port}: .*give another port"):
            await second.start()
    finally:
        await second.stop()
        await first.stop()
