"""Which files there are to read: finds those that `include` names, and follows them through rotations.

A file is known by its inode and by what it begins with, not by its name. Everything here blocks on the disk, and runs
on one thread at a time.
"""

import os
import time
from typing import Final

from logloom.receivers._find import Rules, Troubles, found, neighbours
from logloom.receivers._offsets import Offsets, Place
from logloom.receivers._tail import Key, Tail, is_related, last_line_end, open_regular

__all__ = ["Watch"]

GZIP: Final = b"\x1f\x8b"


class Watch:
    """The files that are followed.

    Attributes:
        tails: By device and inode.
        ended: Files, or what was in them before they were cut back, of which nothing more comes: to be flushed.
    """

    def __init__(self, rules: Rules, offsets: Offsets, troubles: Troubles) -> None:
        """`offsets`: loaded."""
        self._rules = rules
        self._offsets = offsets
        self._troubles = troubles
        self._is_first = True
        self._next = 0
        self.tails: dict[Key, Tail] = {}
        self.ended: list[Tail] = []

    def scan(self) -> None:
        """Look for files that are new, have grown, were rotated, cut back or deleted."""
        there = found(self._rules, self._troubles)
        for key, tail in list(self.tails.items()):
            if key in there:
                path, status = there[key]
                self._look(tail, status)
                tail.path = path
            else:
                self._follow(tail)
        for key, (path, _) in there.items():
            if key not in self.tails:
                self._troubles.attempt(path, self._meet, path)
        for place in [place for place in self._offsets.places if not place.is_sought]:
            place.is_sought = True
            self._seek(place)
        self._is_first = False

    def read(self, size_bytes_max: int) -> list[tuple[Tail, bytes]]:
        """What comes next of the files that have grown, in turn, so that a busy one does not hold up the others."""
        grown = [tail for tail in self.tails.values() if tail.size_bytes > tail.offset]
        chunks: list[tuple[Tail, bytes]] = []
        start = self._next % max(1, len(grown))
        for self._next, tail in enumerate(grown[start:] + grown[:start], start + 1):
            if data := self._troubles.attempt(tail.path, self._read, tail, size_bytes_max):
                chunks.append((tail, data))
                size_bytes_max -= len(data)
            if size_bytes_max <= 0:
                break
        opened = sorted((tail for tail in self.tails.values() if tail.is_open), key=lambda tail: tail.changed_at_s)
        for tail in opened[: max(0, len(opened) - self._rules.open_files_max)]:
            tail.close()
        return chunks

    def close(self) -> None:
        """Close all files."""
        for tail in self.tails.values():
            tail.close()

    def _look(self, tail: Tail, status: os.stat_result) -> None:
        is_changed = status.st_mtime_ns != tail.changed_ns
        if (is_changed and not self._troubles.attempt(tail.path, tail.reopen)) or tail.is_begun_anew(status):
            self._end(tail)  # and met again, from its beginning
        else:
            tail.look(status)

    def _follow(self, tail: Tail) -> None:
        """A file that `include` does not name any more: rotated away or deleted. Its last lines may still be coming."""
        if not tail.is_open:
            tail.path = next(neighbours(tail.path, tail.key[1], by_name=False), tail.path)
        if not self._troubles.attempt(tail.path, tail.reopen):
            self._end(tail)
            return
        self._look(tail, tail.status())
        silent_s = time.monotonic() - tail.changed_at_s
        if tail.key in self.tails and tail.offset >= tail.size_bytes and silent_s > self._rules.rotation_wait_s:
            self._end(tail)

    def _end(self, tail: Tail) -> None:
        del self.tails[tail.key]
        tail.close()
        self._offsets.leave(tail)
        self.ended.append(tail)

    def _meet(self, path: str) -> None:
        """Begin to follow a file, from where it was left or from where the rules say."""
        fd, status = open_regular(path)
        try:
            tail = self._begin(path, fd, status)
        except BaseException:
            os.close(fd)
            raise
        if tail is None:
            os.close(fd)
        else:
            self.tails[tail.key] = tail
            self._troubles.over(path)

    def _begin(self, path: str, fd: int, status: os.stat_result) -> Tail | None:
        head = os.pread(fd, self._rules.fingerprint_bytes, 0)
        if head[:2] == GZIP:
            self._troubles.say(path, "is compressed, and so not read: exclude it")
            return None
        key, size_bytes = (status.st_dev, status.st_ino), status.st_size
        if (place := self._offsets.claim(key, path, head, size_bytes)) is not None:
            offset = place.offset
        elif any(self._is_copy(tail, path, fd, head, size_bytes) for tail in self.tails.values()):
            return None  # a rotation is copying it; what is new in it shows once the other is cut back
        elif self._is_first and self._rules.start_at_end and path not in self._offsets.paths:
            offset = last_line_end(fd, size_bytes)
        else:
            offset = 0
        tail = Tail(path, fd, offset=offset, head=head)
        if place is not None and place.source is not None:  # what it holds of a line that was cut is still wanted
            tail.source = place.source
            self.ended = [left for left in self.ended if left.source is not place.source]
        return tail

    def _is_copy(self, tail: Tail, path: str, fd: int, head: bytes, size_bytes: int) -> bool:
        looks_so = 0 < tail.offset <= size_bytes and tail.fingerprint.begins(head) and is_related(tail.path, path)
        return looks_so and bool(self._troubles.attempt(tail.path, tail.reopen)) and tail.is_copied_by(fd)

    def _seek(self, place: Place) -> None:
        """Look beside its old name for a file that was left before its end, and is called otherwise now."""
        for path in neighbours(place.path, place.key[1], by_name=True):
            self._troubles.attempt(path, self._meet_again, place, path)

    def _meet_again(self, place: Place, path: str) -> None:
        fd, status = open_regular(path)
        head = os.pread(fd, self._rules.fingerprint_bytes, 0)
        os.close(fd)
        key, size_bytes = (status.st_dev, status.st_ino), status.st_size
        if key not in self.tails and size_bytes > place.offset and place.fits(key, path, head, size_bytes):
            self._meet(path)

    def _read(self, tail: Tail, size_bytes_max: int) -> bytes:
        if tail.reopen():
            return tail.read(size_bytes_max, self._rules.fingerprint_bytes)
        self._end(tail)
        return b""
