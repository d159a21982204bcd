"""Who waits for which entry of the journal to be on disk. One descriptor wakes them all: no thread waits for a push."""

import asyncio
import contextlib
import heapq
from collections.abc import Iterator

from logloom._native import Journal

__all__ = ["Commits"]


class Commits:
    """The pushes that wait for their entry, woken as the journal commits."""

    def __init__(self, journal: Journal) -> None:
        """Nothing is watched yet."""
        self._journal = journal
        self._positions: list[int] = []
        self._waiting: dict[int, asyncio.Future[bool]] = {}

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Let the running event loop watch the journal, which must outlive this."""
        descriptor = self._journal.notify_fd()
        if descriptor is None:  # in memory an entry is decided when it is appended
            yield
            return
        loop = asyncio.get_running_loop()
        loop.add_reader(descriptor, self.look)
        try:
            yield
        finally:
            loop.remove_reader(descriptor)

    async def durable(self, position: int) -> bool:
        """Wait until the entry at `position` is on disk; False: it was withdrawn, its sender must send it again.

        Call it once for a position, on the loop that watches.
        """
        fate = self._journal.fate(position)
        if fate != "waiting":
            return fate == "durable"
        decided: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[position] = decided
        heapq.heappush(self._positions, position)
        return await decided

    def look(self) -> None:
        """Wake those whose entry was decided since the last look."""
        decided_to, withdrawn = self._journal.poll()
        for position in withdrawn:
            self._decide(position, is_durable=False)
        while self._positions and self._positions[0] <= decided_to:
            self._decide(heapq.heappop(self._positions), is_durable=True)

    def _decide(self, position: int, *, is_durable: bool) -> None:
        decided = self._waiting.pop(position, None)
        if decided is not None and not decided.done():  # who was cancelled waits no more
            decided.set_result(is_durable)
