"""Sends one prepared OTLP request over and over by HTTP, at a given rate, and measures until each is acknowledged.

`python -m bench.pace HOST:PORT FILE CONNECTIONS RATE SECONDS`: RATE requests a second over all connections, 0 for as
many as are acknowledged. It prints, as JSON, how many were acknowledged, how often it was asked to come again, and the
latencies' percentiles in seconds.
A request counts from the moment at which it was due: one that waits for an earlier one on its connection is late, also
where this program is what was late. `sent_` is the same from the moment at which it was sent.
"""

import asyncio
import gc
import sys
import time
from pathlib import Path

import orjson

from bench.loads import http

LATE_S_MAX = 60.0


async def main(address: str, data: bytes, connections: int, rate: float, seconds: float) -> dict[str, float]:
    """What came of it."""
    host, _, port = address.rpartition(":")
    request = http("/v1/logs", data, "application/x-protobuf")
    latencies: list[float] = []
    since_sent: list[float] = []
    again = 0
    gc.disable()  # its own pauses are not the server's
    began_s = time.perf_counter()
    every_s = connections / rate if rate else 0.0

    async def client(place: int) -> None:
        nonlocal again
        reader, writer = await asyncio.open_connection(host, int(port))
        due_s = began_s + every_s * place / connections
        while (now_s := time.perf_counter()) < began_s + seconds:
            if every_s:
                if now_s < due_s:
                    await asyncio.sleep(due_s - now_s)
            else:
                due_s = now_s
            sent_s = time.perf_counter()
            while True:
                writer.write(request)
                await writer.drain()
                if not (wait_s := await _answer(reader)):
                    break
                again += 1
                await asyncio.sleep(wait_s)
            ended_s = time.perf_counter()
            latencies.append(ended_s - due_s)
            since_sent.append(ended_s - sent_s)
            due_s += every_s
        writer.close()

    async with asyncio.timeout(seconds + LATE_S_MAX):
        await asyncio.gather(*map(client, range(connections)))
    took_s = time.perf_counter() - began_s
    told = {"count": len(latencies), "again": again, "per_s": len(latencies) / took_s}
    return told | _percentiles(latencies) | {f"sent_{name}": value for name, value in _percentiles(since_sent).items()}


def _percentiles(latencies: list[float]) -> dict[str, float]:
    latencies.sort()
    last = len(latencies) - 1
    at = {f"p{share}": latencies[min(len(latencies) * share // 100, last)] for share in (50, 90, 99)}
    return {**at, "max": latencies[-1]}


async def _answer(reader: asyncio.StreamReader) -> float:
    """After how many seconds the same is to be sent again; 0: it was taken."""
    head, body = await reader.readuntil(b"\r\n\r\n"), b""
    said = {name: text for name, _, text in (line.partition(b":") for line in head.lower().split(b"\r\n"))}
    if size := int(said.get(b"content-length", 0)):
        body = await reader.readexactly(size)
    if (status := head.split(b" ", 2)[1]) in (b"429", b"503"):
        return float(said[b"retry-after"])
    assert status == b"200", head + body
    return 0.0


if __name__ == "__main__":
    sys.stdout.buffer.write(
        orjson.dumps(
            asyncio.run(
                main(
                    sys.argv[1],
                    Path(sys.argv[2]).read_bytes(),
                    int(sys.argv[3]),
                    float(sys.argv[4]),
                    float(sys.argv[5]),
                )
            )
        )
    )
