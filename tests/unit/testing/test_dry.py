"""`logloom.testing.dry`: recorded traffic, in numbers."""

import pytest

from logloom.config import loads
from logloom.testing import Given, GivenError, differences, dry_run
from tests.unit.testing.configs import CONFIG

LINES = b'{"msg":"a@example.com","level":"info"}\n{"msg":"x","level":"debug"}\n'


def test_what_a_change_would_do() -> None:
    old = loads(CONFIG, environment={"SIEM": "s:1"})
    new = loads(CONFIG.replace("severity < INFO", "severity < DEBUG"), environment={"SIEM": "s:1"})
    traffic = [(Given(receiver="filelog/mesh", lines=""), [LINES[:30], LINES[30:]])]
    before, after = dry_run(old, traffic), dry_run(new, traffic)
    assert before["receiver", "filelog/mesh", "records"] == 2
    changed = {what: (a, b) for what, a, b in differences(before, after) if a != b}
    assert changed == {
        "exporter otlp/siem records": (1, 2),
        "pipeline logs/mesh records": (1, 2),
        "pipeline logs/mesh dropped": (1, 0),
        "processor filter dropped": (1, 0),
        "processor filter outgoing": (1, 2),
        "processor filter rules severity < INFO": (1, 0),
    }


def test_what_is_refused_is_counted() -> None:
    counts = dry_run(loads(CONFIG, environment={"SIEM": "s:1"}), [(Given(receiver="otlp", base64=""), [b"\xff", b""])])
    assert counts["refused", "messages"] == 1


def test_a_receiver_that_is_not_there() -> None:
    with pytest.raises(GivenError, match="no receiver 'x'"):
        dry_run(loads(CONFIG, environment={"SIEM": "s:1"}), [(Given(receiver="x", lines=""), [b"x"])])
