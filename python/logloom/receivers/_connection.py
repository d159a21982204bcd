"""One connection of a protocol: what it says goes to the core's side of the protocol, and what comes of that is done.

One message is in hand at a time, and while it is, nothing more is read.
"""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Final, cast

from logloom._native import Delivery, Messages, Source, WireMessage
from logloom.config import Endpoint
from logloom.errors import DataError

if TYPE_CHECKING:
    from logloom.receivers._stream import StreamServer

__all__ = ["Connection"]

KEEP_ALIVE_S: Final = 5.0
"""How often a client that waits for an answer is told that the connection lives, in seconds."""
RETRY_S: Final = 0.1
"""The least wait before the same message is pushed again, in seconds."""
QUIET_S: Final = 0.5
"""After so long without more, a whole line does not wait for others that may belong to its record, in seconds."""


class Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, server: "StreamServer") -> None:
        self._server = server
        self._wire = server.wire()
        self._transport: asyncio.Transport | None = None
        self._peer = ""
        self._heard_s = 0.0
        self._to: Messages | Source | None = None
        self._is_working = False
        self._ends_whole = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        name = transport.get_extra_info("peername")
        self._peer = str(Endpoint(name[0], name[1])) if isinstance(name, tuple) else ""
        self._heard_s = asyncio.get_running_loop().time()
        server = self._server
        server.open.add(self)
        if len(server.open) > server.config.max_connections or server.context.stopping.is_set():
            self._transport.abort()
        else:
            self._say(self._wire.greet())

    def connection_lost(self, _exc: Exception | None) -> None:
        # What came is taken all the same: not every client waits for an answer, or sends again.
        self._server.open.discard(self)
        self._transport = None
        if not self._is_working:
            self._work(self._ended())

    def data_received(self, data: bytes) -> None:
        self._heard_s = asyncio.get_running_loop().time()
        self._ends_whole = data.endswith((b"\n", b"\0"))
        self._wire.feed(data)
        if not self._is_working:
            self._continue()

    def stopping(self) -> None:
        """Read nothing more."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def close(self, why: str) -> None:
        """Close the connection, for the reason that an operator may want to know."""
        if self._transport is not None and not self._transport.is_closing():
            self._server.context.log.debug("closed a connection", extra={"peer": self._peer, "why": why})
            self._transport.close()

    def close_if_silent(self, now_s: float) -> None:
        """Close the connection where it was silent for too long, alone or in the middle of a message."""
        silent_s, config = now_s - self._heard_s, self._server.config
        if not self._is_working and silent_s > (config.read_timeout if self._wire.held_bytes else config.idle_timeout):
            self.close(f"silent for {silent_s:.0f} s")

    def settle_if_quiet(self, now_s: float) -> None:
        """Make a record of the whole line that a decoder may hold, where none followed it for a while.

        Half a line waits on: a client may pause in the middle of one.
        """
        is_quiet = self._ends_whole and not self._is_working and now_s - self._heard_s >= QUIET_S
        if is_quiet and self._transport is not None and isinstance(self._to, Source):
            self._ends_whole = False
            self._transport.pause_reading()
            self._work(self._settle(self._to))

    def _continue(self) -> None:
        """Do what needs no waiting; a message is pushed by a task."""
        try:
            while (step := self._wire.step()) is not None:
                if isinstance(step, WireMessage):
                    if self._transport is not None:
                        self._transport.pause_reading()
                    self._work(self._push(step))
                    return
                self._say(step)
        except DataError as error:
            self._say(error.args[1])
            told = {"peer": self._peer, "why": error.args[0]}
            self._server.context.log.warning("closed a connection that cannot be read", extra=told)
            if self._transport is not None:
                self._transport.close()

    def _work(self, work: Coroutine[None, None, None]) -> None:
        self._is_working = True
        task = asyncio.create_task(self._or_abort(work))
        self._server.working.add(task)
        task.add_done_callback(self._server.working.discard)

    async def _or_abort(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except BaseException:
            if self._transport is not None:  # nobody would read on
                self._transport.abort()
            raise

    async def _push(self, message: WireMessage) -> None:
        delivery = await self._delivered(message)
        self._heard_s = asyncio.get_running_loop().time()
        self._say(self._wire.answer(message, delivery))
        self._go_on(delivery)

    async def _settle(self, source: Source) -> None:
        self._go_on(await self._flushed(source))

    def _go_on(self, delivery: Delivery) -> None:
        self._is_working = False
        if delivery.kind == "retry":  # the service stops, and the journal takes nothing
            return
        if self._transport is not None and not self._server.context.stopping.is_set():
            self._transport.resume_reading()
        self._continue()
        if self._transport is None and not self._is_working:
            self._work(self._ended())

    async def _ended(self) -> None:
        """The client is gone, and all that it sent is taken; what a decoder still holds becomes records."""
        if isinstance(self._to, Source):
            await self._flushed(self._to)

    async def _flushed(self, source: Source) -> Delivery:
        push, stopping = self._server.push, self._server.context.stopping
        while (delivery := await push.flush(source)).kind == "retry" and not stopping.is_set():  # noqa: ASYNC110
            await asyncio.sleep(RETRY_S)
        return delivery

    async def _delivered(self, message: WireMessage) -> Delivery:
        """Push until it is taken; where that takes long, the client is told that the connection lives."""
        server, loop = self._server, asyncio.get_running_loop()
        self._to = self._to or server.to(self._peer)
        said_s = loop.time()
        with server.room.guest() as guest:
            while True:
                wait_s = RETRY_S
                if guest.bytes or guest.take(len(message)):
                    delivery = await server.push(self._to, message, self._peer)
                    if delivery.kind != "retry":
                        return delivery
                    wait_s = min(max(delivery.retry_after_s, RETRY_S), KEEP_ALIVE_S)
                await asyncio.sleep(wait_s)
                if server.context.stopping.is_set():
                    return Delivery.retry(0.0)
                if loop.time() - said_s > KEEP_ALIVE_S:
                    self._say(self._wire.keep_alive())
                    said_s = loop.time()

    def _say(self, reply: bytes) -> None:
        if reply and self._transport is not None and not self._transport.is_closing():
            self._transport.write(reply)
