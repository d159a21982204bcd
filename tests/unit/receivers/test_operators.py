"""How a `filelog` with operators is read: which wait, which set what, and what is wrong where."""

import orjson
import pytest

from logloom import Parser
from logloom.receivers import filelog
from tests.components import problems_of, read_config

FILES = "include: [/var/log/a.log]"


def test_a_problem_is_told_where_it_stands() -> None:
    text = f"""
    {FILES}
    operators:
      - {{type: json_parser}}
      - type: regex_parser
        regex: '^(?P<a>.*)$'
        severity: {{parse_from: attributes.a, mapping: {{wrong: x}}}}
    """
    assert set(problems_of(filelog, text)) == {"operators[1].severity.mapping.wrong"}
    assert set(problems_of(filelog, f"{{{FILES}, attributes: {{a: 'EXPR(bdy)'}}, operators: [{{type: noop}}]}}")) == {
        "attributes.a"
    }


def test_containers_need_no_operators() -> None:
    alone = read_config(filelog, f"{{{FILES}, operators: [{{type: container}}]}}").lines
    assert (alone.is_chained, alone.format) == (False, "auto")
    more = read_config(filelog, f"{{{FILES}, operators: [{{type: container}}, {{type: json_parser}}]}}").lines
    assert (more.is_chained, more.format) == (True, "operators")


def test_what_is_combined_is_waited_for() -> None:
    text = """{%s, operators: [{type: recombine, combine_field: body, is_first_entry: "true"%s}]}"""
    assert read_config(filelog, text % (FILES, "")).lines.flush_after_s() == 5.0
    assert read_config(filelog, text % (FILES, ", force_flush_period: 2s")).lines.flush_after_s() == 2.0
    assert read_config(filelog, f"{{{FILES}, operators: [{{type: noop}}]}}").lines.flush_after_s() == 0.5


def test_what_operators_set_is_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE", "berlin")
    lines = read_config(
        filelog,
        f"""
        {FILES}
        attributes: {{site: 'EXPR(env("SITE"))'}}
        resource: {{service.name: shop, host: 'EXPR(attributes["log.file.name"])'}}
        operators: [{{type: noop}}]
        """,
    ).lines
    assert lines.attributes() == {}
    assert lines.resource("") == {"service.name": "shop"}
    chain = orjson.loads(str(lines.options()["operators"]))
    assert chain["environment"] == {"SITE": "berlin"}
    assert chain["resource"] == {"host": 'EXPR(attributes["log.file.name"])'}


def test_severities_may_be_called_as_programs_call_them() -> None:
    lines = read_config(
        filelog,
        f"""
        {FILES}
        operators:
          - type: regex_parser
            regex: '^(?P<a>.)'
            severity: {{parse_from: attributes.a, mapping: {{warning: W, notice: N, crit: C}}}}
        """,
    ).lines
    batch = Parser("operators", **lines.options()).parse(b"W one\nN two\nC three\n")
    assert [record.severity_number for record in batch] == [13, 10, 18]
