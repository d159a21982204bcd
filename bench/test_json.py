"""JSON lines: applications' logs and Envoy's json_format; and logfmt, which carries the same."""

from collections.abc import Callable, Iterator

import pytest

import logloom
from bench import corpus, today
from bench.answers import attributes, chunk, records
from bench.figures import Figure
from bench.measure import Measure

LINES = 2600

Case = tuple[Figure, str, Callable[[int], bytes], Callable[[bytes], Iterator[today.Said]], bool]

CASES: list[Case] = [
    (
        Figure("app_json", "application JSON", "lines", 1e6, keeps_original=True),
        "json",
        corpus.app_json,
        today.app,
        True,
    ),
    (
        Figure("app_json_no_original", "application JSON", "lines", 1e6, keeps_original=False),
        "json",
        corpus.app_json,
        today.app,
        False,
    ),
    (
        Figure("envoy_json", "Envoy JSON, 24 keys", "lines", 5.5e5, keeps_original=True),
        "envoy_json",
        corpus.envoy_json,
        today.envoy_json,
        True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0].name for case in CASES])
def test_json(measure: Measure, case: Case) -> None:
    figure, format, make, read, keep_original = case
    data = chunk(make(LINES))
    batch = logloom.parse(data, format=format, keep_original=keep_original)
    assert not batch.rejects
    found = records(batch)
    assert len(found) == data.count(b"\n")
    for record, said, line in zip(found, read(data), data.splitlines(), strict=True):
        assert record.time_unix_nano == said.time_ns, line
        assert record.body.string_value == said.body, line
        assert record.severity_number == said.severity, line
        assert (record.trace_id.hex(), record.span_id.hex()) == (said.trace_id, said.span_id), line
        got = attributes(record)
        assert {key: got.get(key) for key in said.attributes} == said.attributes, line
        kept = (record.body.string_value, got.get("log.record.original"))
        assert (line.decode() in kept) == keep_original
    size, count = batch.otlp_len, len(batch)
    del batch

    def work() -> None:
        logloom.parse(data, format=format, keep_original=keep_original).to_otlp()

    note = f"{len(data) / count:.0f} B a line, 1 MiB chunks"
    measure(figure, work, data=data, records=count, output_bytes=size, note=note)
