"""Bodies of any encoding come out whole, or are refused with the right status; nothing of a refused one is pushed."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logloom.receivers import zipkin
from tests.components import Pushed, Running, running

SIZE_BYTES_MAX = 100_000
CONFIG = "{endpoint: 127.0.0.1:0, max_request_body_size: 100000}"
JSON = {"Content-Type": "application/json"}
ENCODE = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "zlib": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "identity": bytes,
    "": bytes,
    " GZIP ": gzip.compress,
}


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


async def post(server: Running, body: object, **headers: str) -> tuple[int, str]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        aiohttp.ClientSession(auto_decompress=False) as client,
        client.post(server.url("/api/v2/spans"), data=body, headers=JSON | names) as response,
    ):
        return response.status, await response.text()


@pytest.mark.parametrize("encoding", ENCODE)
async def test_every_encoding_is_undone(server: Running, pushed: Pushed, encoding: str) -> None:
    for body in (b"x", b"[]" * 5, bytes(range(256)) * 300, b"x" * SIZE_BYTES_MAX):
        assert (await post(server, ENCODE[encoding](body), Content_Encoding=encoding))[0] == 202
        assert pushed.taken.pop()[1] == body


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
async def test_a_bomb_is_413(server: Running, pushed: Pushed, encoding: str) -> None:
    bomb = ENCODE[encoding](bytes(50 << 20))
    assert len(bomb) < SIZE_BYTES_MAX
    status, said = await post(server, bomb, Content_Encoding=encoding)
    assert (status, pushed.taken) == (413, [])
    assert str(SIZE_BYTES_MAX) in said


async def test_oversize_is_413_whether_its_length_is_told_or_not(server: Running, pushed: Pushed) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield bytes(10_000)

    assert (await post(server, bytes(SIZE_BYTES_MAX + 1)))[0] == 413
    assert (await post(server, pieces()))[0] == 413
    assert pushed.taken == []


async def test_chunks_are_joined(server: Running, pushed: Pushed) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"[", b"1", b",2" * 1000, b"]"):
            yield piece

    assert (await post(server, pieces()))[0] == 202
    assert pushed.taken[0][1] == b"[1" + b",2" * 1000 + b"]"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
async def test_damaged_bodies_are_400_wherever_they_are_cut(server: Running, pushed: Pushed, encoding: str) -> None:
    whole = ENCODE[encoding](b"something that is worth to be compressed" * 3)
    for size in range(len(whole)):
        status, said = await post(server, whole[:size], Content_Encoding=encoding)
        assert status == 400, size
        assert encoding in said
    assert pushed.taken == []


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "snappy", "x" * 500])
async def test_an_unknown_encoding_is_415_and_told_what_is_known(server: Running, encoding: str) -> None:
    status, said = await post(server, b"[]", Content_Encoding=encoding)
    assert status == 415
    assert "gzip, zstd, deflate" in said
    assert len(said) < 300


async def test_a_slow_body_is_408(tmp_path: Path, engine: str) -> None:
    pushed = Pushed()
    async with running(zipkin, by(engine, ", read_timeout: 100ms"), pushed, tmp_path) as server:
        await send_slowly(server)
    assert pushed.taken == []


async def send_slowly(server: Running) -> None:
    reader, writer = await asyncio.open_connection(*server.listening["http"].split(":"))
    writer.write(
        b"POST /api/v2/spans HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n[1"
    )
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"Connection: close" in answer
    await asyncio.wait_for(reader.read(), 20)  # and it is closed
    writer.close()


async def test_a_client_that_goes_away_leaves_nothing(server: Running, pushed: Pushed) -> None:
    _, writer = await asyncio.open_connection(*server.listening["http"].split(":"))
    writer.write(
        b"POST /api/v2/spans HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n[1"
    )
    await writer.drain()
    writer.close()
    assert (await post(server, b"[]"))[0] == 202
    assert [data for _, data, _ in pushed.taken] == [b"[]"]


async def test_a_client_that_waits_for_100_continue_gets_it_or_the_refusal(server: Running, pushed: Pushed) -> None:
    head = "POST /api/v2/spans HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
    for length, answer in ((2, b"HTTP/1.1 100 Continue"), (SIZE_BYTES_MAX + 1, b"HTTP/1.1 413 ")):
        reader, writer = await asyncio.open_connection(*server.listening["http"].split(":"))
        writer.write(f"{head}Content-Length: {length}\r\n\r\n".encode())
        assert (await asyncio.wait_for(reader.readline(), 20)).startswith(answer)
        if length == 2:
            writer.write(b"[]")
            await reader.readline()
            assert (await asyncio.wait_for(reader.readline(), 20)).startswith(b"HTTP/1.1 202 ")
        writer.close()
    assert len(pushed.taken) == 1


async def test_what_finds_no_room_is_429_and_told_when_to_come_again(server: Running, pushed: Pushed) -> None:
    pushed.hold = asyncio.Event()
    waiting = [asyncio.ensure_future(post(server, bytes(SIZE_BYTES_MAX))) for _ in range(8)]
    await pushed.until(lambda: pushed.in_hand == 8)
    async with (
        aiohttp.ClientSession() as client,
        client.post(server.url("/api/v2/spans"), data=b"x", headers=JSON) as response,
    ):
        assert (response.status, response.headers["Retry-After"]) == (429, "1")
    pushed.hold.set()
    assert [status for status, _ in await asyncio.gather(*waiting)] == [202] * 8
    assert (await post(server, b"x"))[0] == 202


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(ENCODE)), st.binary(max_size=600))
def test_any_body_is_taken_whole_or_refused(tmp_path: Path, engine: str, encoding: str, body: bytes) -> None:
    async def run() -> None:
        pushed = Pushed()
        async with running(zipkin, by(engine), pushed, tmp_path) as server:
            status, _ = await post(server, body, Content_Encoding=encoding)
        assert status == (202 if pushed.taken else 400)
        if encoding in ("", "identity"):
            assert pushed.taken[0][1] == body

    asyncio.run(run())
