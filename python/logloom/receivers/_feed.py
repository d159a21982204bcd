"""From a file's bytes to the core: read and pushed there in one step, a chunk of each file in turn."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from logloom.receivers._watch import Watch

if TYPE_CHECKING:
    from logloom._native import Delivery, Source
    from logloom.intake import Push, ReceiverContext
    from logloom.receivers._find import Troubles
    from logloom.receivers._tail import Tail
    from logloom.receivers.filelog import Config

__all__ = ["CHUNK_BYTES", "ROUND_BYTES", "Feed"]

CHUNK_BYTES: Final = 512 << 10
"""The most that is read of one file at once. Its records stay under the 4 MiB that gRPC destinations take at once."""
ROUND_BYTES: Final = 4 << 20
"""The most that is read before it is asked again which files have grown."""
RETRY_S: Final = 0.1
"""The least wait before the same bytes are pushed again."""
NEVER: Final = float("inf")


class Feed:
    """Reads files that have grown.

    Attributes:
        entry: The last entry of the journal that something was appended as.
        retry_at_s: Nothing is taken until then, by the monotonic clock.
    """

    def __init__(
        self, config: "Config", context: "ReceiverContext", push: "Push", watch: Watch, troubles: "Troubles"
    ) -> None:
        self._config = config
        self._context = context
        self._push = push
        self._watch = watch
        self._troubles = troubles
        self._unflushed: dict[Tail, None] = {}
        self._done: dict[Tail, None] = {}
        self._delete_at_s = 0.0
        self.entry = 0
        self.retry_at_s = 0.0

    @property
    def due_at_s(self) -> float:
        """When something is to be flushed or deleted next, by the monotonic clock."""
        period_s = self._config.force_flush_period or NEVER
        flush_at_s = min((tail.changed_at_s for tail in self._unflushed), default=NEVER) + period_s
        delete_at_s = min((tail.changed_at_s for tail in self._done), default=NEVER) + self._config.rotation_wait
        return max(min(flush_at_s, max(delete_at_s, self._delete_at_s)), self.retry_at_s)

    def read(self) -> None:
        """A chunk of each file that has grown, in turn, up to the bound of a round."""
        left_bytes, grown = ROUND_BYTES, self._watch.grown
        if grown and (busy_s := self._push.busy_s()) > 0:
            self.retry_at_s = time.monotonic() + busy_s
        while grown and left_bytes > 0 and time.monotonic() >= self.retry_at_s:
            tail = grown.pop(next(iter(grown)))
            read_bytes = self._troubles.attempt(tail.path, self._turn, tail)
            left_bytes -= read_bytes or 0
            if read_bytes is None:
                tail.changed_ns = -1  # it is tried again with the next look

    def flush(self) -> None:
        """Take as they are the last lines of files that are at their end, or silent for `force_flush_period`."""
        period_s = self._config.force_flush_period
        before_s = time.monotonic() - (period_s or NEVER)
        silent = [tail for tail in self._unflushed if tail.changed_at_s < before_s and not self._has_more(tail)]
        for tail in [*self._watch.over, *silent]:
            if tail.is_unflushed and tail.source is not None:
                delivery = tail.source.flush()
                if delivery.kind == "retry":
                    self._later(delivery)
                    return
                tail.is_unflushed = False
                self._note(delivery)
            self._unflushed.pop(tail, None)
        self._watch.over.clear()

    def _has_more(self, tail: "Tail") -> bool:
        """Whether it only seems to be silent: what has come was not read yet."""
        if (file := tail.file) is not None and not file.is_packed and file.facts()[2] != tail.offset:
            self._watch.grown.setdefault(tail.key, tail)
        return tail.key in self._watch.grown

    def delete(self) -> None:
        """Delete what was read to its end, cannot be lost any more, and was silent for long enough."""
        if (now_s := time.monotonic()) < self._delete_at_s:
            return
        before_s, self._delete_at_s = now_s - self._config.rotation_wait, now_s + RETRY_S
        for tail in [tail for tail in self._done if tail.changed_at_s < before_s]:
            if self._watch.tails.get(tail.key) is not tail or not tail.names:
                del self._done[tail]
            elif not tail.is_unflushed and tail.durable[0] == tail.offset:
                self._troubles.attempt(tail.path, self._delete, tail)
                del self._done[tail]

    def _delete(self, tail: "Tail") -> None:
        status = Path(tail.path).stat()
        if (status.st_dev, status.st_ino) == tail.key and status.st_size == tail.size_bytes and tail.is_at_end:
            Path(tail.path).unlink()

    def _turn(self, tail: "Tail") -> int:
        watch = self._watch
        if not watch.opened.open(tail, watch.grown) or (is_ready := tail.settle()) is None or tail.file is None:
            watch.replaced(tail)
            return 0
        if not is_ready:  # a long way to the place: the others go on meanwhile
            watch.grown[tail.key] = tail
            return CHUNK_BYTES
        if tail.source is None:
            tail.source = self._source(tail)
        delivery, size_bytes, is_replaced = tail.file.push_to(tail.source, CHUNK_BYTES)
        if is_replaced:
            watch.replaced(tail)
        elif delivery is None:
            self._at_end(tail)
        elif delivery.kind == "retry":
            watch.grown[tail.key] = tail
            self._later(delivery)
        else:
            if delivery.kind == "refuse":
                self._context.log.error(
                    "passed over what cannot be read", extra={"path": tail.path, "why": delivery.why}
                )
            tail.advance(size_bytes, self._config.fingerprint_size)
            self._note(delivery)
            self._unflushed[tail] = None
            watch.has_changed = True
            if size_bytes == CHUNK_BYTES or tail.file.is_packed or self._config.delete_after_read:
                watch.grown[tail.key] = tail  # for more, or to see its end
        return size_bytes

    def _at_end(self, tail: "Tail") -> None:
        if tail.file is not None and tail.file.is_packed:
            if tail.file.is_complete:
                self._troubles.over(tail.path)
            else:
                self._troubles.say(tail.path, "ends within what is compressed: it was read up to there")
            self._watch.finished(tail)
        if self._config.delete_after_read:
            self._done[tail] = None

    def _source(self, tail: "Tail") -> "Source":
        config = self._config
        return self._push.source(
            config.format,
            peer=os.fsencode(tail.path).decode("utf-8", "replace"),
            resource=config.resource | config.known_of(tail.path),
            attributes=config.attributes,
            offset=tail.offset,
            records=tail.records,
            record_offset=config.include_file_record_offset,
            record_number=config.include_file_record_number,
            keep_original=config.keep_original,
            frame_bytes_max=config.max_log_size,
            **config.format_options(),
        )

    def _later(self, delivery: "Delivery") -> None:
        self.retry_at_s = time.monotonic() + max(delivery.retry_after_s, RETRY_S)

    def _note(self, delivery: "Delivery") -> None:
        self.entry = max(self.entry, delivery.entry)
