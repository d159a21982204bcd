"""Every format of text by the lines of its own fixtures, drawn anew by a seed; some have a bench of their own.

The targets stand where a format is split by delimiters; what else a figure is held to is its recorded ratio.
"""

import random
from pathlib import Path
from typing import Any

import orjson
import pytest

import logloom
from bench.answers import CHUNK_BYTES, attributes, records
from bench.figures import Figure
from bench.measure import Measure
from bench.table_corpus import MAKERS

FIXTURES = Path(__file__).parent.parent / "tests" / "formats"
RECORDS = 8000
SEED = 7
FIXTURE_KEYS = {"keep_original", "limits", "resource", "multiline", "encoding"}
"""What a fixture may say that is no matter of its format alone: such a case is left out."""

ELSEWHERE = {
    "auto",
    "cri",
    "docker",
    "csv",
    "tsv",
    "w3c",
    "otlp",
    "otlp_json",
    "otlp_traces",
    "otlp_traces_json",
    "fluentforward",
    "loki",
    "elasticsearch_bulk",
    "datadog",
    "zipkin",
    "jaeger",
    "text",
    "envoy",
    "syslog",
    *MAKERS,
}
"""Measured in files of their own, or bodies of requests, not lines."""


def cases() -> dict[str, list[Path]]:
    """The fixtures of each format: those without options first."""
    found: dict[str, list[Path]] = {}
    for about in logloom.formats():
        if about["name"] in ELSEWHERE:
            continue
        paths = [path for path in sorted((FIXTURES / about["name"]).glob("*")) if not path.name.endswith(".json")]
        usable = [path for path in paths if not FIXTURE_KEYS & options(path).keys()]
        if usable:
            found[about["name"]] = sorted(usable, key=lambda path: (len(options(path)), path.name))
    return found


def options(path: Path) -> dict[str, Any]:
    """The options that a fixture is read with."""
    given = path.with_suffix(".options.json")
    return dict(orjson.loads(given.read_bytes())) if given.exists() else {}


def frames(name: str, path: Path) -> list[str]:
    """The lines of a fixture, joined where they are one record, that its format reads."""
    parser = logloom.Parser(name, **options(path))
    found = []
    for record in records(parser.parse(path.read_bytes())):
        fields = attributes(record)
        original = fields.get("log.record.original", record.body.string_value)
        if isinstance(original, str) and "logloom.reject.reason" not in fields and original:
            found.append(original)
    return found


CASES = cases()


@pytest.mark.parametrize("name", CASES)
def test_format(measure: Measure, name: str) -> None:
    for path in CASES[name]:
        parser = logloom.Parser(name, **options(path))
        # A line that is read only beside another one (a header before it) is no line of its own.
        alone = [frame for frame in frames(name, path) if alone_in(parser, frame)]
        if alone:
            break
    else:
        pytest.fail("no fixture of it has lines that are records by themselves: measure it in a file of its own")
    drawn = random.Random(SEED).choices(alone, k=RECORDS)
    while sum(len(frame.encode()) + 1 for frame in drawn) > CHUNK_BYTES:
        drawn = drawn[: len(drawn) * 9 // 10]
    data = ("\n".join(drawn) + "\n").encode()
    batch = parser.parse(data)
    count = len(batch)
    assert not batch.rejects
    found = [attributes(record).get("log.record.original", record.body.string_value) for record in records(batch)]
    first = next((pair for pair in zip(found, drawn, strict=False) if pair[0] != pair[1]), None)
    assert (len(found), first) == (len(drawn), None)  # not of all: what differs in thousands takes minutes to be shown
    size = batch.otlp_len
    del batch

    def work() -> None:
        parser.parse(data).to_otlp()

    measure(
        Figure(f"format_{name}", f"{name}, lines of its fixtures", "records", None, keeps_original=True),
        work,
        data=data,
        records=count,
        output_bytes=size,
        note=f"{len(data) / count:.0f} B a record",
    )


def alone_in(parser: logloom.Parser, frame: str) -> bool:
    """Whether a frame twice is two records, none of them a reject."""
    batch = parser.parse(f"{frame}\n{frame}\n".encode())
    return len(batch) == 2 and not batch.rejects
