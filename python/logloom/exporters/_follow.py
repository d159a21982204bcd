"""Follows the Journal for one exporter: the next batch, sent until it is settled, then the one after it."""

import asyncio
import random
import threading
import time
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final

from logloom._native import Batch, Cursor, Delivery
from logloom.config import Retry
from logloom.errors import RefuseError, RetryError
from logloom.exporters import Exporter, ExporterContext

__all__ = ["Counts", "Cut", "Follower"]

REQUEST_BYTES_MAX: Final = 3_500_000
"""Entries are merged into a request up to so many bytes: gRPC servers take 4 MiB by default."""
RECORDS_MAX: Final = 1 << 30
"""Where the config bounds the bytes alone."""
WAIT_S: Final = 5.0
"""How long one look into the Journal waits. Closing it wakes who waits."""
AFTER_S_MAX: Final = 3600.0
"""The longest delay that a destination may ask for, in seconds."""
STOPPING_WAIT_S_MAX: Final = 1.0
"""The longest wait between attempts while the service stops, in seconds."""


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
        refused: Records that it refused for good.
        dropped: Records that were given up by `retry_on_failure`.
        retries: Attempts after a first one.
    """

    delivered: int = 0
    refused: int = 0
    dropped: int = 0
    retries: int = 0


class Follower:
    """One exporter, its Cursor, and when it tries again."""

    def __init__(
        self,
        exporter: Exporter,
        cursor: Cursor,
        threads: Executor,
        *,
        retry: Retry | None,
        cut: Cut,
        context: ExporterContext,
    ) -> None:
        """`threads` must have a thread to spare for each follower: it waits there for the Journal."""
        self.id = context.id
        self.counts = Counts()
        self.pending = cursor
        self._exporter = exporter
        self._cursor = cursor
        self._retry = retry or Retry(enabled=False)
        self._cut = cut
        self._threads = threads
        self._log = context.log
        self._held: tuple[Batch, int] | None = None
        self._closed = threading.Event()
        self._stopping = asyncio.Event()

    def stopping(self) -> None:
        """The service stops: wait no longer than a second between attempts."""
        self._stopping.set()

    def closed(self) -> None:
        """The Journal is closed: what it still holds is all there is."""
        self._closed.set()

    async def run(self) -> None:
        """Deliver until the Journal is closed and read to its end."""
        loop = asyncio.get_running_loop()
        while True:
            last = self._closed.is_set()
            step = await loop.run_in_executor(self._threads, self._next)
            if step is not None:
                batch, position = step
                await self._deliver(batch)
                self._cursor.done(position)
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
            if (left_s := until - time.monotonic()) <= 0 or self._closed.is_set():
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
        began = time.monotonic()
        interval_s = self._retry.initial_interval
        while True:
            delivery, why = await self._attempt(batch)
            if delivery.kind == "done":
                self._settled(batch, delivery)
                return
            if delivery.kind == "refuse":
                self.counts.refused += len(batch)
                self._log.error("refused for good", extra={"records": len(batch), "why": why})
                return
            elapsed_s = time.monotonic() - began
            if not self._retry.enabled or 0 < self._retry.max_elapsed_time < elapsed_s:
                self.counts.dropped += len(batch)
                told: dict[str, Any] = {"records": len(batch), "why": why, "elapsed_s": elapsed_s}
                self._log.error("not taken, and retry_on_failure gives up", extra=told)
                return
            spread = self._retry.randomization_factor
            wait_s = interval_s * random.uniform(1 - spread, 1 + spread)  # noqa: S311 - jitter is no secret
            wait_s = max(wait_s, min(delivery.retry_after_s, AFTER_S_MAX))
            self.counts.retries += 1
            self._log.warning("not taken, trying again", extra={"records": len(batch), "why": why, "after_s": wait_s})
            await self._pause(wait_s)
            interval_s = min(interval_s * self._retry.multiplier, self._retry.max_interval)

    async def _attempt(self, batch: Batch) -> tuple[Delivery, str]:
        try:
            delivery = await self._exporter.send(batch)
        except RetryError as error:
            return Delivery.retry(error.after_s), str(error)
        except RefuseError as error:
            return Delivery.refuse(str(error)), str(error)
        except (OSError, TimeoutError) as error:
            return Delivery.retry(0.0), str(error) or type(error).__name__
        return delivery, delivery.why if delivery.kind == "refuse" else "it asked to come again"

    def _settled(self, batch: Batch, delivery: Delivery) -> None:
        refused = max(len(batch) - delivery.accepted, 0)
        self.counts.delivered += len(batch) - refused
        self.counts.refused += refused
        if refused:
            why = next((reason for _, reason in delivery.refused), "no reason given")
            self._log.error("refused some records for good", extra={"records": refused, "why": why})

    async def _pause(self, wait_s: float) -> None:
        """Wait for `wait_s` seconds; once the service stops, for a second at most."""
        try:
            await asyncio.wait_for(self._stopping.wait(), wait_s)
        except TimeoutError:
            return
        await asyncio.sleep(min(wait_s, STOPPING_WAIT_S_MAX))
