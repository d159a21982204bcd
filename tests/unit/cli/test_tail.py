"""`logloom tail`, as a program beside a service that runs."""

import subprocess
import urllib.request
from pathlib import Path

import orjson
import pytest

from tests.service.logloom_process import Logloom
from tests.unit.cli.command import LOGLOOM, logloom

CONFIG = {
    "receivers": {"http": {"endpoint": "127.0.0.1:0"}},
    "processors": {"redaction": {"rules": ["email"]}},
    "exporters": {"nop": None},
    "service": {"pipelines": {"logs": {"receivers": ["http"], "processors": ["redaction"], "exporters": ["nop"]}}},
}
RECORD = b'{"level":"warn","msg":"hello a@example.com"}\n'


def _post(running: Logloom) -> None:
    address = f"http://{running.endpoint('http', 'http')}/"
    with urllib.request.urlopen(urllib.request.Request(address, RECORD), timeout=30) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("component", "output", "seen"),
    [
        ("http", "ndjson", "hello a@example.com"),
        ("processors.redaction", "otlp-json", "hello ****"),
        ("exporters.nop", "table", "hello ****"),
    ],
)
def test_records_as_they_leave_a_component(tmp_path: Path, component: str, output: str, seen: str) -> None:
    with Logloom(CONFIG, tmp_path) as running:
        command = [LOGLOOM, "tail", component, "--data", str(running.data), "--output", output, "--records", "2"]
        command += ["--filter", "severity >= WARN", "--color", "never"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tail:
            while tail.poll() is None:  # it may not look on yet when the first are sent
                _post(running)
            assert tail.stdout is not None
            text = tail.stdout.read().decode()
    assert tail.returncode == 0
    assert text.count(seen) >= 2
    if output == "otlp-json":
        assert all(orjson.loads(line)["resourceLogs"] for line in text.splitlines())


def test_what_cannot_be_looked_on_at(tmp_path: Path) -> None:
    assert b"no such folder: name the service's data folder with --data" in logloom("tail", "x", cwd=tmp_path).stderr
    (tmp_path / "data").mkdir()
    done = logloom("tail", "x", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, b"logloom: data: no service runs here\n")
    with Logloom(CONFIG, tmp_path) as running:
        done = logloom("tail", "nobody", "--data", running.data)
        assert done.returncode == 2
        assert b"no component 'nobody' runs: there are receivers.http, processors.redaction" in done.stderr
        done = logloom("tail", "http", "--filter", "severity >", "--data", running.data)
        assert done.returncode == 2
