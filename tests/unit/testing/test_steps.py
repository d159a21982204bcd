"""`logloom.testing.steps`: what becomes of records on their way."""

import pytest

from logloom.config import loads
from logloom.testing import Given, GivenError, decoded, steps
from tests.unit.testing.configs import CONFIG

LINES = '{"msg":"a@example.com","level":"info"}\n{"msg":"x","level":"debug"}'


def test_each_step_of_each_pipeline() -> None:
    config = loads(
        CONFIG.replace("logs/mesh: {", "logs/mesh: {when: 'severity < ERROR', "), environment={"SIEM": "s:1"}
    )
    batch = decoded(config, Given(receiver="filelog/mesh", lines=LINES))
    assert [record.body for record in batch] == ["a@example.com", "x"]
    told = [
        (step.pipeline, step.processor, len(step.before), len(step.after))
        for step in steps(config, "filelog/mesh", batch)
    ]
    assert told == [
        ("logs/mesh", "", 2, 2),
        ("logs/mesh", "redaction", 2, 2),
        ("logs/mesh", "filter", 2, 1),
    ]


def test_what_no_pipeline_takes_goes_no_further() -> None:
    config = loads(
        CONFIG.replace("logs/mesh: {", "logs/mesh: {when: 'severity > ERROR', "), environment={"SIEM": "s:1"}
    )
    batch = decoded(config, Given(receiver="filelog/mesh", lines=LINES))
    assert [(step.processor, len(step.after)) for step in steps(config, "filelog/mesh", batch)] == [("", 0)]


def test_logs_do_not_go_where_spans_go() -> None:
    text = CONFIG + "    traces: {receivers: [otlp], exporters: [file]}\n"
    config = loads(text, environment={"SIEM": "s:1"})
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "x"}}]}]}]}
    batch = decoded(config, Given(receiver="otlp", body=body))
    assert [(step.pipeline, len(step.after)) for step in steps(config, "otlp", batch)] == [("traces", 0)]


def test_what_cannot_be_read_says_why() -> None:
    with pytest.raises(GivenError, match="receiver otlp: "):
        decoded(loads(CONFIG, environment={"SIEM": "s:1"}), Given(receiver="otlp", body="{"))
