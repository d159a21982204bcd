"""Ten thousand connections that say nothing and a thousand that do, on one process: none fails, none costs much."""

import asyncio
import logging
import resource
import sys
from pathlib import Path
from typing import Any

import msgpack
import pytest

from bench.collectors import memory_bytes
from tests.service.logloom_process import Logloom
from tests.service.waiting import wait_until

LOG = logging.getLogger(__name__)
LOOPBACK = "127.0.0.1"
IDLE, ACTIVE, EACH = 10_000, 1_000, 5
KIB_EACH_MAX = 32
"""What an idle connection may cost, in KiB; measured: 2.4 for protocols of their own, 5.3 for HTTP."""
OWN_MAX = 16
"""Files and sockets that it may open for itself meanwhile."""
AT_ONCE = 200
"""Connections that are being made at a time."""
ANSWER_S = 120

FORWARD = msgpack.packb(["t", 1, {"message": "m"}, {"chunk": "c"}])
SPAN = b'[{"traceId":"1","id":"1"}]'
HTTP = b"POST /api/v2/spans HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(
    SPAN
)


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def active(port: int, message: bytes, is_taken: bytes) -> None:
    """One that sends, and waits for each answer."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    for _ in range(EACH):
        writer.write(message)
        assert is_taken in await asyncio.wait_for(reader.read(4096), ANSWER_S)
    writer.close()


async def crowd(logloom: Logloom, port: int, message: bytes, is_taken: bytes) -> tuple[float, float]:
    """The KiB that an idle connection costs; all the active ones are served while they are there."""
    before_bytes, before = memory_bytes(logloom.pid), descriptors(logloom.pid)
    making = asyncio.Semaphore(AT_ONCE)

    async def idle() -> asyncio.StreamWriter:
        async with making:
            return (await asyncio.open_connection(LOOPBACK, port))[1]

    writers = await asyncio.gather(*(idle() for _ in range(IDLE)))
    await asyncio.to_thread(wait_until, lambda: descriptors(logloom.pid) >= before + IDLE, "all to be accepted")
    each_kib = (memory_bytes(logloom.pid) - before_bytes) / 1024 / IDLE
    began_s = asyncio.get_running_loop().time()
    await asyncio.gather(*(active(port, message, is_taken) for _ in range(ACTIVE)))
    took_s = asyncio.get_running_loop().time() - began_s
    for writer in writers:
        assert not writer.transport.is_closing(), "an idle one was closed"
        writer.transport.abort()
    return each_kib, took_s


@pytest.mark.parametrize(
    ("receiver", "endpoint", "message", "is_taken"),
    [
        ("fluentforward", "forward", FORWARD, msgpack.packb({"ack": "c"})),
        ("zipkin", "http", HTTP + SPAN, b" 202 "),
    ],
)
def test_ten_thousand_idle_and_a_thousand_active(
    receiver: str, endpoint: str, message: bytes, is_taken: bytes, tmp_path: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = IDLE + ACTIVE + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        told = f"NOT RUN: the hard limit of open files is {hard}, {wanted} are needed (ulimit -Hn)"
        sys.stderr.write(told + "\n")
        pytest.skip(told)
    config: dict[str, Any] = {
        "receivers": {receiver: {"endpoint": f"{LOOPBACK}:0", "max_connections": wanted, "idle_timeout": "1h"}},
        "exporters": {"nop": None},
        "service": {"pipelines": {"logs": {"receivers": [receiver], "exporters": ["nop"]}}},
    }
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        with Logloom(config, tmp_path) as logloom:
            before = descriptors(logloom.pid)
            each_kib, took_s = asyncio.run(crowd(logloom, logloom.port(receiver, endpoint), message, is_taken))
            LOG.info(
                "%s: %.1f KiB an idle connection, %d messages in %.1f s", receiver, each_kib, ACTIVE * EACH, took_s
            )
            wait_until(lambda: descriptors(logloom.pid) <= before + OWN_MAX, "all to be closed")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert each_kib < KIB_EACH_MAX
    assert f"records={ACTIVE * EACH}" in logloom.log()
