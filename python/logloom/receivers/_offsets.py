"""How far each file was read, kept over restarts: `offsets.json` in the receiver's folder.

Only what cannot be lost any more counts: what is in the journal, on disk (of a journal in memory: what is delivered).
The file is written anew beside itself, synced and renamed: a crash leaves the old or the new one, whole. It holds
hashes of what files begin with, and of what stands before the place; nothing of the logs themselves.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import orjson

from logloom.errors import ServiceError
from logloom.receivers._find import Key
from logloom.receivers._fingerprint import Fingerprint, Head
from logloom.receivers._places import Place, Places
from logloom.receivers._tail import Tail

__all__ = ["Offsets"]

VERSION: Final = 1


class Offsets:
    """The places of files that are not being read now, and the file that keeps all places.

    Attributes:
        places: Of files that were left, or not yet met since the start.
        paths: Where files were at the end of the run before.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._saved = b""
        self.places = Places()
        self.paths: frozenset[str] = frozenset()

    def load(self) -> None:
        """Read the file; nothing is known where there is none.

        Raises:
            ServiceError: It is there and cannot be read: reading all logs anew would deliver them twice.
        """
        try:
            self._saved = self._file.read_bytes()
            for place in _places(orjson.loads(self._saved)):
                self.places.add(place)
            self.paths = frozenset(place.path for place in self.places)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError) as error:
            msg = f"{self._file}: cannot be read ({error}): give it back from a copy, or delete it to begin anew"
            raise ServiceError(msg) from error

    def claim(
        self, key: Key, path: str, head: Head, size_bytes: int | None, has_mark: Callable[[Place], bool]
    ) -> Place | None:
        """The place of the file there, if it has one, which is then no longer among the places."""
        for place in self.places.fitting(key, path, head, size_bytes):
            if has_mark(place):
                self.places.remove(place)
                return place
        return None

    def leave(self, tail: Tail, *, is_whole: bool) -> None:
        """Remember a file that is no longer read; `is_whole`: all of it was, and no more can come to it."""
        if tail.fingerprint.size_bytes:
            self.places.add(Place.of(tail, is_whole=is_whole))
            self.places.trim()

    def save(self, tails: Iterable[Tail]) -> bool:
        """Write all places, up to where they are safe, if something changed; whether all that was read is safe.

        Raises:
            OSError: The disk is full, or the folder is gone; the old file is still whole then.
        """
        places: list[Place | Tail] = [*self.places, *tails]
        kept = [place for place in places if place.fingerprint.size_bytes]
        data = b'{"version":%d,"files":[%s]}\n' % (VERSION, b",\n".join(map(_saved, kept)))
        is_all = all(place.saved[0] is not None for place in kept)
        if data == self._saved:
            return is_all
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
        return is_all


def _saved(place: Place | Tail) -> bytes:
    """Its entry; that of a file to which nothing happened since is there already: there may be ten thousand."""
    state = (place.offset, place.path, place.packed_bytes, place.fingerprint)
    if place.saved[0] != state:
        entry = _entry(place)
        place.saved = (state if entry["offset"] == place.offset else None, orjson.dumps(entry))
    return place.saved[1]


def _entry(place: Place | Tail) -> dict[str, Any]:
    offset, records = place.durable
    entry: dict[str, Any] = {
        "path": os.fsencode(place.path).decode("utf-8", "backslashreplace"),
        "device": place.key[0],
        "inode": place.key[1],
        "begins": [place.fingerprint.size_bytes, place.fingerprint.digest],
        "offset": offset,
        "records": records,
    }
    if mark := place.mark_at(offset):
        entry["before"] = [mark.size_bytes, mark.digest]
    if offset == place.offset:
        if place.packed_bytes:
            entry["packed"] = place.packed_bytes
        if isinstance(place, Place) and place.is_whole:
            entry["whole"] = True
    return entry


def _places(document: dict[str, Any]) -> list[Place]:
    if document["version"] != VERSION:
        msg = f"its version is {document['version']}, not {VERSION}"
        raise ValueError(msg)
    return [_place(entry) for entry in document["files"]]


def _place(entry: dict[str, Any]) -> Place:
    size_bytes, digest = entry["begins"]
    before_bytes, before = entry.get("before", (0, ""))
    packed_bytes, records = entry.get("packed", 0), entry.get("records", 0)
    numbers = (entry["device"], entry["inode"], size_bytes, entry["offset"], before_bytes, packed_bytes, records)
    if not all(isinstance(number, int) and number >= 0 for number in numbers) or not isinstance(digest, str):
        msg = f"not an entry: {entry}"
        raise ValueError(msg)
    return Place(
        str(entry["path"]),
        (entry["device"], entry["inode"]),
        Fingerprint(size_bytes, digest),
        entry["offset"],
        Fingerprint(before_bytes, str(before)) if before else None,
        packed_bytes,
        entry.get("whole") is True,
        records=records,
    )
