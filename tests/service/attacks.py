"""What a client may do to take up memory, time or connections.

`python -m tests.service.attacks RECEIVER HOST:PORT CONNECTIONS` does all of it at once, with so many connections of
each kind, until it is ended: a process of its own, so that who does what he should does not wait for attackers.
"""

import asyncio
import contextlib
import gzip
import struct
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache

import msgpack
import zstandard

PIECE = b"x" * (64 << 10)
MIB = 1 << 20
BOMB_BYTES = 64 * MIB
"""What the bombs become; far over every bound."""

Attack = Callable[[str, int], Awaitable[None]]


@asynccontextmanager
async def connected(host: str, port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection that may be closed at any time."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def send(host: str, port: int, head: bytes, size: int, *, hold: bool = True) -> None:
    """Send `head` and so many bytes more, and then nothing, until the server closes the connection; then again."""
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            async with connected(host, port) as (reader, writer):
                writer.write(head)
                for _ in range(size // len(PIECE)):
                    writer.write(PIECE)
                    await writer.drain()
                while hold and await reader.read(65536):
                    pass
        await asyncio.sleep(0.05)


async def drip(host: str, port: int, head: bytes, piece: bytes, every_s: float = 0.05) -> None:
    """Send `head` and then a little at a time, for ever."""
    while True:
        with contextlib.suppress(OSError):
            async with connected(host, port) as (_, writer):
                writer.write(head)
                while not writer.transport.is_closing():
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(every_s)
        await asyncio.sleep(0.05)


async def repeat(host: str, port: int, message: bytes) -> None:
    """Send it, hear the answer or the end, and again."""
    while True:
        with contextlib.suppress(OSError, TimeoutError):
            async with connected(host, port) as (reader, writer):
                writer.write(message)
                await writer.drain()
                await asyncio.wait_for(reader.read(65536), 10)
        await asyncio.sleep(0.02)


def sending(head: bytes, size: int) -> Attack:
    return lambda host, port: send(host, port, head, size)


def dripping(head: bytes, piece: bytes) -> Attack:
    return lambda host, port: drip(host, port, head, piece)


def repeating(message: bytes) -> Attack:
    return lambda host, port: repeat(host, port, message)


# --- bombs ---


@cache
def gzip_bomb() -> bytes:
    """BOMB_BYTES zeros."""
    return gzip.compress(bytes(BOMB_BYTES), 6)


@cache
def zlib_bomb() -> bytes:
    """The same as zlib."""
    return zlib.compress(bytes(BOMB_BYTES), 6)


@cache
def zstd_bomb() -> bytes:
    """The same as zstd, which does not even say how much it is."""
    return zstandard.ZstdCompressor(write_content_size=False).compress(bytes(BOMB_BYTES))


# --- Fluent Forward, lumberjack, syslog ---


def forward() -> dict[str, Attack]:
    def packed(data: bytes, name: str) -> bytes:
        message: bytes = msgpack.packb(["t", data, {"compressed": name}])
        return message

    unfinished = b"\x93\xa1t\xc6" + struct.pack(">I", 15 * MIB)
    return {
        "unfinished messages": sending(unfinished, 14 * MIB),
        "a byte at a time": dripping(unfinished, b"x"),
        "deep": repeating(b"\x93\xa1t" + b"\x91" * 100_000),
        "endless arrays": repeating(b"\x93\xa1t\xdd\xff\xff\xff\xff" + b"\xc0" * 65536),
        "absurd lengths": repeating(b"\xdb\xff\xff\xff\xff"),
        "a gzip bomb": repeating(packed(gzip_bomb(), "gzip")),
        "a zstd bomb": repeating(packed(zstd_bomb(), "zstd")),
        "a bomb within the bound": repeating(packed(gzip.compress(bytes(15 * MIB)), "gzip")),
    }


def lumberjack() -> dict[str, Attack]:
    def compressed(frames: bytes) -> bytes:
        packed = zlib.compress(frames)
        return b"2C" + struct.pack(">I", len(packed)) + packed

    window = b"2W\0\0\0\x02"
    nested = compressed(window)
    for _ in range(5):
        nested = compressed(nested)
    bomb = zlib_bomb()
    pair = struct.pack(">I", 1) + b"k" + struct.pack(">I", 1) + b"v"
    return {
        "unfinished events": sending(window + b"2J\0\0\0\x01" + struct.pack(">I", 15 * MIB), 14 * MIB),
        "windows in windows": repeating(nested),
        "a bomb": repeating(b"2C" + struct.pack(">I", len(bomb)) + bomb),
        "absurd windows": dripping(b"2W\xff\xff\xff\xff", b"2J\0\0\0\x01\0\0\0\x02{}"),
        "absurd lengths": repeating(b"2J\0\0\0\x01\xff\xff\xff\xff"),
        "endless pairs": dripping(b"1W\0\0\0\x011D\0\0\0\x01\0\0\x27\x10", pair),
    }


def syslog() -> dict[str, Attack]:
    return {
        "endless lines": sending(b"<13>1 - - - - - - ", 64 * MIB),
        "absurd counts": repeating(b"99999999999 <13>1 - - - - - - x" + PIECE),
        "a byte at a time": dripping(b"<13>1 - - - - - - ", b"x"),
    }


# --- HTTP ---


def http(path: str, content_type: str, deep: bytes) -> dict[str, Attack]:
    """`deep`: what opens a level of the format that the path takes."""

    def post(body: bytes, *headers: str, length: int | None = None) -> bytes:
        said = [f"Content-Type: {content_type}", f"Content-Length: {len(body) if length is None else length}", *headers]
        return "\r\n".join([f"POST {path} HTTP/1.1", "Host: a", *said, "", ""]).encode() + body

    chunked = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
    return {
        "slow headers": dripping(f"POST {path} HTTP/1.1\r\nHost: a\r\n".encode(), b"X-A: b\r\n"),
        "large headers": sending(f"POST {path} HTTP/1.1\r\nHost: a\r\nX-Long: ".encode(), 8 * MIB),
        "unfinished bodies": sending(post(b"", length=19 * MIB), 18 * MIB),
        "slow bodies": dripping(post(b"", length=19 * MIB), b"x"),
        "endless chunks": sending(chunked.encode() + b"ffffffff\r\n", 64 * MIB),
        "absurd lengths": repeating(post(b"x", length=1 << 62)),
        "a gzip bomb": repeating(post(gzip_bomb(), "Content-Encoding: gzip")),
        "a deflate bomb": repeating(post(zlib_bomb(), "Content-Encoding: deflate")),
        "a zstd bomb": repeating(post(zstd_bomb(), "Content-Encoding: zstd")),
        "deep": repeating(post(deep * 500_000)),
    }


# --- gRPC: HTTP/2 by hand, as no library lets one be so rude ---


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def grpc(method: str) -> dict[str, Attack]:
    def literal(name: bytes, value: bytes) -> bytes:
        return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value

    pseudo = ((b":method", b"POST"), (b":scheme", b"http"), (b":path", method.encode()), (b":authority", b"a"))
    more = ((b"content-type", b"application/grpc"), (b"te", b"trailers"))
    block = b"".join(literal(*pair) for pair in (*pseudo, *more))
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0)
    message = b"\0" + struct.pack(">I", 4 * MIB - 10)

    def unfinished(streams: int) -> bytes:
        out = preface
        for number in range(streams):
            out += frame(1, 4, 2 * number + 1, block) + frame(0, 0, 2 * number + 1, message)
        return out

    async def windows(host: str, port: int) -> None:
        """Fill every stream as far as the server lets it, and leave each message unfinished."""
        while True:
            with contextlib.suppress(OSError):
                async with connected(host, port) as (reader, writer):
                    writer.write(unfinished(100))
                    drain = asyncio.create_task(_read_all(reader))
                    for _ in range(40):
                        for number in range(100):
                            if writer.transport.is_closing():
                                break
                            writer.write(frame(0, 0, 2 * number + 1, b"x" * 16384))
                            await writer.drain()
                    await asyncio.wait([drain])
            await asyncio.sleep(0.05)

    return {
        "streams that never end": sending(unfinished(100), 0),
        "unfinished messages": windows,
        "frames a byte at a time": dripping(preface + frame(1, 4, 1, block), frame(0, 0, 1, b"\0")),
        "headers without end": dripping(preface + frame(1, 0, 1, block), frame(9, 0, 1, literal(b"x-a", b"b" * 100))),
        "absurd lengths": repeating(preface + frame(1, 4, 1, block) + frame(0, 0, 1, b"\0\xff\xff\xff\xff")),
    }


async def _read_all(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(65536):
            pass


LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
POST_SPANS = "/jaeger.api_v2.CollectorService/PostSpans"
JSON = "application/json"
VALUES = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":' + b'{"arrayValue":{"values":['
RECEIVERS: dict[str, Callable[[], dict[str, Attack]]] = {
    "fluentforward": forward,
    "lumberjack": lumberjack,
    "syslog": syslog,
    "zipkin": lambda: http("/api/v2/spans", JSON, b"["),
    "jaeger": lambda: http("/api/traces", "application/x-thrift", b"\x0c\0\1"),
    "jaeger/grpc": lambda: grpc(POST_SPANS),
    "otlp": lambda: http("/v1/logs", JSON, VALUES),
    "otlp/grpc": lambda: grpc(LOGS),
    "http": lambda: http("/", "application/x-ndjson", b'{"a":'),
}


async def main(receiver: str, host: str, port: int, connections: int) -> None:
    """All at once; it says so when it begins."""
    all_of = RECEIVERS[receiver]()
    running = [asyncio.create_task(attack(host, port)) for attack in all_of.values() for _ in range(connections)]
    sys.stdout.write("attacking\n")
    sys.stdout.flush()
    await asyncio.gather(*running)


if __name__ == "__main__":
    at = sys.argv[2].rpartition(":")
    asyncio.run(main(sys.argv[1], at[0], int(at[2]), int(sys.argv[3])))
