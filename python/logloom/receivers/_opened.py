"""Which of the files that are followed are open, and what the disk says of those that are not."""

import os
from collections.abc import Iterable, Iterator, Mapping

from logloom.receivers._find import Key, Rules, Troubles, inodes
from logloom.receivers._tail import Tail

__all__ = ["Opened", "statuses"]


class Opened:
    """The files that are open: fewer than there are."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._tails: dict[Tail, None] = {}

    def __len__(self) -> int:
        return len(self._tails)

    def open(self, tail: Tail, grown: Mapping[Key, Tail]) -> bool:
        """Open it where it is not; False where it is gone, or something else has its name.

        Raises:
            OSError: It is there, and cannot be opened now.
        """
        try:
            is_open = tail.reopen(self._rules.compression)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return False
        if is_open:
            self.add(tail, grown)
        return is_open

    def add(self, tail: Tail, grown: Mapping[Key, Tail]) -> None:
        """It is open, and the last that was read. Of too many, those are closed that were read longest ago.

        None that has no name is closed while there is more to read in it: it may be gone.
        """
        self._tails.pop(tail, None)
        if tail.file is not None:
            self._tails[tail] = None
        if len(self._tails) <= self._rules.open_files_max:
            return
        for other in list(self._tails):
            if other is not tail and (other.names or other.key not in grown):
                self.close(other)
            if len(self._tails) <= self._rules.open_files_max:
                return

    def close(self, tail: Tail) -> None:
        """It can be opened again."""
        self._tails.pop(tail, None)
        tail.close()

    def drop(self, tail: Tail) -> None:
        """It is none of these any more."""
        self._tails.pop(tail, None)


def statuses(tails: Iterable[Tail], troubles: Troubles) -> Iterator[tuple[Tail, tuple[int, int] | None]]:
    """Size and time of change of files that may have another name by now, or none; None where one is gone."""
    folders: dict[str, dict[int, str]] = {}
    for tail in tails:
        if tail.file is not None:
            yield tail, tail.file.facts()[2:4]
            continue
        folder = os.path.dirname(tail.path)
        if folder not in folders:
            folders[folder] = inodes(folder)
        tail.path = folders[folder].get(tail.key[1], tail.path)
        status = troubles.attempt(tail.path, os.stat, tail.path)
        is_same = status is not None and (status.st_dev, status.st_ino) == tail.key
        yield tail, (status.st_size, status.st_mtime_ns) if status is not None and is_same else None
