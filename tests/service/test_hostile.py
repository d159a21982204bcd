"""Bodies that are no OTLP, to the real core over real sockets: refused with the right status, nothing of them taken.

The official classes say what is a message. A cut one is read where they read it, with as many records. Of other damage
they forgive some that we refuse (fields of a wrong type, numbers over 64 bits), and refuse some that does no harm.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import grpc
import grpc.aio
import orjson
import pytest
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from logloom.receivers import otlp
from tests.components import Core, Running, running

PROTOBUF, JSON = "application/x-protobuf", "application/json"
CONFIG = "protocols: {grpc: {endpoint: '127.0.0.1:0'}, http: {endpoint: '127.0.0.1:0'}}"


def whole() -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    for service in ("one", "two"):
        group = request.resource_logs.add()
        group.resource.attributes.add(key="service.name").value.string_value = service
        scope = group.scope_logs.add()
        scope.scope.name = "scope"
        for at in range(3):
            record = scope.log_records.add(time_unix_nano=at, severity_number=9, trace_id=b"t" * 16, span_id=b"s" * 8)
            record.body.kvlist_value.values.add(key="k").value.array_value.values.add().double_value = 1.5
            record.attributes.add(key="n").value.int_value = -(2**63)
    return request


@dataclass
class Server:
    core: Core
    runs: Running
    client: aiohttp.ClientSession

    async def post(self, body: bytes, content_type: str = PROTOBUF) -> tuple[int, int]:
        """The status, and how many records were taken."""
        before = self.core.records
        headers = {"Content-Type": content_type}
        async with self.client.post(self.runs.url("/v1/logs"), data=body, headers=headers) as response:
            answer = await response.read()
        if response.status != 200:
            status = Status.FromString(answer) if content_type == PROTOBUF else json_format.Parse(answer, Status())
            assert (status.code, bool(status.message)) == (3, True)
        return response.status, self.core.records - before


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Server]:
    with ThreadPoolExecutor(2) as threads:
        core = Core(threads)
        async with running(otlp, CONFIG, core.push, folder) as runs, aiohttp.ClientSession() as client:
            yield Server(core, runs, client)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(tmp_path) as one:
        yield one


def records_of(body: bytes) -> int | None:
    """How many the official classes read; None where it is no message to them."""
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError:
        return None
    return sum(len(scope.log_records) for group in request.resource_logs for scope in group.scope_logs)


def check(body: bytes, status: int, taken: int, *, is_cut: bool = False) -> None:
    expected = records_of(body)
    if status == 200:
        assert expected in (taken, None)
    else:
        assert (status, taken) == (400, 0)
        assert expected is None or not is_cut


async def test_every_cut_of_a_message_over_http(server: Server) -> None:
    body = whole().SerializeToString()
    for size in range(len(body) + 1):
        check(body[:size], *await server.post(body[:size]), is_cut=True)


async def test_every_cut_of_a_message_over_grpc(server: Server) -> None:
    body = whole().SerializeToString()
    async with grpc.aio.insecure_channel(server.runs.listening["grpc"]) as channel:
        export = channel.unary_unary(otlp.LOGS)
        for size in range(0, len(body), 3):
            before = server.core.records
            call = export(body[:size], timeout=20)
            code = await call.code()
            assert code in (grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT)
            status = 200 if code == grpc.StatusCode.OK else 400
            check(body[:size], status, server.core.records - before, is_cut=True)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_message_with_other_bytes_in_it(tmp_path: Path, changes: list[tuple[int, int]]) -> None:
    body = bytearray(whole().SerializeToString())
    for at, byte in changes:
        body[at % len(body)] = byte

    async def run() -> None:
        async with serving(tmp_path) as server:
            check(bytes(body), *await server.post(bytes(body)))

    asyncio.run(run())


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes(tmp_path: Path, content_type: str, body: bytes) -> None:
    async def run() -> None:
        async with serving(tmp_path) as server:
            status, taken = await server.post(body, content_type)
            if content_type == PROTOBUF:
                check(body, status, taken)
            else:
                assert status == 200 or (status, taken) == (400, 0)

    asyncio.run(run())


async def test_every_cut_of_a_message_in_json(server: Server) -> None:
    body = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"5","body":{"stringValue":"\\u00e9"}}]}]}]}'
    assert await server.post(body, JSON) == (200, 1)
    assert await server.post(b"", JSON) == (200, 0)  # as in protobuf, nothing is a request of nothing
    for size in range(1, len(body)):
        assert await server.post(body[:size], JSON) == (400, 0), body[:size]


@pytest.mark.parametrize("depth", [50, 500, 50_000])
async def test_nesting_has_a_bound_and_breaks_nothing(server: Server, depth: int) -> None:
    value = b'{"stringValue":"x"}'
    inner, deep = b'{"arrayValue":{"values":[', b"]}}"
    body = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":' + inner * depth + value + deep * depth + b"}]}]}]}"
    status, taken = await server.post(body, JSON)
    assert (status, taken) in ((200, 1), (400, 0))
    assert status == 400 or depth < 50_000
    packed = b"\x0a\x01x"
    for _ in range(min(depth, 2_000)):
        packed = b"\x2a" + size_of(packed, b"\x0a") + b"\x0a" + varint(len(packed)) + packed
    for tag in (b"\x2a", b"\x12", b"\x12", b"\x0a"):  # body, log_records, scope_logs, resource_logs
        packed = tag + varint(len(packed)) + packed
    status, taken = await server.post(packed)
    assert (status, taken) in ((200, 1), (400, 0))
    assert await server.post(whole().SerializeToString()) == (200, 6)


def size_of(packed: bytes, tag: bytes) -> bytes:
    return varint(len(tag) + len(varint(len(packed))) + len(packed))


def varint(value: int) -> bytes:
    return bytes([value & 0x7F | 0x80]) + varint(value >> 7) if value > 0x7F else bytes([value])


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[5]",
        b'"text"',
        b"5",
        b'{"resourceLogs":5}',
        b'{"resourceLogs":[5]}',
        b'{"resourceLogs":[{"scopeLogs":{}}]}',
        b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":5}]}]}]}',
        b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"xyz"}]}]}]}',
        b'{"resourceLogs":[]} trailing',
    ],
)
async def test_json_that_is_no_otlp(server: Server, body: bytes) -> None:
    status, taken = await server.post(body, JSON)
    assert (status, taken) == (400, 0), orjson.loads(body) if body[-1:] in b"}]" else body
