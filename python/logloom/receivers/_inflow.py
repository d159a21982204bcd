"""A stream of messages whose client waits for no answer between them: what of it is on its way to the disk.

The next message is taken while the ones before are still being synced, up to a bound: a stream that waited for the
disk after each would have the disk's pace.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, cast

from grpc import StatusCode

from logloom._native import Delivery, Wire
from logloom.errors import DataError
from logloom.receivers._grpc import RETRY_AFTER_S, Refusal

if TYPE_CHECKING:
    from logloom._native import Messages, WireMessage
    from logloom.identity import Sender
    from logloom.intake import Push
    from logloom.room import Guest

__all__ = ["Inflow"]

OPEN_BYTES_MAX: Final = 1 << 20
"""What one stream may have on its way to the disk; a message more, where that alone is larger."""
OPEN_MESSAGES_MAX: Final = 64
RETRY_S: Final = 0.1
"""The least wait before the same message is pushed again, in seconds."""
RETRY_S_MAX: Final = 5.0


class Inflow:
    """One stream.

    Args:
        push: Where messages go.
        to: As which format.
        sender: Whose they are.
        guest: The stream's share of the room.
        stopping: Done when the service stops.
        working: What must be finished although the client is gone.
    """

    def __init__(
        self,
        push: "Push",
        to: "Messages",
        sender: "Sender",
        *,
        guest: "Guest",
        stopping: "asyncio.Future[bool]",
        working: "set[asyncio.Future[Any]]",
    ) -> None:
        self.peer = sender.peer
        self._known = sender.known()
        self._push = push
        self._to = to
        self._guest = guest
        self._stopping = stopping
        self._working = working
        self._wire = Wire.envoyals()
        self._open: deque[tuple[WireMessage, asyncio.Future[bool]]] = deque()

    async def take(self, data: bytes) -> None:
        """Take a message: it is in the journal, though not yet on disk.

        Raises:
            Refusal: It never will be, or the service stops before it is.
        """
        self._wire.feed(data)
        try:
            message = cast("WireMessage", self._wire.step())  # there is one for each
        except DataError as error:
            raise Refusal(StatusCode.INVALID_ARGUMENT, str(error.args[0])) from None
        while not self._guest.take(len(message)):
            if self._open:  # or streams would wait for room that they have themselves
                await self.safe()
            else:
                await self._wait(RETRY_S)
        await self._finished(self._append(message))
        await self._settle(OPEN_MESSAGES_MAX, OPEN_BYTES_MAX)

    async def safe(self) -> None:
        """Wait until all that was taken is on disk.

        Raises:
            Refusal: The service stops before.
        """
        await self._settle(0, 0)

    async def _settle(self, messages_max: int, bytes_max: int) -> None:
        while self._open and (len(self._open) > messages_max or self._guest.bytes > bytes_max):
            message, durable = self._open.popleft()
            if await durable:
                self._guest.take(-len(message))
            else:  # withdrawn: the disk did not take it
                await self._finished(self._append(message))

    async def _finished(self, work: Coroutine[None, None, Delivery]) -> None:
        """What has come is taken, also where the client goes meanwhile."""
        task = asyncio.ensure_future(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        delivery = await asyncio.shield(task)
        if delivery.kind == "retry":
            raise Refusal(StatusCode.UNAVAILABLE, "stopping", RETRY_AFTER_S)
        if delivery.kind == "refuse":
            raise Refusal(StatusCode.INVALID_ARGUMENT, delivery.why)

    async def _append(self, message: "WireMessage") -> Delivery:
        """Push until it is taken, refused, or the service stops."""
        while (delivery := await self._push.append(self._to, message, self.peer, **self._known)).kind == "retry":
            await asyncio.wait((self._stopping,), timeout=min(max(delivery.retry_after_s, RETRY_S), RETRY_S_MAX))
            if self._stopping.done():
                return delivery
        if delivery.kind == "done":
            self._open.append((message, asyncio.ensure_future(self._push.durable(delivery.entry))))
        return delivery

    async def _wait(self, wait_s: float) -> None:
        await asyncio.wait((self._stopping,), timeout=wait_s)
        if self._stopping.done():
            raise Refusal(StatusCode.UNAVAILABLE, "stopping", RETRY_AFTER_S)
