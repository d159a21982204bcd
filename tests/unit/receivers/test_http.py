"""What is the same on every HTTP receiver: health, paths, methods, connections, and what is no HTTP at all."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logloom._native import Delivery
from logloom.config import Endpoint
from logloom.errors import ServiceError
from logloom.receivers import http, zipkin
from tests.components import Pushed, Running, running

CONFIG = "{endpoint: 127.0.0.1:0, max_connections: 5}"
POST_JSON = b"POST /api/v2/spans HTTP/1.1\r\nContent-Type: application/json\r\n"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def pushed() -> Pushed:
    return Pushed()


@pytest.fixture(params=["native", "aiohttp"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def by(engine: str, more: str = "") -> str:
    return CONFIG.replace("}", f", engine: {engine}{more}}}")


@pytest.fixture
async def server(pushed: Pushed, tmp_path: Path, engine: str) -> AsyncIterator[Running]:
    async with running(zipkin, by(engine), pushed, tmp_path) as runs:
        yield runs


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_health_and_readiness(server: Running, client: aiohttp.ClientSession) -> None:
    for ready, status in ((True, 200), (False, 503)):
        server.state["ready"] = ready
        async with client.get(server.url("/healthz")) as response:
            assert response.status == 200
        async with client.get(server.url("/readyz")) as response:
            assert response.status == status


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_only_post(server: Running, client: aiohttp.ClientSession, pushed: Pushed, method: str) -> None:
    async with client.request(method, server.url("/api/v2/spans"), data=b"[]", headers=JSON) as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")
    assert pushed.taken == []


async def test_an_unknown_path_is_told_the_known_ones(server: Running, client: aiohttp.ClientSession) -> None:
    async with client.post(server.url("/api/v9/spans"), data=b"[]", headers=JSON) as response:
        assert response.status == 404
        assert "/api/v2/spans" in await response.text()


async def test_who_answers_is_not_told_in_detail(server: Running, client: aiohttp.ClientSession) -> None:
    async with client.get(server.url("/healthz")) as response:
        assert response.headers["Server"] == "logloom"


async def test_a_connection_is_kept_for_further_requests(
    server: Running, client: aiohttp.ClientSession, pushed: Pushed
) -> None:
    for _ in range(3):
        async with client.post(server.url("/api/v2/spans"), data=b"[]", headers=JSON) as response:
            assert response.status == 202
    assert len({peer for _, _, peer in pushed.taken}) == 1
    assert pushed.taken[0][2].startswith("127.0.0.1:")


@pytest.mark.parametrize("start", [b"", b"POST /api/v2/spans HTTP/1.1\r\nHost: a\r\nX-Slow: "])
async def test_a_connection_that_brings_no_request_is_closed(tmp_path: Path, start: bytes, engine: str) -> None:
    async with running(zipkin, by(engine, ", idle_timeout: 100ms"), Pushed(), tmp_path) as server:
        reader, writer = await asyncio.open_connection(*server.listening["http"].split(":"))
        writer.write(start)
        assert not await asyncio.wait_for(reader.read(), 20)
        writer.close()


async def test_one_connection_too_many_is_closed_and_the_others_live(server: Running) -> None:
    host, port = server.listening["http"].split(":")
    held = [await asyncio.open_connection(host, port) for _ in range(5)]
    for _, writer in held:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    for reader, _ in held:
        assert (await asyncio.wait_for(reader.readline(), 20)).startswith(b"HTTP/1.1 200")
    reader, writer = await asyncio.open_connection(host, port)
    with contextlib.suppress(ConnectionResetError):
        assert not await asyncio.wait_for(reader.read(), 20)
    for _, other in [*held, (reader, writer)]:
        other.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/v2/spans HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/v2/spans HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        POST_JSON + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: x\r\n" % i for i in range(20_000)) + b"\r\n",
        b"\0" * 5_000,
    ],
)
async def test_what_is_no_http_is_refused_without_a_word_in_our_log(
    server: Running, pushed: Pushed, garbage: bytes, engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection(*server.listening["http"].split(":"))
    writer.write(garbage)
    if engine == "native" and b"Transfer-Encoding: chunked\r\n\r\n" in garbage and b"Content-Length" in garbage:
        writer.close()  # which RFC 9112 lets a server read as chunks; it waits for one
    else:
        answer = await asyncio.wait_for(reader.read(1 << 16), 20)
        refused = (b"HTTP/1.0 400", b"HTTP/1.1 400", b"HTTP/1.1 404", b"HTTP/1.1 431")
        assert answer.startswith(refused) or (engine == "native" and garbage.startswith(b"PRI ") and not answer)
        writer.close()
    async with aiohttp.ClientSession() as client, client.get(server.url("/healthz")) as response:
        assert response.status == 200
    assert pushed.taken == []
    assert [record for record in caplog.records if record.levelname not in ("DEBUG", "INFO")] == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=400))
def test_any_bytes_on_the_socket_are_survived(tmp_path: Path, engine: str, data: bytes) -> None:
    async def run() -> None:
        async with running(zipkin, by(engine), Pushed(), tmp_path) as server:
            _, writer = await asyncio.open_connection(*server.listening["http"].split(":"))
            writer.write(data)
            writer.write_eof()
            async with aiohttp.ClientSession() as client, client.get(server.url("/healthz")) as response:
                assert response.status == 200
            writer.close()

    asyncio.run(run())


async def test_a_full_journal_and_a_message_that_cannot_be_read(
    server: Running, client: aiohttp.ClientSession, pushed: Pushed
) -> None:
    pushed.answers = [Delivery.retry(2.2, "the journal is full"), Delivery.refuse("not spans: byte 3")]
    async with client.post(server.url("/api/v2/spans"), data=b"[]", headers=JSON) as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "3")
    async with client.post(server.url("/api/v2/spans"), data=b"[]", headers=JSON) as response:
        assert (response.status, await response.text()) == (400, "not spans: byte 3\n")
    assert pushed.taken == []


async def test_a_stop_finishes_what_is_in_hand_and_takes_no_more(
    server: Running, client: aiohttp.ClientSession, pushed: Pushed
) -> None:
    pushed.hold = asyncio.Event()
    in_hand = asyncio.ensure_future(client.post(server.url("/api/v2/spans"), data=b"[]", headers=JSON))
    await pushed.until(lambda: pushed.in_hand == 1)
    stop = asyncio.ensure_future(server.stop())
    pushed.hold.set()
    assert (await in_hand).status == 202
    await stop
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.get(server.url("/healthz"))


async def test_a_port_that_is_taken_is_an_error(server: Running, tmp_path: Path) -> None:
    taken = server.listening["http"]
    with pytest.raises(ServiceError, match=f"cannot listen on {taken}: .*give another endpoint"):
        async with running(zipkin, f"{{endpoint: '{taken}'}}", Pushed(), tmp_path):
            pass


@asynccontextmanager
async def two(folder: Path, pushed: Pushed, more: str = "") -> AsyncIterator[tuple[Running, Running]]:
    """Zipkin's receiver and a webhook at one endpoint."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint = f"127.0.0.1:{port}"
    shared: dict[object, object] = {"aiohttp": {Endpoint("127.0.0.1", port)}}
    async with (
        running(zipkin, f"{{endpoint: '{endpoint}', max_connections: 5}}", pushed, folder, shared) as one,
        running(http, f"{{endpoint: '{endpoint}', max_connections: 5{more}}}", pushed, folder, shared) as other,
    ):
        yield one, other


