"""Processors over batches in memory, beside a copy of the records: what each costs a record, once its answer is right.

The yardstick is a memcpy of what comes out, where anything is written anew; of what goes in otherwise. The records are
Envoy's access log in JSON; for `redaction` an application's, one in a hundred with an e-mail address.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from bench import corpus
from bench.answers import chunk
from bench.figures import Figure
from bench.measure import Measure
from logloom import Batch, parse
from logloom._native import (
    Processor,
    group_by_processor,
    rate_limit_processor,
    redaction_rules,
    transform_processor,
)
from logloom.processors import attributes, python, sample
from logloom.processors._actions import Action

LINES = 1000
RULES_MOST_USED = ("credit_card", "email", "ip_address", "jwt", "key_value_secret")
MAIL = r"[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}"
THREE_FIELDS = """\
.attributes."http.request.method" = downcase(string!(.attributes."http.request.method"))
.attributes."url.path" = truncate(string!(.attributes."url.path"), 4)
.attributes.new = to_string(.severity_number)
"""


@pytest.fixture(scope="module")
def batch() -> Batch:
    """Envoy's access log."""
    return parse(chunk(corpus.envoy_json(LINES)), "envoy_json")


def applied(processor: Processor, batch: Batch) -> Batch:
    """What it makes of the batch; it failed on nothing."""
    made, outcome = processor.apply(batch)
    assert outcome["failed"] == 0
    return made


def values(batch: Batch) -> list[str]:
    """Every text in the records: what `redaction` looks at."""

    def of(value: Any) -> list[str]:
        if isinstance(value, str):
            return [value]
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return [text for one in inner for text in of(one)]

    return [text for record in batch for one in (record.body, record.attributes) for text in of(one)]


def timed(measure: Measure, figure: Figure, processor: Processor, batch: Batch, *, output: int, note: str = "") -> None:
    """`output`: the bytes of the copy beside it; the batch's own bytes are not scanned, for nobody reads lines here."""

    def work() -> None:
        processor.apply(batch)

    measure(figure, work, data=b"\n", records=len(batch), output_bytes=output, note=note)


@pytest.mark.parametrize(
    ("name", "condition", "target_per_s"),
    [
        ("severity", "severity >= FATAL", 100e6),
        ("time", "time_unix_nano > 9000000000000000000", 100e6),
        ("attribute", 'attributes["http.request.method"] == "BREW"', 16.7e6),
    ],
)
def test_conditions(measure: Measure, batch: Batch, name: str, condition: str, target_per_s: float) -> None:
    processor = Processor.filter(drop=[condition], keep=[])
    assert bytes(applied(processor, batch)) == bytes(batch)
    inverse = Processor.filter(drop=[], keep=[condition])
    assert len(applied(inverse, batch)) == 0
    figure = Figure(f"condition_{name}", f"a condition on {name}, as filter has it", "records", target_per_s, None)
    timed(measure, figure, processor, batch, output=batch.otlp_len)


def test_filter(measure: Measure, batch: Batch) -> None:
    """Beside a copy of what it keeps."""
    processor = Processor.filter(drop=['attributes["http.request.method"] == "POST"'], keep=[])
    made = applied(processor, batch)
    expected = [record.body for record in batch if record.attributes["http.request.method"] != "POST"]
    assert [record.body for record in made] == expected
    assert 0 < len(made) < len(batch)
    figure = Figure("filter", "filter on one attribute", "records", None, None, target_ratio=0.5)
    timed(measure, figure, processor, batch, output=made.otlp_len, note="ratio to a memcpy of what is kept")


def _everywhere(batch: Batch, made: Batch) -> None:
    assert [record.attributes["mesh"] for record in made] == ["east"] * len(batch)
    assert [{**record.attributes, "mesh": "east"} for record in batch] == [record.attributes for record in made]


def _unchanged(batch: Batch, made: Batch) -> None:
    assert bytes(made) == bytes(batch)


def _a_tenth(batch: Batch, made: Batch) -> None:
    ids = {record.trace_id for record in batch}
    assert len(made) < len(batch)
    assert {record.trace_id for record in made} <= ids


def _by_authority(batch: Batch, made: Batch) -> None:
    assert len(made) == len(batch)
    assert all("http.request.method" in record.resource for record in made)


