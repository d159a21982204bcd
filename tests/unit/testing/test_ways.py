"""`logloom.testing.ways`: each receiver has a row, and what it gives is read as what it says."""

import base64
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from logloom.config import loads
from logloom.config.model import component_types
from logloom.testing import GivenError, Rig
from logloom.testing.ways import WAYS

ZIPKIN = {"traceId": "463ac35c9f6413ad48485a3953bb6124", "id": "48485a3953bb6124", "name": "get", "timestamp": 1}
_RECORD = LogRecord(body=AnyValue(string_value="hello"))
REQUEST = ExportLogsServiceRequest(
    resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=[_RECORD])])]
).SerializeToString()
HEC = {"event": "hello", "time": 1_767_323_045}
RECEIVERS = """\
receivers:
  datadog: {endpoint: '127.0.0.1:0'}
  elasticsearch: {endpoint: '127.0.0.1:0'}
  filelog: {include: [/x], format: text}
  fluentforward: {endpoint: '127.0.0.1:0'}
  http: {endpoint: '127.0.0.1:0', paths: {/in: {format: json}}}
  loki: {protocols: {http: }}
  lumberjack: {endpoint: '127.0.0.1:0'}
  otlp: {protocols: {http: }}
  splunkhec: {endpoint: '127.0.0.1:0'}
  syslog: {tcp: {listen_address: '127.0.0.1:0'}}
  zipkin: {endpoint: '127.0.0.1:0'}
exporters: {nop: }
service:
  pipelines:
    logs:
      receivers: [datadog, elasticsearch, filelog, fluentforward, http, loki, lumberjack, otlp, splunkhec, syslog]
      exporters: [nop]
    traces: {receivers: [otlp, zipkin], exporters: [nop]}
"""


def test_each_receiver_has_a_row() -> None:
    assert [*WAYS] == component_types("receivers")


def test_what_takes_nothing_says_so() -> None:
    text = "receivers: {nop: }\nexporters: {nop: }\nservice: {pipelines: {logs: {receivers: [nop], exporters: [nop]}}}"
    with pytest.raises(GivenError, match="'nop' takes nothing"):
        Rig(loads(text)).push("nop", "hello")


@pytest.mark.parametrize(
    ("receiver", "given", "body"),
    [
        ("datadog", {"body": [{"message": "hello", "ddsource": "x"}]}, "hello"),
        ("elasticsearch", {"body": [{"create": {"_index": "x"}}, {"message": "hello"}]}, "hello"),
        ("filelog", {"lines": "hello"}, "hello"),
        (
            "fluentforward",
            {"body": ["tag", 1_767_323_045, {"message": "hello", "n": 1.5, "l": [None, True, -1]}]},
            None,
        ),
        ("http", {"body": {"msg": "hello"}, "path": "/in"}, "hello"),
        (
            "loki",
            {"body": {"streams": [{"stream": {"a": "b"}, "values": [["1767323045000000000", "hello"]]}]}},
            "hello",
        ),
        ("lumberjack", {"body": {"message": "hello", "@timestamp": "2026-01-02T03:04:05Z"}}, "hello"),
        (
            "otlp",
            {"body": {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "hello"}}]}]}]}},
            "hello",
        ),
        ("otlp", {"base64": base64.b64encode(REQUEST).decode()}, "hello"),
        ("splunkhec", {"body": HEC}, "hello"),
        ("splunkhec", {"lines": ["hello"]}, "hello"),
        ("syslog", {"lines": "<13>1 2026-01-02T03:04:05Z host app - - - hello"}, "hello"),
        ("zipkin", {"body": [ZIPKIN]}, None),
    ],
)
def test_what_is_given_comes_out(receiver: str, given: dict[str, Any], body: str | None) -> None:
    rig = Rig(loads(RECEIVERS))
    try:
        assert rig.push(receiver, **given).kind == "done"
        rig.finish()
        (record,) = rig.records()["nop"]
    finally:
        rig.close()
    assert "unreadable" not in record["attributes"]
    if body is not None:
        assert record["body"] == body