async def test_receivers_at_one_endpoint_share_its_socket(
    tmp_path: Path, client: aiohttp.ClientSession, pushed: Pushed
) -> None:
    async with two(tmp_path, pushed, ", max_request_body_size: 2KiB") as (one, other):
        assert one.listening == other.listening
        async with client.post(one.url("/api/v2/spans"), data=b"[]", headers=JSON) as response:
            assert response.status == 202
        async with client.post(one.url("/"), data=b"hello") as response:
            assert response.status == 200
        async with client.post(one.url("/"), data=b"x" * 3000) as response:
            assert response.status == 413, "each has its own bound on bodies"
        async with client.post(one.url("/api/v2/spans"), data=b" " * 3000 + b"[]", headers=JSON) as response:
            assert response.status == 202
        assert [form for form, _, _ in pushed.taken] == ["zipkin", "auto", "zipkin"]
        await other.stop()
        async with client.post(one.url("/"), data=b"hello") as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "1")
        async with client.post(one.url("/api/v2/spans"), data=b"[]", headers=JSON) as response:
            assert response.status == 202
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.get(one.url("/healthz"))


async def test_while_not_all_are_up_no_path_is_told_to_be_gone(server: Running, client: aiohttp.ClientSession) -> None:
    server.state["ready"] = False
    async with client.post(server.url("/of/another"), data=b"") as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "1")


async def test_the_bound_on_connections_is_one_for_all_who_share(tmp_path: Path, pushed: Pushed) -> None:
    async with two(tmp_path, pushed) as (one, _):
        await test_one_connection_too_many_is_closed_and_the_others_live(one)
