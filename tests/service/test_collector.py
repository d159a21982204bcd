"""Configs of the Collector that run as they are: only ports and paths are put over them, by a second config."""

import base64
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import pytest
from fluent import sender as fluent

from bench import corpus
from tests import otlp
from tests.otlp import Flat
from tests.service.logloom_process import Logloom, read
from tests.service.sinks import EXPORTS, OtlpSink

CONFIGS = Path(__file__).resolve().parent.parent / "configs" / "collector"
FREE = {"endpoint": "127.0.0.1:0"}
CERTS = Path(__file__).parent / "certs"
SECRETS = {"AGENT_PASSWORD": "geheim", "CERTS": str(CERTS)}
OTLP = {"otlp": {"protocols": {"grpc": FREE, "http": FREE}}}


def collector(name: str, folder: Path, over: dict[str, Any], *arguments: str, **environment: str) -> Logloom:
    """The config `name`, with `over` over it."""
    return Logloom(over, folder, [*arguments, "--config", CONFIGS / f"{name}.yaml"], environment)


def export(
    endpoint: str, seed: int, metadata: tuple[tuple[str, str], ...] = (), *, secured: bool = False
) -> list[Flat]:
    """Sends 50 records over gRPC, `secured` with a client's certificate; returns them."""
    data = corpus.otlp_logs(50, seed)
    if secured:
        pems = [(CERTS / name).read_bytes() for name in ("ca.pem", "client.key", "client.pem")]
        opened = grpc.secure_channel(endpoint, grpc.ssl_channel_credentials(*pems))
    else:
        opened = grpc.insecure_channel(endpoint)
    with opened as channel:
        channel.unary_unary(EXPORTS["logs"])(data, timeout=60, wait_for_ready=True, metadata=metadata)
    return otlp.from_bytes(data)


def flat(requests: list[bytes]) -> list[Flat]:
    return [record for data in requests for record in otlp.from_bytes(data)]


def key(record: Flat) -> tuple[int, str]:
    return record.time, record.span_id


def test_a_sidecar(tmp_path: Path) -> None:
    """Nothing of it is changed but the ports; it exports to a server that is not ours."""
    with OtlpSink() as sink:
        over = {"receivers": {**OTLP, "zipkin": FREE}}
        with collector("sidecar", tmp_path, over, GATEWAY=f"127.0.0.1:{sink.port}") as runs:
            sent = export(runs.endpoint("otlp", "grpc"), 1)
            got = flat(sink.wait_for(lambda requests: len(flat(requests)) >= 50, "the records"))
    assert sorted(got, key=key) == sorted(sent, key=key)


def test_a_daemonset_without_what_is_lacking(tmp_path: Path) -> None:
    """The files of pods and OTLP go on; what is left out is said."""
    pod = tmp_path / "pods" / "shop_web-0_0b1e4c5e-1d5a-4f0e-9d8e-6a2f3c4d5e6f" / "web"
    pod.mkdir(parents=True)
    lines = [f"2026-11-21T10:00:0{n}.000000000Z stdout F line {n}\n" for n in range(5)]
    with OtlpSink() as sink:
        over = {
            "extensions": {"health_check": FREE},
            "receivers": {
                **OTLP,
                "file_log": {"include": [f"{tmp_path}/pods/*/*/*.log"], "start_at": "beginning"},
                "jaeger": {"protocols": {"grpc": FREE, "thrift_http": FREE, "thrift_compact": FREE}},
                "zipkin": FREE,
            },
            "exporters": {"otlp": {"endpoint": f"127.0.0.1:{sink.port}"}},
        }
        run = collector("daemonset", tmp_path / "run", over, "--ignore-unsupported", MY_POD_IP="127.0.0.1")
        with run as runs:
            (pod / "0.log").write_text("".join(lines))
            sent = export(runs.endpoint("otlp", "grpc"), 2)
            sink.wait_for(lambda requests: len(flat(requests)) >= 55, "the records of both")
            bodies = [record.body for record in flat(sink.received())]
            assert len([body for body in bodies if str(body).startswith("line ")]) == 5
            assert len(bodies) == 5 + len(sent)
            health = next(line for line in runs.log().splitlines() if "health_check: listens" in line)
            with urllib.request.urlopen(f"http://{health.rpartition('=')[2]}/", timeout=30) as answer:
                assert answer.status == 200
    said = run.log()
    for path in ("processors.k8s_attributes", "receivers.prometheus", "service.pipelines.metrics"):
        assert path in said
    assert "left out: " in said


def test_without_the_word_it_does_not_start(tmp_path: Path) -> None:
    run = collector("daemonset", tmp_path, {}, MY_POD_IP="127.0.0.1")
    with pytest.raises(AssertionError, match="ended with 2"):
        run.start()
    assert "no processor 'k8s_attributes' here" in run.log()


def test_a_gateway_asks_who_sends(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    shown = base64.b64encode(b"agent:geheim").decode()
    over = {
        "extensions": {"health_check": FREE},
        "receivers": OTLP,
        "exporters": {"file": {"path": str(out)}},
        "service": {"pipelines": {name: {"exporters": ["file"]} for name in ("logs", "traces")}},
    }
    with collector("gateway", tmp_path / "run", over, **SECRETS) as runs:
        with pytest.raises(grpc.RpcError) as error:
            export(runs.endpoint("otlp", "grpc"), 3, secured=True)
        assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED  # type: ignore[attr-defined]
        sent = export(runs.endpoint("otlp", "grpc"), 3, (("authorization", f"Basic {shown}"),), secured=True)
    assert len(read(out)) == len(sent)
    assert "geheim" not in runs.log()


def test_what_is_forwarded(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    over = {"receivers": {"fluent_forward": FREE}, "exporters": {"file": {"path": str(out)}}}
    with collector("forward", tmp_path / "run", over) as runs:
        host, _, port = runs.endpoint("fluent_forward", "forward").rpartition(":")
        logger = fluent.FluentSender("app", host=host, port=int(port))
        for number in range(20):
            assert logger.emit("web", {"message": f"line {number}"})
        logger.close()
        found = runs.wait_for(out, lambda found: len(found) >= 20, "the messages")
    assert [record.body for record in found] == [f"line {number}" for number in range(20)]


def test_too_little_memory(tmp_path: Path) -> None:
    """Nothing is taken above the limit; senders are told to come again, and not to give up."""
    over = {
        "receivers": {**OTLP, "zipkin": FREE},
        "processors": {"memory_limiter": {"limit_mib": 8, "spike_limit_mib": 1, "check_interval": "50ms"}},
    }
    with collector("sidecar", tmp_path, over, GATEWAY="127.0.0.1:1") as runs:
        with pytest.raises(grpc.RpcError) as error:
            export(runs.endpoint("otlp", "grpc"), 4)
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE  # type: ignore[attr-defined]
        url = f"http://{runs.endpoint('otlp', 'http')}/v1/logs"
        request = urllib.request.Request(url, corpus.otlp_logs(1, 1), {"Content-Type": "application/x-protobuf"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30)  # noqa: S310 — it is http
        assert (refused.value.code, refused.value.headers["Retry-After"]) == (503, "1")
        refused.value.close()
    assert "too much memory in use: senders are asked to come again" in runs.log()
