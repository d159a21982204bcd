"""Logs of containers: JSON behind the runtime's columns; and stack traces among lines of text, joined and not."""

import pytest

import logloom
from bench import corpus
from bench.answers import attributes, chunk, records
from bench.figures import Figure
from bench.measure import Measure

LINES = 2400
TRACE = b"".join(
    [
        b"java.lang.IllegalStateException: the cart is gone\n",
        *(b"\tat com.example.shop.Cart.step%d(Cart.java:%d)\n" % (at, 30 + at) for at in range(20)),
    ]
)
EVERY = 50
"""So many lines of text stand before each trace."""


def test_cri(measure: Measure) -> None:
    inside = corpus.app_json(LINES).splitlines()
    stream = [b"stdout", b"stdout", b"stderr"]
    data = chunk(
        b"".join(
            b"2026-11-21T10:40:59.%09dZ %s F %s\n" % (at * 1000 + 7, stream[at % 3], line)
            for at, line in enumerate(inside)
        )
    )
    alone = records(logloom.parse(b"\n".join(inside[: data.count(b"\n")]), format="json"))
    batch = logloom.parse(data, format="cri", inside="json")
    found = records(batch)
    for at, (record, said, line) in enumerate(zip(found, alone, data.splitlines(), strict=True)):
        assert (record.body, record.severity_number, record.trace_id) == (
            said.body,
            said.severity_number,
            said.trace_id,
        )
        want = attributes(said) | {"log.iostream": stream[at % 3].decode(), "log.record.original": line.decode()}
        assert attributes(record) == want
    size, count = batch.otlp_len, len(batch)
    del batch

    def work() -> None:
        logloom.parse(data, format="cri", inside="json").to_otlp()

    measure(
        Figure("cri_json", "application JSON in a container's log", "lines", 8e5, keeps_original=True),
        work,
        data=data,
        records=count,
        output_bytes=size,
        note=f"{len(data) / count:.0f} B a line",
    )


@pytest.mark.parametrize("multiline", ["auto", "off"])
def test_traces(measure: Measure, multiline: str) -> None:
    lines = corpus.text(8000).splitlines(keepends=True)
    pieces = [b"".join(lines[at : at + EVERY]) + TRACE for at in range(0, len(lines), EVERY)]
    data = b"".join(pieces)
    batch = logloom.parse(data, format="text", multiline=multiline)
    found = [record.body.string_value for record in records(batch)]
    if multiline == "auto":
        assert found.count(TRACE.decode().rstrip()) == len(pieces)
        assert len(found) == len(lines) + len(pieces)
    else:
        assert found == data.decode().splitlines()
    size = batch.otlp_len
    del batch

    def work() -> None:
        logloom.parse(data, format="text", multiline=multiline).to_otlp()

    what = "text with stack traces, " + ("joined" if multiline == "auto" else "line by line")
    measure(
        Figure(f"traces_{multiline}", what, "lines", None, keeps_original=True),
        work,
        data=data,
        records=data.count(b"\n"),
        output_bytes=size,
        note=f"a trace of {len(TRACE.splitlines())} lines behind every {EVERY}; joining may cost 15 %",
    )
