"""One client's socket: reads while there is room, is told what to say, and is closed when it is silent or too slow."""

import asyncio
from typing import TYPE_CHECKING, Final, cast

from logloom.config import Endpoint
from logloom.identity import Sender
from logloom.receivers._gate import RefusedError
from logloom.receivers._net import names_of

if TYPE_CHECKING:
    from logloom._native import Wire
    from logloom.receivers._connection import Connection
    from logloom.receivers._stream import StreamServer

__all__ = ["Socket"]

KEEP_ALIVE_S: Final = 5.0
"""How often a client that waits for an answer is told that the connection lives, in seconds."""
SLOWEST_BYTES_S: Final = 16 << 10
"""A message that took longer than `read_timeout` to arrive must have come at this rate at least, in bytes a second."""
ANSWERS_BYTES_MAX: Final = 64 << 10
"""A client that leaves so much of what it was told unread is closed."""


class Socket(asyncio.BufferedProtocol):
    """One client's socket, and its share of the room.

    Attributes:
        wire: The core's side of the protocol.
        peer: The client's address.
        sender: Who that is, as far as its certificate tells, or the protocol's own handshake.
        is_working: A message is in hand.
        is_paused: There is no room for what it sends.
        heard_s: When it last said something, by the loop's clock.
        ends_by: The last byte of that.
    """

    def __init__(self, server: "StreamServer") -> None:
        self.wire: Wire = server.wire()
        self.peer = ""
        self.sender = Sender()
        self.is_working = self.is_paused = False
        self._server = server
        self._guest = server.room.guest(self._give_way)
        self._transport: asyncio.Transport | None = None
        self.heard_s = self._begun_s = self._said_s = 0.0
        self.ends_by = 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        name, server = transport.get_extra_info("peername"), self._server
        self.peer = str(Endpoint(name[0], name[1])) if isinstance(name, tuple) else ""
        self.heard_anew()
        server.open.add(cast("Connection", self))
        try:
            if not server.has_users:
                self.sender = server.gate.admit_named(self.peer, names_of(transport))
        except RefusedError:
            self.abort()
            return
        if len(server.open) > server.config.max_connections or server.context.stopping.is_set():
            self.abort()
        else:
            self.say(self.wire.greet())

    def connection_lost(self, _exc: Exception | None) -> None:
        self._server.open.discard(cast("Connection", self))
        self._transport = None
        self.gone()

    def get_buffer(self, _sizehint: int) -> memoryview:
        return self._server.buffer()

    def buffer_updated(self, nbytes: int) -> None:
        self.heard_s = asyncio.get_running_loop().time()
        if not self._guest.bytes:
            self._begun_s = self.heard_s
        self.ends_by = self._server.read[nbytes - 1]
        self.wire.feed(self._server.read[:nbytes])
        self.fed()

    def fed(self) -> None:
        """Bytes came, and are in the wire."""

    def gone(self) -> None:
        """The client is gone."""

    def woken(self) -> None:
        """There is room again."""

    def heard_anew(self) -> None:
        """Silence, and the time that a message takes, count from now on: until now it was us that did not read."""
        self.heard_s = self._begun_s = asyncio.get_running_loop().time()

    def look(self, now_s: float) -> None:
        """Tell a client that waits that the connection lives; close one that is silent for too long, or too slow."""
        if self.is_working and now_s - self._said_s > KEEP_ALIVE_S:
            self._said_s = now_s
            self.say(self.wire.keep_alive())
        if self.is_working or self.is_paused:
            return
        silent_s, config, held_bytes = now_s - self.heard_s, self._server.config, self.wire.held_bytes
        if not held_bytes:
            if silent_s > config.idle_timeout:
                self.close(f"silent for {silent_s:.0f} s")
        elif silent_s > config.read_timeout:
            self.close(f"silent for {silent_s:.0f} s in a message")
        elif now_s - self._begun_s > config.read_timeout + held_bytes / SLOWEST_BYTES_S:
            self.close(f"took over {now_s - self._begun_s:.0f} s for a message")

    def prove(self, user: str) -> None:
        """The client proved to be `user`; where that one may not send, it is told so."""
        try:
            self.sender = self._server.gate.admit_user(self.peer, user)
        except RefusedError as error:
            self.wire.refuse(error.refused.why)

    def say(self, reply: bytes) -> None:
        """Send it, to a client that reads what it is sent."""
        if reply and self._transport is not None and not self._transport.is_closing():
            self._transport.write(reply)
            if self._transport.get_write_buffer_size() > ANSWERS_BYTES_MAX:
                self.abort()

    def close(self, why: str) -> None:
        """Close the connection, for the reason that an operator may want to know."""
        if self._transport is not None and not self._transport.is_closing():
            self._server.context.log.debug("closed a connection", extra={"peer": self.peer, "why": why})
            self._transport.close()

    def abort(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        """Read nothing more for now."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def read_on(self) -> None:
        """Read on, where nothing is in hand and there is room."""
        is_idle = not self.is_working and not self.is_paused and not self._server.context.stopping.is_set()
        if is_idle and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def await_room(self) -> None:
        """Read nothing more until there is room."""
        self.is_paused = True
        self.pause()
        self._server.room.wait(self._wake)

    def _wake(self) -> None:
        self.is_paused = False
        self.heard_anew()
        self.woken()

    def _give_way(self) -> None:
        if self._transport is not None:
            told = {"peer": self.peer, "why": "its message took up room for too long, and others need it"}
            self._server.context.log.warning("closed a connection", extra=told)
        self.abort()
        self.wire = self._server.wire()  # what came is forgotten at once
