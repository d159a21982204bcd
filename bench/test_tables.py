"""Formats of fields, tables and events: what they say is compared first, with what the maker of the lines knows."""

import pytest

import logloom
from bench.answers import attributes, records
from bench.figures import Figure
from bench.measure import Measure
from bench.table_corpus import MAKERS

RECORDS = 2000

# What is split by delimiters is promised; of the others the ratio is held.
TARGETS = {"ltsv": 2e6, "csv": 2e6, "w3c": 2e6}


@pytest.mark.parametrize("name", MAKERS)
def test_table(measure: Measure, name: str) -> None:
    data, said = MAKERS[name](RECORDS, 1)
    assert MAKERS[name](RECORDS, 1)[0] == data
    batch = logloom.parse(data, format=name)
    assert not batch.rejects
    found = [record for record in records(batch) if not record.body.string_value.startswith("#")]
    assert len(found) == RECORDS
    for record, expected in zip(found, said, strict=True):
        got = attributes(record) | {"time": record.time_unix_nano}
        if "body" in expected:
            got["body"] = record.body.string_value
        assert {key: got.get(key) for key in expected} == expected
    size, count = batch.otlp_len, len(batch)
    del batch

    def work() -> None:
        logloom.parse(data, format=name).to_otlp()

    measure(
        Figure(name, name, "records", TARGETS.get(name), keeps_original=True),
        work,
        data=data,
        records=count,
        output_bytes=size,
        note=f"{len(data) / count:.0f} B a record",
    )
