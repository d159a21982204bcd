"""One connection of a protocol: what it says goes to the core's side of the protocol, and what comes of that is done.

One message is in hand at a time, and while it is, nothing more is read; nor while there is no room for what is read.
"""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Final

from logloom._native import Delivery, Messages, Source, WireMessage
from logloom.errors import DataError
from logloom.receivers._socket import Socket

if TYPE_CHECKING:
    from logloom.receivers._stream import StreamServer

__all__ = ["Connection"]

RETRY_S: Final = 0.1
RETRY_MAX_S: Final = 5.0
"""The least and the longest wait before the same message is pushed again, in seconds."""
QUIET_S: Final = 0.5
"""After so long without more, a whole line does not wait for others that may belong to its record, in seconds."""
LINE_ENDS: Final = b"\n\0"


class Connection(Socket):
    """One client."""

    def __init__(self, server: "StreamServer") -> None:
        super().__init__(server)
        self._wanted_bytes = 0
        self._to: Messages | Source | None = None
        self._is_over = False

    def fed(self) -> None:
        """A message may be there now."""
        if not self.is_working:
            self._continue()
        elif not self._count():
            self.pause()

    def gone(self) -> None:
        """What came is taken all the same: not every client waits for an answer, or sends again."""
        if not self.is_working and not self.is_paused and not self._is_over:
            self._is_over = True
            self._work(self._ended())

    def woken(self) -> None:
        """Go on where there was no room."""
        if not self.is_working:
            self._continue()
        self._go_on()

    def settle_if_quiet(self, now_s: float) -> None:
        """Make a record of the whole line that a decoder may hold, where none followed it for a while.

        Half a line waits on: a client may pause in the middle of one.
        """
        is_quiet = self.ends_by in LINE_ENDS and not self.is_working and now_s - self.heard_s >= QUIET_S
        if is_quiet and isinstance(self._to, Source) and self._to.held_bytes and self in self._server.open:
            self.pause()
            self._work(self._settle(self._to))

    def _go_on(self) -> None:
        if self not in self._server.open:
            self.gone()
        self.read_on()

    def _count(self) -> bool:
        """Hold what waits here, for the rest of a message or of a line; whether there was room for it."""
        held_bytes = self.wire.held_bytes
        if isinstance(self._to, Source):
            held_bytes += self._to.held_bytes
        return self._guest.count(held_bytes)

    def _continue(self) -> None:
        """Do what needs no waiting; a message is pushed by a task."""
        if self.is_paused:
            return
        try:
            if self._steps():
                return
        except DataError as error:
            why, reply = error.args
            self.say(reply)
            told = {"peer": self.peer, "why": why}
            self._server.context.log.warning("closed a connection that cannot be read", extra=told)
            self.close(why)
        if not self._count() and self in self._server.open:
            self.await_room()

    def _steps(self) -> bool:
        """Whether something is waited for: a message in hand, or room."""
        while True:
            if self._wanted_bytes and not self._guest.take(self._wanted_bytes):
                self.await_room()
                return True
            self._wanted_bytes = 0
            match self.wire.step():
                case None:
                    return False
                case WireMessage() as message:
                    # What was wanted for inflating it is free again, before others ask.
                    self._guest.count(self.wire.held_bytes + len(message))
                    self._guest.arrived()
                    self.pause()
                    self._work(self._push(message))
                    return True
                case int(size_bytes):
                    self._wanted_bytes = size_bytes
                case str(user):
                    self.prove(user)
                case reply:
                    self.say(reply)

    def _work(self, work: Coroutine[None, None, None]) -> None:
        self.is_working = True
        self._said_s = asyncio.get_running_loop().time()
        task = asyncio.create_task(self._or_abort(work))
        self._server.working.add(task)
        task.add_done_callback(self._server.working.discard)

    async def _or_abort(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except BaseException:
            self._guest.leave()
            self.abort()  # nobody would read on
            raise

    async def _push(self, message: WireMessage) -> None:
        delivery = await self._delivered(message)
        self.heard_anew()
        self.say(self.wire.answer(message, delivery))
        self._done(delivery)

    async def _settle(self, source: Source) -> None:
        self._done(await self._flushed(source))

    def _done(self, delivery: Delivery) -> None:
        self.is_working = False
        self._guest.leave()
        if delivery.kind == "retry":  # the service stops, and the journal takes nothing
            return
        self._continue()
        self._go_on()

    async def _ended(self) -> None:
        """The client is gone, and all that it sent is taken; what a decoder still holds becomes records."""
        if isinstance(self._to, Source):
            await self._flushed(self._to)
        self._guest.leave()

    async def _flushed(self, source: Source) -> Delivery:
        push, stopping = self._server.push, self._server.context.stopping
        while (delivery := await push.flush(source)).kind == "retry" and not stopping.is_set():  # noqa: ASYNC110
            await asyncio.sleep(RETRY_S)
        return delivery

    async def _delivered(self, message: WireMessage) -> Delivery:
        """Push until it is taken."""
        server = self._server
        self._to = self._to or server.to(self.sender)
        known = {} if isinstance(self._to, Source) else self.sender.known()
        while (delivery := await server.push(self._to, message, self.peer, **known)).kind == "retry":
            if server.context.stopping.is_set():
                break
            await asyncio.sleep(min(max(delivery.retry_after_s, RETRY_S), RETRY_MAX_S))
        return delivery
