"""Clients that know how to wait: the destination is away and the journal fills; when it is back, nothing is missing.

Each protocol says "later" in its own way: an acknowledgement that is withheld, 429, RESOURCE_EXHAUSTED.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests import otlp
from tests.peers.sending import fill, forwarding, free_port
from tests.peers.test_go import ZERO, command
from tests.service.logloom_process import Logloom
from tests.service.sinks import OtlpSink


def arrived(sink: OtlpSink, key: str, count: int) -> list[str]:
    """The attribute `key`, or the body, of each record, once there are `count` different ones."""
    found: list[str] = []

    def enough(requests: list[bytes]) -> bool:
        records = [record for one in requests for record in otlp.from_bytes(one) if "probe" not in record.attributes]
        found[:] = [str(record.attributes[key] if key else record.body).split(" x")[0] for record in records]
        return len(set(found)) >= count

    sink.wait_for(enough, f"{count} records")
    return found


LUMBER = pytest.mark.needs("go:github.com/elastic/go-lumber")
FLUENT = pytest.mark.needs("go:github.com/fluent/fluent-logger-golang")
LOKI = pytest.mark.needs("go:github.com/grafana/loki-client-go")
OTLP = "go:go.opentelemetry.io/otel/exporters/otlp/otlplog/otlplog"


@pytest.mark.parametrize(
    ("receiver", "endpoint", "key", "arguments"),
    [
        pytest.param("lumberjack", "lumberjack", "", "lumber TO 20 100 0", marks=LUMBER),
        pytest.param("lumberjack", "lumberjack", "", "lumber TO 20 100 3 4", marks=LUMBER),
        pytest.param("fluentforward", "forward", "n", "fluentlogger tcp TO 2000 ack", marks=FLUENT),
        pytest.param("loki", "http", "", "loki http://TO/loki/api/v1/push 2000 snappy", marks=LOKI),
        pytest.param("otlp", "grpc", "n", "otlp grpc TO 2000", marks=pytest.mark.needs(f"{OTLP}grpc")),
        pytest.param("otlp", "http", "n", "otlp http TO 2000", marks=pytest.mark.needs(f"{OTLP}http")),
    ],
)
def test_a_client_waits_and_loses_nothing(
    tmp_path: Path, receiver: str, endpoint: str, key: str, arguments: str
) -> None:
    port = free_port()
    protocols = {"otlp": {"grpc": ZERO, "http": ZERO}, "loki": {"http": ZERO}}
    settings = {"protocols": protocols[receiver]} if receiver in protocols else ZERO
    with Logloom(forwarding(port, receiver, **settings), tmp_path) as logloom:
        to = logloom.endpoint(receiver, endpoint)
        program, *rest = arguments.replace("TO", to).split()
        # OpenTelemetry's client gives a request ten seconds with all that it tries again, unless it is told to wait.
        patience = {"OTEL_EXPORTER_OTLP_TIMEOUT": "60000", "OTEL_BLRP_EXPORT_TIMEOUT": "60000"}
        environment = os.environ | {"PAD": "1000"} | patience
        client = subprocess.Popen(
            command(program, *rest),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            fill(logloom)
            assert client.poll() is None
            with OtlpSink(port=port) as sink:
                found = arrived(sink, key, 2000)
                said, _ = client.communicate(timeout=90)
        finally:
            client.kill()
            client.wait(20)
    assert client.returncode == 0, said
    wanted = [str(number) if key else f"order {number}" for number in range(2000)]
    assert sorted(set(found)) == sorted(wanted)
    if receiver != "otlp":  # a part of a request may have been taken, and the client sends it whole again
        assert len(found) == 2000
