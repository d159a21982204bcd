"""Today's Python way beside ours, on the same bytes: what a user gains by the change."""

from collections.abc import Callable

import pytest

import logloom
from bench import corpus, today
from bench.answers import chunk
from bench.figures import Figure, Result
from bench.measure import Measure, hold
from bench.reference import Reference, Timed, compare

LINES = 2000
TIMES = 100.0
"""How many times faster than `re` and opentelemetry-proto logloom is to be, at least."""


OURS = Figure(
    "ours_over_today", "ours over today's re, Envoy text", "lines", None, keeps_original=True, target_ratio=TIMES
)


def _orjson(data: bytes) -> bytes:
    return today.to_otlp(today.app(data))


def _sdk(data: bytes) -> bytes:
    return today.sdk(today.envoy(data))


def _re(data: bytes) -> bytes:
    return today.to_otlp(today.envoy(data))


WAYS: list[tuple[Figure, Callable[[int], bytes], Callable[[bytes], bytes]]] = [
    (
        Figure(
            "today_re", "today: re + opentelemetry-proto, Envoy text", "lines", None, keeps_original=True, held=False
        ),
        corpus.envoy_text,
        _re,
    ),
    (
        Figure(
            "today_sdk", "today: re + OpenTelemetry SDK, Envoy text", "lines", None, keeps_original=True, held=False
        ),
        corpus.envoy_text,
        _sdk,
    ),
    (
        Figure(
            "today_orjson", "today: orjson + opentelemetry-proto, JSON", "lines", None, keeps_original=True, held=False
        ),
        corpus.app_json,
        _orjson,
    ),
]


@pytest.mark.parametrize(("figure", "make", "way"), WAYS, ids=[figure.name for figure, _, _ in WAYS])
def test_today(measure: Measure, figure: Figure, make: Callable[[int], bytes], way: Callable[[bytes], bytes]) -> None:
    data = make(LINES)
    answer = way(data)
    assert len(logloom.Batch.from_otlp(answer)) == LINES
    measure(figure, lambda: way(data), data=data, records=LINES, output_bytes=len(answer))


def test_ours_beside_it(measure: Measure) -> None:
    """The promise itself: at least a hundred times the first way."""
    data = chunk(corpus.envoy_text(5000))
    lines = data.count(b"\n")
    few = data[: data.find(b"\n", len(data) // 10) + 1]
    output = bytes(logloom.parse(data, format="envoy").to_otlp())
    reference, small = Reference(data, len(output)), Reference(few, len(output) // 10)

    def both(seconds: float) -> tuple[Timed, float]:
        ours = compare(lambda: logloom.parse(data, format="envoy").to_otlp(), reference, seconds + 0.2).ours
        theirs = compare(lambda: _re(few), small, seconds).ours
        return ours, (theirs.cpu / few.count(b"\n")) / (ours.cpu / lines)

    ours, ratio = hold(OURS, both, lambda pair: pair[1]) if measure.brief else both(2.0)
    result = Result(OURS, ratio, ours, lines, len(data), "ratio: lines a second over today's re")
    measure.keep(result, lambda: logloom.parse(data, format="envoy").to_otlp())
