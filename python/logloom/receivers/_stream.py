"""A server for protocols on connections (TCP, TLS, Unix sockets), with bounds on everything that a client can send.

The protocol itself is the core's (`rust/wire`); here stand the sockets: one message of a connection is in hand at a
time, and while it is, nothing more is read of it. So a full journal reaches the client as a closed TCP window, and so
does a process that has as much in hand as it may.
"""

import asyncio
import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from logloom._native import Messages, Source, Wire
from logloom.config import Endpoint
from logloom.identity import Sender
from logloom.receivers._connection import Connection
from logloom.receivers._gate import Gate
from logloom.receivers._net import Secured, cannot_listen, warn_if_open
from logloom.room import Room

if TYPE_CHECKING:
    from logloom.intake import Push, ReceiverContext
    from logloom.receivers._settings import StreamSettings

__all__ = ["StreamServer"]

BACKLOG: Final = 1024
"""Connections that wait to be accepted."""
IN_HAND_MESSAGES_MAX: Final = 8
"""The room for what is in hand, in messages of the largest size."""
HANDSHAKE_S: Final = 10.0
"""How long TLS may take to be set up, in seconds."""
SWEEP_S: Final = 0.5
"""How often connections are looked after, in seconds."""
READ_BYTES: Final = 128 << 10
"""What is read of a connection at a time."""
SHORT_READ_BYTES: Final = 4 << 10
"""And while there is no room: who is not paused yet may overstep it by so much."""
TLS_READ_BYTES: Final = 640 << 10
"""What is read at a time by TLS, room or not: all that asyncio holds of a connection (two reads of 256 KiB, a record of
16 KiB), because when a client goes, it asks once more and forgets the rest."""
STOP_S: Final = 5.0
"""How long a stop waits for the messages in hand, in seconds."""


class StreamServer:
    """One listening socket.

    Args:
        config: Where, and within which bounds.
        context: The receiver's.
        push: Where messages go.
        to: Where the messages of a connection go, by its sender: to one format all, or to a source of its own.
        wire: Makes the protocol's side of a new connection.
        has_users: Whether the protocol's own handshake proves who sends: then that decides, whatever certificate was
            shown, and nothing is taken before.
    """

    def __init__(
        self,
        config: "StreamSettings",
        context: "ReceiverContext",
        push: "Push",
        to: Callable[[Sender], Messages | Source],
        wire: Callable[[], Wire],
        *,
        has_users: bool = False,
    ) -> None:
        self.config = config
        self.context = context
        self.push = push
        self.to = to
        self.gate = Gate(context, None)
        self.wire = wire
        self.has_users = has_users
        self.room = Room(IN_HAND_MESSAGES_MAX * config.max_message_size, context.room)
        self.read = memoryview(bytearray(TLS_READ_BYTES if config.tls else READ_BYTES))
        self.open: set[Connection] = set()
        self.working: set[asyncio.Task[None]] = set()
        self._secured = Secured(config.tls, context.log) if config.tls else None
        self._server: asyncio.Server | None = None
        self._sweep: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Listen; where, with the real port.

        Raises:
            ConfigError: The files of `tls` are not as they must be.
            ServiceError: The endpoint cannot be bound.
        """
        config, loop = self.config, asyncio.get_running_loop()
        secured = self._secured.start() if self._secured else None
        handshake_s = HANDSHAKE_S if secured else None
        try:
            if (path := config.endpoint.path) is not None:
                _remove_stale(path)
                self._server = await loop.create_unix_server(
                    lambda: Connection(self), path, backlog=BACKLOG, ssl=secured, ssl_handshake_timeout=handshake_s
                )
                listening = f"unix://{path}"
            else:
                warn_if_open(self.context, Endpoint(config.endpoint.host, config.endpoint.port), config.tls)
                self._server = await loop.create_server(
                    lambda: Connection(self),
                    config.endpoint.host or None,
                    config.endpoint.port,
                    backlog=BACKLOG,
                    ssl=secured,
                    ssl_handshake_timeout=handshake_s,
                )
                port = self._server.sockets[0].getsockname()[1]
                listening = str(Endpoint(config.endpoint.host, port))
        except OSError as error:
            raise cannot_listen(config.endpoint, error) from None
        self._sweep = asyncio.create_task(self._look_after())
        return listening

    def buffer(self) -> memoryview:
        """What the next read goes to: all connections share it, for what it holds is taken over before the next."""
        is_whole = self.config.tls or self.room.free_bytes >= READ_BYTES
        return self.read if is_whole else self.read[:SHORT_READ_BYTES]

    async def stop(self) -> None:
        """Take no more; messages in hand are finished and answered."""
        if self._secured is not None:
            await self._secured.stop()
        if self._server is None or self._sweep is None:
            return
        self._server.close()
        self._sweep.cancel()
        for connection in self.open:
            connection.pause()
        deadline_s = asyncio.get_running_loop().time() + STOP_S
        while self.working and (left_s := deadline_s - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(self.working, timeout=left_s)
        for connection in list(self.open):
            connection.close("stopping")
        if self.config.endpoint.path is not None:
            _remove_stale(self.config.endpoint.path)

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            now_s = asyncio.get_running_loop().time()
            for connection in list(self.open):
                connection.look(now_s)
                connection.settle_if_quiet(now_s)
            self.room.look()


def _remove_stale(path: str) -> None:
    """A socket that a process left which is gone would be in the way; anything else stays, and is an error."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(os.stat(path, follow_symlinks=False).st_mode):  # noqa: PTH116 - as given, also a link
            Path(path).unlink()
