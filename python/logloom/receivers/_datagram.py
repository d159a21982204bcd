"""A server for datagrams (UDP). It cannot push back: what finds no room, here or in the kernel, is lost and counted."""

import asyncio
import contextlib
import socket
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from logloom.config import Bound, Bytes, Endpoint, Seconds
from logloom.receivers._drops import kernel_dropped
from logloom.receivers._net import cannot_listen, warn_if_open

if TYPE_CHECKING:
    from logloom._native import Messages
    from logloom.intake import Push, ReceiverContext

__all__ = ["DatagramServer", "DatagramSettings"]

REPORT_S: Final = 10.0
"""How often it is told what was dropped, in seconds."""
PUSHES_MAX: Final = 64
"""Datagrams that are pushed at once: they share the journal's commits."""
STOP_S: Final = 5.0
"""How long a stop waits for what came to be pushed, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatagramSettings:
    """The settings of a server for datagrams.

    Attributes:
        endpoint: Where to listen.
        socket_buffer_size: What the kernel is asked to hold of datagrams that were not read yet.
        queue_size: What waits for the journal, in bytes (below 64 KiB: in datagrams); more is dropped, and counted.
        max_packet_size: For how many bytes a datagram counts there.
        max_wait: How long a datagram waits for a full journal; then it is dropped, and counted.
    """

    IGNORED: ClassVar[dict[str, str]] = {"workers": "the core reads them"}
    endpoint: Endpoint
    socket_buffer_size: Annotated[Bytes, Bound(1 << 12, 1 << 30)] = 8 << 20
    queue_size: Annotated[Bytes, Bound(1, 1 << 30)] = 16 << 20
    max_packet_size: Annotated[Bytes, Bound(1 << 10, 1 << 16)] = 65_000
    max_wait: Annotated[Seconds, Bound(0, 3600)] = 30.0

    @property
    def queue_bytes_max(self) -> int:
        """`queue_size` in bytes."""
        return self.queue_size if self.queue_size >= 1 << 16 else self.queue_size * self.max_packet_size


class DatagramServer:
    """One listening socket; each datagram is a message.

    Attributes:
        dropped: Datagrams that found no room here.
    """

    def __init__(
        self, config: DatagramSettings, context: "ReceiverContext", push: "Push", messages: "Messages"
    ) -> None:
        self._config = config
        self._context = context
        self._push = push
        self._messages = messages
        self._waiting: deque[tuple[bytes, str]] = deque()
        self._waiting_bytes = 0
        self._pending = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._came = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._told = 0
        self._fd = -1
        self._kernel_dropped = 0
        self.dropped = 0

    async def start(self) -> int:
        """Listen; the port is the real one.

        Raises:
            ServiceError: The endpoint cannot be bound.
        """
        endpoint, loop = self._config.endpoint, asyncio.get_running_loop()
        warn_if_open(self._context, endpoint, None)
        try:
            found = await loop.getaddrinfo(
                endpoint.host or None, endpoint.port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE
            )
            family, kind, protocol, _, address = found[0]
            sock = socket.socket(family, kind, protocol)
            try:
                sock.setblocking(False)  # noqa: FBT003 - its only argument
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._config.socket_buffer_size)
                sock.bind(address)
            except BaseException:
                sock.close()
                raise
        except OSError as error:
            raise cannot_listen(endpoint, error.strerror or str(error)) from None
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=sock)
        self._transport = transport
        self._fd = sock.fileno()
        self._tasks = [asyncio.create_task(self._work()) for _ in range(PUSHES_MAX)]
        self._tasks.append(asyncio.create_task(self._report()))
        port: int = sock.getsockname()[1]
        return port

    async def stop(self) -> None:
        """Take no more; what waits is pushed, as far as the journal takes it at once."""
        if self._transport is not None:
            self._tell()
            self._transport.close()
            self._transport = None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), STOP_S)
        self.dropped += self._pending
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tell()

    def take(self, data: bytes, peer: str) -> None:
        """A datagram came."""
        if self._waiting_bytes + len(data) > self._config.queue_bytes_max:
            self.dropped += 1
            return
        self._waiting.append((data, peer))
        self._waiting_bytes += len(data)
        self._pending += 1
        self._idle.clear()
        self._came.set()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if not self._waiting:
                self._came.clear()
                await self._came.wait()
                continue
            data, peer = self._waiting.popleft()
            until_s = loop.time() + self._config.max_wait
            while (delivery := await self._push(self._messages, data, peer)).kind == "retry":
                if loop.time() >= until_s or self._context.stopping.is_set():
                    self.dropped += 1
                    break
                await asyncio.sleep(min(max(delivery.retry_after_s, 0.01), self._config.max_wait))
            self._waiting_bytes -= len(data)
            self._pending -= 1
            if not self._pending:
                self._idle.set()

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_S)
            self._tell()

    def _tell(self) -> None:
        if self._transport is not None:
            self._kernel_dropped = kernel_dropped(self._fd)
        if self.dropped + self._kernel_dropped > self._told:
            told = {"dropped": self.dropped, "dropped_by_the_kernel": self._kernel_dropped}
            self._context.log.warning("datagrams were lost: UDP cannot be told to wait", extra=told)
            self._told = self.dropped + self._kernel_dropped


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DatagramServer) -> None:
        self._server = server

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._server.take(data, str(Endpoint(addr[0], addr[1])))
