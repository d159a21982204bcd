"""Clients that mean harm: memory stays bounded, well-behaved clients are served meanwhile, and nothing is left behind.

`logloom run` is attacked over each protocol, by dozens of connections of each kind of attack at once, while others do
what they should. Its resident memory, from /proc, may grow by three times what may be in flight and a fixed part.
"""

import asyncio
import logging
import struct
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grpc.aio
import msgpack
import orjson
import pytest

from tests.encoders import jaeger as spans
from tests.service import attacks
from tests.service.engines import served_by
from tests.service.logloom_process import Logloom
from tests.service.waiting import wait_until

ROOT = Path(__file__).parents[2]
LOOPBACK = "127.0.0.1"
ZERO: dict[str, Any] = {"endpoint": f"{LOOPBACK}:0"}
IN_FLIGHT_MIB = 64
GROWTH_MIB_MAX = 3 * IN_FLIGHT_MIB + 768
"""What may be in flight, up to twice more where it grows piece by piece; and a fixed part: four messages being read,
each of which may become eight times its size, warm buffers, the journal's queue."""
ATTACKERS = 12
"""Connections of each kind of attack."""
ATTACK_S = 4.0
ANSWER_S = 20.0
"""A well-behaved client is served within so many seconds, on a machine that has other things to do as well."""
LOG = logging.getLogger(__name__)

Good = Callable[[str, int, int], Awaitable[None]]
"""One message of a client that does what it should, which returns when it is acknowledged."""


@dataclass
class Case:
    """A receiver, what attacks it, and what must go on meanwhile."""

    name: str
    config: dict[str, Any]
    endpoint: str
    good: Good
    engines: str = "native"


async def post(host: str, port: int, path: str, content_type: str, body: bytes) -> None:
    """A request on a connection of its own; asserts that it was taken, perhaps after being asked to come again."""
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    for _ in range(10):
        async with attacks.connected(host, port) as (reader, writer):
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n")
            if answer.split()[1] in (b"429", b"503"):
                await asyncio.sleep(0.5)
                continue
            assert answer.split()[1].startswith(b"2"), answer
            return
    raise AssertionError("asked to come again ten times")


async def good_zipkin(host: str, port: int, number: int) -> None:
    span = {"traceId": f"{number + 1:016x}", "id": f"{number + 1:016x}", "name": "get", "timestamp": 1}
    await post(host, port, "/api/v2/spans", "application/json", orjson.dumps([span]))


async def good_otlp(host: str, port: int, number: int) -> None:
    record = {"body": {"stringValue": f"m{number}"}}
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    await post(host, port, "/v1/logs", "application/json", orjson.dumps(body))


async def good_http(host: str, port: int, number: int) -> None:
    await post(host, port, "/", "application/x-ndjson", b'{"message":"m%d"}\n' % number)


async def good_thrift(host: str, port: int, number: int) -> None:
    batch = spans.Batch("cart", (), (spans.Span(number + 1, number + 1, "get", 1_795_430_459_000_000, 8),))
    await post(host, port, "/api/traces", "application/x-thrift", spans.thrift_binary(batch))


def good_grpc(method: str, message: bytes) -> Good:
    async def call(host: str, port: int, number: int) -> None:
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.service_config", orjson.dumps(_RETRIES).decode())]
        async with grpc.aio.insecure_channel(f"{host}:{port}", options=options) as channel:
            await channel.unary_unary(method)(message, timeout=ANSWER_S)

    return call


