"""What the machine itself can do at this moment: the yardstick that every figure is divided by.

Seconds say little on a shared machine, and nothing on another one. So each figure is taken beside two pieces of work
that no parser can do without: writing the bytes that came out (a memcpy into a warm buffer), and finding the ends of
the lines that went in (a newline scan). The ratio is that time over ours, in CPU time.
0.5 is half as fast as moving the data.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Timed:
    """The best of several runs, in seconds."""

    wall: float
    cpu: float
    """Of the whole process, user and system: with several threads it exceeds `wall`."""

    def better(self, other: "Timed") -> "Timed":
        """The best of both, each clock for itself: noise only ever adds."""
        return Timed(min(self.wall, other.wall), min(self.cpu, other.cpu))


def timed(work: Callable[[], object]) -> Timed:
    """One run."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Timed(time.perf_counter() - wall, time.process_time() - cpu)


class Reference:
    """The yardstick for one input and the output it becomes."""

    def __init__(self, data: bytes, output_bytes: int) -> None:
        self._data = data
        self._source = memoryview(bytes(output_bytes))
        self._target = memoryview(bytearray(output_bytes))
        self.run()  # warms both buffers

    def run(self) -> None:
        """Moves the output's bytes once and scans the input's lines once."""
        self.copy()
        self.scan()

    def copy(self) -> None:
        """Memcpy of as many bytes as came out."""
        self._target[:] = self._source

    def scan(self) -> int:
        """The number of newlines in what went in."""
        return self._data.count(b"\n")


@dataclass(frozen=True)
class Compared:
    """Our best run beside the yardstick's best, taken in turns."""

    ours: Timed
    copy: Timed
    scan: Timed

    @property
    def ratio(self) -> float:
        """The yardstick's time over ours, in CPU time: what else the machine does then hardly counts."""
        return (self.copy.cpu + self.scan.cpu) / self.ours.cpu

    def better(self, other: "Compared") -> "Compared":
        """The best of everything."""
        return Compared(self.ours.better(other.ours), self.copy.better(other.copy), self.scan.better(other.scan))


def compare(work: Callable[[], object], reference: Reference, seconds: float, rounds_min: int = 3) -> Compared:
    """Runs work and yardstick in turns, for about `seconds` and at least `rounds_min` rounds."""
    end = time.perf_counter() + seconds
    best: Compared | None = None
    rounds = 0
    while rounds < rounds_min or time.perf_counter() < end:
        now = Compared(timed(work), timed(reference.copy), timed(reference.scan))
        best = now if best is None else best.better(now)
        rounds += 1
    assert best is not None
    return best
