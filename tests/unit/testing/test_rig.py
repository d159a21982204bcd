"""`logloom.testing.rig`: a config's data path, without its sockets and disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from logloom.config import loads
from logloom.testing import Given, GivenError, Rig
from tests.unit.testing.configs import CONFIG


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig(loads(CONFIG, environment={"SIEM": "siem:1"}))
    yield made
    made.close()


def test_records_come_out_where_they_would(rig: Rig) -> None:
    assert (
        rig.push("filelog/mesh", ['{"msg":"a@example.com","level":"info"}', '{"msg":"x","level":"debug"}']).kind
        == "done"
    )
    rig.finish()
    out = rig.records()
    assert [record["severity_text"] for record in out["otlp/siem"]] == ["info"]
    assert "a@example.com" not in str(out)
    assert out["file"] == []
    assert rig.records() == {"otlp/siem": [], "file": []}  # each is read once
    found = rig.counters()["processors"]["redaction"]["rules"]
    assert found == {"email": 2}  # in the body, and in what is kept of the line


def test_lines_that_are_one_record_wait_for_the_end() -> None:
    rig = Rig(
        loads(
            CONFIG.replace("format: json", "format: text, multiline: {line_start_pattern: '^[A-Z]'}"),
            environment={"SIEM": "s:1"},
        )
    )
    rig.push("filelog/mesh", "Error\n  at x\n", path="/a")
    rig.push("filelog/mesh", "Other\n", path="/b")
    rig.push("filelog/mesh", "  at y\n", path="/a")
    rig.finish()
    assert sorted(record["body"] for record in rig.records()["otlp/siem"]) == ["Error\n  at x\n  at y", "Other"]
    rig.close()


def test_what_cannot_be_given(rig: Rig) -> None:
    with pytest.raises(GivenError, match=r"no receiver 'otpl' runs in this config: there are filelog/mesh, otlp"):
        rig.push("otpl", "x")
    with pytest.raises(GivenError, match="'base64' is none"):
        rig.give(Given(receiver="otlp", base64="*"))
    assert rig.push("otlp", body="no otlp").kind == "refuse"


def test_nothing_is_opened(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rig.push("otlp", body={"resourceLogs": [{"scopeLogs": [{"logRecords": [{}]}]}]})
    rig.finish()
    assert len(rig.records()["file"]) == 1
    assert list(tmp_path.iterdir()) == []
