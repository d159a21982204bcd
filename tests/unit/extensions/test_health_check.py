"""What probes are told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from logloom.extensions import ExtensionContext, health_check
from tests.components import log, read_config, server_context


@asynccontextmanager
async def probed(config: str, ready: bool, caplog: pytest.LogCaptureFixture) -> AsyncIterator[str]:
    """Its address."""
    caplog.set_level("INFO")
    context = ExtensionContext("health_check", log(), lambda: ready, server_context())
    async with health_check.create(read_config(health_check, config), context):
        listens = next(record for record in caplog.records if record.message == "listens")
        yield f"http://{listens.endpoint}"  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/", "/health", "/any/thing?x=1"])
@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
async def test_by_default_every_path_tells(
    path: str, ready: bool, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        probed("{endpoint: 127.0.0.1:0}", ready, caplog) as url,
        aiohttp.ClientSession() as client,
        client.get(url + path) as response,
    ):
        assert response.status == status
        said = await response.json()
    assert said["status"] == ("Server available" if ready else "Server not available")
    assert ("upSince" in said) == ready


@pytest.mark.parametrize(("ready", "answer"), [(True, (200, "fine")), (False, (503, "wait"))])
async def test_a_path_and_texts_of_ones_own(
    ready: bool, answer: tuple[int, str], caplog: pytest.LogCaptureFixture
) -> None:
    config = "{endpoint: 127.0.0.1:0, path: /health/status, response_body: {healthy: fine, unhealthy: wait}}"
    async with probed(config, ready, caplog) as url, aiohttp.ClientSession() as client:
        async with client.get(f"{url}/health/status") as response:
            assert (response.status, await response.text()) == answer
        async with client.get(f"{url}/other") as response:
            assert response.status == (404 if ready else 503) or not ready
