"""Go's clients, each a small program of tests/peers/go that uses one as its users do."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.otlp import Flat
from tests.peers.golang import programs
from tests.peers.listed import cache
from tests.peers.sending import LOOPBACK, TLS, config, written
from tests.service.logloom_process import Logloom

SECOND = 1_000_000_000
ZERO = {"endpoint": f"{LOOPBACK}:0"}


def command(program: str, *arguments: object) -> list[str]:
    return [str(programs(cache()) / program), *map(str, arguments)]


def run(program: str, *arguments: object) -> list[str]:
    """What it prints, line by line."""
    done = subprocess.run(command(program, *arguments), capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def tracing(tmp_path: Path) -> Iterator[Logloom]:
    protocols = dict.fromkeys(("grpc", "thrift_http", "thrift_compact"), ZERO)
    receivers = {"jaeger": {"protocols": protocols, "sampling_rate": 1.0}, "zipkin": ZERO}
    with Logloom(config(tmp_path, "traces", **receivers), tmp_path) as logloom:
        yield logloom


def spans(found: list[Flat]) -> list[Flat]:
    return [record for record in found if record.event_name == "span"]


@pytest.mark.needs("go:github.com/uber/jaeger-client-go")
@pytest.mark.parametrize("way", ["udp", "http"])
@pytest.mark.parametrize("asks", [False, True])
def test_jaegers_client(tracing: Logloom, tmp_path: Path, way: str, asks: bool) -> None:
    """By the agent's UDP and the collector's HTTP; with the sampling that it was told, where it asks."""
    to = tracing.endpoint("jaeger", "thrift_compact" if way == "udp" else "thrift_http")
    sampling = [f"http://{tracing.endpoint('jaeger', 'thrift_http')}/sampling"] if asks else []
    run("jaeger", way, to, 50, *sampling)
    found = written(tracing, tmp_path, 150)
    servers = [record for record in spans(found) if record.body == "get /cart"]
    children = [record for record in spans(found) if record.body == "select"]
    assert sorted(record.attributes["n"] for record in servers) == list(range(50))
    assert {record.trace_id for record in servers} == {record.trace_id for record in children}
    assert {record.attributes["span.parent_span_id"] for record in children} == {record.span_id for record in servers}
    assert {record.resource["service.name"] for record in found} == {"cart"}
    assert {record.resource["team"] for record in found} == {"shop"}
    assert {record.severity for record in children} == {17}
    assert len([record for record in found if record.body == "cache miss"]) == 50


@pytest.mark.needs("go:github.com/jaegertracing/jaeger-idl")
def test_jaegers_own_messages_over_grpc(tracing: Logloom, tmp_path: Path) -> None:
    assert run("jaegergrpc", tracing.endpoint("jaeger", "grpc"), 30) == ["PROBABILISTIC 1"]
    found = written(tracing, tmp_path, 60)
    assert {(record.trace_id, record.attributes["n"]) for record in spans(found)} == {
        (f"{1:016x}{number + 1:016x}", number) for number in range(30)
    }
    for record in spans(found):
        has = record.attributes
        assert (record.time, record.resource["hostname"]) == (1_795_430_459_123_456_000, "pod-1")
        assert (has["ratio"], has["hit"], has["blob"]) == (0.5, True, b"\0\xff")


@pytest.mark.needs("go:github.com/openzipkin/zipkin-go")
@pytest.mark.parametrize("encoding", ["json", "proto"])
def test_zipkins_client(tracing: Logloom, tmp_path: Path, encoding: str) -> None:
    url = f"http://{tracing.endpoint('zipkin', 'http')}/api/v2/spans"
    assert run("zipkin", url, 25, encoding) == ["202"]
    found = spans(written(tracing, tmp_path, 25))
    assert sorted(int(record.attributes["n"]) for record in found) == list(range(25))
    for record in found:
        assert record.resource["service.name"] == "cart"
        assert (record.attributes["network.peer.address"], record.attributes["network.peer.port"]) == (
            "2001:db8::1",
            5432,
        )


@pytest.mark.needs("go:github.com/elastic/go-lumber")
@pytest.mark.parametrize("level", [0, 3, 9])
@pytest.mark.parametrize("ahead", [[], [4]])
def test_what_filebeat_sends_with(tmp_path: Path, level: int, ahead: list[int]) -> None:
    """Windows of 200, one after the other and four ahead, plain and compressed; each is acknowledged."""
    with Logloom(config(tmp_path, lumberjack=ZERO), tmp_path) as logloom:
        assert run("lumber", logloom.endpoint("lumberjack", "lumberjack"), 10, 200, level, *ahead) == ["2000"]
        found = written(logloom, tmp_path, 2000)
    assert [record.body for record in found] == [f"order {number}" for number in range(2000)]
    assert {record.attributes["log.file.path"] for record in found} == {"/var/log/shop.log"}


@pytest.mark.needs("go:github.com/fluent/fluent-logger-golang")
@pytest.mark.parametrize("mode", ["ack", "plain", "async"])
@pytest.mark.parametrize("network", ["tcp", "tls", "unix"])
def test_fluents_logger(tmp_path: Path, network: str, mode: str) -> None:
    settings: dict[str, object] = dict(ZERO)
    if network == "unix":
        settings["endpoint"] = f"unix://{tmp_path / 'forward.sock'}"
    if network == "tls":
        settings["tls"] = {key: TLS[key] for key in ("cert_file", "key_file")}
    with Logloom(config(tmp_path, fluentforward=settings), tmp_path) as logloom:
        to = logloom.endpoint("fluentforward", "forward").removeprefix("unix://")
        run("fluentlogger", network, to, 100, mode)
        found = written(logloom, tmp_path, 100)
    assert [record.attributes["n"] for record in found] == list(range(100))
    assert [record.time for record in found] == [1_795_430_459 * SECOND + number for number in range(100)]
    assert {(record.body, record.severity) for record in found} == {("order", 13)}
    assert {record.attributes["fluent.tag"] for record in found} == {"shop.cart"}


@pytest.mark.needs("go:github.com/IBM/fluent-forward-go")
@pytest.mark.parametrize("key", [[], ["the key"]])
def test_each_mode_of_fluent_forward(tmp_path: Path, key: list[str]) -> None:
    """Message, Forward, PackedForward and CompressedPackedForward, acknowledged; after the handshake."""
    settings = {**ZERO, **({"security": {"shared_key": key[0], "self_hostname": "us"}} if key else {})}
    with Logloom(config(tmp_path, fluentforward=settings), tmp_path) as logloom:
        run("fluentforward", logloom.endpoint("fluentforward", "forward"), 40, *key)
        found = written(logloom, tmp_path, 122)
    tags = Counter(record.attributes["fluent.tag"] for record in found)
    assert tags == {"shop.message": 1, "shop.ext": 1, "shop.forward": 40, "shop.packed": 40, "shop.gzip": 40}
    for tag in ("shop.forward", "shop.packed", "shop.gzip"):
        of_tag = [record for record in found if record.attributes["fluent.tag"] == tag]
        assert [record.time % SECOND for record in of_tag] == list(range(40))
        assert [record.attributes["n"] for record in of_tag] == list(range(40))


@pytest.mark.needs("go:github.com/grafana/loki-client-go")
@pytest.mark.parametrize("encoding", ["snappy", "json"])
@pytest.mark.parametrize("tenant", [[], ["shop"]])
def test_promtails_client(tmp_path: Path, encoding: str, tenant: list[str]) -> None:
    """Batches of about a thousand bytes; every other line has structured metadata."""
    with Logloom(config(tmp_path, loki={"protocols": {"http": ZERO}}), tmp_path) as logloom:
        run("loki", f"http://{logloom.endpoint('loki', 'http')}/loki/api/v1/push", 300, encoding, *tenant)
        found = written(logloom, tmp_path, 300)
    assert [record.body for record in found] == [f"order {number}" for number in range(300)]
    assert [record.time for record in found] == [1_795_430_459 * SECOND + number for number in range(300)]
    assert {record.attributes["job"] for record in found} == {"shop"}
    assert {record.severity for record in found} == {13}
    if encoding == "snappy":
        assert [record.attributes.get("n") for record in found[1::2]] == [str(n) for n in range(1, 300, 2)]
    assert {record.resource.get("loki.tenant.id") for record in found} == {tenant[0] if tenant else None}


@pytest.mark.needs(
    "go:go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc",
    "go:go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp",
)
@pytest.mark.parametrize("way", ["grpc", "http"])
def test_opentelemetrys_sdk(tmp_path: Path, way: str) -> None:
    protocols = {"grpc": ZERO, "http": ZERO}
    with Logloom(config(tmp_path, otlp={"protocols": protocols}), tmp_path) as logloom:
        run("otlp", way, logloom.endpoint("otlp", way), 300)
        found = written(logloom, tmp_path, 300)
    assert [record.attributes["n"] for record in found] == list(range(300))
    assert [record.time for record in found] == [1_795_430_459 * SECOND + number for number in range(300)]
    for record in found:
        assert record.body == {"what": "order", "blob": b"\0\xff"}
        assert (record.attributes["list"], record.severity, record.scope) == ([True, 1.5], 13, "shop")
        assert record.resource["service.name"] == "cart"
