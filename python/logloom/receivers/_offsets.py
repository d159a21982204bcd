"""How far each file was read, kept over restarts: `offsets.json` in the receiver's folder.

Only what cannot be lost any more counts: what is in the journal, on disk (of a journal in memory: what is delivered).
The file is written anew beside itself, synced and renamed: a crash leaves the old or the new one, whole. It holds
hashes of what files begin with, nothing of the logs themselves.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from logloom.errors import ServiceError
from logloom.receivers._tail import Fingerprint, Key, Tail, is_related

if TYPE_CHECKING:
    from logloom._native import Source

__all__ = ["Offsets", "Place"]

VERSION: Final = 1
PLACES_MAX: Final = 1000
"""The most files that are remembered after they were left: those that were left last."""


@dataclass(slots=True)
class Place:
    """How far one file was read.

    Attributes:
        path: Where it was.
        key: Its device and inode.
        fingerprint: What it begins with.
        offset: Up to where it was read, in bytes.
        source: What its bytes were pushed to, until they are safe.
        is_sought: Whether it was looked for beside its old name already.
    """

    path: str
    key: Key
    fingerprint: Fingerprint
    offset: int
    source: "Source | None" = None
    is_sought: bool = False

    @property
    def durable_to(self) -> int:
        """Up to where it is safe: in the journal, on disk."""
        if self.source is not None:
            if (durable_to := self.source.durable_to) < self.offset:
                return durable_to
            self.source = None
        return self.offset

    def fits(self, key: Key, path: str, head: bytes, size_bytes: int) -> bool:
        """Whether the file there is this one, or a copy of it that has all of what was read."""
        known = self.key == key or self.path == path or is_related(self.path, path)
        return known and size_bytes >= self.offset and self.fingerprint.begins(head)


class Offsets:
    """The places of files that are not being read now, and the file that keeps all places.

    Attributes:
        places: Of files that were left, or not yet met since the start; the oldest first.
        paths: Where files were at the end of the run before.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._saved = b""
        self.places: list[Place] = []
        self.paths: frozenset[str] = frozenset()

    def load(self) -> None:
        """Read the file; nothing is known where there is none.

        Raises:
            ServiceError: It is there and cannot be read: reading all logs anew would deliver them twice.
        """
        try:
            self._saved = self._file.read_bytes()
            self.places = _places(orjson.loads(self._saved))
            self.paths = frozenset(place.path for place in self.places)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError) as error:
            msg = f"{self._file}: cannot be read ({error}): give it back from a copy, or delete it to begin anew"
            raise ServiceError(msg) from error

    def claim(self, key: Key, path: str, head: bytes, size_bytes: int) -> Place | None:
        """The place of the file there, if it has one, which is then no longer among the places."""
        fitting = [place for place in self.places if place.fits(key, path, head, size_bytes)]
        if not fitting:
            return None
        best = max(fitting, key=lambda place: (place.key == key, place.path == path, place.fingerprint.size_bytes))
        self.places.remove(best)
        return best

    def leave(self, tail: Tail) -> None:
        """Remember a file that is no longer read."""
        if tail.fingerprint.size_bytes:
            self.places.append(Place(tail.path, tail.key, tail.fingerprint, tail.offset, tail.source))
            del self.places[:-PLACES_MAX]

    def save(self, tails: Iterable[Tail]) -> None:
        """Write all places, up to where they are safe, if something changed.

        Raises:
            OSError: The disk is full, or the folder is gone; the old file is still whole then.
        """
        places: list[Place | Tail] = [*self.places, *tails]
        files = [_entry(place) for place in places if place.fingerprint.size_bytes]
        data = orjson.dumps({"version": VERSION, "files": files}, option=orjson.OPT_APPEND_NEWLINE)
        if data == self._saved:
            return
        beside = self._file.with_suffix(".new")
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(fd)
        beside.replace(self._file)
        folder = os.open(self._file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._saved = data


def _entry(place: Place | Tail) -> dict[str, Any]:
    return {
        "path": os.fsencode(place.path).decode("utf-8", "backslashreplace"),
        "device": place.key[0],
        "inode": place.key[1],
        "begins": [place.fingerprint.size_bytes, place.fingerprint.digest],
        "offset": place.durable_to,
    }


def _places(document: dict[str, Any]) -> list[Place]:
    if document["version"] != VERSION:
        msg = f"its version is {document['version']}, not {VERSION}"
        raise ValueError(msg)
    return [_place(entry) for entry in document["files"]]


def _place(entry: dict[str, Any]) -> Place:
    size_bytes, digest = entry["begins"]
    numbers = (entry["device"], entry["inode"], size_bytes, entry["offset"])
    if not all(isinstance(number, int) and number >= 0 for number in numbers) or not isinstance(digest, str):
        msg = f"not an entry: {entry}"
        raise ValueError(msg)
    return Place(
        str(entry["path"]), (entry["device"], entry["inode"]), Fingerprint(size_bytes, digest), entry["offset"]
    )
