"""Programs in VRL: what they read and write, where they are wrong, what becomes of a record on which they fail."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from logloom import config
from logloom._native import Batch, Intake, Journal, transform_functions
from logloom.errors import InvalidConfigError
from logloom.intake import Push, intake_of
from tests.unit.components import installed

LINES = b"".join(
    orjson.dumps({"level": level, "message": message, "n": n}) + b"\n"
    for n, (level, message) in enumerate([("debug", "ping"), ("info", '{"order": 7}'), ("error", "boom")])
)


def text_of(transform: str, dead: bool = False) -> str:
    """A config with this processor; `dead`: and a pipeline for dead letters."""
    pipelines = "logs: {receivers: [tin], processors: [transform], exporters: [tout]}"
    pipelines += ", logs/dead: {receivers: [], exporters: [tout]}" if dead else ""
    letters = "  dead_letter_pipeline: logs/dead\n" if dead else ""
    return (
        f'receivers: {{tin: {{}}}}\nprocessors:\n  transform:\n{transform}exporters: {{tout: {{endpoint: "a:1"}}}}\n'
        f"service:\n{letters}  pipelines: {{{pipelines}}}\n"
    )


async def transformed(transform: str, dead: bool = False) -> tuple[dict[str, Batch], Intake, Journal]:
    """What is journalled of the lines, by pipeline."""
    with installed(), ThreadPoolExecutor(1) as threads:
        loaded = config.loads(text_of(transform, dead))
        journal = Journal(bytes_max=1 << 20)
        cursors = {name: journal.cursor(name, [name]) for name in loaded.service.pipelines}
        intake = intake_of(loaded, journal)
        push = Push("tin", intake, journal, threads)
        delivery = await push(push.messages("json"), LINES)
        assert (delivery.kind, delivery.accepted) == ("done", 3)
        journal.close()
        steps = {name: cursor.next(100, 1 << 20, 0.0) for name, cursor in cursors.items()}
        return {name: step[0] for name, step in steps.items() if step and step[0] is not None}, intake, journal


async def test_a_program_rewrites_records() -> None:
    source = """\
    source: |
      .attributes.level = downcase(.severity_text)
      if .severity_number >= 17 { .resource.attributes."alert" = true }
      .body, err = parse_json(.body)
      if err != null { .body = "none" }
"""
    batches, intake, _ = await transformed(source)
    batch = batches["logs"]
    assert [record.body for record in batch] == ["none", {"order": 7}, "none"]
    assert [record.attributes["level"] for record in batch] == ["debug", "info", "error"]
    assert ["alert" in record.resource for record in batch] == [False, False, True]
    assert intake.counters()["processors"]["transform"]["failed"] == 0


async def test_a_record_that_fails_passes_on_marked_and_is_counted() -> None:
    batches, intake, _ = await transformed('    source: ".body = parse_json!(.body)"\n')
    marks = [record.attributes.get("logloom.processor.error") for record in batches["logs"]]
    assert marks[1] is None
    assert "parse_json" in str(marks[0])
    assert batches["logs"][0].body == "ping"
    assert intake.counters()["processors"]["transform"]["failed"] == 2


async def test_a_record_that_fails_may_be_dropped() -> None:
    batches, intake, _ = await transformed('    source: ".body = parse_json!(.body)"\n    on_error: drop\n')
    assert [record.body for record in batches["logs"]] == [{"order": 7}]
    counters = intake.counters()
    assert counters["processors"]["transform"]["dropped"] == 2
    assert counters["pipelines"]["logs"] == {"records": 1, "dropped": 2}


async def test_a_record_that_fails_may_become_a_dead_letter() -> None:
    transform = '    source: ".body = parse_json!(.body)"\n    on_error: dead_letter\n'
    batches, intake, journal = await transformed(transform, dead=True)
    assert [record.body for record in batches["logs"]] == [{"order": 7}]
    dead = batches["logs/dead"]
    assert [record.body for record in dead] == ["ping", "boom"]
    assert {record.attributes["logloom.dead_letter.processor"] for record in dead} == {"transform"}
    assert all("parse_json" in str(record.attributes["logloom.dead_letter.reason"]) for record in dead)
    assert intake.counters()["pipelines"] == {
        "logs": {"records": 1, "dropped": 2},
        "logs/dead": {"records": 2, "dropped": 0},
    }
    accounts = orjson.loads(journal.accounts())
    assert accounts["unbalanced"] == []
    assert accounts["pipelines"]["logs/dead"] == {"made": 2, "journalled": 2, "dropped": 0, "passed_on": 0}


async def test_a_program_may_remove_a_record() -> None:
    batches, intake, _ = await transformed('    source: "if .severity_number < 9 { del(.) }"\n')
    assert len(batches["logs"]) == 2
    assert intake.counters()["processors"]["transform"]["dropped"] == 1


@pytest.mark.parametrize(
    ("transform", "told"),
    [
        ('    source: ".body = upcase(.body)"\n', "transform.source: line 1, column 9: unhandled fallible assignment"),
        ('    source: ".bdy = 1"\n', "line 1, column 2: '.bdy' is no field of a record: did you mean '.body'?"),
        ('    source: "log(.body)"\n', "the function 'log' is left out"),
        ('    source: ".body = 1"\n    on_error: dead_letter\n', "name one in service.dead_letter_pipeline"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(transform: str, told: str) -> None:
    with installed(), pytest.raises(InvalidConfigError) as caught:
        config.loads(text_of(transform))
    assert told in str(caught.value)


def test_no_function_reaches_out_of_the_program() -> None:
    names: Any = set(transform_functions())
    assert {"parse_json", "upcase", "parse_regex"} <= names
    assert not names & {
        "log",
        "get_env_var",
        "get_hostname",
        "dns_lookup",
        "reverse_dns",
        "http_request",
        "parse_groks",
    }
