"""One file that is read as it grows: which file it is, whatever its name, and how far it was read."""

import os
import re
import stat
import time
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from logloom._native import Source

__all__ = ["Fingerprint", "Key", "Tail", "is_related", "last_line_end", "open_regular"]

Key = tuple[int, int]
"""Device and inode."""

CHUNK_BYTES: Final = 512 << 10
"""The most that is read of one file at once. Its records stay under the 4 MiB that gRPC destinations take at once."""
MARK_BYTES: Final = 1000
"""How much before the place that was read to is compared, to know a copy of a file."""
LINE_BYTES: Final = 64 << 10
"""How far back from its end the end of a file's last line is looked for."""

_COUNTED: Final = re.compile(r"[-._]\d[-._:T\d]*(?=$|\.[a-z]+$)")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a file begins with, as a hash: names change at a rotation, inodes are used again; this tells files apart.

    Attributes:
        size_bytes: How much of the file it is of.
        digest: BLAKE2b, 128 bits, in hex.
    """

    size_bytes: int
    digest: str

    @classmethod
    def of(cls, head: bytes) -> Self:
        """The fingerprint of a file that begins with `head`."""
        return cls(len(head), blake2b(head, digest_size=16).hexdigest())

    def begins(self, head: bytes) -> bool:
        """Whether a file that begins with `head` has it; an empty file's fits every file, and so none."""
        size = self.size_bytes
        return 0 < size <= len(head) and blake2b(head[:size], digest_size=16).hexdigest() == self.digest


class Tail:
    """A file, how far it was read, and what its bytes are pushed to.

    Attributes:
        path: Where it is now, as far as is known.
        key: Its device and inode.
        fingerprint: What it begins with.
        offset: Up to where it was read and taken, in bytes.
        size_bytes: Its size when it was looked at last.
        source: What its bytes are pushed to; None until there are some.
        changed_at_s: When it grew last, or was last named, by the monotonic clock.
        is_unflushed: Whether bytes were pushed since the last flush.
    """

    def __init__(self, path: str, fd: int, *, offset: int, head: bytes) -> None:
        """`offset`: where to read on. `head`: what it begins with."""
        status = os.fstat(fd)
        self.path = path
        self.key: Key = (status.st_dev, status.st_ino)
        self._fd: int | None = fd
        self.fingerprint = Fingerprint.of(head)
        self.offset = offset
        self.size_bytes = status.st_size
        self.changed_ns = status.st_mtime_ns
        self.source: Source | None = None
        self.changed_at_s = time.monotonic()
        self.is_unflushed = False

    @property
    def is_open(self) -> bool:
        """Whether it holds a descriptor."""
        return self._fd is not None

    @property
    def durable_to(self) -> int:
        """Up to where it is safe: in the journal, on disk."""
        return self.offset if self.source is None else self.source.durable_to

    def status(self) -> os.stat_result:
        """What the disk says of it; it must be open."""
        if self._fd is None:
            msg = f"{self.path} is closed"
            raise ValueError(msg)
        return os.fstat(self._fd)

    def look(self, status: os.stat_result) -> None:
        """Take note of its size."""
        if status.st_size != self.size_bytes:
            self.size_bytes = status.st_size
            self.changed_at_s = time.monotonic()
        self.changed_ns = status.st_mtime_ns

    def is_begun_anew(self, status: os.stat_result) -> bool:
        """Whether it was cut back since (copytruncate), also where it has grown past the old place already."""
        if status.st_size < self.offset:
            return True
        if status.st_mtime_ns == self.changed_ns or self._fd is None or not self.fingerprint.size_bytes:
            return False
        return not self.fingerprint.begins(os.pread(self._fd, self.fingerprint.size_bytes, 0))

    def read(self, size_bytes_max: int, fingerprint_bytes: int) -> bytes:
        """What comes next; empty at the end."""
        if self._fd is None:
            return b""
        data = os.pread(self._fd, min(size_bytes_max, CHUNK_BYTES), self.offset)
        if data and self.fingerprint.size_bytes < fingerprint_bytes:
            self.fingerprint = Fingerprint.of(os.pread(self._fd, fingerprint_bytes, 0))
        return data

    def advance(self, size_bytes: int) -> None:
        """So much of what was read is taken."""
        self.offset += size_bytes
        self.is_unflushed = True
        self.changed_at_s = time.monotonic()

    def is_copied_by(self, fd: int) -> bool:
        """Whether the file behind `fd` has the same just before the place that this open one was read to."""
        mark, at = min(self.offset, MARK_BYTES), max(0, self.offset - MARK_BYTES)
        return self._fd is not None and os.pread(self._fd, mark, at) == os.pread(fd, mark, at)

    def reopen(self) -> bool:
        """Open it again where it was closed; False where something else is there under its name now."""
        if self._fd is None:
            fd, status = open_regular(self.path)
            head = os.pread(fd, self.fingerprint.size_bytes, 0)
            if (status.st_dev, status.st_ino) != self.key or (head and not self.fingerprint.begins(head)):
                os.close(fd)
                return False
            self._fd = fd
        return True

    def close(self) -> None:
        """Give the descriptor back; it can be read on after `reopen`."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def open_regular(path: str) -> tuple[int, os.stat_result]:
    """Open a regular file for reading.

    Raises:
        OSError: It is not there, is not ours to read, or is no regular file (`IsADirectoryError`).
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        raise IsADirectoryError(path)
    return fd, status


def is_related(path: str, other: str) -> bool:
    """Whether a rotation may have made one name of the other: app.log, app.log.1, app.log-2026, app-2026.log."""
    name, its = Path(path).name, Path(other).name
    return _COUNTED.sub("", name) == _COUNTED.sub("", its) or name.startswith(its) or its.startswith(name)


def last_line_end(fd: int, size_bytes: int) -> int:
    """Where the last whole line ends, so that the next one is read whole; the end, where a line is very long."""
    start = max(0, size_bytes - LINE_BYTES)
    last = os.pread(fd, size_bytes - start, start)
    at = last.rfind(b"\n")
    if at < 0:
        return size_bytes if start else 0
    # Of a newline in UTF-16LE the second byte follows.
    return start + at + 1 + last.startswith(b"\0", at + 1)
