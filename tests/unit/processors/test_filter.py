"""What a filter lets through, what it counts, and what it leaves alone."""

from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from logloom import config
from logloom._native import Batch, Intake, Journal, Record
from logloom.config.typed import read_yaml
from logloom.errors import InvalidConfigError
from logloom.intake import Push, intake_of
from tests.unit.components import installed

LINES = b"".join(
    orjson.dumps({"level": level, "message": message, "n": n}) + b"\n"
    for n, (level, message) in enumerate([("debug", "ping"), ("info", "order"), ("error", "boom"), ("info", "ping")])
)


async def filtered(*processors: str) -> tuple[Batch | None, Intake]:
    """What is journalled of the lines behind these processors."""
    named = ", ".join(f"filter/{n}: {{{text}}}" for n, text in enumerate(processors))
    names = ", ".join(f"filter/{n}" for n in range(len(processors)))
    text = (
        f'receivers: {{tin: {{}}}}\nprocessors: {{{named}}}\nexporters: {{tout: {{endpoint: "a:1"}}}}\n'
        f"service:\n  pipelines: {{logs: {{receivers: [tin], processors: [{names}], exporters: [tout]}}}}"
    )
    with installed(), ThreadPoolExecutor(1) as threads:
        loaded = config.loads(text)
        journal = Journal(bytes_max=1 << 20)
        cursor = journal.cursor("tout", ["logs"])
        intake = intake_of(loaded, journal)
        push = Push("tin", intake, journal, threads)
        delivery = await push(push.messages("json"), LINES)
        assert (delivery.kind, delivery.accepted) == ("done", 4)
        journal.close()
        step = cursor.next(100, 1 << 20, 0.0)
        return (step[0] if step else None), intake


async def test_a_condition_drops_what_it_holds_for_and_counts_it_under_its_name() -> None:
    batch, intake = await filtered("drop: ['body == \"ping\"', 'severity < INFO']")
    assert batch is not None
    assert [record.body for record in batch] == ["order", "boom"]
    counters = intake.counters()
    assert counters["processors"]["filter/0"] == {
        "incoming": 4,
        "outgoing": 2,
        "dropped": 2,
        "added": 0,
        "failed": 0,
        "rules": {'body == "ping"': 2},
    }
    assert counters["pipelines"]["logs"] == {"records": 2, "dropped": 2}


async def test_what_no_condition_wants_to_keep_goes() -> None:
    batch, intake = await filtered("keep: ['severity >= ERROR', 'body == \"order\"']")
    assert batch is not None
    assert [record.body for record in batch] == ["order", "boom"]
    assert intake.counters()["processors"]["filter/0"]["rules"] == {"keep": 2}


async def test_the_collectors_conditions_drop_likewise() -> None:
    batch, intake = await filtered(
        "error_mode: ignore, logs: {log_record: ['IsMatch(log.body, \"^p.ng$\")', 'log.attributes[\"n\"] == nil']}",
        "log_conditions: ['severity_number >= SEVERITY_NUMBER_ERROR']",
    )
    assert batch is not None
    assert [record.body for record in batch] == ["order"]
    assert intake.counters()["processors"]["filter/0"]["rules"] == {'IsMatch(log.body, "^p.ng$")': 2}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("logs: {log_record: ['Int(attributes[\"n\"]) >= 2']}", ["ping", "order"]),
        ("logs: {log_record: ['Len(body) > 4 or body == \"boom\"']}", ["ping", "ping"]),
        ("logs: {log_record: ['ParseJSON(body)[\"x\"] == 1']}", ["ping", "order", "boom", "ping"]),  # none is JSON
        ("logs: {resource: ['attributes[\"service.name\"] == nil']}", []),
        (
            "log_conditions: [{context: resource, conditions: ['attributes[\"env\"] != nil', 'Len(attributes) > 9']}]",
            None,
        ),
        ("log_conditions: [{conditions: ['log.body == \"ping\"'], error_mode: ignore}]", ["order", "boom"]),
        ("logs: {include: {match_type: strict, bodies: [ping, boom]}}", ["ping", "boom", "ping"]),
        ("logs: {exclude: {match_type: regexp, bodies: ['^p', '^b']}}", ["order"]),
        ("logs: {include: {match_type: strict, severity_number: {min: info}}}", ["order", "boom", "ping"]),
        ('logs: {exclude: {match_type: strict, severity_number: {min: "17"}}}', ["ping", "order", "ping"]),
        (
            (
                "logs: {include: {match_type: strict, record_attributes: [{key: n}]}, exclude: {match_type: regexp, "
                "severity_texts: [debug, error]}}"
            ),
            ["order", "ping"],
        ),
        ("logs: {exclude: {match_type: strict, resource_attributes: [{key: service.name, value: x}]}}", None),
    ],
)
async def test_what_collectors_configs_say_in_other_ways(text: str, kept: list[str] | None) -> None:
    batch, _ = await filtered(text)
    found = [record.body for record in batch] if batch is not None else []
    assert found == (["ping", "order", "boom", "ping"] if kept is None else kept)


