"""Tracers that send their spans: Jaeger's own client, py_zipkin, and every encoding by hand."""

import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import orjson
import pytest

from tests.encoders import jaeger, zipkin
from tests.otlp import Flat
from tests.service.logloom_process import Logloom

pytestmark = pytest.mark.peer

LOOPBACK = "127.0.0.1"
BATCH = jaeger.Batch(
    "cart",
    (("hostname", "pod-1"),),
    (jaeger.Span(0x1234, 0x5678, "get /cart", 1_795_430_459_000_000, 812, tags=(("span.kind", "server"), ("n", 7))),),
)
ZERO: dict[str, Any] = {"endpoint": f"{LOOPBACK}:0"}


@pytest.fixture
def logloom(tmp_path: Path) -> Iterator[Logloom]:
    protocols = dict.fromkeys(("grpc", "thrift_http", "thrift_compact", "thrift_binary"), ZERO)
    config = {
        "receivers": {"jaeger": {"protocols": protocols, "sampling_rate": 0.25}, "zipkin": ZERO},
        "exporters": {"file": {"path": str(tmp_path / "out.jsonl")}},
        "service": {"pipelines": {"traces": {"receivers": ["jaeger", "zipkin"], "exporters": ["file"]}}},
    }
    with Logloom(config, tmp_path) as running:
        yield running


def written(logloom: Logloom, folder: Path, count: int) -> list[Flat]:
    return logloom.wait_for(folder / "out.jsonl", lambda found: len(found) >= count, f"{count} records")


def run(program: str, said: str = "") -> None:
    """A program of a user of ours. A process of its own: these libraries bring event loops and message classes."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, said), done.stderr


def post(url: str, body: bytes, content_type: str) -> int:
    request = urllib.request.Request(url, body, {"Content-Type": content_type})  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        return error.code


def udp(port: int, data: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(data, (LOOPBACK, port))


def test_jaegers_client_sends_to_it(logloom: Logloom, tmp_path: Path) -> None:
    """What its users' programs do, and nothing else is changed but the agent's port."""
    run(
        f"""
import time
from jaeger_client import Config
agent = {{"reporting_host": "{LOOPBACK}", "reporting_port": {logloom.port("jaeger", "thrift_compact")}}}
settings = {{"sampler": {{"type": "const", "param": 1}}, "local_agent": agent, "logging": False}}
tracer = Config(config=settings, service_name="cart", validate=True).initialize_tracer()
for number in range(20):
    with tracer.start_span("get /cart") as span:
        span.set_tag("n", number)
        span.log_kv({{"event": "cache miss"}})
closed, until_s = tracer.close(), time.monotonic() + 30
while not closed.done() and time.monotonic() < until_s:  # its own thread sends what is left
    time.sleep(0.01)
assert closed.done()
"""
    )
    found = written(logloom, tmp_path, 40)
    spans = [record for record in found if record.event_name == "span"]
    assert sorted(record.attributes["n"] for record in spans) == list(range(20))
    assert {record.resource["service.name"] for record in found} == {"cart"}
    assert len([record for record in found if record.event_name != "span"]) == 20


def test_each_protocol_of_jaegers_gives_the_same_records(logloom: Logloom, tmp_path: Path) -> None:
    """GRPC, thrift over HTTP, thrift over UDP: as jaeger's collector and agent take them."""
    with grpc.insecure_channel(logloom.endpoint("jaeger", "grpc")) as channel:
        post_spans = channel.unary_unary("/jaeger.api_v2.CollectorService/PostSpans")
        assert post_spans(jaeger.proto(BATCH), timeout=20) == b""
    url = f"http://{logloom.endpoint('jaeger', 'thrift_http')}"
    assert post(f"{url}/api/traces?format=jaeger.thrift", jaeger.thrift_binary(BATCH), "application/x-thrift") == 202
    assert post(f"{url}/api/traces", b"\x0b\xff", "application/vnd.apache.thrift.binary") == 400
    assert post(f"{url}/api/traces", b"{}", "application/json") == 415
    udp(logloom.port("jaeger", "thrift_compact"), jaeger.emit_compact(BATCH))
    udp(logloom.port("jaeger", "thrift_binary"), jaeger.emit_binary(BATCH))
    found = written(logloom, tmp_path, 4)
    assert {(r.body, r.trace_id, r.span_id, r.time, r.attributes["n"], r.resource["hostname"]) for r in found} == {
        ("get /cart", f"{0x1234:032x}", f"{0x5678:016x}", 1_795_430_459_000_000_000, 7, "pod-1")
    }


