"""`routing`: which way a record takes, what is counted, and what is refused."""

import pytest

from logloom import config
from logloom.errors import InvalidConfigError
from tests.unit.connectors.wired import COMPONENTS, installed, wired

PIPELINES = """
service:
  pipelines:
    logs/in: {receivers: [tin], exporters: [routing]}
    logs/a: {receivers: [routing], exporters: [tout]}
    logs/b: {receivers: [routing], exporters: [tout]}
    logs/rest: {receivers: [routing], exporters: [tout]}
"""


def records() -> list[dict[str, object]]:
    return [
        {"message": "cart", "level": "error", "region": "east"},
        {"message": "shop", "level": "info", "region": "west"},
        {"message": "none", "level": "debug"},
    ]


async def test_a_table_is_read_from_the_top() -> None:
    table = """
connectors:
  routing:
    default_pipelines: [logs/rest]
    table:
      - {context: log, condition: 'severity_number >= SEVERITY_NUMBER_ERROR', pipelines: [logs/a]}
      - {name: regions, context: log, pipelines: [logs/a, logs/b],
         statement: 'route() where attributes["region"] != nil'}
"""
    got, counters = await wired(table + PIPELINES, *records())
    assert got == {"logs/a": ["cart", "shop"], "logs/b": ["shop"], "logs/rest": ["none"]}
    assert counters["routes"] == {"routing": {"table[0]": 1, "regions": 1, "default": 1}}
    assert counters["unrouted"] == 0
    got, counters = await wired(table.replace("table:", "match_once: false\n    table:") + PIPELINES, *records())
    assert got == {"logs/a": ["cart", "cart", "shop"], "logs/b": ["cart", "shop"], "logs/rest": ["none"]}
    assert counters["routes"]["routing"] == {"table[0]": 1, "regions": 2, "default": 1}


RESOURCES = (
    b'{"resourceLogs":['
    b'{"resource":{"attributes":[{"key":"env","value":{"stringValue":"prod"}}]},'
    b'"scopeLogs":[{"logRecords":[{"body":{"stringValue":"one"},"attributes":[{"key":"env","value":{"stringValue":"dev"}}]}]}]},'
    b'{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"two"},"attributes":[{"key":"env","value":{"stringValue":"prod"}}]}]}]}]}'
)


async def test_a_condition_speaks_of_the_resource_unless_it_says_otherwise() -> None:
    table = """
connectors:
  routing:
    table:
      - {condition: 'attributes["env"] == "prod" and resource.attributes["x"] == nil', pipelines: [logs/a]}
      - {context: log, condition: 'attributes["env"] == "prod"', pipelines: [logs/b]}
"""
    got, counters = await wired(table + PIPELINES, format_name="otlp_json", data=RESOURCES)
    assert got == {"logs/a": ["one"], "logs/b": ["two"], "logs/rest": []}
    assert counters["unrouted"] == 0


async def test_tenants_have_their_routes_and_what_takes_none_is_counted() -> None:
    table = """
connectors:
  routing:
    table: [{when: 'tenant == "acme"', pipelines: [logs/a]}, {condition: 'tenant == "ecorp"', pipelines: [logs/b]}]
"""
    got, _ = await wired(table + PIPELINES, *records(), tenant="ecorp")
    assert got == {"logs/a": [], "logs/b": ["cart", "shop", "none"], "logs/rest": []}
    got, counters = await wired(table + PIPELINES, *records())
    assert (sum(map(len, got.values())), counters["unrouted"]) == (0, 3)
    assert counters["routes"]["routing"]["default"] == 3


async def test_route_alone_is_a_route_for_all() -> None:
    got, _ = await wired(
        "connectors: {routing: {table: [{statement: 'route()', pipelines: [logs/b]}]}}" + PIPELINES, *records()
    )
    assert got["logs/b"] == ["cart", "shop", "none"]


async def test_the_first_pipeline_alone_where_the_service_says_so() -> None:
    text = """
service:
  routing: first
  default_pipeline: logs/rest
  pipelines:
    logs/a: {receivers: [tin], exporters: [tout], when: 'severity >= INFO'}
    logs/b: {receivers: [tin], exporters: [tout], when: 'severity >= ERROR or body == "none"'}
    logs/rest: {receivers: [tin], exporters: [tout]}
"""
    got, _ = await wired(text, *records())
    assert got == {"logs/a": ["cart", "shop"], "logs/b": ["none"], "logs/rest": []}
    got, _ = await wired(text.replace("first", "all"), *records())
    assert got == {"logs/a": ["cart", "shop"], "logs/b": ["cart", "none"], "logs/rest": ["cart", "shop", "none"]}


@pytest.mark.parametrize(
    ("route", "told"),
    [
        ("pipelines: [logs/a]", "a route has one of 'when', 'condition' and 'statement'"),
        ("when: 'true', condition: 'true', pipelines: [logs/a]", "a route has one of"),
        ("when: 'true'", "empty: a route leads to at least one pipeline"),
        (
            'context: request, condition: \'request["X-Tenant"] == "acme"\', pipelines: [logs/a]',
            "write 'when: tenant ==",
        ),
        ("context: span, condition: 'true', pipelines: [logs/a]", "a record has a resource and is a log here, no span"),
        (
            "condition: 'body == \"x\"', pipelines: [logs/a]",
            "'body' is of a log record, not of a resource: write 'context: log'",
        ),
        (
            "context: log, statement: 'delete_key(attributes, \"x\")', pipelines: [logs/a]",
            "the function 'delete_key' has no",
        ),
        (
            "context: log, statement: 'route() were true', pipelines: [logs/a]",
            "expected 'where', and a condition (at byte 8)",
        ),
        ("context: log, statement: 'route() where attributes[\"x\"] = 1', pipelines: [logs/a]", "(at byte 30)"),
        ("when: 'true', pipelines: [logs/x]", "no pipeline 'logs/x'"),
        (
            "when: 'true', pipelines: [logs/in]",
            "pipeline 'logs/in' does not take it: write routing among its receivers",
        ),
    ],
)
def test_what_is_refused(route: str, told: str) -> None:
    text = f"connectors: {{routing: {{table: [{{{route}}}], default_pipelines: [logs/rest]}}}}{PIPELINES}"
    with installed(), pytest.raises(InvalidConfigError) as caught:
        config.loads(COMPONENTS + text)
    assert told in str(caught.value)
    assert "connectors.routing" in str(caught.value)


def test_what_no_route_takes_is_told_before_it_runs() -> None:
    text = f"connectors: {{routing: {{table: [{{when: 'true', pipelines: [logs/a]}}]}}}}{PIPELINES}"
    with installed():
        notes = [note.what for note in config.loads(COMPONENTS + text).notes]
    assert "records that no route takes are dropped, and counted: 'default_pipelines' says where they go" in notes
