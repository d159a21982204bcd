"""What came without an acknowledgement, and waits for the journal: bounded, and what finds no room is counted."""

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Final

from logloom.room import Room

if TYPE_CHECKING:
    from logloom._native import Messages
    from logloom.intake import Push, ReceiverContext

__all__ = ["AT_ONCE_MAX", "Queue"]

AT_ONCE_MAX: Final = 64
"""Messages that are read, or pushed, at once: they share the journal's commits."""
RETRY_S: Final = 0.01
"""The least wait before what the journal did not take is pushed again, in seconds."""
STOP_S: Final = 5.0
"""How long a stop waits for what came to be pushed, in seconds."""


class Queue:
    """Messages that nobody would send again.

    Attributes:
        dropped: Messages that found no room here, or for too long none in the journal.
    """

    def __init__(
        self, size_bytes_max: int, max_wait_s: float, context: "ReceiverContext", push: "Push", messages: "Messages"
    ) -> None:
        """It holds `size_bytes_max` bytes; a message waits `max_wait_s` seconds for a full journal."""
        self.dropped = 0
        self._max_wait_s = max_wait_s
        self._stopping = context.stopping
        self._push = push
        self._messages = messages
        self._waiting: deque[tuple[bytes, str]] = deque()
        self._guest = Room(size_bytes_max, context.room).guest()
        self._idle = asyncio.Event()
        self._idle.set()
        self._came = asyncio.Event()

    def take(self, data: bytes, peer: str) -> None:
        """A message came, from `peer`."""
        if not self._guest.take(len(data)):
            self.dropped += 1
            return
        self._waiting.append((data, peer))
        self._idle.clear()
        self._came.set()

    async def work(self) -> None:
        """Push what comes, until it is cancelled."""
        waiting = self._waiting
        while True:
            if not waiting:
                self._idle.set()
                self._came.clear()
                await self._came.wait()
            # They stay in the queue until they are taken: a stop that cuts this off counts them as dropped.
            now = [waiting[at] for at in range(min(len(waiting), AT_ONCE_MAX))]
            await self._pushed(now)
            for data, _ in now:
                waiting.popleft()
                self._guest.count(self._guest.bytes - len(data))

    async def _pushed(self, messages: list[tuple[bytes, str]]) -> None:
        """Push them until they are on disk, or were not taken for `max_wait`."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._max_wait_s
        while messages:
            appended: list[tuple[int, tuple[bytes, str]]] = []
            retry_s = 0.0
            for at, (data, peer) in enumerate(messages):
                delivery = await self._push.append(self._messages, data, peer)
                if delivery.kind == "retry":
                    retry_s = max(delivery.retry_after_s, RETRY_S)
                    messages = messages[at:]
                    break
                if delivery.entry:
                    appended.append((delivery.entry, (data, peer)))
            else:
                messages = []
            # The last first: when it is decided, so are those before it.
            again = [message for entry, message in reversed(appended) if not await self._push.durable(entry)]
            if again:
                retry_s = max(retry_s, RETRY_S)
                messages = [*reversed(again), *messages]
            if messages:
                if loop.time() >= until_s or self._stopping.is_set():
                    self.dropped += len(messages)
                    return
                await asyncio.sleep(min(retry_s, self._max_wait_s))

    async def drain(self) -> None:
        """Wait until all is pushed, as far as the journal takes it at once."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), STOP_S)

    def close(self) -> None:
        """What is still here is lost, and counted; call it when nobody works any more."""
        self.dropped += len(self._waiting)
        self._guest.leave()
