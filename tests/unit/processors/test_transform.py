"""Programs in VRL: what they read and write, where they are wrong, what becomes of a record on which they fail."""

import hashlib
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


OTTL: dict[str, dict[str, Any]] = {
    'set(log.attributes["a"], "b")': {"a": "b"},
    'set(attributes["a"], attributes["none"])': {},
    'set(attributes["a"], Concat([body, "b", 1], "-"))': {"a": "GET /users/17 key=secret-b-1"},
    'set(attributes["a"], 1 + 2 * 3)': {"a": 7},
    'set(attributes["a"], severity_number) where severity_number >= SEVERITY_NUMBER_INFO': {"a": 9},
    'set(attributes["a"], 1) where severity_number > SEVERITY_NUMBER_INFO': {},
    'set(attributes["a"], 1) where IsMatch(body, "users/[0-9]+") and attributes["none"] == nil': {"a": 1},
    'set(attributes["a"], 1) where IsString(body) and not IsMap(body)': {"a": 1},
    'set(attributes["a"], 1) where ToLowerCase(body) == "get /users/17 key=secret"': {"a": 1},
    'set(attributes["a"], 1) where Len(body) == 24': {"a": 1},
    'set(attributes["a"], Split(body, " "))': {"a": ["GET", "/users/17", "key=secret"]},
    'set(attributes["a"], Substring(body, 0, 3))': {"a": "GET"},
    'set(attributes["a"], ToLowerCase(Substring(body, 0, 3)))': {"a": "get"},
    'set(attributes["a"], ConvertCase("http_method", "camel"))': {"a": "HttpMethod"},
    'set(attributes["a"], Int("5"))': {"a": 5},
    'set(attributes["a"], Double("5.5"))': {"a": 5.5},
    'set(attributes["a"], String(5))': {"a": "5"},
    'set(attributes["a"], Len(body))': {"a": 24},
    'set(attributes["a"], Trim(" x "))': {"a": "x"},
    'set(attributes["a"], ParseJSON("{\\"b\\": [1, true]}"))': {"a": {"b": [1, True]}},
    'set(attributes["a"], ParseJSON("{\\"b\\": [1, true]}")["b"][0])': {"a": 1},
    'set(attributes["a"], ExtractPatterns(body, "^(?P<method>[A-Z]+) (?P<path>[^ ]+)"))': {
        "a": {"method": "GET", "path": "/users/17"}
    },
    'set(attributes["a"], ParseKeyValue("k1=v1 k2=\'v 2\'"))': {"a": {"k1": "v1", "k2": "v 2"}},
    'set(attributes["a"], SHA256("a"))': {"a": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
    'set(attributes["a"], UnixSeconds(Time("2026-01-02T03:04:05Z", "%Y-%m-%dT%H:%M:%S%z")))': {"a": 1767323045},
    'merge_maps(attributes, ParseJSON("{\\"n\\": 1, \\"m\\": 2}"), "upsert")': {"n": 1, "m": 2},
    'replace_pattern(body, "secret", "***")': {"body": "GET /users/17 key=***"},
    'replace_pattern(body, "key=(\\\\w+)", "k[$1]")': {"body": "GET /users/17 k[secret]"},
    'replace_pattern(body, "(se)cret", "$1", SHA256, "<%s>") where body != nil': {
        "body": f"GET /users/17 key=<{hashlib.sha256(b'se').hexdigest()}>"
    },
    'replace_match(body, "GET /users/*", "GET /users/{id}")': {"body": "GET /users/{id}"},
    'append(attributes["a"], values=["x", "y"])': {"a": ["x", "y"]},
    'set(trace_id.string, "00000000000000000000000000000001")': {},
    'set(severity_text, "x") where resource.attributes["none"] == nil': {},
    'set(cache["x"], 5)': {},
}


async def stated(*statements: str, more: str = "") -> dict[str, Any]:
    """What statements make of one record: its attributes, and its body where it is another."""
    lines = "".join(f"      - {orjson.dumps(statement).decode()}\n" for statement in statements)
    with installed(), ThreadPoolExecutor(1) as threads:
        loaded = config.loads(text_of(f"    log_statements:\n{lines}{more}"))
        journal = Journal(bytes_max=1 << 20)
        cursor = journal.cursor("tout", ["logs"])
        push = Push("tin", intake_of(loaded, journal), journal, threads)
        line = orjson.dumps({"level": "info", "message": "GET /users/17 key=secret"})
        await push(push.messages("json", keep_original=False), line)
        journal.close()
        step = cursor.next(100, 1 << 20, 0.0)
        assert step is not None
        (record,) = step[0]
        body = {} if record.body == "GET /users/17 key=secret" else {"body": record.body}
        return {**record.attributes, **body}


@pytest.mark.parametrize("statement", OTTL)
async def test_a_statement_of_the_collector_does_what_it_does_there(statement: str) -> None:
    assert await stated(statement) == OTTL[statement]


async def test_statements_run_one_after_another() -> None:
    made = await stated(
        'set(cache["p"], ExtractPatterns(body, "^(?P<method>[A-Z]+) (?P<path>[^ ]+)"))',
        'set(attributes["method"], cache["p"]["method"])',
        'set(attributes["get"], true) where attributes["method"] == "GET"',
        'set(attributes["path"], cache["p"]["path"]) where cache["p"]["path"] != nil',
        'delete_key(attributes, "method") where attributes["get"] == true',
        'keep_keys(attributes, ["get", "path"])',
        "truncate_all(attributes, 3)",
        'replace_all_patterns(attributes, "key", "^g(.)t$", "got.$1")',
    )
    assert made == {"got.e": True, "path": "/us"}


@pytest.mark.parametrize(
    ("statement", "made"),
    [
        (
            'set(attributes["m"], {"a": {"b": 1, "c": [1, 2]}, "d": 2})|flatten(attributes)',
            {"m.a.b": 1, "m.a.c.0": 1, "m.a.c.1": 2, "m.d": 2},
        ),
        ('set(attributes["m"], {"a": 1, "b": 2})|delete_key(attributes["m"], "a")', {"m": {"b": 2}}),
        ('set(attributes["ax"], 1)|set(attributes["b"], 2)|delete_matching_keys(attributes, "^a")', {"b": 2}),
        ('set(attributes["ax"], 1)|set(attributes["b"], 2)|keep_matching_keys(attributes, "^a")', {"ax": 1}),
        ('set(attributes["a"], 1)|set(attributes["b"], 2)|limit(attributes, 1, ["b"])', {"b": 2}),
        ('set(attributes["a"], ["x", "y", "z"])|delete_index(attributes["a"], 0, 2)', {"a": ["z"]}),
        ('set(attributes["a"], "/user/1/x")|replace_all_matches(attributes, "/user/*", "U")', {"a": "U"}),
    ],
)
async def test_editors_of_maps_and_lists(statement: str, made: dict[str, Any]) -> None:
    assert await stated(*statement.split("|")) == made


async def test_groups_have_a_context_conditions_and_an_error_mode() -> None:
    transform = """\
    error_mode: ignore
    log_statements:
      - context: resource
        statements: ['set(attributes["env"], "prod")', 'set(attributes["x"], ParseJSON("no"))']
      - context: scope
        statements: ['set(name, "n")']
      - conditions: ['severity_number >= SEVERITY_NUMBER_ERROR', 'body == "ping"']
        statements: ['set(attributes["hit"], true)']
"""
    batches, intake, _ = await transformed(transform)
    assert [record.attributes.get("hit") for record in batches["logs"]] == [True, None, True]
    assert {record.resource["env"] for record in batches["logs"]} == {"prod"}
    assert intake.counters()["processors"]["transform"]["failed"] == 3


async def test_a_statement_that_fails_fails_the_record_where_the_mode_says_so() -> None:
    transform = """\
    log_statements: ['set(attributes["seen"], true)', 'set(body, ParseJSON(body))']
"""
    batches, intake, _ = await transformed(transform)
    batch = batches["logs"]
    assert ["seen" in record.attributes for record in batch] == [False, True, False]
    assert "ParseJSON(body)" in str(batch[0].attributes["logloom.processor.error"])
    assert intake.counters()["processors"]["transform"]["failed"] == 2


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            'set(attributes["a"], Foo(body))',
            "log_statements[0]: column 22: the converter 'Foo' has no counterpart here",
        ),
        ('delete_keey(attributes, "a")', "did you mean 'delete_key'?"),
        ('set(bdy, "a")', "column 5: the path 'bdy' has no counterpart here"),
        ("set(body)", "set lacks its 'value'"),
        ('set(body, "a") where', "column"),
        ('set(body, "a") if true', "column 16: expected 'where' or the end"),
        ('replace_pattern(body, "(", "")', "the pattern '(':"),
        ('set(body, "a") where severity_text == SEVERITY_NUMBER_INFO', "column 39: this field is a text"),
        ('body == "a"', "expected an editor"),
    ],
)
def test_statements_that_cannot_be_translated_are_refused_with_their_place(statement: str, told: str) -> None:
    with installed(), pytest.raises(InvalidConfigError) as caught:
        config.loads(text_of(f"    log_statements: [{orjson.dumps(statement).decode()}]\n"))
    assert told in str(caught.value)
