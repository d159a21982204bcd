"""`logloom journal`, as a program: beside a collector that runs, and after it."""

import signal
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.service.upstream import Answer, Upstream
from tests.service.waiting import wait_until
from tests.unit.cli.command import logloom
from tests.unit.cli.test_run import collector, send

CONFIG = """
receivers:
  otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:0"}}, http: {{endpoint: "127.0.0.1:0"}}}}}}
exporters:
  file:
  otlphttp: {{endpoint: "http://127.0.0.1:{port}", retry_on_failure: {{initial_interval: 10ms}}}}
service: {{shutdown_timeout: 2s, pipelines: {{logs: {{receivers: [otlp], exporters: [file, otlphttp]}}}}}}
"""


def journal(folder: Path, *words: str) -> tuple[int, Any]:
    """The exit code, and what it said as JSON."""
    done = logloom("journal", *words, "--config", "config.yaml", "--data", "kept", "--json", cwd=folder)
    assert done.stdout, done.stderr
    return done.returncode, orjson.loads(done.stdout)


def test_a_poison_record_from_refusal_to_replay(tmp_path: Path) -> None:
    with Upstream(Answer(status=400)) as upstream:
        with collector(tmp_path, CONFIG.format(port=upstream.port)) as process:
            assert send(tmp_path) == 200
            dead = wait_until(
                lambda: [row for row in journal(tmp_path, "ls")[1]["dead_letters"] if row["pending"]], "the dead letter"
            )
            assert [(row["name"], row["pending"]) for row in dead] == [("otlphttp", 1)]
            code, refused = journal(tmp_path, "ls", "--dead-letter")
            assert [(row["exporter"], row["records"], "400" in row["why"]) for row in refused] == [
                ("otlphttp", 1, True)
            ]
            assert journal(tmp_path, "ls", "--dead-letter", "file") == (0, [])
            upstream.answer(Answer(status=200))
            before = len(upstream.received)
            assert journal(tmp_path, "replay", "--dead-letter", "otlphttp") == (0, {"replayed": {"otlphttp": 1}})
            upstream.wait_for(lambda received: len(received) > before, "the record again")
            assert journal(tmp_path, "ls", "--dead-letter") == (0, [])
            code, accounts = journal(tmp_path, "accounts")
            assert (code, accounts["unbalanced"]) == (0, [])
            assert accounts["pipelines"]["logs"] == {"made": 1, "journalled": 1, "dropped": 0, "passed_on": 0}
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        code, accounts = journal(tmp_path, "accounts")
        rows = accounts["exporters"]
        assert (code, rows["otlphttp"]["delivered"], rows["otlphttp"]["dead_lettered"]) == (0, 1, 1)
        assert rows["file"]["delivered"] == 1


def test_a_place_of_an_exporter_that_is_gone(tmp_path: Path) -> None:
    with Upstream(Answer(status=503)) as upstream, collector(tmp_path, CONFIG.format(port=upstream.port)) as process:
        assert send(tmp_path) == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0  # what waits for the destination is in the journal
    assert "in the journal, to be delivered after the next start: 1 record of exporter otlphttp" in (
        tmp_path / "err"
    ).read_text().replace('"', "")
    rows = {row["name"]: row["pending"] for row in journal(tmp_path, "ls")[1]["cursors"]}
    assert rows == {"file": 0, "otlphttp": 1}
    done = logloom("journal", "retire", "otlphttp", "--config", "config.yaml", "--data", "kept", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, b"retired otlphttp: 1 record dropped\n")
    assert [row["name"] for row in journal(tmp_path, "ls")[1]["cursors"]] == ["file"]


def test_one_wrong_byte_is_found(tmp_path: Path) -> None:
    with Upstream(Answer(status=503)) as upstream, collector(tmp_path, CONFIG.format(port=upstream.port)):
        assert send(tmp_path) == 200
        code, found = journal(tmp_path, "verify")
        assert (code, found["kept/journal"]["records"], found["kept/journal"]["damaged"]) == (0, 1, [])
    files = sorted((tmp_path / "kept" / "journal").glob("*.journal"))
    data = bytearray(files[0].read_bytes())
    at = data.index(b"LJE1") + 60
    data[at] ^= 1
    files[0].write_bytes(data)
    # The file was not finished when the collector was killed: its last entry may be one that was being written.
    code, found = journal(tmp_path, "verify")
    assert found["kept/journal"]["entries"] == 0
    listed = logloom("journal", "ls", "--config", "config.yaml", "--data", "kept", cwd=tmp_path)
    assert (listed.returncode, b"otlphttp" in listed.stdout) == (0, True)


def test_the_key_is_rotated_beside_the_collector_and_nothing_is_lost(tmp_path: Path) -> None:
    with Upstream(Answer(status=503)) as upstream, collector(tmp_path, CONFIG.format(port=upstream.port)) as process:
        assert send(tmp_path) == 200
        (begun,) = (file["key_id"] for file in journal(tmp_path, "ls")[1]["files"])
        code, said = journal(tmp_path, "rotate-key")
        assert (code, said["key_id"] != begun) == (0, True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    keys = sorted(path.name for path in (tmp_path / "kept").glob("journal.key*"))
    assert keys == ["journal.key", f"journal.key.{begun}"]
    with Upstream(Answer(status=503)) as upstream, collector(tmp_path, CONFIG.format(port=upstream.port)):
        assert send(tmp_path) == 200
        assert {file["key_id"] for file in journal(tmp_path, "ls")[1]["files"]} == {begun, said["key_id"]}
        code, found = journal(tmp_path, "verify")
        assert (code, found["kept/journal"]["records"]) == (0, 2)
    (tmp_path / "kept" / f"journal.key.{begun}").rename(tmp_path / "elsewhere")
    code, found = journal(tmp_path, "verify")
    assert (code, found["kept/journal"]["records"]) == (1, 1)
    assert "put it back there from its backup" in found["kept/journal"]["unreadable"][0][1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ls"], "no journal in nowhere/journal"),
        (["replay"], "say what: --dead-letter"),
        (["retire"], "name one exporter"),
        (["ls", "name"], "takes no names: name"),
        (["rotate-key", "name"], "takes no names: name"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, words: list[str], said: str) -> None:
    done = logloom("journal", *words, "--data", "nowhere", cwd=tmp_path)
    assert (done.returncode, said in done.stderr.decode()) == (2, True)