def test_who_asks_how_to_sample_is_told(logloom: Logloom) -> None:
    with urllib.request.urlopen(f"http://{logloom.endpoint('jaeger', 'thrift_http')}/sampling?service=cart") as answer:
        told = orjson.loads(answer.read())
    assert told == {"strategyType": "PROBABILISTIC", "probabilisticSampling": {"samplingRate": 0.25}}
    with grpc.insecure_channel(logloom.endpoint("jaeger", "grpc")) as channel:
        ask = channel.unary_unary("/jaeger.api_v2.SamplingManager/GetSamplingStrategy")
        assert ask(b"\n\x04cart", timeout=20) == b"\x12\x09\x09\x00\x00\x00\x00\x00\x00\xd0\x3f"


@pytest.mark.parametrize(
    ("path", "encoding", "content_type"),
    [
        ("/api/v2/spans", "V2_JSON", "application/json"),
        ("/api/v2/spans", "V2_PROTO3", "application/x-protobuf"),
        ("/api/v1/spans", "V1_JSON", "application/json"),
    ],
)
def test_py_zipkin_sends_to_it(logloom: Logloom, tmp_path: Path, path: str, encoding: str, content_type: str) -> None:
    run(
        f"""
import urllib.request
from py_zipkin import Encoding, Kind
from py_zipkin.transport import BaseTransportHandler
from py_zipkin.zipkin import zipkin_span

class Http(BaseTransportHandler):
    def get_max_payload_bytes(self):
        return None

    def send(self, payload):
        data = payload if isinstance(payload, bytes) else payload.encode()
        url = "http://{logloom.endpoint("zipkin", "http")}{path}"
        request = urllib.request.Request(url, data, {{"Content-Type": "{content_type}"}})
        print(urllib.request.urlopen(request, timeout=20).status)

with zipkin_span(
    service_name="cart", span_name="get /cart", transport_handler=Http(), encoding=Encoding.{encoding},
    kind=Kind.SERVER, sample_rate=100,
) as span:
    span.update_binary_annotations({{"http.path": "/cart"}})
""",
        "202",
    )
    (record,) = [record for record in written(logloom, tmp_path, 1) if record.event_name == "span"]
    assert (record.body, record.attributes["http.path"]) == ("get /cart", "/cart")
    assert record.resource["service.name"] == "cart"


@pytest.mark.parametrize(
    ("path", "encode", "content_type"),
    [
        ("/api/v2/spans", zipkin.v2_json, "application/json"),
        ("/api/v2/spans", zipkin.proto, "application/x-protobuf"),
        ("/api/v1/spans", zipkin.v1_json, "application/json"),
        ("/api/v1/spans", zipkin.v1_thrift, "application/x-thrift"),
    ],
)
def test_what_cannot_be_read_is_refused_as_zipkin_does(
    logloom: Logloom, path: str, encode: Callable[[list[zipkin.Span]], bytes], content_type: str
) -> None:
    url = f"http://{logloom.endpoint('zipkin', 'http')}"
    assert post(f"{url}{path}", encode([zipkin.Span(1, 2, name="a")]), content_type) == 202
    assert post(f"{url}{path}", b"nonsense", content_type) == 400
    assert post(f"{url}{path}", b"[]", "text/html") == 415
