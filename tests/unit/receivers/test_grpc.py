"""The gRPC server's bounds, seen by real clients."""

import asyncio
import gzip
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import grpc.aio
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from logloom.config import Endpoint
from logloom.errors import ServiceError
from logloom.receivers._grpc import GrpcServer, Refusal
from logloom.receivers._methods import Handler
from logloom.receivers._native_grpc import NativeGrpcServer
from logloom.receivers._settings import GrpcSettings
from tests.components import open_gate

METHOD = "/test.Service/Take"
SIZE_BYTES_MAX = 100_000


class Taker:
    """Keeps what it gets; waits for `go` where that is set."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.peers: list[str] = []
        self.go: asyncio.Event | None = None
        self.arrived = asyncio.Semaphore(0)

    async def __call__(self, data: bytes, peer: str) -> bytes:
        self.arrived.release()
        if self.go:
            await self.go.wait()
        if data == b"retry":
            raise Refusal(grpc.StatusCode.UNAVAILABLE, "come again", 1.5)
        self.taken.append(data)
        self.peers.append(peer)
        return b"got " + str(len(data)).encode()


@pytest.fixture(params=["native", "grpcio"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def server_of(
    engine: str, methods: dict[str, Handler], size_bytes_max: int = SIZE_BYTES_MAX
) -> GrpcServer | NativeGrpcServer:
    if engine == "native":
        settings = GrpcSettings(endpoint=Endpoint("127.0.0.1", 0))
        return NativeGrpcServer(methods, settings, lambda: True, open_gate(), message_bytes_max=size_bytes_max)
    return GrpcServer(methods, message_bytes_max=size_bytes_max, ready=lambda: True, options=[], gate=open_gate())


@asynccontextmanager
async def serving(taker: Taker, engine: str, size_bytes_max: int = SIZE_BYTES_MAX) -> AsyncIterator[int]:
    server = server_of(engine, {METHOD: taker}, size_bytes_max)
    port = server.bind(Endpoint("127.0.0.1", 0), None)
    await server.start()
    yield port
    await server.stop(5)


def channel(port: int, compression: grpc.Compression = grpc.Compression.NoCompression) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(f"127.0.0.1:{port}", compression=compression)


async def code_of(call: object) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call  # type: ignore[misc]
    return error.value.code(), error.value.details() or ""


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
@pytest.mark.parametrize("size", [0, 1, 5_000, SIZE_BYTES_MAX])
async def test_messages_arrive_as_they_were_sent(compression: grpc.Compression, size: int, engine: str) -> None:
    taker = Taker()
    async with serving(taker, engine) as port, channel(port, compression) as client:
        assert await client.unary_unary(METHOD)(b"x" * size) == b"got " + str(size).encode()
    assert taker.taken == [b"x" * size]
    assert taker.peers[0].peer.startswith("127.0.0.1:")


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
async def test_an_oversize_message_is_refused_for_good(compression: grpc.Compression, engine: str) -> None:
    taker = Taker()
    async with serving(taker, engine) as port, channel(port, compression) as client:
        code, _ = await code_of(client.unary_unary(METHOD)(b"x" * (SIZE_BYTES_MAX + 1)))
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert taker.taken == []


async def test_a_bomb_is_not_inflated_past_the_bound(engine: str) -> None:
    """90 MB of zeros in 90 KB."""
    taker = Taker()
    async with serving(taker, engine) as port, channel(port, grpc.Compression.Gzip) as client:
        code, said = await code_of(client.unary_unary(METHOD)(bytes(90 << 20)))
        assert (code, str(SIZE_BYTES_MAX) in said) == (grpc.StatusCode.RESOURCE_EXHAUSTED, True)
    assert taker.taken == []


async def test_damaged_gzip_is_refused_for_good_wherever_it_is_cut() -> None:
    """Of grpcio's server, which is given what only looks compressed; the core's own tests have the native one's."""
    whole = gzip.compress(b"something that is worth to be compressed" * 3)
    taker = Taker()
    async with serving(taker, "grpcio") as port, channel(port) as client:
        call = client.unary_unary(METHOD)
        for size in range(2, len(whole)):
            assert (await code_of(call(whole[:size])))[0] == grpc.StatusCode.INVALID_ARGUMENT
        for at in range(len(whole) - 8, len(whole)):  # its checksum and length
            assert (await code_of(call(whole[:at] + b"\xff" + whole[at + 1 :])))[0] == grpc.StatusCode.INVALID_ARGUMENT
    assert taker.taken == []


