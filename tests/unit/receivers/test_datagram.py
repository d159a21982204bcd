"""Datagrams, by both engines: from a socket to the file."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import orjson
import pytest

from logloom import config
from logloom.service import Service

LOOPBACK = "127.0.0.1"
CONFIG = """
receivers: {{syslog: {{udp: {{listen_address: "127.0.0.1:0", engine: {engine}}}}}}}
exporters: {{file: {{path: "{out}"}}}}
service: {{shutdown_timeout: 30s, pipelines: {{logs: {{receivers: [syslog], exporters: [file]}}}}}}
"""
HEAD = b"<13>1 2026-11-21T10:40:59Z h a - - - "


async def taken(tmp_path: Path, engine: str, datagrams: list[list[bytes]]) -> list[str]:
    """What the datagrams of these senders became, when the service was stopped as soon as all were sent."""
    out = tmp_path / "out.jsonl"
    service = Service(config.loads(CONFIG.format(engine=engine, out=out)), tmp_path / "data")
    up: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(service.run(up.set_result))
    await asyncio.wait([task, up], return_when=asyncio.FIRST_COMPLETED)
    port = int(up.result()["syslog"]["udp"].rpartition(":")[2])
    senders = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in datagrams]
    for sender, theirs in zip(senders, datagrams, strict=True):
        for datagram in theirs:
            sender.sendto(datagram, (LOOPBACK, port))
        sender.close()
    if engine == "asyncio":  # it reads no more once it is stopping
        while not out.exists() or len(bodies(out)) < sum(map(len, datagrams)):  # noqa: ASYNC110 - a file
            await asyncio.sleep(0.01)
    service.stop()
    await task
    return bodies(out)


def bodies(out: Path) -> list[str]:
    return [
        record["body"]["stringValue"]
        for line in out.read_bytes().splitlines()
        for resource in orjson.loads(line)["resourceLogs"]
        for scope in resource["scopeLogs"]
        for record in scope["logRecords"]
    ]


@pytest.mark.parametrize("engine", ["native", "asyncio"])
async def test_each_is_a_message_of_its_own(tmp_path: Path, engine: str) -> None:
    """Neither is one without an end of line joined with the next, nor do senders' datagrams mix."""
    senders = [[HEAD + b"%d of %d" % (number, sender) for number in range(40)] for sender in range(3)]
    found = await taken(tmp_path, engine, senders)
    for sender in range(3):
        of_sender = [body for body in found if body.endswith(f"of {sender}")]
        assert of_sender == [f"{number} of {sender}" for number in range(40)]


@pytest.mark.parametrize("engine", ["native", "asyncio"])
async def test_what_looks_like_a_frame_ends_with_its_datagram(tmp_path: Path, engine: str) -> None:
    """A count that is too large for its datagram takes nothing of the next, nor does half a line."""
    found = await taken(tmp_path, engine, [[b"99 " + HEAD + b"cut", HEAD + b"a\xff\nb\r\n", HEAD + b"whole\n\0"]])
    assert found == ["99 " + HEAD.decode() + "cut", "a\N{REPLACEMENT CHARACTER}", "b", "whole"]


async def test_what_the_kernel_holds_at_a_stop_is_taken(tmp_path: Path) -> None:
    """A datagram to this machine is in the socket's buffer when it is sent."""
    found = await taken(tmp_path, "native", [[HEAD + b"%d" % number for number in range(200)]])
    assert found == [str(number) for number in range(200)]
