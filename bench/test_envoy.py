"""Envoy's access logs, as text: the default format, one with dirt in it, Istio's, a whole file, detection."""

from collections.abc import Callable
from pathlib import Path

import pytest

import logloom
from bench import corpus, today
from bench.answers import attributes, chunk, records
from bench.figures import Figure
from bench.measure import Measure

LINES = 5000
WHOLE_FILE_BYTES_BRIEF, WHOLE_FILE_BYTES = 16 << 20, 128 << 20


def _check(batch: logloom.Batch, data: bytes) -> None:
    """Every record against what `re` made of its line."""
    wanted = list(today.envoy(data))
    found = records(batch)
    assert len(found) == len(wanted)
    for record, (time_ns, line, expected, *_) in zip(found, wanted, strict=True):
        assert record.body.string_value == line
        if expected:
            assert record.time_unix_nano == time_ns, line
            got = attributes(record)
            assert {key: got.get(key) for key in expected} == expected, line
    assert len(batch.rejects) == sum(not said.attributes for said in wanted)


CASES: list[tuple[Figure, Callable[[int], bytes], str]] = [
    (Figure("envoy", "Envoy text", "lines", 2.6e6, keeps_original=True), corpus.envoy_text, "envoy"),
    (Figure("envoy_auto", "Envoy text, detected", "lines", None, keeps_original=True), corpus.envoy_text, "auto"),
    (
        Figure("envoy_dirty", "Envoy text, 2 % non-ASCII, 1 % bad", "lines", None, keeps_original=True),
        corpus.envoy_text_dirty,
        "envoy",
    ),
]


@pytest.mark.parametrize(("figure", "make", "format"), CASES, ids=[figure.name for figure, _, _ in CASES])
def test_default_format(measure: Measure, figure: Figure, make: Callable[[int], bytes], format: str) -> None:
    data = chunk(make(LINES))
    batch = logloom.parse(data, format=format)
    _check(batch, data)
    size, count = batch.otlp_len, len(batch)
    del batch

    def work() -> None:
        logloom.parse(data, format=format).to_otlp()

    note = f"{len(data) / count:.0f} B a line, 1 MiB chunks"
    measure(figure, work, data=data, records=count, output_bytes=size, note=note)


def test_without_the_original(measure: Measure) -> None:
    data = chunk(corpus.envoy_text(LINES))
    parser = logloom.Parser("envoy", keep_original=False)
    batch = parser.parse(data)
    for record, (time_ns, line, expected, *_) in zip(records(batch), today.envoy(data), strict=True):
        got = attributes(record)
        assert record.time_unix_nano == time_ns
        assert {key: got.get(key) for key in expected} == expected
        assert record.body.string_value != line
    size, count = batch.otlp_len, len(batch)
    del batch

    def work() -> None:
        parser.parse(data).to_otlp()

    figure = Figure("envoy_no_original", "Envoy text", "lines", None, keeps_original=False)
    measure(figure, work, data=data, records=count, output_bytes=size)


def test_whole_file(measure: Measure) -> None:
    once = corpus.envoy_text(LINES)
    data = once * ((WHOLE_FILE_BYTES_BRIEF if measure.brief else WHOLE_FILE_BYTES) // len(once))
    batch = logloom.parse(data, format="envoy")
    assert len(batch) == data.count(b"\n")
    assert not batch.rejects
    size, count = batch.otlp_len, len(batch)
    del batch

    def work() -> None:
        logloom.parse(data, format="envoy")

    figure = Figure("envoy_whole_file", "Envoy text, a whole file in one call", "lines", 0.9e6, keeps_original=True)
    measure(figure, work, data=data, records=count, output_bytes=size, note=f"{len(data) >> 20} MiB, to a Batch")


def test_whole_path(measure: Measure, tmp_path: Path) -> None:
    once = corpus.envoy_text(LINES)
    data = once * ((WHOLE_FILE_BYTES_BRIEF if measure.brief else WHOLE_FILE_BYTES) // len(once))
    path = tmp_path / "access.log"
    path.write_bytes(data)
    otlp = logloom.parse(path, format="envoy").to_otlp()
    count = data.count(b"\n")
    assert len(logloom.Batch.from_otlp(otlp)) == count
    size = otlp.nbytes
    del otlp

    def work() -> None:
        logloom.parse(path, format="envoy").to_otlp()

    figure = Figure("envoy_path", "Envoy text, from a path to joined bytes", "lines", None, keeps_original=True)
    measure(figure, work, data=data, records=count, output_bytes=size, note=f"{len(data) >> 20} MiB")
