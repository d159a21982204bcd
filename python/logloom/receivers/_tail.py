"""One file that is read as it grows: which file it is, whatever its name, and how far it was read."""

import time
from typing import TYPE_CHECKING, Final

from logloom._native import LogFile
from logloom.receivers._fingerprint import Fingerprint

if TYPE_CHECKING:
    from logloom._native import Source
    from logloom.receivers._find import Key

__all__ = ["MARK_BYTES", "SKIP_BYTES", "Tail", "last_line_end"]

MARK_BYTES: Final = 256
"""How much before the place that was read to tells whether it is still the same file; as the core has it."""
SKIP_BYTES: Final = 8 << 20
"""How much of a packed file is unpacked at once to come to the place that it was read to."""
LINE_BYTES: Final = 64 << 10
"""How far back from its end the end of a file's last line is looked for."""


class Tail:
    """A file, how far it was read, and what its bytes are pushed to.

    Attributes:
        path: Where it is now, as far as is known.
        names: The paths by which the rules name it; none: it was rotated away, or deleted.
        key: Its device and inode.
        fingerprint: What it begins with.
        offset: Up to where it was read and taken, in bytes; of a packed file, unpacked.
        records: How many records there were before the place that it was begun at.
        mark: What stands before that place; None: not known.
        file: The open file; None while it is closed.
        is_packed: Whether it is read unpacked.
        is_ready: Whether the open file is at the place, and has the mark before it.
        size_bytes: Its size on disk when it was looked at last.
        packed_bytes: Of a packed file that was read to its end: how large it is on disk.
        source: What its bytes are pushed to; None until there are some.
        changed_at_s: When it grew last, or was last named, by the monotonic clock.
        is_unflushed: Whether bytes were pushed since the last flush.
        saved: What was saved of it last, and of which state.
    """

    __slots__ = (
        *("path", "names", "key", "fingerprint", "offset", "records", "mark", "file", "is_packed", "is_ready"),
        *("size_bytes", "changed_ns", "packed_bytes", "source", "changed_at_s", "is_unflushed", "saved"),
    )

    def __init__(
        self, path: str, key: "Key", file: LogFile, *, fingerprint: Fingerprint, offset: int, mark: Fingerprint | None
    ) -> None:
        """`file`: open, anywhere."""
        self.path = path
        self.names: set[str] = set()
        self.key = key
        self.fingerprint = fingerprint
        self.offset = offset
        self.records = 0
        self.mark = mark
        self.file: LogFile | None = file
        self.is_packed = file.is_packed
        self.is_ready = False
        self.size_bytes = 0
        self.changed_ns = -1
        self.packed_bytes = 0
        self.source: Source | None = None
        self.changed_at_s = time.monotonic()
        self.is_unflushed = False
        self.saved: tuple[object, bytes] = (None, b"")
        if file.offset != offset or offset == 0:
            file.go_to(offset)

    @property
    def is_at_end(self) -> bool:
        """Whether there was nothing more to read when it was looked at last."""
        if self.packed_bytes:
            return self.packed_bytes == self.size_bytes
        is_plain = self.file is not None and not self.is_packed
        return is_plain and self.size_bytes == self.offset

    @property
    def durable(self) -> tuple[int, int]:
        """Up to where it is safe: in the journal, on disk; and how many records there are below that."""
        return (self.offset, self.records) if self.source is None else self.source.durable

    def look(self, size_bytes: int, changed_ns: int) -> bool:
        """Take note of its size and time; whether there may be something to read."""
        if (size_bytes, changed_ns) == (self.size_bytes, self.changed_ns):
            return False
        if size_bytes != self.size_bytes:
            self.changed_at_s = time.monotonic()
        self.size_bytes, self.changed_ns = size_bytes, changed_ns
        return size_bytes != self.packed_bytes or not size_bytes

    def settle(self) -> bool | None:
        """Whether it is ready to be read on; None where what stands before the place is not what was read there.

        Raises:
            OSError: The disk does not give it.
        """
        if self.is_ready or self.file is None:
            return self.is_ready
        if not self.file.settle(SKIP_BYTES):
            return False
        mark = Fingerprint.of(self.file.mark)
        if mark.size_bytes < min(self.offset, MARK_BYTES) or (self.mark is not None and self.mark != mark):
            return None
        self.is_ready = True
        return True

    def advance(self, size_bytes: int, fingerprint_bytes: int) -> None:
        """So much of what was read is taken."""
        self.offset += size_bytes
        self.is_unflushed = True
        self.changed_at_s = time.monotonic()
        if self.fingerprint.size_bytes < fingerprint_bytes and self.file is not None:
            head = self.file.head(fingerprint_bytes)
            if self._is_same():
                self.fingerprint = Fingerprint.of(head)

    def mark_at(self, offset: int) -> Fingerprint | None:
        """What stands before a place that it was read to earlier, or is at; None: not known."""
        if self.file is not None and self.is_ready:
            if offset == self.offset:
                return Fingerprint.of(self.file.mark)
            size_bytes = min(offset, MARK_BYTES)
            span = self.file.span(offset - size_bytes, size_bytes)
            return Fingerprint.of(span) if len(span) == size_bytes and self._is_same() else None
        return self.mark if offset == self.offset else None

    def _is_same(self) -> bool:
        """Whether the open file still has what was read last: what was just read of it is its own then."""
        if self.file is None or self.is_packed:
            return self.file is not None
        mark = self.file.mark
        return self.file.span(self.file.offset - len(mark), len(mark)) == mark

    def reopen(self, compression: str) -> bool:
        """Open it again where it was closed; False where something else is there under its name now.

        Raises:
            OSError: It is not there, or not ours to read.
        """
        if self.file is None:
            file = LogFile(self.path, compression)
            if file.facts()[:2] != self.key or file.is_packed != self.is_packed:
                return False
            file.go_to(self.offset)
            self.file, self.is_ready = file, False
        return True

    def close(self) -> None:
        """Give the descriptor back; it can be read on after `reopen`."""
        if self.file is not None:
            self.mark = self.mark_at(self.offset)
            self.file, self.is_ready = None, False


def last_line_end(file: LogFile, size_bytes: int) -> int:
    """Where the last whole line ends, so that the next one is read whole; the end, where a line is very long."""
    start = max(0, size_bytes - LINE_BYTES)
    last = file.span(start, size_bytes - start)
    at = last.rfind(b"\n")
    if at < 0:
        return size_bytes if start else 0
    # Of a newline in UTF-16LE the second byte follows.
    return start + at + 1 + last.startswith(b"\0", at + 1)
