"""Finds files by name: what the globs name, what links lead to, and what a rotation may have left beside a file."""

import itertools
import os
import re
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from logloom.receivers._glob import Globs
from logloom.receivers._order import OrderingCriteria

__all__ = ["Finder", "Found", "Key", "Rules", "Troubles", "inodes", "is_related", "neighbours"]

Key = tuple[int, int]
"""Device and inode."""

FILES_MAX: Final = 100_000
"""The most files that are followed."""
NEIGHBOURS_MAX: Final = 10_000
"""The most files of a folder that are looked at."""
LINKS_MAX: Final = 40
"""The most symbolic links that lead from one to the next."""

_COUNTED: Final = re.compile(r"[-._]\d[-._:T\d]*(?=$|\.[a-z]+$)")
_PACKED: Final = re.compile(r"\.(?:gz|zst|zstd)$")

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rules:
    """What is read, and from where on.

    Attributes:
        include: Globs of files to read.
        exclude: Globs of files among them to leave out.
        start_at_end: Whether files that are there at the first look, and not known, are read from their end.
        open_files_max: The most files that stay open between two rounds.
        fingerprint_bytes: How much of its beginning tells a file from others.
        rotation_wait_s: For how long a file that was rotated away may still be written to.
        compression: Which files are read unpacked: `auto`, `gzip` or none.
        older_than_s: Files that were not written to for so long are not begun; 0: all are.
        ordering: Which of them are read.
        delete: Whether files are deleted once they were read and that cannot be lost.
    """

    include: Sequence[str]
    exclude: Sequence[str] = ()
    start_at_end: bool = False
    open_files_max: int = 1024
    fingerprint_bytes: int = 1000
    rotation_wait_s: float = 10.0
    compression: str = "auto"
    older_than_s: float = 0.0
    ordering: OrderingCriteria | None = None
    delete: bool = False


@dataclass(slots=True)
class Found:
    """What one look found.

    Attributes:
        files: The regular files, by device and inode, with the first of their names.
        names: All names of each.
        folders: What must be watched to know of changes.
        aliases: Where links lead, to the names that they have.
    """

    files: dict[Key, tuple[str, os.stat_result]] = field(default_factory=dict)
    names: dict[str, Key] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    aliases: dict[str, set[str]] = field(default_factory=dict)


class Troubles:
    """What is wrong with files: said once each, and the others read meanwhile."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        """`tell`: is called with what is wrong, and the path."""
        self._tell = tell
        self._told: dict[str, str] = {}

    def attempt(self, path: str, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """What `act` gives; None where the disk does not allow it, or the file is gone."""
        try:
            return act(*args, **kwargs)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            self.over(path)
        except OSError as error:
            self.say(path, f"cannot be read: {error.strerror}")
        return None

    def say(self, path: str, what: str) -> None:
        """Say it, if it was not the last that was said of this file."""
        if self._told.get(path) != what:
            if len(self._told) >= FILES_MAX:
                self._told.clear()
            self._told[path] = what
            self._tell(what, path)

    def over(self, path: str) -> None:
        """It is well again, or gone."""
        self._told.pop(path, None)


class Finder:
    """What the rules name."""

    def __init__(self, rules: Rules, troubles: Troubles) -> None:
        self._rules = rules
        self._troubles = troubles
        self._include = Globs(rules.include)
        self._exclude = Globs(rules.exclude)
        self.is_choosy = rules.ordering is not None and bool(rules.ordering.sort_by)

    def names(self, path: str) -> bool:
        """Whether the rules name this path."""
        return self._include.names(path) and not self._exclude.names(path)

    def find(self) -> Found:
        """Look at the disk."""
        listing, found = self._include.list(), Found()
        found.folders = listing.folders
        for path, is_link in listing.paths.items():
            for target in _hops(path) if is_link else ():
                found.folders.add(os.path.dirname(target))
                found.aliases.setdefault(target, set()).add(path)
        for path, status in self._chosen(sorted(path for path in listing.paths if not self._exclude.names(path))):
            key = (status.st_dev, status.st_ino)
            if len(found.files) == FILES_MAX and key not in found.files:
                self._troubles.say(path, f"there are more than {FILES_MAX} files: the further ones are not read")
                break
            found.files.setdefault(key, (path, status))
            found.names[path] = key
        return found

    def _chosen(self, paths: list[str]) -> list[tuple[str, os.stat_result]]:
        there = ((path, self._troubles.attempt(path, os.stat, path)) for path in paths)
        files = [(path, status) for path, status in there if status is not None and stat.S_ISREG(status.st_mode)]
        if self._rules.ordering is None or not self.is_choosy:
            return files
        return sorted(self._rules.ordering.chosen(files, time.time()))


def _hops(path: str) -> Iterator[str]:
    """Where a symbolic link leads, and where that leads, each by its whole path."""
    for _ in range(LINKS_MAX):
        try:
            path = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(path)), os.readlink(path)))
        except OSError:
            return
        yield path


def inodes(folder: str) -> dict[int, str]:
    """The files in a folder, by their inodes."""
    try:
        with os.scandir(folder or ".") as entries:
            return {entry.inode(): entry.path for entry in entries}
    except OSError:
        return {}


def neighbours(path: str, inode: int) -> Iterator[str]:
    """Files in the folder of `path` that have this inode, or a name that a rotation may have made."""
    try:
        with os.scandir(Path(path).parent) as entries:
            for entry in itertools.islice(entries, NEIGHBOURS_MAX):
                if entry.inode() == inode or (entry.path != path and is_related(path, entry.path)):
                    yield entry.path
    except OSError:  # the folder is gone, or not ours to list: nothing is found
        return


def is_related(path: str, other: str) -> bool:
    """Whether a rotation may have made one name of the other: app.log, app.log.1.gz, app.log-2026, app-2026.log."""
    name, its = (_PACKED.sub("", os.path.basename(one)) for one in (path, other))
    return _COUNTED.sub("", name) == _COUNTED.sub("", its) or name.startswith(its) or its.startswith(name)
