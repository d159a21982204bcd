"""What one logloom exports, another receives: over gRPC and HTTP, with and without compression, and in bad weather."""

from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

from bench import corpus
from tests import otlp
from tests.otlp import Flat
from tests.service.logloom_process import Logloom, read
from tests.service.sinks import EXPORTS, OtlpSink

REQUESTS, RECORDS = 8, 50
RETRY = {"initial_interval": "50ms", "max_interval": "200ms"}


def _receiving(out: Path, grpc_port: int = 0) -> dict[str, Any]:
    endpoints = {"grpc": {"endpoint": f"127.0.0.1:{grpc_port}"}, "http": {"endpoint": "127.0.0.1:0"}}
    return {
        "receivers": {"otlp": {"protocols": endpoints}},
        "exporters": {"file": {"path": str(out)}},
        "service": {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["file"]}}},
    }


def _sending(exporter: str, config: dict[str, Any]) -> dict[str, Any]:
    return {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}}}},
        "exporters": {exporter: {"retry_on_failure": RETRY, **config}},
        "service": {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": [exporter]}}},
    }


def _export(channel: grpc.Channel, data: bytes) -> ExportLogsServiceResponse:
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(EXPORTS["logs"])
    return ExportLogsServiceResponse.FromString(call(data, timeout=60, wait_for_ready=True))


def _send(port: int) -> list[Flat]:
    """Sends seeded requests by plain gRPC and returns their records; each must be acknowledged in full."""
    sent: list[Flat] = []
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        for seed in range(REQUESTS):
            data = corpus.otlp_logs(RECORDS, seed)
            assert not _export(channel, data).HasField("partial_success")
            sent += otlp.from_bytes(data)
    return sent


def _key(record: Flat) -> tuple[int, str]:
    return record.time, record.span_id


def _same(found: list[Flat], sent: list[Flat]) -> None:
    assert sorted(found, key=_key) == sorted(sent, key=_key)


@pytest.mark.parametrize(
    ("exporter", "what", "more"),
    [
        ("otlp", "grpc", {"compression": "none", "tls": {"insecure": True}}),
        ("otlp", "grpc", {"compression": "gzip", "tls": {"insecure": True}}),
        ("otlphttp", "http", {"compression": "none"}),
        ("otlphttp", "http", {"compression": "gzip"}),
        ("otlphttp", "http", {"compression": "zstd"}),
        ("otlphttp", "http", {"encoding": "json"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values()))[:8].lower(),
)
def test_two_collectors_in_a_row(exporter: str, what: str, more: dict[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with Logloom(_receiving(out), tmp_path / "second") as second:
        scheme = "" if what == "grpc" else "http://"
        config = _sending(exporter, {"endpoint": scheme + second.endpoint("otlp", what), **more})
        with Logloom(config, tmp_path / "first") as first:
            sent = _send(first.port("otlp", "grpc"))
        # The first one has stopped: all that it acknowledged has been delivered.
    _same(read(out), sent)


def test_a_destination_that_comes_late_gets_everything(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with Logloom(_receiving(out), tmp_path / "second") as second:
        port = second.port("otlp", "grpc")
    config = _sending("otlp", {"endpoint": f"127.0.0.1:{port}", "tls": {"insecure": True}})
    with Logloom(config, tmp_path / "first") as first:
        sent = _send(first.port("otlp", "grpc"))
        with Logloom(_receiving(out, port), tmp_path / "second") as second:
            second.wait_for(out, lambda found: len(found) >= len(sent), "what was sent while it was away")
    _same(read(out), sent)


def test_a_busy_destination_is_tried_again_and_gets_each_record_once(tmp_path: Path) -> None:

    with OtlpSink([grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.ABORTED]) as sink:
        config = _sending("otlp", {"endpoint": f"127.0.0.1:{sink.port}", "tls": {"insecure": True}})
        with Logloom(config, tmp_path / "first") as first:
            sent = _send(first.port("otlp", "grpc"))

            def arrived(requests: list[bytes]) -> bool:
                return sum(len(otlp.from_bytes(request)) for request in requests) >= len(sent)

            sink.wait_for(arrived, "all records")  # a stop would leave them in the journal
        found = [record for request in sink.received() for record in otlp.from_bytes(request)]
    _same(found, sent)


def test_unknown_fields_survive_the_way(tmp_path: Path) -> None:
    """Bytes that came as OTLP leave as they came: fields of a later version too."""
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=17)
    record.MergeFromString(b"\xfa\x07\x03new")  # field 127, length-delimited: none of today's
    data = request.SerializeToString()
    with OtlpSink() as sink:
        config = _sending("otlp", {"endpoint": f"127.0.0.1:{sink.port}", "tls": {"insecure": True}})
        with Logloom(config, tmp_path / "first") as first:
            with grpc.insecure_channel(f"127.0.0.1:{first.port('otlp', 'grpc')}") as channel:
                _export(channel, data)
            assert sink.wait_for(bool, "the request") == [data]
