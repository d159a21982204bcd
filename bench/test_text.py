"""Lines whose text is the body, and nothing else: what framing and writing cost by themselves."""

import logloom
from bench import corpus
from bench.answers import records
from bench.figures import Figure
from bench.measure import Measure

LINES = 8000


def test_text(measure: Measure) -> None:
    data = corpus.text(LINES)
    batch = logloom.parse(data, format="text")
    assert [record.body.string_value for record in records(batch)] == data.decode().splitlines()
    size = batch.otlp_len
    del batch

    def work() -> None:
        logloom.parse(data, format="text").to_otlp()

    measure(
        Figure("text", "plain lines", "lines", None, keeps_original=True),
        work,
        data=data,
        records=LINES,
        output_bytes=size,
        note=f"{len(data) / LINES:.0f} B a line",
    )
