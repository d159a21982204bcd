"""An HTTP/1.1 server of our own: what stands behind Envoy, and what its tracer posts to.

Each request says in its `x-answer` header (JSON) how it is to be answered, see `Answer`; without the header it gets
the server's default. Everything received is kept as it came, for comparison.
"""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import orjson

HEADER_LIMIT_BYTES = 256 * 1024
BODY_LIMIT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """How a request is answered: `delay_seconds` first, then either what `end` says or a whole response."""

    status: int = 200
    size: int = 0
    delay_seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    end: str = ""
    """'close': the connection ends without a response; 'garbage': bytes that are not HTTP."""


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: list[tuple[str, bytes]]
    body: bytes
    chunked: bool

    def header(self, name: str) -> bytes | None:
        """The first header of that (lower-case) name."""
        return next((value for key, value in self.headers if key == name), None)


class Upstream:
    """The server, on a loopback port of the system's choice, in a thread of its own."""

    def __init__(self, default: Answer | None = None) -> None:
        self._default = default or Answer()
        self._received: list[Received] = []
        self._lock = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="upstream", daemon=True)
        self._started = threading.Event()
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(30), "the upstream's thread did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    def answer(self, default: Answer) -> None:
        """From now on, requests that do not say otherwise are answered so."""
        self._default = default

    @property
    def received(self) -> list[Received]:
        """All requests that have come in whole so far."""
        with self._lock:
            return list(self._received)

    def wait_for(
        self, enough: Callable[[list[Received]], bool], what: str, timeout_seconds: float = 60
    ) -> list[Received]:
        """Waits until the requests received are `enough`, and returns them."""
        with self._lock:
            if not self._lock.wait_for(lambda: enough(self._received), timeout_seconds):
                raise AssertionError(
                    f"waited {timeout_seconds:g} s for {what}; received {len(self._received)} requests"
                )
            return list(self._received)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._connection, "127.0.0.1", 0, limit=HEADER_LIMIT_BYTES)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        self._loop.run_forever()
        server.close()
        for task in self._connections:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._connections, return_exceptions=True))
        self._loop.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the peer left in the middle: some cases do just that
        finally:
            self._connections.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its response; False when the connection is to end."""
        head = await reader.readuntil(b"\r\n\r\n")
        request_line, *lines = head[:-4].split(b"\r\n")
        method, target, _ = request_line.decode("latin-1").split(" ", 2)
        headers = [
            (name.decode("latin-1").lower(), value.strip())
            for name, _, value in (line.partition(b":") for line in lines)
        ]
        known = dict(headers)
        chunked = known.get("transfer-encoding", b"").lower() == b"chunked"
        body = await (_chunks(reader) if chunked else reader.readexactly(int(known.get("content-length", 0))))
        with self._lock:
            self._received.append(Received(method, target, headers, body, chunked))
            self._lock.notify_all()

        answer = Answer(**orjson.loads(known["x-answer"])) if "x-answer" in known else self._default
        if answer.delay_seconds and not await _still_there(reader, answer.delay_seconds):
            return False
        if answer.end == "close":
            return False
        if answer.end == "garbage":
            writer.write(b"this is not HTTP\r\n\r\n")
            await writer.drain()
            return False
        content = b"" if method == "HEAD" else b"x" * answer.size
        fields = {"content-length": str(answer.size), "content-type": "text/plain", **answer.headers}
        if answer.status in (204, 304):
            content = b""
            del fields["content-length"]
        writer.write(
            f"HTTP/1.1 {answer.status} Said\r\n".encode()
            + "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
            + b"\r\n"
            + content
        )
        await writer.drain()
        return True


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        assert len(body) + size <= BODY_LIMIT_BYTES
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # trailers
    return bytes(body)


async def _still_there(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Waits, unless the peer hangs up first: a timed-out request must not keep this server busy."""
    try:
        async with asyncio.timeout(seconds):
            return bool(await reader.read(1))  # Envoy does not pipeline: only an end can come
    except TimeoutError:
        return True
