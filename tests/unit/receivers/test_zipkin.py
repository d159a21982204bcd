"""Zipkin's endpoint, as a tracer posts to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from logloom._native import Delivery
from logloom.receivers import zipkin
from tests.components import Pushed, Running, running

SPANS = b'[{"traceId":"5af7183fb1d4cf5f","id":"352bff9a74ca9ad2","name":"get"}]'


@pytest.fixture
def pushed() -> Pushed:
    return Pushed()


@pytest.fixture
async def server(pushed: Pushed, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(zipkin, "{endpoint: '127.0.0.1:0'}", pushed, tmp_path) as runs:
        yield runs


async def post(server: Running, headers: dict[str, str], path: str = "/api/v2/spans") -> tuple[int, str]:
    async with (
        aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as client,
        client.post(server.url(path), data=SPANS, headers=headers) as response,
    ):
        return response.status, await response.text()


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "application/json"}, {"Content-Type": "application/json; charset=utf-8"}, {}]
)
async def test_json_is_accepted_also_without_a_type(server: Running, pushed: Pushed, headers: dict[str, str]) -> None:
    assert await post(server, headers) == (202, "")
    assert [taken[:2] for taken in pushed.taken] == [("zipkin", SPANS)]


@pytest.mark.parametrize(
    ("path", "content_type", "status"),
    [
        ("/api/v2/spans", "application/x-protobuf", 202),
        ("/api/v1/spans", "application/x-thrift", 202),
        ("/api/v1/spans", "application/json", 202),
        ("/api/v1/spans", "application/x-protobuf", 415),
        ("/api/v2/spans", "application/x-thrift", 415),
        ("/api/v3/spans", "application/json", 404),
    ],
)
async def test_each_api_takes_its_own_encodings(
    server: Running, pushed: Pushed, path: str, content_type: str, status: int
) -> None:
    assert (await post(server, {"Content-Type": content_type}, path))[0] == status
    assert len(pushed.taken) == (status == 202)


async def test_spans_that_could_not_be_read_are_told_of(server: Running, pushed: Pushed) -> None:
    pushed.answers = [Delivery.done(1, [(1, "no id")])]
    status, said = await post(server, {})
    assert (status, said) == (202, "1 spans could not be read, the first because: no id\n")
