"""Syslog of both RFCs: headers, structured data, and what known programs say."""

from collections.abc import Callable
from typing import Any

import pytest

import logloom
from bench import syslog_corpus
from bench.answers import attributes, chunk, records
from bench.figures import Figure
from bench.measure import Measure

LINES = 8000


def expected(line: str) -> dict[str, Any]:
    """Some fields of a line, found another way."""
    head, _, _ = line.partition(": " if "]: " in line else " - ")
    priority = int(line[1 : line.index(">")])
    return {"syslog.priority": priority, "host.name": next(w for w in head.split() if w.endswith(".example.com"))}


CASES: list[tuple[Figure, Callable[[int], bytes]]] = [
    (Figure("syslog_3164", "syslog, RFC 3164", "lines", 2.5e6, keeps_original=True), syslog_corpus.syslog_3164),
    (Figure("syslog_5424", "syslog, RFC 5424", "lines", 2.5e6, keeps_original=True), syslog_corpus.syslog_5424),
]


@pytest.mark.parametrize(("figure", "make"), CASES, ids=[figure.name for figure, _ in CASES])
def test_syslog(measure: Measure, figure: Figure, make: Callable[[int], bytes]) -> None:
    data = chunk(make(LINES))
    batch = logloom.parse(data, format="syslog")
    found = records(batch)
    lines = data.decode().splitlines()
    assert len(found) == len(lines)
    for record, line in zip(found, lines, strict=True):
        fields = attributes(record)
        assert expected(line).items() <= fields.items()
        assert line.endswith(record.body.string_value)
        assert fields["log.record.original"] == line
    assert sum("client.address" in attributes(record) for record in found) > len(found) // 10
    size, count = batch.otlp_len, len(batch)
    del batch

    def work() -> None:
        logloom.parse(data, format="syslog").to_otlp()

    measure(
        figure,
        work,
        data=data,
        records=count,
        output_bytes=size,
        note=f"{len(data) / count:.0f} B a line, 1 MiB chunks",
    )
