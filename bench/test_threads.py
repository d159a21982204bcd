"""Two threads: the GIL is released, so that a second core is worth nearly as much as the first."""

import threading
import time

import logloom
from bench import corpus
from bench.answers import chunk
from bench.figures import Figure, Result
from bench.measure import Measure, hold
from bench.reference import Timed

FIGURE = Figure("two_threads", "two threads, Envoy text", "lines", None, keeps_original=True, target_ratio=1.8)
CHUNKS_BRIEF, CHUNKS = 40, 300
ROUNDS = 5


def _seconds(threads: int, parser: logloom.Parser, data: bytes, chunks: int) -> float:
    """How long the threads take for `chunks` chunks each, from when all of them stand ready."""
    together = threading.Barrier(threads + 1)

    def work() -> None:
        parser.parse(data).to_otlp()  # warms this thread up
        together.wait()
        for _ in range(chunks):
            parser.parse(data).to_otlp()

    workers = [threading.Thread(target=work) for _ in range(threads)]
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

    chunks = CHUNKS_BRIEF if measure.brief else CHUNKS

    def gain(_: float) -> tuple[float, float]:
        pairs = [(_seconds(1, parser, data, chunks), _seconds(2, parser, data, chunks)) for _ in range(ROUNDS)]
        return min(one for one, _ in pairs), min(two for _, two in pairs)

    one, two = hold(FIGURE, gain, lambda pair: 2 * pair[0] / pair[1]) if measure.brief else gain(0)
    count = 2 * chunks * lines
    note = "ratio: two threads over one"
    result = Result(FIGURE, 2 * one / two, Timed(two, 2 * one), count, 2 * chunks * len(data), note)
    measure.keep(result, lambda: parser.parse(data).to_otlp())
