"""Actions on attributes, as the Collector's documents have them."""

import hashlib
from typing import Any

import orjson
import pytest

import logloom
from logloom import config
from logloom.config.typed import read_yaml
from logloom.processors import attributes
from tests.unit.processors.shaping import batch, flat, problems, processor, record


def done(actions: str, more: str = "", **attributes: Any) -> dict[str, Any]:
    made, _ = processor("attributes", f"actions: [{actions}]{more}").apply(batch(record(**attributes)))
    return flat(made)[0].attributes


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("{key: a, value: 2245, action: insert}", {}, {"a": 2245}),
        ("{key: a, value: 2245, action: insert}", {"a": 1}, {"a": 1}),
        ("{key: a, value: x, action: update}", {}, {}),
        ("{key: a, value: x, action: update}", {"a": 1}, {"a": "x"}),
        ("{key: a, value: true, action: upsert}", {}, {"a": True}),
        ("{key: a, value: 1.5, action: upsert}", {"a": 1}, {"a": 1.5}),
        ("{key: a, value: [x, 1, {b: c}], action: upsert}", {}, {"a": ["x", 1, {"b": "c"}]}),
        ("{key: a, value: '', action: insert}", {}, {"a": ""}),
        ("{key: new, from_attribute: old, action: upsert}", {"old": 7}, {"old": 7, "new": 7}),
        ("{key: new, from_attribute: old, action: upsert}", {}, {}),
        ("{key: new, from_attribute: old, default_value: d, action: insert}", {}, {"new": "d"}),
        ("{key: new, from_context: auth.subject, default_value: d, action: insert}", {}, {"new": "d"}),
        ("{key: a, action: delete}", {"a": 1, "b": 2}, {"b": 2}),
        ("{pattern: '^x', action: delete}", {"x1": 1, "ax": 2, "xx": 3}, {"ax": 2}),
        ("{key: ax, pattern: '^x', action: delete}", {"x1": 1, "ax": 2}, {}),
        ("{key: a, action: hash}", {"a": "secret"}, {"a": hashlib.sha256(b"secret").hexdigest()}),
        ("{key: a, action: hash}", {"a": True}, {"a": hashlib.sha256(b"\x01").hexdigest()}),
        ("{key: a, action: hash}", {"a": 5}, {"a": hashlib.sha256((5).to_bytes(8, "little")).hexdigest()}),
        ("{key: a, action: hash}", {"a": ""}, {"a": ""}),
        ("{pattern: '.', action: hash}", {"a": "1"}, {"a": hashlib.sha256(b"1").hexdigest()}),
        ("{key: a, action: convert, converted_type: int}", {"a": "123"}, {"a": 123}),
        ("{key: a, action: convert, converted_type: int}", {"a": "1.5"}, {"a": "1.5"}),
        ("{key: a, action: convert, converted_type: int}", {"a": 99.9}, {"a": 99}),
        ("{key: a, action: convert, converted_type: int}", {"a": True}, {"a": 1}),
        ("{key: a, action: convert, converted_type: double}", {"a": "123.6"}, {"a": 123.6}),
        ("{key: a, action: convert, converted_type: double}", {"a": 3}, {"a": 3.0}),
        ("{key: a, action: convert, converted_type: string}", {"a": 99}, {"a": "99"}),
        ("{key: a, action: convert, converted_type: string}", {"a": False}, {"a": "false"}),
    ],
)
def test_actions(action: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    assert done(action, **before) == after


def test_extract_as_the_collectors_example_has_it() -> None:
    pattern = r"^(?P<http_protocol>.*):\/\/(?P<http_domain>.*)\/(?P<http_path>.*)(\?|\&)(?P<http_query_params>.*)"
    named = pattern.replace(r"(\?|\&)", r"(?:\?|\&)")
    got = done(
        f"{{key: http.url, pattern: '{named}', action: extract}}", **{"http.url": "http://example.com/path?q=1,w=2"}
    )
    assert got == {
        "http.url": "http://example.com/path?q=1,w=2",
        "http_protocol": "http",
        "http_domain": "example.com",
        "http_path": "path",
        "http_query_params": "q=1,w=2",
    }


def test_actions_are_done_in_their_order() -> None:
    actions = "{key: b, from_attribute: a, action: insert}, {key: a, action: delete}, {pattern: '^b', action: hash}"
    assert done(actions, a="1") == {"b": hashlib.sha256(b"1").hexdigest()}


@pytest.mark.parametrize(
    ("match", "kept"),
    [
        ("match_type: strict, services: [cart, pay]", ["1"]),
        ("match_type: regexp, services: ['^ca', 'zz']", ["1"]),
        ("match_type: strict, log_bodies: ['2']", ["2"]),
        ("match_type: regexp, log_bodies: ['^[12]$']", ["1", "2"]),
        ("match_type: strict, log_severity_number: {min: 13}", ["2"]),
        ("match_type: strict, log_severity_number: {min: 13, match_undefined: true}", ["2", "3"]),
        ("match_type: strict, attributes: [{key: n}]", ["1", "2"]),
        ("match_type: strict, attributes: [{key: n, value: 2}, {key: s, value: two}]", ["2"]),
        ("match_type: regexp, attributes: [{key: s, value: '^t'}]", ["2"]),
        ("match_type: strict, resources: [{key: service.name, value: cart}, {key: service.name}]", ["1"]),
        ("match_type: strict, resources: [{key: service.name, value: cart}, {key: other}]", []),
        ("match_type: strict, libraries: [{name: none}]", []),
        ("match_type: strict, attributes: [{key: n}], log_bodies: ['1', '3']", ["1"]),
    ],
)
def test_include_and_exclude(match: str, kept: list[str]) -> None:
    given = batch(
        record("1", severity=9, n=1, resource={"service.name": "cart"}),
        record("2", severity=13, n=2, s="two"),
        record("3", severity=0),
    )
    action = "actions: [{key: hit, value: true, action: insert}]"
    made, _ = processor("attributes", f"{action}, include: {{{match}}}").apply(given)
    assert [one.body for one in flat(made) if "hit" in one.attributes] == kept
    made, _ = processor("attributes", f"{action}, exclude: {{{match}}}").apply(given)
    assert [one.body for one in flat(made) if "hit" not in one.attributes] == kept
    condition = "\"has attributes['n'] or not has severity\""
    made, _ = processor("attributes", f"{action}, when: {condition}, exclude: {{{match}}}").apply(given)
    assert [one.body for one in flat(made) if "hit" not in one.attributes] == kept


def test_what_changes_nothing_is_the_same_batch() -> None:
    given = batch(record(a=1))
    made, _ = processor("attributes", "actions: [{key: a, value: 1, action: upsert}, {key: b, action: delete}]").apply(
        given
    )
    assert bytes(made.to_otlp()) == bytes(given.to_otlp())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "actions: nothing is done: give actions"),
        ("actions: [{action: insert, value: 1}]", "actions[0].key: 'insert' needs one"),
        ("actions: [{key: a, action: insert}]", "actions[0].value: 'insert' needs one, or"),
        (
            "actions: [{key: a, value: 1, from_attribute: b, action: insert}]",
            "from_attribute: not together with 'value'",
        ),
        ("actions: [{key: a, value: 1, action: delete}]", "value: 'delete' has no use for it"),
        ("actions: [{action: delete}]", "actions[0].key: 'delete' needs one"),
        ("actions: [{pattern: '(', action: delete}]", "unclosed group"),
        ("actions: [{key: a, pattern: 'x', action: extract}]", "needs a pattern with named groups"),
        ("actions: [{key: a, action: convert}]", "converted_type: int, double or string"),
        ("actions: [{key: a, action: upser, value: 1}]", "did you mean 'upsert'?"),
        ("actions: [{key: a, action: delete}], include: {match_type: strict}", "include: nothing is asked"),
        ("actions: [{key: a, action: delete}], exclude: {match_type: regexp, log_bodies: ['(']}", "exclude: "),
        ("actions: [{key: a, action: delete}], when: 'x'", "when: unknown field 'x'"),
    ],
)
def test_what_is_wrong_is_said(text: str, told: str) -> None:
    assert any(told in problem for problem in problems("attributes", text)), problems("attributes", text)