def _rewritten(batch: Batch, made: Batch) -> None:
    for before, after in zip(batch, made, strict=True):
        method, path = before.attributes["http.request.method"], before.attributes["url.path"]
        assert after.attributes["http.request.method"] == str(method).lower()
        assert after.attributes["url.path"] == str(path)[:4]
        assert after.attributes["new"] == str(before.severity_number)


def _python(folder: Path) -> Processor:
    (folder / "rules.py").write_text("def process(batch): return [True] * len(batch)", "utf-8")
    return python.create(python.Config(str(folder / "rules.py"), timeout=60.0))


Check = Callable[[Batch, Batch], None]
PROCESSORS: dict[str, tuple[str, float | None, Callable[[Path], Processor], Check]] = {
    "attributes": (
        "attributes, one inserted",
        None,
        lambda _: attributes.create(attributes.Config([Action("insert", "mesh", "east")])),
        _everywhere,
    ),
    "group_by": ("group_by, one key", None, lambda _: group_by_processor(["http.request.method"]), _by_authority),
    "python": ("python, a mask of all", None, _python, _unchanged),
    "rate_limit": (
        "rate_limit, none over it",
        None,
        lambda _: rate_limit_processor(
            ["tenant"], records_limit=(1e12, 1e12), bytes_limit=None, shed_by_severity=True, max_keys=10
        ),
        _unchanged,
    ),
    "sample": ("sample, a tenth", None, lambda _: sample.create(sample.Config(sampling_percentage=10)), _a_tenth),
    "transform": ("transform, three fields in VRL", 200e3, lambda _: transform_processor(THREE_FIELDS), _rewritten),
}


@pytest.mark.parametrize("name", sorted(PROCESSORS))
def test_processors(measure: Measure, batch: Batch, tmp_path: Path, name: str) -> None:
    what, target_per_s, create, check = PROCESSORS[name]
    processor = create(tmp_path)
    made = applied(processor, batch)
    check(batch, made)
    timed(
        measure,
        Figure(f"processor_{name}", what, "records", target_per_s, None),
        processor,
        batch,
        output=made.otlp_len,
    )


REDACTIONS: dict[str, tuple[str, tuple[str, ...] | None, list[tuple[str, str, str]], float | None]] = {
    "all": ("redaction, all rules", None, [], 150e6),
    "five": ("redaction, the five most used", RULES_MOST_USED, [], 300e6),
    "pattern": ("redaction, one pattern", (), [("mail", MAIL, "mask")], None),
}
"""What is timed, the rules (None: all of them), patterns, and the bytes of texts a second that are asked for."""


@pytest.mark.parametrize("name", sorted(REDACTIONS))
def test_redaction(measure: Measure, name: str) -> None:
    """Per byte of texts that are looked at: an application's records, of which few have anything to find."""
    what, rules, custom, bytes_per_s = REDACTIONS[name]
    lines = chunk(corpus.app_json(LINES)).splitlines()
    for place in range(0, len(lines), 100):
        line = orjson.loads(lines[place])
        line["agent"] = f"bot {place} (bob.smith@example.com)"
        lines[place] = orjson.dumps(line)
    batch = parse(b"\n".join(lines) + b"\n", "json")
    wanted = [rule for rule, _ in redaction_rules()] if rules is None else rules
    processor = Processor.redaction([(rule, "mask") for rule in wanted], custom=custom)
    made = applied(processor, batch)
    pairs = zip(batch, made, strict=True)
    changed = sum((one.body, one.attributes) != (other.body, other.attributes) for one, other in pairs)
    assert sum(bool(re.search(MAIL, text)) for text in values(batch)) >= len(batch) // 100
    assert not any(re.search(MAIL, text) for text in values(made))
    data = "\n".join(values(batch)).encode()
    target_per_s = None if bytes_per_s is None else bytes_per_s / (len(data) / len(batch))

    def work() -> None:
        processor.apply(batch)

    measure(
        Figure(f"redaction_{name}", what, "records", target_per_s, None),
        work,
        data=data,
        records=len(batch),
        output_bytes=made.otlp_len,
        note=f"{len(data) / len(batch):.0f} B of texts a record, {100 * changed / len(batch):.0f} % of records changed",
    )
