"""The disk's yardstick: what plain writes and syncs take, in the same folder and at the same moment."""

import os
import time
from pathlib import Path

PIECE_BYTES = 1 << 20


def written(folder: Path, size_bytes: int) -> float:
    """Seconds to write so many bytes one after the other into a file whose room is there, and to sync them once."""
    fd = os.open(folder / "plain", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(fd, 0, size_bytes)
        os.fsync(fd)
        piece = os.urandom(PIECE_BYTES)
        began = time.perf_counter()
        for at in range(0, size_bytes, PIECE_BYTES):
            os.pwrite(fd, piece, at)
        os.fdatasync(fd)
        return time.perf_counter() - began
    finally:
        os.close(fd)
        (folder / "plain").unlink()


class Page:
    """A file whose room is there; each `sync` writes 4 KiB behind the last ones and syncs them."""

    def __init__(self, folder: Path, syncs_max: int = 4096) -> None:
        self._path = folder / "page"
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        os.posix_fallocate(self._fd, 0, syncs_max * 4096)
        os.fsync(self._fd)
        self._at = 0

    def sync(self) -> float:
        """How long it took, in seconds."""
        began = time.perf_counter()
        os.pwrite(self._fd, b"x" * 4096, self._at)
        os.fdatasync(self._fd)
        self._at += 4096
        return time.perf_counter() - began

    def close(self) -> None:
        """Removes it."""
        os.close(self._fd)
        self._path.unlink()
