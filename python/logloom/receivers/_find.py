"""Finds files by name: globs as the Collector has them, and what a rotation may have left beside a file."""

import glob
import itertools
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from logloom.receivers._tail import Key, is_related

__all__ = ["Rules", "Troubles", "alternatives", "found", "globbed", "neighbours"]

FILES_MAX: Final = 100_000
"""The most files that are followed."""
ALTERNATIVES_MAX: Final = 1000
"""The most globs that the braces of one make."""
NEIGHBOURS_MAX: Final = 10_000
"""The most files of a folder that are looked at."""

_BRACES: Final = re.compile(r"\{([^{}]*)\}")

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
    """

    include: Sequence[str]
    exclude: Sequence[str]
    start_at_end: bool
    open_files_max: int
    fingerprint_bytes: int
    rotation_wait_s: float


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
        except (FileNotFoundError, IsADirectoryError):
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


def found(rules: Rules, troubles: Troubles) -> dict[Key, tuple[str, os.stat_result]]:
    """The regular files that the rules name, each once, by device and inode."""
    there: dict[Key, tuple[str, os.stat_result]] = {}
    excluded = globbed(rules.exclude)
    for path in sorted(globbed(rules.include) - excluded):
        status = troubles.attempt(path, Path(path).stat)
        if status is not None and stat.S_ISREG(status.st_mode):
            if len(there) == FILES_MAX:
                troubles.say(path, f"there are more than {FILES_MAX} files: the further ones are not read")
                break
            there.setdefault((status.st_dev, status.st_ino), (path, status))
    return there


def globbed(patterns: Iterable[str]) -> set[str]:
    """The paths that the globs name: `*`, `?`, `[a-z]`, `**` for any folders, `{a,b}` for either."""
    every = itertools.chain.from_iterable(alternatives(pattern) for pattern in patterns)
    return {path for pattern in every for path in glob.iglob(pattern, recursive=True)}  # noqa: PTH207 — absolute, too


def alternatives(pattern: str) -> list[str]:
    """The globs without braces that a glob stands for; innermost braces first."""
    waiting, done = [pattern], list[str]()
    while waiting and len(waiting) + len(done) <= ALTERNATIVES_MAX:
        one = waiting.pop()
        if (braces := _BRACES.search(one)) is None:
            done.append(one)
        else:
            waiting += [one[: braces.start()] + choice + one[braces.end() :] for choice in braces[1].split(",")]
    return list(dict.fromkeys(done))


def neighbours(path: str, inode: int, *, by_name: bool) -> Iterator[str]:
    """Files in the folder of `path` that have this inode; with `by_name`, or a name that a rotation may have made."""
    try:
        with os.scandir(Path(path).parent) as entries:
            for entry in itertools.islice(entries, NEIGHBOURS_MAX):
                if entry.inode() == inode or (by_name and entry.path != path and is_related(path, entry.path)):
                    yield entry.path
    except OSError:  # the folder is gone, or not ours to list: nothing is found
        return
