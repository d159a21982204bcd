"""Who is not known is refused before anything is read of what it sends, over HTTP and over gRPC."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from weakref import WeakSet

import aiohttp
import grpc
import grpc.aio
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from logloom.errors import RetryError
from logloom.identity import Identity
from logloom.receivers import jaeger, otlp
from tests.components import Pushed, Running, running

AUTH = "auth: {authenticator: known}"
CONFIG = f"protocols: {{grpc: {{endpoint: 127.0.0.1:0, {AUTH}}}, http: {{endpoint: 127.0.0.1:0, {AUTH}}}}}"
EXPORT = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
GOOD = {"authorization": "Bearer hush"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}


class Known:
    """Knows one header; is asked too much where `busy` is set."""

    challenge = 'Bearer realm="test"'
    shows = ("authorization",)
    is_costly = True
    busy = False

    def __init__(self) -> None:
        self.doors: WeakSet[Any] = WeakSet()

    async def authenticate(self, headers: Mapping[str, str]) -> Identity | None:
        if self.busy:
            raise RetryError("too many wait", 2.0)
        return Identity("known", "ann") if headers.get("authorization") == "Bearer hush" else None


@pytest.fixture
def known() -> Known:
    return Known()


@pytest.fixture
def pushed() -> Pushed:
    return Pushed()


@pytest.fixture
async def server(pushed: Pushed, known: Known, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(otlp, CONFIG, pushed, tmp_path, authenticators={"known": known}) as runs:
        yield runs


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def call(port: str, data: bytes, headers: Mapping[str, str], method: str = EXPORT) -> Any:
    async with grpc.aio.insecure_channel(port) as channel:
        return await channel.unary_unary(method)(data, metadata=tuple(headers.items()), timeout=30)


async def test_who_is_known_is_admitted(server: Running, client: aiohttp.ClientSession, pushed: Pushed) -> None:
    async with client.post(server.url("/v1/logs"), data=b"", headers=GOOD | PROTOBUF) as response:
        assert response.status == 200
    await call(server.listening["grpc"], b"", GOOD)
    assert len(pushed.taken) == 2


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer"}, {"authorization": "Bearer hus"}])
async def test_who_is_not_known_is_told_so(
    server: Running,
    client: aiohttp.ClientSession,
    pushed: Pushed,
    headers: Mapping[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with client.post(server.url("/v1/logs"), data=b"{}", headers={**headers, **PROTOBUF}) as response:
        assert (response.status, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="test"')
        assert Status.FromString(await response.read()).code == 16
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call(server.listening["grpc"], b"x" * 1000, headers)
    assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert pushed.taken == []
    assert len([r for r in caplog.records if "refused" in r.message and r.peer.startswith("127.0.0.1:")]) == 2  # type: ignore[attr-defined]
    assert "hus" not in caplog.text


async def test_a_body_is_not_waited_for(server: Running) -> None:
    """The answer comes after the headers, though none of the 10 MB was sent; and the connection ends."""
    host, port = server.listening["http"].rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 10000000\r\n\r\n"
    )
    answer = await asyncio.wait_for(reader.read(), 20)
    assert answer.startswith(b"HTTP/1.1 401 ")
    writer.close()


async def test_a_message_is_not_waited_for(server: Running) -> None:
    async with grpc.aio.insecure_channel(server.listening["grpc"]) as channel:
        never = channel.stream_unary(EXPORT)(timeout=30)
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await never
    assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED


async def test_who_cannot_be_told_now_comes_again(server: Running, client: aiohttp.ClientSession, known: Known) -> None:
    known.busy = True
    async with client.post(server.url("/v1/logs"), data=b"", headers=GOOD | PROTOBUF) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "2")
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call(server.listening["grpc"], b"", GOOD)
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE
    details = Status.FromString(dict(error.value.trailing_metadata() or ())["grpc-status-details-bin"]).details
    info = RetryInfo()
    assert details[0].Unpack(info)
    assert info.retry_delay.seconds == 2


async def test_probes_need_nothing(server: Running, client: aiohttp.ClientSession) -> None:
    for path in ("/healthz", "/readyz"):
        async with client.get(server.url(path)) as response:
            assert response.status == 200
    assert await call(server.listening["grpc"], b"", {}, "/grpc.health.v1.Health/Check") == b"\x08\x01"


async def test_pages_are_no_way_around(known: Known, client: aiohttp.ClientSession, tmp_path: Path) -> None:
    config = f"protocols: {{thrift_http: {{endpoint: 127.0.0.1:0, {AUTH}}}}}"
    async with running(jaeger, config, Pushed(), tmp_path, authenticators={"known": known}) as runs:
        url = runs.url("/sampling?service=x", "thrift_http")
        async with client.get(url) as response:
            assert (response.status, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="test"')
        async with client.get(url, headers=GOOD) as response:
            assert response.status == 200
