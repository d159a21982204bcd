"""A server for datagrams (UDP). It cannot push back: what finds no room, here or in the kernel, is lost and counted."""

import asyncio
import functools
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from logloom.config import Bound, Bytes, Endpoint, Seconds
from logloom.receivers._drops import Losses
from logloom.receivers._net import cannot_listen, warn_if_open
from logloom.receivers._queue import AT_ONCE_MAX, Queue

if TYPE_CHECKING:
    from logloom._native import Messages
    from logloom.intake import Push, ReceiverContext

__all__ = ["REPORT_S", "DatagramServer", "DatagramSettings"]

REPORT_S: Final = 10.0
"""How often it is told what was dropped, in seconds."""
DATAGRAM_BYTES_MAX: Final = 65_535
PEERS_MAX: Final = 1024
"""Addresses of which the text is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatagramSettings:
    """The settings of a server for datagrams.

    Attributes:
        endpoint: Where to listen.
        insecure: Listen beyond this machine, though datagrams have no TLS; refused otherwise.
        socket_buffer_size: What the kernel is asked to hold of datagrams that were not read yet.
        queue_size: What waits for the journal, in bytes (below 64 KiB: in datagrams); more is dropped, and counted.
        max_packet_size: For how many bytes a datagram counts there.
        max_wait: How long a datagram waits for a full journal; then it is dropped, and counted.
        engine: `native` reads and pushes many at a time, in the core; `asyncio` is Python's, within one event loop.
    """

    IGNORED: ClassVar[dict[str, str]] = {"workers": "the core reads them"}
    endpoint: Endpoint
    insecure: bool = False
    socket_buffer_size: Annotated[Bytes, Bound(1 << 12, 1 << 30)] = 8 << 20
    queue_size: Annotated[Bytes, Bound(1, 1 << 30)] = 16 << 20
    max_packet_size: Annotated[Bytes, Bound(1 << 10, 1 << 16)] = 65_000
    max_wait: Annotated[Seconds, Bound(0, 3600)] = 30.0
    engine: Literal["native", "asyncio"] = "native"

    @property
    def queue_bytes_max(self) -> int:
        """`queue_size` in bytes."""
        return self.queue_size if self.queue_size >= 1 << 16 else self.queue_size * self.max_packet_size


class DatagramServer:
    """One listening socket; each datagram is a message."""

    def __init__(
        self, config: DatagramSettings, context: "ReceiverContext", push: "Push", messages: "Messages"
    ) -> None:
        self._config = config
        self._context = context
        self._queue = Queue(config.queue_bytes_max, config.max_wait, context, push, messages)
        self._socket: socket.socket | None = None
        self._read = memoryview(bytearray(DATAGRAM_BYTES_MAX))
        self._peer_of = functools.lru_cache(PEERS_MAX)(lambda host, port: str(Endpoint(host, port)))
        self._tasks: list[asyncio.Task[None]] = []
        self._losses = Losses(context.log)

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
            raise cannot_listen(endpoint, error) from None
        self._socket = sock
        loop.add_reader(sock, self._readable)
        self._tasks = [asyncio.create_task(self._queue.work()), asyncio.create_task(self._report())]
        port: int = sock.getsockname()[1]
        return port

    async def stop(self) -> None:
        """Take no more; what waits is pushed, as far as the journal takes it at once."""
        if self._socket is not None:
            self._tell()
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        await self._queue.drain()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._queue.close()
        self._tell()

    def _readable(self) -> None:
        """Datagrams came: no more are read at a time than leave the loop free for others."""
        sock = self._socket
        for _ in range(AT_ONCE_MAX):
            try:
                size, address = sock.recvfrom_into(self._read)  # type: ignore[union-attr]
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # what a datagram of ours met, long ago: nothing of this one
                continue
            self._queue.take(bytes(self._read[:size]), self._peer_of(address[0], address[1]))

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_S)
            self._tell()

    def _tell(self) -> None:
        self._losses.tell(self._queue.dropped, self._socket.fileno() if self._socket is not None else None)
