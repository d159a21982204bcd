"""Follows the Journal for one exporter: the next batch, sent until each record of it is settled, then the one after it.

What a destination does not take has one of three causes, and each its own way: not now (tried again, as
`retry_on_failure` says), not from us (tried again for ever: nothing is wrong with the records), not these records
(found out one by one and put aside, with the reason, while the others are delivered in their order).
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final, Protocol, Self

from logloom._native import Batch, Cursor, Delivery, Journal
from logloom.config import Retry
from logloom.errors import DestinationError, RefuseError, RetryError
from logloom.exporters import Exporter, ExporterContext, TooLargeError
from logloom.exporters._patience import Patience
from logloom.exporters._pieces import Pieces

__all__ = ["Bookmark", "Counts", "Cut", "DeadLetters", "Follower"]

REQUEST_BYTES_MAX: Final = 3_500_000
"""Entries are merged into a request up to so many bytes: gRPC servers take 4 MiB by default."""
RECORDS_MAX: Final = 1 << 30
"""Where the config bounds the bytes alone."""
WAIT_S: Final = 5.0
"""How long one look into the Journal waits. Closing it wakes who waits."""
STOPPING_WAIT_S_MAX: Final = 1.0
"""The longest wait between attempts while the service stops, in seconds."""
UNSURE_ATTEMPTS: Final = 5
"""So often an answer must come that does not tell whether the records are to blame, before they are."""
UNSURE_S_MAX: Final = 3600.0
"""And for so long where the destination took nothing else in the last sixth of it, in seconds."""
NOT_FROM_US: Final = "takes nothing from us until its address, headers or tls are put right: nothing is lost, it waits"


@dataclass(frozen=True, slots=True)
class Cut:
    """How the Journal's entries, which are never split, become requests.

    Attributes:
        records_min: Enough: send at once.
        records_max: Entries are merged into a request up to so many records.
        linger_s: The longest that records wait for others, in seconds.
    """

    records_min: int = 0
    records_max: int = RECORDS_MAX
    linger_s: float = 0.0


@dataclass(slots=True)
class Counts:
    """What became of an exporter's records so far.

    Attributes:
        delivered: Records that the destination took.
        dead_lettered: Records that it refused for good, and that were put aside.
        refused: Records that it refused of requests that it took, without saying which.
        dropped: Records that were given up by `retry_on_failure`.
        retries: Attempts after a first one.
    """

    delivered: int = 0
    dead_lettered: int = 0
    refused: int = 0
    dropped: int = 0
    retries: int = 0

    def __sub__(self, before: Self) -> "Counts":
        """What was added since."""
        return Counts(*(getattr(self, name) - getattr(before, name) for name in self.__slots__))


class DeadLetters(Protocol):
    """Where records go that a destination refuses for good."""

    async def __call__(self, exporter: str, batch: Batch, why: str) -> bool:
        """Keep them; they are safe when it returns. False: there is nowhere to keep them, and never will be.

        Raises:
            RetryError: There is no room for them now: they stay where they are.
        """
        ...


class _LeftError(Exception):
    """The service stops, and the destination does not take what is left."""


class Bookmark:
    """An exporter's place in the Journal, and what it saves of its own with it."""

    def __init__(self, journal: Journal, cursor: Cursor) -> None:
        """The exporter is done with nothing of what `cursor` gives."""
        self.cursor = cursor
        self._journal = journal
        self._position = 0

    def done(self, position: int, counts: Counts, state: bytes | None) -> None:
        """All up to `position` is settled, as `counts` says, and the exporter's state is this."""
        self._position = position
        self.cursor.done(
            position,
            delivered=counts.delivered,
            dead_lettered=counts.dead_lettered,
            dropped=counts.dropped + counts.refused,
            state=state,
        )

    async def save(self, state: bytes) -> None:
        """See the exporter's state onto the disk now, with the place where it is.

        Raises:
            OSError: It cannot be saved.
        """
        self.cursor.done(self._position, delivered=0, state=state)
        await asyncio.to_thread(self._journal.save)


