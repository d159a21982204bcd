"""From a file's bytes to the core: read and pushed there in one step, a chunk of each file in turn."""

import os
import time
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from logloom.receivers._delete import Deleting
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
        deleting: Those that were read to their end, where they are to be deleted then.
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
        self._flush_after_s = config.lines.flush_after_s()
        self.deleting = Deleting(watch, troubles, config.rotation_wait)
        self.entry = 0
        self.retry_at_s = 0.0

    @property
    def due_at_s(self) -> float:
        """When something is to be flushed or deleted next, by the monotonic clock."""
        period_s = self._flush_after_s or NEVER
        first = next(iter(self._unflushed), None)
        flush_at_s = NEVER if first is None else first.changed_at_s + period_s
        return max(min(flush_at_s, self.deleting.due_at_s), self.retry_at_s)

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
                self._unflushed.pop(tail, None)

    def flush(self) -> None:
        """Take as they are the last lines of files that are at their end, or silent for `force_flush_period`."""
        period_s = self._flush_after_s
        before_s = time.monotonic() - (period_s or NEVER)
        since = takewhile(lambda tail: tail.changed_at_s < before_s, self._unflushed)  # the longest silent is the first
        silent = [tail for tail in since if not self._has_more(tail)]
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
        if (file := tail.file) is not None and not tail.is_packed and file.facts()[2] != tail.offset:
            self._watch.grown.setdefault(tail.key, tail)
        return tail.key in self._watch.grown

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
            self._unflushed.pop(tail, None)
            self._unflushed[tail] = None
            watch.has_changed = True
            if size_bytes == CHUNK_BYTES or tail.is_packed or self._config.delete_after_read:
                watch.grown[tail.key] = tail  # for more, or to see its end
        return size_bytes

    def _at_end(self, tail: "Tail") -> None:
        if tail.file is not None and tail.is_packed:
            if tail.file.is_complete:
                self._troubles.over(tail.path)
            else:
                self._troubles.say(tail.path, "ends within what is compressed: it was read up to there")
            self._watch.finished(tail)
        if self._config.delete_after_read:
            self.deleting.add(tail)

    def _source(self, tail: "Tail") -> "Source":
        config, lines = self._config, self._config.lines
        return self._push.source(
            lines.format,
            peer=os.fsencode(tail.path).decode("utf-8", "replace"),
            resource=lines.resource(tail.path),
            attributes=lines.attributes(),
            offset=tail.offset,
            records=tail.records,
            record_offset=config.include_file_record_offset,
            record_number=config.include_file_record_number,
            keep_original=config.keep_original,
            frame_bytes_max=config.max_log_size,
            sender=None,
            **lines.options(),
        )

    def _later(self, delivery: "Delivery") -> None:
        self.retry_at_s = time.monotonic() + max(delivery.retry_after_s, RETRY_S)

    def _note(self, delivery: "Delivery") -> None:
        self.entry = max(self.entry, delivery.entry)
