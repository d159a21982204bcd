"""`logloom status`, of a collector that says what it is told to."""

import argparse
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from logloom.cli import status
from logloom.telemetry import Snapshot, Telemetry
from logloom.telemetry.catalog import Numbers
from logloom.telemetry.status import StatusSocket, plain


def snapshot(sent: int = 5) -> Snapshot:
    def numbers() -> Any:
        found = Numbers()
        found.put("otelcol_process_uptime", 75.0)
        found.put("otelcol_receiver_accepted_log_records", 12_345_678, receiver="otlp")
        found.put("logloom_receiver_bytes", 3 << 30, receiver="otlp")
        found.put("logloom_processor_dropped_records", 4, processor="filter")
        found.put("logloom_pipeline_records", 7, pipeline="logs")
        found.put("logloom_processor_rule_matches", 4, processor="filter", rule="keep")
        found.put("otelcol_exporter_sent_log_records", sent, exporter="otlp/siem")
        found.put("logloom_exporter_lag_seconds", 4000.0, exporter="otlp/siem")
        found.put("logloom_exporter_lag_bytes", 5 << 20, exporter="otlp/siem")
        found.put("logloom_journal_trouble", 1, what="free")
        return found.metrics()

    telemetry = Telemetry()
    telemetry.sources.append(numbers)
    return telemetry.snapshot()


def document(**changed: Any) -> dict[str, Any]:
    component = {"id": "syslog", "kind": "receiver", "state": "waiting", "restarts": 2, "last_error": "port in use"}
    said = {"process": 7, "version": "1.2", "ready": True, "stalls": [], "components": [component]}
    return {**said, "metrics_at": ["localhost:8888"], "snapshot": plain(snapshot()), **changed}


@contextmanager
def answering(data: Path, **changed: Any) -> Iterator[None]:
    socket, ended = StatusSocket(data, lambda: document(**changed)), threading.Event()

    def answers() -> None:
        while not ended.is_set():
            socket.answer()

    thread = threading.Thread(target=answers)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        socket.close()


def arguments(data: Path, **given: bool) -> argparse.Namespace:
    return argparse.Namespace(**{"data": data, "json": False, "metrics": False, **given})


def test_what_a_person_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(tmp_path):
        assert status.run(arguments(tmp_path)) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "logloom 1.2, process 7: ready, up for 1m15s"
    assert "metrics at http://localhost:8888/metrics" in lines
    assert "TROUBLE journal: free" in lines
    assert "WAITING receiver syslog: port in use" in lines
    assert "otlp 12.3M 3.0 GiB 0 0" in lines
    assert "filter keep 4" in lines
    assert "otlp/siem 5 0 5.0 MiB 1h06m 0 0" in lines


def test_what_stalls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(tmp_path, ready=False, stalls=[{"what": "journal", "why": "no sync"}]):
        assert status.run(arguments(tmp_path)) == 1
    said = capsys.readouterr().out
    assert "NOT READY" in said
    assert "STALLED journal: no sync" in said


def test_metrics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(tmp_path):
        assert status.run(arguments(tmp_path, metrics=True)) == 0
    assert 'otelcol_exporter_sent_log_records{exporter="otlp/siem"} 5' in capsys.readouterr().out.splitlines()


def test_nobody_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status.run(arguments(tmp_path)) == 2
    assert "no collector runs on" in capsys.readouterr().err
