"""`logloom try`, as a program."""

import gzip
from pathlib import Path

import orjson
import pytest

from tests.unit.cli.command import logloom
from tests.unit.testing.configs import CONFIG

LINE = '{"level":"info","msg":"hello a@example.com"}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mesh.yaml").write_text(CONFIG.replace("${env:SIEM}", "siem:4317"))
    return tmp_path


def test_a_line_without_a_config() -> None:
    done = logloom("try", LINE)
    lines = done.stdout.decode().splitlines()
    assert (done.returncode, lines[0]) == (0, "format: json (found out)")
    (record,) = orjson.loads(lines[-1])["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    assert record["body"] == {"stringValue": "hello a@example.com"}


def test_a_line_that_cannot_be_read_says_why() -> None:
    done = logloom("try", "--format", "json", "-", stdin=b"{no json")
    assert done.returncode == 1
    assert b"record 1: cannot be read as json: " in done.stdout


def test_each_effect_on_the_way_and_what_leaves(folder: Path) -> None:
    done = logloom("try", "--config", "mesh.yaml", "--receiver", "filelog/mesh", LINE, cwd=folder)
    text = done.stdout.decode()
    assert done.returncode == 0
    assert "filelog/mesh: seems to be json; read as json" in text
    assert 'pipeline logs/mesh: redaction (email 2)\n  -     "log.record.original"' in text
    assert "pipeline logs/mesh: filter: changes nothing" in text
    assert "exporter otlp/siem: 1 record\n{" in text
    assert text.rstrip().endswith("exporter file: 0 records")
    assert "a@example.com" not in text[text.index("exporter") :]
    assert [path.name for path in folder.iterdir()] == ["mesh.yaml"]


def test_a_message_of_a_protocol(folder: Path) -> None:
    body = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hi"}}]}]}]}'
    done = logloom("try", "--config", "mesh.yaml", "--receiver", "otlp", stdin=body, cwd=folder)
    assert done.returncode == 0
    assert b"exporter file: 1 record\n" in done.stdout


def test_what_a_change_would_do_to_recorded_traffic(folder: Path) -> None:
    (folder / "new.yaml").write_text((folder / "mesh.yaml").read_text().replace("severity < INFO", "severity < DEBUG"))
    (folder / "x.log.gz").write_bytes(gzip.compress(b'{"level":"info","msg":"a"}\n{"level":"debug","msg":"b"}\n' * 500))
    command = (
        "try",
        "--config",
        "new.yaml",
        "--compare",
        "mesh.yaml",
        "--receiver",
        "filelog/mesh",
        "--against",
        "x.log.gz",
    )
    done = logloom(*command, cwd=folder)
    rows = [line.split() for line in done.stdout.decode().splitlines()]
    assert done.returncode == 0
    assert ["exporter", "otlp/siem", "records", "500", "1,000", "+500"] in rows
    assert ["pipeline", "logs/mesh", "dropped", "500", "0", "-500"] in rows


def test_what_makes_no_sense(folder: Path) -> None:
    for arguments, told in (
        (("--receiver", "otlp"), "--receiver, --against and --compare are for a config"),
        (("--config", "mesh.yaml"), "which receiver gets it? --receiver takes one of filelog/mesh, otlp"),
        (("--config", "mesh.yaml", "--receiver", "x"), "no receiver 'x' runs in this config"),
        (
            ("--config", "mesh.yaml", "--receiver", "otlp", "--format", "json"),
            "--format is for a line without a config",
        ),
    ):
        done = logloom("try", LINE, *arguments, cwd=folder)
        assert (done.returncode, told in done.stderr.decode()) == (2, True)
