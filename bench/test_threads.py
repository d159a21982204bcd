"""Two threads: the GIL is released, so that a second core is worth nearly as much as the first.

How much a second core is worth on a shared machine is asked of hashlib, which releases the GIL too, in the same run:
what is recorded and held is our gain over its gain.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import logloom
from bench import corpus
from bench.answers import chunk
from bench.figures import Figure, Result
from bench.measure import Measure, hold
from bench.reference import Timed

FIGURE = Figure(
    "two_threads", "two threads, Envoy text", "lines", None, keeps_original=True, target_ratio=1.8, threads=2
)
CHUNKS_BRIEF, CHUNKS = 40, 200
ROUNDS = 7


class Gain(NamedTuple):
    """The best of several rounds, in seconds; each thread does the same amount of work."""

    one: float
    two: float
    yardstick_one: float
    yardstick_two: float

    @property
    def ours(self) -> float:
        """How much more two threads get done than one."""
        return 2 * self.one / self.two

    @property
    def ratio(self) -> float:
        """The same beside hashlib's."""
        return self.ours / (2 * self.yardstick_one / self.yardstick_two)


def _seconds(threads: int, work: Callable[[], object], times: int) -> float:
    """How long the threads take for `times` runs each, from when all of them stand ready."""
    together = threading.Barrier(threads + 1)

    def run() -> None:
        work()  # warms this thread up
        together.wait()
        for _ in range(times):
            work()

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    together.wait()
    began = time.perf_counter()
    for worker in workers:
        worker.join()
    return time.perf_counter() - began


def test_two_threads(measure: Measure) -> None:
    data = chunk(corpus.envoy_text(5000))
    lines = data.count(b"\n")
    parser = logloom.Parser("envoy", observed_time_unix_nano=1)
    alone = bytes(parser.parse(data).to_otlp())
    found: list[bytes] = []
    workers = [threading.Thread(target=lambda: found.append(bytes(parser.parse(data).to_otlp()))) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == [alone, alone]

    def parse() -> None:
        parser.parse(data).to_otlp()

    def digest() -> None:
        hashlib.sha256(data).digest()

    chunks = CHUNKS_BRIEF if measure.brief else CHUNKS

    def gain(_: float) -> Gain:
        rounds = [
            [_seconds(threads, work, chunks) for work in (parse, digest) for threads in (1, 2)] for _ in range(ROUNDS)
        ]
        return Gain(*(min(times) for times in zip(*rounds, strict=True)))

    best = hold(FIGURE, gain, lambda got: got.ratio) if measure.brief else gain(0)
    note = f"ratio: over hashlib's {best.ours / best.ratio:.2f}"
    ours = Timed(best.two, 2 * best.one)
    size = 2 * chunks
    measure.keep(Result(FIGURE, best.ratio, ours, size * lines, size * len(data), note, best.ours), parse)
