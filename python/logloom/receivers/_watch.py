"""Which files there are to read: meets those that the rules name, and follows them through rotations.

A file is known by its inode and content, not by its name. Everything here blocks on the disk, and runs on one thread.
"""

import os
import time
from collections.abc import Iterable

from logloom.receivers._find import Key, Rules, Troubles, neighbours
from logloom.receivers._meet import Meeting
from logloom.receivers._names import Names
from logloom.receivers._offsets import Offsets
from logloom.receivers._opened import Opened, statuses
from logloom.receivers._tail import Tail

__all__ = ["Watch"]


class Watch:
    """The files that are followed.

    Attributes:
        tails: By device and inode.
        grown: Those of them in which there may be something to read, in turn.
        loose: Those that the rules do not name any more.
        ended: Files that were cut back or are gone: what they still had may be in a copy, which the next look finds.
        over: Files of which nothing more comes: to be flushed.
        folders: What must be watched to know of changes.
        must_scan: Whether something changed that only a look at everything finds.
        has_changed: Whether there is anything to save.
    """

    def __init__(self, rules: Rules, offsets: Offsets, troubles: Troubles) -> None:
        self._rules = rules
        self._offsets = offsets
        self._troubles = troubles
        self._names = Names(rules, troubles)
        self.meeting = Meeting(rules, offsets, troubles)
        self.opened = Opened(rules)
        self.tails: dict[Key, Tail] = {}
        self.grown: dict[Key, Tail] = {}
        self.loose: dict[Key, Tail] = {}
        self.ended, self.over = list[Tail](), list[Tail]()
        self.folders = set[str]()
        self.must_scan, self.has_changed = True, False

    def scan(self) -> None:
        """Look at everything."""
        found = self._names.find(self.tails)
        self.must_scan, self.folders = False, found.folders
        for key, tail in self.tails.items():
            if key in found.files:
                self._named(tail, *found.files[key])
            else:
                self.loose[key] = tail
        self.follow()
        for key, (path, _) in found.files.items():
            if key not in self.tails:
                self._meet(path)
        self._names.spread(self.tails)
        self._seek()
        self.meeting.is_first = False
        self.over, self.ended = self.over + self.ended, []

    def touch(self, paths: Iterable[str]) -> None:
        """Look at these, which the kernel said something of."""
        fresh: list[str] = []
        for path, status in self._names.concerned(paths):
            key = None if status is None else (status.st_dev, status.st_ino)
            try:
                nameless = self._names.move(path, key, self.tails)
            except LookupError:
                self.must_scan = True
                continue
            if nameless is not None:
                self.loose[nameless.key] = nameless
            if key is not None and status is not None:
                if key in self.tails:
                    self._named(self.tails[key], path, status)
                    self.grown[key] = self.tails[key]
                else:
                    fresh.append(path)
        self.follow()
        for path in fresh:
            self._meet(path)
        self._seek()

    def retry(self) -> None:
        """Meet those that were not ready, where it is time."""
        now_s = time.monotonic()
        for path in [path for path, at_s in self.meeting.waiting.items() if at_s <= now_s]:
            self.meeting.waiting.pop(path, None)
            self._meet(path)

    def follow(self) -> None:
        """Look at those that the rules do not name any more: their last lines may still be coming."""
        for tail, facts in statuses(list(self.loose.values()), self._troubles):
            if facts is None:
                self.end(tail)
                continue
            if tail.look(*facts):
                self.grown[tail.key] = tail
            silent_s = time.monotonic() - tail.changed_at_s
            if tail.key not in self.grown and silent_s > self._rules.rotation_wait_s:
                self.end(tail, is_whole=True)

    def replaced(self, tail: Tail) -> None:
        """The file was cut back, or is another one: what is in it now is read from its beginning."""
        self.end(tail)
        for path in sorted(tail.names)[:1]:
            self._meet(path)
        self._seek()

    def finished(self, tail: Tail) -> None:
        """A packed file was read to its end."""
        tail.packed_bytes = tail.size_bytes
        self.has_changed = True
        self.opened.close(tail)

    def end(self, tail: Tail, *, is_whole: bool = False) -> None:
        """Read it no more; `is_whole`: all of it was read."""
        self.opened.drop(tail)
        for those in (self.tails, self.grown, self.loose):
            if those.get(tail.key) is tail:
                del those[tail.key]
        self._offsets.leave(tail, is_whole=is_whole)
        tail.file, tail.is_ready = None, False
        (self.over if is_whole else self.ended).append(tail)
        self.must_scan = self.must_scan or not is_whole
        self.has_changed = True
        for path in self.meeting.waiting:  # it may have been a copy of this
            self.meeting.waiting[path] = 0.0

    def _named(self, tail: Tail, path: str, status: os.stat_result) -> None:
        self.loose.pop(tail.key, None)
        tail.names.add(path)
        if tail.path not in tail.names:
            tail.path = path
            self.has_changed = True
        if tail.look(status.st_size, status.st_mtime_ns):
            self.grown[tail.key] = tail

    def _meet(self, path: str) -> None:
        met = self._troubles.attempt(path, self.meeting.meet, path, self.tails, is_named=path in self._names)
        if met is None:
            return
        tail, place = met
        self.tails[tail.key] = tail
        if tail.packed_bytes:
            self.finished(tail)
        elif not tail.is_at_end:
            self.grown[tail.key] = tail
        if path in self._names:
            tail.names.add(path)
        else:
            self.loose[tail.key] = tail
        if place is not None and place.source is not None:  # what it holds of a line that was cut is still wanted
            for left in (self.ended, self.over):
                left[:] = [one for one in left if one.source is not place.source]
        self.has_changed = True
        self.opened.add(tail, self.grown)
        self._troubles.over(path)

    def _seek(self) -> None:
        for place in self._offsets.places.take_unsought():
            for path in neighbours(place.path, place.key[1]):
                self._meet(path)