class Follower:
    """One exporter, its Cursor, and when it tries again."""

    def __init__(
        self,
        exporter: Exporter,
        bookmark: Bookmark,
        threads: Executor,
        *,
        retry: Retry | None,
        cut: Cut,
        context: ExporterContext,
        dead_letters: DeadLetters,
        may_leave: bool = False,
        counts: Counts | None = None,
    ) -> None:
        """`threads` must have a thread to spare for each follower: it waits there for the Journal.

        `may_leave`: What is not delivered at a stop stays in the Journal for the next start. `counts`: those of the one
        before, to go on with.
        """
        self.id = context.id
        self.linger_s = cut.linger_s
        self.counts = counts or Counts()
        self.pending = bookmark.cursor
        self._exporter = exporter
        self._bookmark = bookmark
        self._cursor = bookmark.cursor
        self._checkpoint: Callable[[], bytes | None] = getattr(exporter, "checkpoint", lambda: None)
        self._retry = retry or Retry()
        self._cut = cut
        self._threads = threads
        self._log = context.log
        self._dead_letters = dead_letters
        self._may_leave = may_leave
        self._request_bytes_max: int | None = getattr(exporter, "request_bytes_max", None)
        self._only_counts: bool = getattr(exporter, "only_counts", False)
        self._taken_at_s = -UNSURE_S_MAX
        self._held: tuple[Batch, int] | None = None
        self._closed = threading.Event()
        self._is_leaving = threading.Event()
        self._stopping = asyncio.Event()

    def stopping(self) -> None:
        """The service stops: wait no longer than a second between attempts."""
        self._stopping.set()

    def leave(self) -> None:
        """End when what is in hand is settled; the rest stays in the Journal, also where that is not closed."""
        self._stopping.set()
        self._is_leaving.set()
        self._cursor.interrupt()

    def closed(self) -> None:
        """The Journal is closed: what it still holds is all there is."""
        self._closed.set()

    async def run(self) -> None:
        """Deliver until the Journal is closed and read to its end.

        Where what is not delivered stays in the Journal, a stop does not wait for a destination that does not take.
        """
        with contextlib.suppress(_LeftError):
            await self._run()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._is_leaving.is_set():
            last = self._closed.is_set()
            if self._only_counts:
                drained = await loop.run_in_executor(self._threads, self._cursor.drain, WAIT_S)
                self.counts.delivered += drained
                if last and not drained:
                    return
                continue
            step = await loop.run_in_executor(self._threads, self._next)
            if step is not None:
                batch, position = step
                before = replace(self.counts)
                await self._deliver(batch)
                self._bookmark.done(position, self.counts - before, self._checkpoint())
            elif last:
                return

    def _next(self) -> tuple[Batch, int] | None:
        cut = self._cut
        step, self._held = self._held, None
        step = step or self._cursor.next(cut.records_max, REQUEST_BYTES_MAX, WAIT_S)
        if step is None or cut.linger_s <= 0:
            return step
        batch, position = step
        until = time.monotonic() + cut.linger_s
        while len(batch) < min(cut.records_min, cut.records_max) and batch.otlp_len < REQUEST_BYTES_MAX:
            if (left_s := until - time.monotonic()) <= 0 or self._closed.is_set() or self._is_leaving.is_set():
                break
            room, room_bytes = cut.records_max - len(batch), REQUEST_BYTES_MAX - batch.otlp_len
            more = self._cursor.next(room, room_bytes, left_s)
            if more is None:
                continue
            if len(more[0]) > room or more[0].otlp_len > room_bytes:
                self._held = more  # an entry is never split: it opens the next request
                break
            batch, position = batch.append(more[0]), more[1]
        return batch, position

    async def _deliver(self, batch: Batch) -> None:
        pieces = Pieces(batch, self._request_bytes_max)
        patience = Patience(self._retry)
        while (piece := pieces.first()) is not None:
            try:
                delivery = await self._attempt(piece)
            except DestinationError as error:
                patience.wait_for_ever()
                self._log.error(NOT_FROM_US, extra={"records": len(piece), "why": str(error)})
                await self._again(patience, error.after_s)
            except RetryError as error:
                await self._later(pieces, patience, error)
            except TooLargeError as error:
                if (bytes_max := pieces.too_large()) is None:
                    await self._refused(pieces, str(error))
                else:
                    self._request_bytes_max = bytes_max
                    self._log.info("sends less at once", extra={"bytes_max": bytes_max, "why": str(error)})
            except RefuseError as error:
                if self._believes(patience, error):
                    await self._refused(pieces, str(error))
                else:
                    await self._later(pieces, patience, RetryError(str(error)))
            else:
                pieces.taken()
                patience.renew()
                self._taken_at_s = time.monotonic()
                await self._taken(piece, delivery)

    async def _attempt(self, piece: Batch) -> Delivery:
        """One request; what was taken of it.

        Raises:
            RetryError: Nothing was taken now.
            RefuseError: Nothing was taken and never will be.
        """
        try:
            delivery = await self._exporter.send(piece)
        except (OSError, TimeoutError) as error:
            raise RetryError(str(error) or type(error).__name__) from error
        if delivery.kind == "retry":
            msg = "it asked to come again"
            raise RetryError(msg, delivery.retry_after_s)
        if delivery.kind == "refuse":
            raise RefuseError(delivery.why)
        return delivery

    def _believes(self, patience: Patience, error: RefuseError) -> bool:
        """Whether a refusal is about the records.

        Of an answer that does not tell, once it came often enough while the destination took others, or for very long.
        """
        if not error.is_sure and not patience.is_believing:
            others_taken = time.monotonic() - self._taken_at_s < UNSURE_S_MAX / 6
            tried = patience.attempts >= UNSURE_ATTEMPTS
            patience.is_believing = tried and (others_taken or patience.elapsed_s >= UNSURE_S_MAX)
        return error.is_sure or patience.is_believing

    async def _later(self, pieces: Pieces, patience: Patience, error: RetryError) -> None:
        if patience.is_over():
            left = sum(map(len, pieces.all_left()))
            self.counts.dropped += left
            told = {"records": left, "why": str(error), "elapsed_s": patience.elapsed_s}
            self._log.error("not taken, and retry_on_failure gives up", extra=told)
            return
        self._log.warning("not taken, trying again", extra={"why": str(error), "attempt": patience.attempts + 1})
        await self._again(patience, error.after_s)

    async def _again(self, patience: Patience, after_s: float) -> None:
        self.counts.retries += 1
        await self._pause(patience.next_wait_s(after_s))

    async def _refused(self, pieces: Pieces, why: str) -> None:
        doomed = pieces.refused()
        if doomed is not None:
            await self._put_aside(doomed, why)

    async def _put_aside(self, batch: Batch, why: str) -> None:
        """To the dead letters; as long as there is no room for them, nothing else happens."""
        patience, is_kept = Patience(Retry()), False
        while True:
            try:
                is_kept = await self._dead_letters(self.id, batch, why)
            except (RetryError, OSError) as error:
                told = {"records": len(batch), "why": str(error)}
                self._log.error("refused for good, and there is no room among the dead letters: waits", extra=told)
                await self._pause(patience.next_wait_s(0.0))
            else:
                break
        told = {"records": len(batch), "why": why}
        if is_kept:
            self.counts.dead_lettered += len(batch)
            self._log.error("refused for good, and put aside", extra=told)
        else:
            self.counts.dropped += len(batch)
            self._log.error("refused for good, and lost: a journal in memory keeps no dead letters", extra=told)

    async def _taken(self, piece: Batch, delivery: Delivery) -> None:
        """Of a request that was taken, some records may have been refused all the same."""
        refused = max(len(piece) - delivery.accepted, 0)
        named = {record: why for record, why in delivery.refused if record < len(piece)}
        self.counts.delivered += len(piece) - refused
        if len(named) == refused:
            for why in dict.fromkeys(named.values()):
                records = [record for record, its in named.items() if its == why]
                await self._put_aside(piece.select(records), why)
        else:
            self.counts.refused += refused
            why = next((why for _, why in delivery.refused), "no reason given")
            told = {"records": refused, "of": len(piece), "why": why}
            self._log.error("refused some records of a request, and does not say which", extra=told)

    async def _pause(self, wait_s: float) -> None:
        """Wait for `wait_s` seconds; once the service stops, not at all, and leave after the attempt that follows.

        Where nothing would stay in the Journal: once the service stops, for a second at most.
        """
        if self._stopping.is_set() and self._may_leave:
            raise _LeftError
        try:
            await asyncio.wait_for(self._stopping.wait(), wait_s)
        except TimeoutError:
            return
        if not self._may_leave:
            await asyncio.sleep(min(wait_s, STOPPING_WAIT_S_MAX))
