"""A line on the terminal that says how far `logloom parse` is. Nothing is shown where nobody looks."""

import sys
import time
from typing import Final

__all__ = ["Progress"]

INTERVAL_S: Final = 0.1
"""The time between two redraws, in seconds."""


class Progress:
    """Counts what was read and what came out, and draws it at most ten times a second."""

    def __init__(self, total_bytes: int, *, shown: bool) -> None:
        """`total_bytes`: what there is to read, 0 where nobody knows."""
        self.total_bytes = total_bytes
        self.shown = shown
        self.read_bytes = 0
        self.records = 0
        self._began = self._drawn = time.monotonic()

    def read(self, size: int) -> None:
        """`size` more bytes were read."""
        self.read_bytes += size
        now = time.monotonic()
        if self.shown and now - self._drawn >= INTERVAL_S:
            self._drawn = now
            self._draw(max(now - self._began, 1e-9))

    def end(self) -> None:
        """Wipe the line away."""
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _draw(self, elapsed_s: float) -> None:
        rate = self.read_bytes / elapsed_s
        parts = [f"{_size(self.read_bytes)}", f"{_size(rate)}/s", f"{self.records:,} records"]
        if self.total_bytes > 0:
            done = min(self.read_bytes / self.total_bytes, 1.0)
            left_s = (self.total_bytes - self.read_bytes) / rate if rate else 0.0
            filled = int(done * 20)
            bar = "█" * filled + "░" * (20 - filled)
            parts = [f"{bar} {done:4.0%}", *parts, f"{max(left_s, 0):.0f} s left"]
        sys.stderr.write("\r\x1b[K" + "  ".join(parts))
        sys.stderr.flush()


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
