"""`envoyals` and what clients may do to it; a real Envoy sends in tests/service/test_envoyals.py."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from logloom.config import loads
from logloom.receivers import envoyals
from tests import otlp
from tests.components import Core, Running, running
from tests.otlp import Flat
from tests.protos import generated

V3, V2 = envoyals.METHODS
CONFIG = """
receivers:
  envoyals: {max_recv_msg_size_mib: 8}
exporters:
  debug: {}
service:
  pipelines:
    logs: {receivers: [envoyals], exporters: [debug]}
"""


def message(*paths: str, node: str | None = None) -> bytes:
    """Entries of requests for these paths; the first message of a stream names the node."""
    made = generated("envoy_als")[0].StreamAccessLogsMessage()
    if node is not None:
        made.identifier.node.id = node
        made.identifier.log_name = "als"
    for path in paths:
        made.http_logs.log_entry.add().request.path = path
    data: bytes = made.SerializeToString()
    return data


@dataclass
class Service:
    """The receiver over the real core."""

    core: Core
    runs: Running
    channel: grpc.aio.Channel
    records: list[Flat]

    def stream(self, method: str = V3, compression: grpc.Compression | None = None) -> Any:
        call: Any = self.channel.stream_unary(method)
        return call(timeout=60, compression=compression)

    async def sent(self, *messages: bytes, **options: Any) -> None:
        """A stream of these messages, to its end and the answer."""
        call = self.stream(**options)
        for one in messages:
            await call.write(one)
        await call.done_writing()
        assert await call == b""

    async def taken(self, count: int) -> list[Flat]:
        """So many records in all, as an exporter gets them."""
        async with asyncio.timeout(30):
            while len(self.records) < count:
                if got := await asyncio.to_thread(self.core.cursor.next, 1000, 1 << 20, 0.2):
                    batch, position = got
                    self.core.cursor.done(position)
                    self.records += otlp.from_bytes(batch.to_otlp())
        assert len(self.records) == count
        return self.records


@asynccontextmanager
async def serving(folder: Path, settings: str = "") -> AsyncIterator[Service]:
    with ThreadPoolExecutor(2) as threads:
        core = Core(threads)
        config = f"{{endpoint: '127.0.0.1:0', {settings}}}"
        async with (
            running(envoyals, config, core.push, folder) as runs,
            grpc.aio.insecure_channel(runs.listening["grpc"]) as channel,
        ):
            yield Service(core, runs, channel, [])


def paths(records: list[Flat]) -> list[str]:
    return [record.attributes["url.path"] for record in records]


async def code_of(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return error.value.code(), error.value.details() or ""


def test_it_listens_where_the_collectors_does() -> None:
    config = loads(CONFIG).receivers["envoyals"].config
    assert str(config.endpoint) == "127.0.0.1:19001"
    assert config.max_recv_msg_size_mib == 8


@pytest.mark.parametrize("method", [V3, V2])
@pytest.mark.parametrize("compression", [None, grpc.Compression.Gzip])
async def test_what_the_first_message_says_holds_for_the_stream(
    tmp_path: Path, method: str, compression: grpc.Compression | None
) -> None:
    async with serving(tmp_path) as service:
        first = [message("/1", "/2", node="edge"), message("/3"), b"", message("/4")]
        await service.sent(*first, method=method, compression=compression)
        await service.sent(message("/5", node="other"), message("/6"))
        records = await service.taken(6)
        assert paths(records) == ["/1", "/2", "/3", "/4", "/5", "/6"]
        assert [record.resource["service.instance.id"] for record in records] == ["edge"] * 4 + ["other"] * 2
        assert {record.resource["envoy.log_name"] for record in records} == {"als"}


async def test_a_stream_of_nobody_is_kept_and_marked(tmp_path: Path) -> None:
    async with serving(tmp_path) as service:
        await service.sent(message("/1"), message("/2"))
        for record in await service.taken(2):
            assert record.resource == {"envoy.node.unknown": True}


async def test_what_cannot_be_read_is_kept_as_it_came(tmp_path: Path) -> None:
    async with serving(tmp_path) as service:
        await service.sent(message("/1", node="edge"), b"\xff\xff", message("/2"))
        first, bad, second = await service.taken(3)
        assert paths([first, second]) == ["/1", "/2"]
        assert bad.attributes["log.record.original"] == b"\xff\xff"
        assert second.resource["service.instance.id"] == "edge"


async def test_messages_and_identifiers_have_bounds(tmp_path: Path) -> None:
    async with serving(tmp_path, "max_recv_msg_size_mib: 1") as service:
        large = message("/" + "x" * (1 << 20), node="edge")
        for compression in (None, grpc.Compression.Gzip):
            call = service.stream(compression=compression)
            await call.write(message("/1", node="edge"))
            await call.write(large)
            code, said = await code_of(call)
            assert (code, "larger than max" in said) == (grpc.StatusCode.RESOURCE_EXHAUSTED, True)
        call = service.stream()
        await call.write(message("/1", node="n" * (300 << 10)))
        assert (await code_of(call))[0] == grpc.StatusCode.INVALID_ARGUMENT
        assert paths(await service.taken(2)) == ["/1", "/1"]


async def test_streams_have_a_bound(tmp_path: Path) -> None:
    async with serving(tmp_path, "max_streams: 1") as service:
        first = service.stream()
        await first.write(message("/1", node="edge"))
        await service.taken(1)
        assert (await code_of(service.stream()))[0] == grpc.StatusCode.RESOURCE_EXHAUSTED
        await first.done_writing()
        await first
        await service.sent(message("/2", node="edge"))
        await service.taken(2)


async def test_a_silent_stream_is_ended(tmp_path: Path) -> None:
    async with serving(tmp_path, "idle_timeout: 1s") as service:
        call = service.stream()
        await call.write(message("/1", node="edge"))
        assert await code_of(call) == (grpc.StatusCode.UNAVAILABLE, "silent for 1 s")
        await service.taken(1)


async def test_at_a_stop_what_was_sent_is_taken(tmp_path: Path) -> None:
    async with serving(tmp_path) as service:
        call = service.stream()
        for number in range(50):
            await call.write(message(f"/{number}", node="edge"))
        service.runs.context.stopping.set()
        assert await code_of(call) == (grpc.StatusCode.UNAVAILABLE, "stopping")
        assert paths(await service.taken(50)) == [f"/{number}" for number in range(50)]


async def fill(service: Service, call: Any, text: str) -> int:
    """Writes messages until the client has to wait; how many were written."""
    for count in range(10_000):
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(call.write(message(f"/{count}/{text}")))), 2)
        except TimeoutError:
            return count + 1
    raise AssertionError("nothing holds the client back")


async def test_a_full_journal_holds_the_client_back_and_loses_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path) as service:
        call = service.stream()
        await call.write(message("/first", node="edge"))
        written = await fill(service, call, "x" * 20_000)
        assert written * 20_000 < 8 << 20, "much more than the journal's bound was taken"
        taken = await service.taken(1 + written)
        await call.done_writing()
        assert await call == b""
        assert [path.split("/")[1] for path in paths(taken)] == ["first", *map(str, range(written))]


async def test_a_client_that_leaves_meanwhile_takes_nothing_back(tmp_path: Path) -> None:
    """What was read of it is in hand; what the connection still held is gone with it."""
    async with serving(tmp_path) as service:
        call = service.stream()
        await call.write(message("/first", node="edge"))
        await fill(service, call, "x" * 20_000)
        before = service.core.records
        call.cancel()
        async with asyncio.timeout(30):
            while service.core.records == before:
                got = await asyncio.to_thread(service.core.cursor.next, 1000, 1 << 20, 0.2)
                if got:
                    service.core.cursor.done(got[1])
        assert service.core.records == before + 1
