"""logloom as a container's user has it: not root, and nothing to write to but its data folder."""

import subprocess
import sys
import tempfile
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from tests.service.confined import USER, confined, lacking
from tests.service.logloom_process import Logloom
from tests.service.sinks import EXPORTS

PROBE = """
import os, pathlib, sys
print(os.getuid(), os.geteuid())
for place in sys.argv[1:]:
    file = pathlib.Path(place, "logloom-probe")
    try:
        file.touch()
    except OSError:
        print("read-only", place)
    else:
        file.unlink()
        print("writable", place)
"""


@pytest.fixture
def writable(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    if why := lacking(folder):
        pytest.skip(f"NOT RUN: {why}")
    return folder


def test_the_test_itself_confines(writable: Path, tmp_path: Path) -> None:
    places = [writable, tmp_path, Path("/"), Path(tempfile.gettempdir()), Path.home(), Path(__file__).parent]
    command = [*confined([writable]), sys.executable, "-c", PROBE, *map(str, places)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
    assert said == [f"{USER} {USER}", f"writable {writable}", *(f"read-only {place}" for place in places[1:])]


def test_it_needs_its_data_folder_alone(writable: Path, tmp_path: Path) -> None:
    endpoint = {"endpoint": "127.0.0.1:0"}
    written = writable / "out.jsonl"
    config = {
        "receivers": {"otlp": {"protocols": {"grpc": endpoint, "http": endpoint}}},
        "exporters": {"file": {"path": str(written)}},
        "service": {
            "pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["file"]}},
            "telemetry": {"metrics": {"level": "none"}},
        },
    }
    running = Logloom(config, tmp_path, command=confined([writable]))
    for body in ("first", "after a start on what the first left behind"):
        with running, grpc.insecure_channel(running.endpoint("otlp", "grpc")) as channel:
            assert Path(f"/proc/{running.pid}/uid_map").read_text().split()[0] == str(USER)
            channel.unary_unary(EXPORTS["logs"])(_request(body), timeout=30)
            running.wait_for(written, lambda found, body=body: any(one.body == body for one in found), body)
    assert "Read-only file system" not in running.log()
    assert "Permission denied" not in running.log()


def _request(body: str) -> bytes:
    record = LogRecord(body=AnyValue(string_value=body))
    scopes = [ScopeLogs(log_records=[record])]
    return ExportLogsServiceRequest(resource_logs=[ResourceLogs(scope_logs=scopes)]).SerializeToString()
