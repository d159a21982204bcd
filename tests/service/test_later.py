"""A full journal: each protocol tells its client to come again in its own way, and nothing is lost."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import msgpack
import pytest
import urllib3
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.encoders import jaeger
from tests.service.engines import ENGINES, served_by
from tests.service.logloom_process import Logloom
from tests.service.sinks import OtlpSink
from tests.service.waiting import wait_until

LOOPBACK = "127.0.0.1"
ZERO: dict[str, Any] = {"endpoint": f"{LOOPBACK}:0"}
HELD_S = 30
LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
POST_SPANS = "/jaeger.api_v2.CollectorService/PostSpans"
RECEIVERS: dict[str, Any] = {
    "otlp": {"protocols": {"grpc": ZERO, "http": ZERO}},
    "zipkin": ZERO,
    "jaeger": {"protocols": {"grpc": ZERO, "thrift_http": ZERO}},
    "http": ZERO,
    "fluentforward": ZERO,
    "lumberjack": ZERO,
    "syslog": {"tcp": {"listen_address": f"{LOOPBACK}:0"}},
}


def request(body: str) -> bytes:
    message = ExportLogsServiceRequest()
    message.resource_logs.add().scope_logs.add().log_records.add().body.string_value = body
    return message.SerializeToString()


class Full(Logloom):
    """One whose journal is full: its destination does not answer until `destination` is entered."""

    def fill(self) -> None:
        """Send until no more is taken."""
        with grpc.insecure_channel(self.endpoint("otlp", "grpc")) as channel:
            export, big = channel.unary_unary(LOGS), request("x" * 200_000)

            def refused() -> bool:
                try:
                    export(big, timeout=HELD_S)
                except grpc.RpcError:
                    return True
                return False

            wait_until(refused, "the journal to be full")


@pytest.fixture
def port() -> int:
    """One that is free for the destination."""
    with socket.socket() as sock:
        sock.bind((LOOPBACK, 0))
        number: int = sock.getsockname()[1]
        return number


@pytest.fixture
def engines() -> str:
    """Which servers; tests of protocols that have the choice take all of them."""
    return "native"


@pytest.fixture
def full(tmp_path: Path, port: int, engines: str) -> Iterator[Full]:
    retry = {"initial_interval": "100ms", "max_interval": "200ms"}
    destination = {"endpoint": f"{LOOPBACK}:{port}", "tls": {"insecure": True}, "retry_on_failure": retry}
    config = {
        "receivers": served_by(engines, RECEIVERS),
        "exporters": {"otlp": destination},
        "journal": {"kind": "memory"},
        "service": {
            "journal": {"bytes_max": "1MiB"},
            "pipelines": {"logs": {"receivers": [*RECEIVERS], "exporters": ["otlp"]}},
        },
    }
    with Full(config, tmp_path) as logloom:
        logloom.fill()
        yield logloom
        with OtlpSink(port=port):  # a stop delivers what was taken
            logloom.stop()
            logloom.start()


def retry_info(error: grpc.RpcError) -> float:
    """The delay that the trailer names, in seconds."""
    trailer = dict(error.trailing_metadata())
    status = Status.FromString(trailer["grpc-status-details-bin"])
    info = RetryInfo()
    assert status.code == error.code().value[0]
    assert status.details[0].Unpack(info)
    return info.retry_delay.ToTimedelta().total_seconds()


@pytest.mark.parametrize("engines", ENGINES)
@pytest.mark.parametrize(
    ("receiver", "method", "message"),
    [
        ("otlp", LOGS, request("late")),
        ("jaeger", POST_SPANS, jaeger.proto(jaeger.Batch("cart", (), (jaeger.Span(1, 1, "get", 1, 8),)))),
    ],
)
def test_grpc_says_unavailable_and_when_to_come_again(full: Full, receiver: str, method: str, message: bytes) -> None:
    with grpc.insecure_channel(full.endpoint(receiver, "grpc")) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(method)(message, timeout=HELD_S)
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
        assert retry_info(refused.value) > 0


@pytest.mark.parametrize("engines", ENGINES)
@pytest.mark.parametrize(
    ("listens", "path", "content_type", "body"),
    [
        (("otlp", "http"), "/v1/logs", "application/x-protobuf", request("late")),
        (("zipkin", "http"), "/api/v2/spans", "application/json", b'[{"traceId":"1","id":"1"}]'),
        (("http", "http"), "/", "application/x-ndjson", b'{"message":"late"}\n'),
        (
            ("jaeger", "thrift_http"),
            "/api/traces",
            "application/x-thrift",
            jaeger.thrift_binary(jaeger.Batch("cart", (), (jaeger.Span(1, 1, "get", 1, 8),))),
        ),
    ],
)
def test_http_names_the_delay(full: Full, listens: tuple[str, str], path: str, content_type: str, body: bytes) -> None:
    url = f"http://{full.endpoint(*listens)}{path}"
    headers = {"Content-Type": content_type}
    answer = urllib3.request("POST", url, body=body, headers=headers, retries=False, timeout=HELD_S)
    assert answer.status in (429, 503)
    assert int(answer.headers["Retry-After"]) >= 1


def test_fluent_forward_withholds_the_acknowledgement(full: Full, port: int) -> None:
    with socket.create_connection((LOOPBACK, full.port("fluentforward", "forward")), HELD_S) as client:
        client.sendall(msgpack.packb(["t", 1, {"message": "late"}, {"chunk": "c"}]))
        client.settimeout(1)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(HELD_S)
        with OtlpSink(port=port):
            assert client.recv(7, socket.MSG_WAITALL) == msgpack.packb({"ack": "c"})


def test_lumberjack_acknowledges_nothing_and_says_that_it_lives(full: Full, port: int) -> None:
    """An acknowledgement of 0, as Logstash sends it, so that Beats do not take the connection for dead."""
    with socket.create_connection((LOOPBACK, full.port("lumberjack", "lumberjack")), HELD_S) as client:
        client.sendall(b"2W\0\0\0\x012J\0\0\0\x01\0\0\0\x12" + b'{"message":"late"}')
        assert client.recv(6, socket.MSG_WAITALL) == b"2A\0\0\0\0"
        with OtlpSink(port=port):
            while (said := client.recv(6, socket.MSG_WAITALL)) == b"2A\0\0\0\0":
                pass
        assert said == b"2A\0\0\0\x01"


@pytest.mark.parametrize(("receiver", "name"), [("syslog", "tcp"), ("fluentforward", "forward")])
def test_a_stream_is_not_read(full: Full, receiver: str, name: str) -> None:
    """The window closes: the client can send no more than the two sockets hold."""
    lines = b"<13>1 - - - - - - late\n" * 3000
    message = lines if receiver == "syslog" else msgpack.packb(["t", [[1, {"message": "late"}]] * 3000])
    with socket.create_connection((LOOPBACK, full.port(receiver, name))) as client:
        client.settimeout(2)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 64 << 20:
                sent += client.send(message)
        assert sent < 32 << 20