async def test_another_compression_is_unimplemented_or_taken(engine: str) -> None:
    async with serving(Taker(), engine) as port, channel(port, grpc.Compression.Deflate) as client:
        call = client.unary_unary(METHOD)(b"x" * 5_000)
        if engine == "native":
            assert await call == b"got 5000"
        else:
            assert (await code_of(call))[0] == grpc.StatusCode.UNIMPLEMENTED


async def test_an_unknown_method_is_unimplemented(engine: str) -> None:
    async with serving(Taker(), engine) as port, channel(port) as client:
        assert (await code_of(client.unary_unary("/test.Service/Other")(b"")))[0] == grpc.StatusCode.UNIMPLEMENTED


async def test_a_refusal_tells_when_to_come_again(engine: str) -> None:
    async with serving(Taker(), engine) as port, channel(port) as client:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await client.unary_unary(METHOD)(b"retry")
    details = Status.FromString(dict(error.value.trailing_metadata())["grpc-status-details-bin"])
    info = RetryInfo()
    assert (error.value.code(), details.code, details.message) == (grpc.StatusCode.UNAVAILABLE, 14, "come again")
    assert details.details[0].Unpack(info)
    assert info.retry_delay.ToMilliseconds() == 1500


async def test_what_finds_no_room_is_asked_to_come_again_and_then_finds_it(engine: str) -> None:
    taker = Taker()
    taker.go = asyncio.Event()
    async with serving(taker, engine) as port, channel(port) as client:
        call = client.unary_unary(METHOD)
        waiting = [asyncio.ensure_future(call(bytes(SIZE_BYTES_MAX))) for _ in range(32)]
        for _ in waiting:
            await taker.arrived.acquire()
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await call(b"one more")
        assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        status = Status.FromString(dict(error.value.trailing_metadata())["grpc-status-details-bin"])
        assert status.details[0].Is(RetryInfo.DESCRIPTOR)  # without it, a client may not retry
        taker.go.set()
        await asyncio.gather(*waiting)
        assert await call(b"one more") == b"got 8"


async def test_a_port_that_is_taken_is_an_error_and_is_not_shared(engine: str) -> None:
    async with serving(Taker(), engine) as port:
        second = server_of(engine, {})
        with pytest.raises(ServiceError, match=f"cannot listen on 127.0.0.1:{port}: .*give another endpoint"):
            second.bind(Endpoint("127.0.0.1", port), None)


async def test_a_stop_finishes_what_is_in_hand(engine: str) -> None:
    taker = Taker()
    taker.go = asyncio.Event()
    server = server_of(engine, {METHOD: taker})
    port = server.bind(Endpoint("127.0.0.1", 0), None)
    await server.start()
    async with channel(port) as client:
        in_hand = asyncio.ensure_future(client.unary_unary(METHOD)(b"abc"))
        await taker.arrived.acquire()
        stop = asyncio.ensure_future(server.stop(20))
        taker.go.set()
        assert await in_hand == b"got 3"
        await stop


async def test_more_headers_than_the_bound_are_refused(engine: str) -> None:
    async with serving(Taker(), engine) as port, channel(port) as client:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await client.unary_unary(METHOD)(b"", metadata=tuple((f"k{i}", "v" * 1000) for i in range(64)))
        # Before the client was told the bound, the connection may be closed instead.
        assert error.value.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE)


def test_no_request_writes_to_our_stderr() -> None:
    """In a process of its own: grpc reads what it may say when it is imported."""
    code = """
import asyncio, logloom.receivers._grpc as ours, grpc
from logloom.config import Endpoint
from types import SimpleNamespace
async def main():
    gate = SimpleNamespace(is_open=True)
    server = ours.GrpcServer({}, message_bytes_max=1000, ready=lambda: True, options=[], gate=gate)
    port = server.bind(Endpoint("127.0.0.1", 0), None)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", compression=grpc.Compression.Deflate) as client:
        try:
            await client.unary_unary("/a/b")(b"x" * 500)
        except grpc.aio.AioRpcError as error:
            print(error.code().name)
    await server.stop(0)
asyncio.run(main())
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GRPC")}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert (ran.stdout, ran.stderr) == ("UNIMPLEMENTED\n", "")
