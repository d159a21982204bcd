"""Files that are new to the receiver: whether they are really new, and where they are begun."""

import time
from collections.abc import Mapping
from typing import Final

from logloom._native import LogFile
from logloom.receivers._find import Key, Rules, Troubles, is_related
from logloom.receivers._fingerprint import Fingerprint, Head
from logloom.receivers._offsets import Offsets
from logloom.receivers._places import Place
from logloom.receivers._tail import MARK_BYTES, SKIP_BYTES, Tail, last_line_end

__all__ = ["NEVER", "Meeting"]

NEVER: Final = float("inf")
BEGINNING_BYTES_MIN: Final = 32
"""What is shorter, others have too: a time, a word."""
QUIET_S: Final = 1.0
"""How long a packed file must not have grown before it is read: it is being written until then."""


class Meeting:
    """Decides for each new file.

    Attributes:
        is_first: Whether this is the first look since the start.
        waiting: Files that cannot be decided on yet, and when to ask again, by the monotonic clock; 0: after more
            was read.
    """

    def __init__(self, rules: Rules, offsets: Offsets, troubles: Troubles) -> None:
        self._rules = rules
        self._offsets = offsets
        self._troubles = troubles
        self._sizes: dict[str, int] = {}
        self._claimed: list[Tail] = []
        self.is_first = True
        self.waiting: dict[str, float] = {}

    def meet(self, path: str, tails: Mapping[Key, Tail], *, is_named: bool) -> tuple[Tail, Place | None] | None:
        """The file, from where it was left or from where the rules say; None where it is not to be read, or not yet.

        Args:
            path: Where it is.
            tails: Those that are followed already.
            is_named: Whether the rules name it; else it is read only where a file goes on in it that was read before.

        Raises:
            OSError: It is not there, or not ours to read.
        """
        file = LogFile(path, self._rules.compression)
        device, inode, size_bytes, changed_ns, _ = file.facts()
        key = (device, inode)
        self.waiting.pop(path, None)
        if key in tails or (file.is_packed and not self._is_quiet(path, size_bytes, changed_ns)):
            return None
        if file.is_packed and any(_is_unread(tail, path) for tail in tails.values()):
            self.waiting[path] = 0.0  # it may be that one, of which too little is known yet
            return None
        head = Head(file.head(self._rules.fingerprint_bytes))
        place = self._offsets.claim(
            key, path, head, None if file.is_packed else size_bytes, lambda place: has_mark(file, place)
        )
        offset, is_done = 0, False
        if place is not None:
            offset = place.offset
            is_done = file.is_packed and (place.is_whole or place.packed_bytes == size_bytes)
        elif not is_named or self._is_too_old(changed_ns):
            return None
        elif self.is_first and self._rules.start_at_end and path not in self._offsets.paths:
            is_done = file.is_packed
            offset = 0 if file.is_packed else last_line_end(file, size_bytes)
        elif (copied := self._copied(path, file, head, tails)) is not None:
            # What is new in it shows once the other is cut back or gone; of which little may be known yet.
            is_sure = copied.fingerprint.size_bytes >= BEGINNING_BYTES_MIN
            self.waiting[path] = NEVER if is_sure else time.monotonic() + QUIET_S
            return None
        fingerprint = Fingerprint(head.size_bytes, head.digest(head.size_bytes))
        tail = Tail(path, key, file, fingerprint=fingerprint, offset=offset, mark=place.mark if place else None)
        tail.packed_bytes = size_bytes if is_done else 0
        tail.look(size_bytes, changed_ns)
        if place is not None:
            tail.source, tail.records = place.source, place.records
            if self.is_first:
                self._claimed.append(tail)
        return tail, place

    def _copied(self, path: str, file: LogFile, head: Head, tails: Mapping[Key, Tail]) -> Tail | None:
        """Which file it is a copy of, as far as that was read."""
        known = self._claimed if self.is_first else tails.values()
        return next((tail for tail in known if _is_copy(tail, path, file, head)), None)

    def _is_quiet(self, path: str, size_bytes: int, changed_ns: int) -> bool:
        if time.time() - changed_ns / 1e9 > QUIET_S or self._sizes.get(path) == size_bytes:
            self._sizes.pop(path, None)
            return True
        self._sizes[path] = size_bytes
        self.waiting[path] = time.monotonic() + QUIET_S
        return False

    def _is_too_old(self, changed_ns: int) -> bool:
        return 0 < self._rules.older_than_s < time.time() - changed_ns / 1e9


def has_mark(file: LogFile, place: Place) -> bool:
    """Whether before the place that was read to there stands what stood there. The file is at that place then."""
    if file.is_packed and place.is_whole:
        return True
    file.go_to(place.offset)
    while not file.settle(SKIP_BYTES):
        pass
    mark = Fingerprint.of(file.mark)
    return mark == place.mark if place.mark is not None else mark.size_bytes == min(place.offset, MARK_BYTES)


def _is_unread(tail: Tail, path: str) -> bool:
    """Whether a file that was rotated away is still to be read, which may have become the packed one there."""
    return not tail.names and not tail.is_at_end and is_related(tail.path, path)


def _is_copy(tail: Tail, path: str, file: LogFile, head: Head) -> bool:
    """Whether the file has what was read of the other one: a rotation is copying it, or packing it."""
    if tail.offset and tail.fingerprint.begins(head) and is_related(tail.path, path):
        mark = tail.mark_at(tail.offset)
        return has_mark(file, Place(path, tail.key, tail.fingerprint, tail.offset, mark))
    return False