_RETRY = {"maxAttempts": 5, "initialBackoff": "0.3s", "maxBackoff": "2s", "backoffMultiplier": 2}
_CODES = {"retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "CANCELLED"]}
_RETRIES = {"methodConfig": [{"name": [{}], "retryPolicy": _RETRY | _CODES}]}


async def good_forward(host: str, port: int, number: int) -> None:
    async with attacks.connected(host, port) as (reader, writer):
        writer.write(msgpack.packb(["t", 1, {"message": f"m{number}"}, {"chunk": "c"}]))
        assert await reader.readexactly(7) == msgpack.packb({"ack": "c"})


async def good_lumberjack(host: str, port: int, number: int) -> None:
    event = b'{"message":"m%d"}' % number
    async with attacks.connected(host, port) as (reader, writer):
        writer.write(b"2W\0\0\0\x012J\0\0\0\x01" + struct.pack(">I", len(event)) + event)
        assert await reader.readexactly(6) == b"2A\0\0\0\x01"


async def good_syslog(host: str, port: int, number: int) -> None:
    async with attacks.connected(host, port) as (reader, writer):
        writer.write(b"<13>1 - - - - - - m%d\n" % number)
        writer.write_eof()
        assert await reader.read() == b""  # closed: all of it was taken


def protocols(name: str) -> dict[str, Any]:
    return {"protocols": {name: ZERO}}


SPANS = spans.proto(spans.Batch("cart", (), (spans.Span(1, 1, "get", 1_795_430_459_000_000, 8),)))
CASES = [
    Case("fluentforward", ZERO, "forward", good_forward),
    Case("lumberjack", ZERO, "lumberjack", good_lumberjack),
    Case("syslog", {"tcp": {"listen_address": f"{LOOPBACK}:0"}}, "tcp", good_syslog),
    Case("zipkin", ZERO, "http", good_zipkin),
    Case("jaeger", protocols("thrift_http"), "thrift_http", good_thrift),
    Case("jaeger/grpc", protocols("grpc"), "grpc", good_grpc(attacks.POST_SPANS, SPANS)),
    Case("otlp", protocols("http"), "http", good_otlp),
    Case("otlp/grpc", protocols("grpc"), "grpc", good_grpc(attacks.LOGS, b"")),
    Case("http", ZERO, "http", good_http),
]
CASES += [
    replace(case, engines="python") for case in CASES if case.name in ("zipkin", "jaeger/grpc", "otlp", "otlp/grpc")
]


def memory_mib(pid: int, what: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"no {what}")


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def config(case: Case) -> dict[str, Any]:
    return {
        "receivers": served_by(case.engines, {case.name: case.config}),
        "exporters": {"nop": None},
        "service": {
            "in_flight_mib": IN_FLIGHT_MIB,
            "pipelines": {"logs": {"receivers": [case.name], "exporters": ["nop"]}},
        },
    }


async def served(case: Case, port: int) -> tuple[int, float]:
    """How many messages of a well-behaved client were taken, and the longest that one waited."""
    taken, longest_s, until_s = 0, 0.0, time.monotonic() + ATTACK_S
    while time.monotonic() < until_s or taken < 3:
        began_s = time.monotonic()
        await asyncio.wait_for(case.good(LOOPBACK, port, taken), ANSWER_S)
        longest_s = max(longest_s, time.monotonic() - began_s)
        taken += 1
        await asyncio.sleep(0.02)
    return taken, longest_s


@contextmanager
def attacked(case: Case, port: int) -> Iterator[None]:
    """While it is attacked."""
    command = [sys.executable, "-m", "tests.service.attacks", case.name, f"{LOOPBACK}:{port}", str(ATTACKERS)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"attacking\n"
            yield
            assert process.poll() is None
        finally:
            process.kill()


@pytest.mark.parametrize("case", CASES, ids=[f"{case.name}-{case.engines}" for case in CASES])
def test_attackers_take_no_more_than_there_is_and_keep_nobody_out(case: Case, tmp_path: Path) -> None:
    with Logloom(config(case), tmp_path) as logloom:
        pid, port = logloom.pid, logloom.port(case.name, case.endpoint)
        asyncio.run(case.good(LOOPBACK, port, 0))
        idle_mib, idle_descriptors = memory_mib(pid, "VmRSS"), descriptors(pid)
        with attacked(case, port):
            taken, longest_s = asyncio.run(served(case, port))
        grown_mib = memory_mib(pid, "VmHWM") - idle_mib
        wait_until(lambda: descriptors(pid) <= idle_descriptors + 16, "its connections to be closed")
        left_mib = memory_mib(pid, "VmRSS") - idle_mib
        asyncio.run(case.good(LOOPBACK, port, 0))
        memory = f"{idle_mib:.0f} MiB, {grown_mib:.0f} more at most, {left_mib:.0f} more now"
        LOG.info("%s: %d taken, %.2f s at most; %s", case.name, taken, longest_s, memory)
    assert grown_mib < GROWTH_MIB_MAX, f"grew by {grown_mib:.0f} MiB: {logloom.output()}"