def test_headers_of_requests_are_lacking_and_their_defaults_stand() -> None:
    text = (
        'receivers: {otlp: {protocols: {grpc: {}}}}\nexporters: {otlp: {endpoint: "a:1"}}\n'
        "processors: {attributes: {actions: [{key: a, action: upsert, from_context: metadata.x, default_value: d},"
        " {key: b, action: upsert, from_context: X-Host}]}}\n"
        "service: {pipelines: {logs: {receivers: [otlp], processors: [attributes], exporters: [otlp]}}}"
    )
    found = config.survey(read_yaml(text, "f"), "f", {})
    assert [problem.path for problem in found.lacking] == [
        f"processors.attributes.actions[{at}].from_context" for at in (0, 1)
    ]
    left = found.checked(ignore_unsupported=True)
    made, _ = attributes.create(left.processors["attributes"].config).apply(batch(record()))
    assert [one.attributes for one in made] == [{"a": "d"}]


def test_spans_are_meant_by_their_names_and_kinds() -> None:
    include = "include: {match_type: regexp, span_names: ['^GET '], span_kinds: [SPAN_KIND_SERVER]}"
    text = f"actions: [{{key: hit, value: 1, action: upsert}}], {include}"
    assert problems("attributes", text) == []
    spans = [("GET /a", "server"), ("GET /a", "client"), ("POST /a", "server")]
    given = logloom.parse(
        orjson.dumps(
            [
                {"traceId": "a" * 16, "id": f"{at + 1:016x}", "name": name, "kind": kind.upper()}
                for at, (name, kind) in enumerate(spans)
            ]
        ),
        format="zipkin",
    )
    made, _ = processor("attributes", text).apply(given)
    assert ["hit" in one.attributes for one in made] == [True, False, False]