def test_conditions_on_other_signals_are_told_and_left_out() -> None:
    text = (
        'receivers: {otlp: {protocols: {grpc: {}}}}\nexporters: {otlp: {endpoint: "a:1"}}\nprocessors:\n'
        "  filter/metrics: {error_mode: ignore, metrics: {metric: ['true']}}\n"
        "  filter/spans: {traces: {span: ['true']}}\n"
        "  filter/both: {logs: {log_record: ['true']}, traces: {span: ['true']}}\n"
        "service: {pipelines: {logs: {receivers: [otlp], processors: [filter/metrics, filter/spans, filter/both],"
        " exporters: [otlp]}}}"
    )
    found = config.survey(read_yaml(text, "f"), "f", {})
    assert found.problems == ()
    lacking = {problem.path: problem.what for problem in found.lacking}
    assert lacking.keys() == {"processors.filter/spans", "processors.filter/both.traces"}
    assert all("write a condition under 'drop'" in what for what in lacking.values())
    assert "processors.filter/metrics" in {note.path for note in found.notes}
    left = found.checked(ignore_unsupported=True)
    assert left.service.pipelines["logs"].processors == ["filter/both"]


async def test_a_record_stays_byte_for_byte_as_it_was() -> None:
    untouched, _ = await filtered("drop: ['severity == FATAL']")
    some, _ = await filtered("drop: ['severity == FATAL']", "keep: ['attributes[\"n\"] == 2']")
    assert untouched is not None
    assert some is not None
    kept = [record for record in untouched if record.attributes["n"] == 2]

    def but_for_the_clock(record: Record) -> dict[str, object]:
        return record.to_dict() | {"observed_time_unix_nano": 0}

    assert [but_for_the_clock(record) for record in some] == [but_for_the_clock(record) for record in kept]


async def test_all_may_go_and_the_accounts_still_add_up() -> None:
    batch, intake = await filtered("drop: ['true']", "drop: ['severity > WARN']")
    assert batch is None
    assert intake.counters()["processors"]["filter/1"]["dropped"] == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "processors.filter/0.drop: nothing is filtered: give conditions here, or under 'keep'"),
        ("logs: {log_record: ['Int(body) > 1', 'IsIt(body)']}", "processors.filter/0.logs.log_record[1]: "),
        ("log_conditions: [{conditions: ['sverity > 1']}]", "processors.filter/0.log_conditions[0].conditions[0]: "),
        ("logs: {exclude: {match_type: strict, severity_number: {min: loud}}}", "expected a severity, such as INFO or"),
        ("logs: {include: {match_type: regexp, bodies: ['(']}}", "processors.filter/0.logs.include: "),
        ("keep: ['true', 'severty > 1']", "processors.filter/0.keep[1]: unknown field 'severty': did you mean"),
    ],
)
async def test_what_is_wrong_is_said_where_it_stands(text: str, told: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        await filtered(text)
    assert told in str(caught.value)
