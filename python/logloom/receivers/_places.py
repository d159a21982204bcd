"""How far files were read that are not being read now."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from logloom.receivers._find import Key, is_related
from logloom.receivers._fingerprint import Fingerprint, Head
from logloom.receivers._tail import Tail

if TYPE_CHECKING:
    from logloom._native import Source

__all__ = ["Place", "Places"]

PLACES_MAX: Final = 10_000
"""The most files that are remembered after they were left: those that were left last."""


@dataclass(slots=True, eq=False)
class Place:
    """How far one file was read.

    Attributes:
        path: Where it was.
        key: Its device and inode.
        fingerprint: What it begins with.
        offset: Up to where it was read, in bytes.
        mark: What stands before that; None: not known.
        packed_bytes: Of a packed file that was read to its end: how large it is on disk.
        is_whole: Whether it was read to its end, and nothing came to it after that.
        source: What its bytes were pushed to, until they are safe.
        records: How many records there are before the place.
        saved: What was saved of it last, and of which state.
    """

    path: str
    key: Key
    fingerprint: Fingerprint
    offset: int
    mark: Fingerprint | None = None
    packed_bytes: int = 0
    is_whole: bool = False
    source: "Source | None" = None
    records: int = 0
    saved: tuple[object, bytes] = (None, b"")

    @classmethod
    def of(cls, tail: Tail, *, is_whole: bool) -> "Place":
        """The place of a file that is left."""
        mark = tail.mark_at(tail.offset)
        packed_bytes, source, records = tail.packed_bytes, tail.source, tail.records
        return cls(tail.path, tail.key, tail.fingerprint, tail.offset, mark, packed_bytes, is_whole, source, records)

    @property
    def durable(self) -> tuple[int, int]:
        """Up to where it is safe: in the journal, on disk; and how many records there are below that."""
        if self.source is not None:
            durable = self.source.durable
            if durable[0] < self.offset:
                return durable
            self.source, self.records = None, durable[1]
        return self.offset, self.records

    def mark_at(self, offset: int) -> Fingerprint | None:
        """What stands before a place in it; None: not known."""
        return self.mark if offset == self.offset else None

    def fits(self, key: Key, path: str, head: Head, size_bytes: int | None) -> bool:
        """Whether the file there may be this one, or a copy of it that has all of what was read. No size: packed."""
        known = self.key == key or self.path == path or is_related(self.path, path)
        return known and (size_bytes is None or size_bytes >= self.offset) and self.fingerprint.begins(head)


class Places:
    """Places, the oldest first, found by what their files begin with."""

    def __init__(self) -> None:
        self._all: dict[Place, None] = {}
        self._by_beginning: dict[Fingerprint, list[Place]] = {}
        self._sizes: Counter[int] = Counter()
        self._unsought: list[Place] = []

    def __iter__(self) -> Iterator[Place]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def add(self, place: Place) -> None:
        """Keep it."""
        self._all[place] = None
        self._by_beginning.setdefault(place.fingerprint, []).append(place)
        self._sizes[place.fingerprint.size_bytes] += 1
        if not place.is_whole:
            self._unsought.append(place)

    def take_unsought(self) -> list[Place]:
        """Those that were not looked for yet beside their old names; they will not be given again."""
        taken, self._unsought = [place for place in self._unsought if place in self._all], []
        return taken

    def remove(self, place: Place) -> None:
        """Forget it."""
        del self._all[place]
        same = self._by_beginning[place.fingerprint]
        same.remove(place)
        if not same:
            del self._by_beginning[place.fingerprint]
        self._sizes[place.fingerprint.size_bytes] -= 1

    def trim(self) -> None:
        """Forget the oldest of too many."""
        while len(self._all) > PLACES_MAX:
            self.remove(next(iter(self._all)))

    def fitting(self, key: Key, path: str, head: Head, size_bytes: int | None) -> list[Place]:
        """Those that a file may have, the likeliest first."""
        sizes = [size for size, count in self._sizes.items() if count and 0 < size <= head.size_bytes]
        begun = (self._by_beginning.get(Fingerprint(size, head.digest(size)), ()) for size in sizes)
        fitting = [place for same in begun for place in same if place.fits(key, path, head, size_bytes)]
        return sorted(
            fitting,
            key=lambda place: (place.key == key, place.path == path, place.fingerprint.size_bytes, place.offset),
            reverse=True,
        )
