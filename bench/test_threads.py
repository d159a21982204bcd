"""Two threads: the GIL is released, so a second core is worth nearly as much as the first."""

import threading
import time

import logloom

from bench import corpus, figures
from bench.conftest import SECONDS_A_FIGURE, TRIES

CHUNK_BYTES = 1 << 20
NAME = "two_threads_over_one"
TARGET = 1.8


def _lines_per_second(threads: int, chunk: bytes, lines: int, seconds: float) -> float:
    """Every thread parses its own stream of the same chunk until the time is over."""
    counts = [0] * threads
    start = threading.Barrier(threads + 1)
    over = threading.Event()

    def work(index: int) -> None:
        parser = logloom.Parser("envoy")
        parser.parse(chunk).to_otlp()
        start.wait()
        while not over.is_set():
            parser.parse(chunk).to_otlp()
            counts[index] += lines

    workers = [threading.Thread(target=work, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    start.wait()
    began = time.perf_counter()
    over.wait(seconds)
    done, took = sum(counts), time.perf_counter() - began
    over.set()
    for worker in workers:
        worker.join()
    return done / took
