"""`service.memory_limit_mib`: the process's own bound, over all receivers and both engines."""

import re
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from tests.service.logloom_process import Logloom
from tests.service.sinks import EXPORTS
from tests.service.waiting import wait_until

BODY = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hello"}}]}]}]}'


def config(limit_mib: int, **engines: str) -> dict[str, Any]:
    http, grpc_engine = engines.get("http", "native"), engines.get("grpc", "native")
    protocols = {
        "http": {"endpoint": "127.0.0.1:0", "engine": http},
        "grpc": {"endpoint": "127.0.0.1:0", "engine": grpc_engine},
    }
    pipelines = {"logs": {"receivers": ["otlp"], "exporters": ["nop"]}}
    telemetry = {"metrics": {"level": "none"}}
    service = {"pipelines": pipelines, "memory_limit_mib": limit_mib, "telemetry": telemetry}
    return {"receivers": {"otlp": {"protocols": protocols}}, "exporters": {"nop": None}, "service": service}


def _post(running: Logloom) -> int:
    headers = {"Content-Type": "application/json"}
    address = f"http://{running.endpoint('otlp', 'http')}/v1/logs"
    try:
        with urllib.request.urlopen(urllib.request.Request(address, BODY, headers), timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code if int(error.headers["Retry-After"]) >= 1 else 0


def _export(running: Logloom) -> grpc.StatusCode:
    with grpc.insecure_channel(running.endpoint("otlp", "grpc")) as channel:
        try:
            channel.unary_unary(EXPORTS["logs"])(b"", timeout=30)
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            return code
    return grpc.StatusCode.OK


@pytest.mark.parametrize("engines", [{}, {"http": "aiohttp", "grpc": "grpcio"}], ids=["native", "python"])
def test_above_it_everybody_is_told_to_come_again(tmp_path: Path, engines: dict[str, str]) -> None:
    with Logloom(config(8, **engines), tmp_path) as running:  # less than a process can be
        wait_until(lambda: _post(running) in (429, 503), "senders to be told", failed=running.ended)
        assert _export(running) in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert "too much memory in use: senders are asked to come again" in running.log()


def test_below_it_nobody_is(tmp_path: Path) -> None:
    with Logloom(config(4096), tmp_path) as running:
        assert _post(running) == 200
        assert _export(running) == grpc.StatusCode.OK
    assert "too much memory" not in running.log()


LIMIT_MIB = 320
SENDERS, REQUESTS, RECORDS = 32, 6, 14_000
BROKEN_OFF = 0


def _most_mib(pid: int) -> int:
    """The most that it ever held, without what is mapped from files."""
    status = Path(f"/proc/{pid}/status").read_text()
    most, mapped = (int(re.findall(rf"{what}:\s+(\d+) kB", status)[0]) for what in ("VmHWM", "RssFile"))
    return (most - mapped) >> 10


def test_it_holds_under_a_flood(tmp_path: Path) -> None:
    record = LogRecord(body=AnyValue(string_value="x" * 1000))
    logs = [ResourceLogs(scope_logs=[ScopeLogs(log_records=[record] * RECORDS)])]
    body = ExportLogsServiceRequest(resource_logs=logs).SerializeToString()
    assert SENDERS * len(body) >> 20 > LIMIT_MIB  # all that is sent at once would not go in
    with Logloom(config(LIMIT_MIB), tmp_path) as running, ThreadPoolExecutor(SENDERS) as senders:
        taken = list(senders.map(lambda _: _sent(running, body), range(SENDERS * REQUESTS)))
        assert _most_mib(running.pid) <= LIMIT_MIB
    assert set(taken) <= {200, 429, 503, BROKEN_OFF}
    received = sum(int(found) for found in re.findall(r" received receiver=otlp records=(\d+)", running.log()))
    assert received == taken.count(200) * RECORDS > 0


def _sent(running: Logloom, body: bytes) -> int:
    headers = {"Content-Type": "application/x-protobuf"}
    address = f"http://{running.endpoint('otlp', 'http')}/v1/logs"
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=120) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError as error:  # told while it sent, and not read to the end
        if not isinstance(error.reason, ConnectionError):
            raise
        return BROKEN_OFF
