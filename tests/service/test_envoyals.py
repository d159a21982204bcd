"""A real Envoy that sends its access log to `envoyals`, beside the text that it writes of the same requests."""

import dataclasses
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml

import logloom
from tests import otlp
from tests.otlp import Flat
from tests.service import envoy, mesh
from tests.service.capture import Captured
from tests.service.client import send_raw
from tests.service.logloom_process import Logloom
from tests.service.upstream import Upstream

pytestmark = pytest.mark.peer

PAGE = Path(__file__).parents[2] / "docs" / "envoyals.md"
COUNT = 60
CALLS = 5
CONNECTIONS = 4
TEXT = (
    "%START_TIME(%s.%9f)% %REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL% %RESPONSE_CODE% "
    "%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% %BYTES_RECEIVED% %BYTES_SENT% "
    "%DURATION% %REQUEST_DURATION% %REQUEST_TX_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION% "
    "%COMMON_DURATION(DS_RX_BEG:US_RX_BEG:ns)% %COMMON_DURATION(DS_RX_BEG:DS_TX_END:ns)% "
    '"%REQ(X-FORWARDED-FOR)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" %UPSTREAM_HOST% %UPSTREAM_CLUSTER_RAW% '
    "%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% "
    "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS% %UPSTREAM_REQUEST_ATTEMPT_COUNT% %ROUTE_NAME% %STREAM_ID% %ACCESS_LOG_TYPE% "
    "%DOWNSTREAM_WIRE_BYTES_SENT% %DOWNSTREAM_WIRE_BYTES_RECEIVED% %UPSTREAM_WIRE_BYTES_SENT% "
    '%UPSTREAM_WIRE_BYTES_RECEIVED% "%UPSTREAM_TRANSPORT_FAILURE_REASON%"\n'
)
"""What both logs can say."""
TCP_TEXT = (
    "%START_TIME(%s.%9f)% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %UPSTREAM_HOST% "
    "%UPSTREAM_CLUSTER_RAW% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %STREAM_ID% %ACCESS_LOG_TYPE% "
    '"%UPSTREAM_TRANSPORT_FAILURE_REASON%"\n'
)
BLANKS = ("envoy.upstream.transport_failure_reason",)
"""In what Envoy has only in text, it writes them as `_`."""


@dataclass(frozen=True)
class Run:
    """One drive: what Envoy wrote, and what came out of logloom."""

    captured: Captured
    folder: Path
    records: list[Flat]

    def text(self, name: str, format_string: str) -> list[Flat]:
        """What Envoy wrote, read by the format for text."""
        batch = logloom.Parser("envoy", format_string=format_string).parse((self.folder / name).read_bytes())
        assert not batch.rejects
        return otlp.from_bytes(batch.to_otlp())

    def of(self, log_name: str) -> list[Flat]:
        """The records of one of Envoy's logs."""
        return [record for record in self.records if record.resource.get("envoy.log_name") == log_name]


def documented() -> list[envoy.Json]:
    """The access log as docs/envoyals.md tells users to configure it."""
    snippet = re.search(r"```yaml\n# envoy.yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert snippet
    found: list[envoy.Json] = yaml.safe_load(snippet[1])["access_log"]
    return found


def config(upstream: Upstream, dead: int, port: int, folder: Path) -> envoy.Json:
    http = [*documented(), envoy.text_log(folder / "http.log", TEXT)]
    tcp = [
        {
            "name": f"tcp-{name}",
            "address": envoy.address(0),
            "filter_chains": [
                {
                    "filters": [
                        envoy.extension(
                            "envoy.filters.network.tcp_proxy",
                            "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
                            stat_prefix=name,
                            access_log=[envoy.als_log("tcp", "logloom"), envoy.text_log(folder / "tcp.log", TCP_TEXT)],
                            **more,
                        )
                    ]
                }
            ],
        }
        for name, more in (
            ("service", {"cluster": "service"}),
            ("dead", {"cluster": "dead"}),
            ("empty", {"cluster": "empty"}),
            ("short", {"cluster": "service", "max_downstream_connection_duration": "0.2s"}),
        )
    ]
    made = mesh.config(upstream, dead, http, [envoy.cluster("logloom", port, http2=True)])
    made["static_resources"]["listeners"] += tcp
    made["node"] = {
        "id": "sidecar~10.44.2.55~cart-7d9.shop~shop.svc",
        "cluster": "cart.shop",
        "locality": {"region": "eu", "zone": "eu-1", "sub_zone": "a"},
        "metadata": {"NAME": "cart-7d9", "NAMESPACE": "shop", "CLUSTER_ID": "blue", "LABELS": {"app": "cart"}},
    }
    return made


def receiver(folder: Path, **settings: Any) -> dict[str, Any]:
    return {
        "receivers": {"envoyals": {"endpoint": "127.0.0.1:0", **settings}},
        "exporters": {"file": {"path": str(folder / "out.jsonl")}},
        "service": {"pipelines": {"logs": {"receivers": ["envoyals"], "exporters": ["file"]}}},
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder: Path = tmp_path_factory.mktemp("envoyals")
    with Upstream() as upstream, mesh.closed_port() as dead, Logloom(receiver(folder), folder / "logloom") as collector:
        with envoy.Envoy(config(upstream, dead, collector.port("envoyals", "grpc"), folder), folder) as proxy:
            port = proxy.ports[mesh.LISTENER]
            exchanges = mesh.drive(port, upstream, mesh.traffic(COUNT, seed=7))
            send_raw(port, b"GET / HTTP/1.1\r\nbad header\r\n\r\n")
            over_http2(port)
            for name in ("service", "dead", "empty", "short"):
                over_tcp(proxy.ports[f"tcp-{name}"], b"GET /api HTTP/1.1\r\n\r\n" if name == "service" else b"")
            records = collector.wait_for(
                folder / "out.jsonl",
                lambda found: len(found) >= 1 + COUNT + 1 + CALLS + CONNECTIONS,
                "all entries",
            )
        yield Run(Captured(folder, exchanges, upstream.received, [], [], port, upstream.port, dead), folder, records)


def over_http2(port: int) -> None:
    """Requests over HTTP/2, by a client that speaks nothing else."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        for number in range(CALLS):
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/hello/{number}")
            with pytest.raises(grpc.RpcError):  # what answers is no gRPC
                call(b"x" * number, timeout=60, metadata=(("x-tenant", f"tenant-{number}"),))


def over_tcp(port: int, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        connection.sendall(data)
        if data:
            assert connection.recv(1000)
        else:
            assert not connection.recv(1000)


def different(text: Flat, record: Flat) -> dict[str, Any]:
    assert text.time == record.time
    entry = dataclasses.replace(record, attributes=dict(record.attributes))
    entry.attributes.update(
        {name: entry.attributes[name].replace(" ", "_") for name in BLANKS if name in entry.attributes}
    )
    for flat in (text, entry):  # they stand in no order
        if flags := flat.attributes.get("envoy.response_flags"):
            flat.attributes["envoy.response_flags"] = sorted(flags.split(","))
    found = {name: (value, entry.attributes.get(name)) for name, value in text.attributes.items()}
    # Protobuf leaves out what is zero; and of a request for which there was no host Envoy does not say the cluster.
    may_lack = {name for name, (said, _) in found.items() if said == 0}
    if "envoy.upstream.host" not in entry.attributes:
        may_lack.add("envoy.upstream.cluster")
    return {
        name: pair for name, pair in found.items() if pair[0] != pair[1] and not (pair[1] is None and name in may_lack)
    }


def test_each_request_is_there_and_says_what_the_text_says(run: Run) -> None:
    text, entries = run.text("http.log", TEXT), run.of("edge")
    assert len(entries) == len(text) == 1 + COUNT + 1 + CALLS
    for line, entry in zip(text, entries, strict=True):
        assert not different(line, entry)


def test_over_http2_too_and_with_the_headers_that_were_asked_for(run: Run) -> None:
    found = [entry for entry in run.of("edge") if entry.attributes.get("network.protocol.version") == "2"]
    assert [entry.attributes["http.request.header.x-tenant"] for entry in found] == [
        [f"tenant-{number}"] for number in range(CALLS)
    ]


def test_each_flag_is_there(run: Run) -> None:
    flags = {flag for entry in run.records for flag in entry.attributes.get("envoy.response_flags", "").split(",")}
    assert flags == {flag for route in mesh.ROUTES for flag in route.flags.split(",")} - {"-"} | {"", "DPE", "DT"}


def test_each_entry_says_what_the_client_sent(run: Run) -> None:
    entries = {entry.attributes["url.path"]: entry for entry in run.of("edge") if "url.path" in entry.attributes}
    for exchange in run.captured.exchanges:
        entry = entries[exchange.request.target.partition("?")[0]]
        assert entry.attributes["http.request.method"] == exchange.request.method
        assert entry.attributes.get("http.response.status_code", 0) == exchange.response.status
        assert entry.attributes["http.response.body.size"] == len(exchange.response.body)


def test_connections_say_what_the_text_says(run: Run) -> None:
    text, entries = run.text("tcp.log", TCP_TEXT), run.of("tcp_log")
    assert len(entries) == len(text) == CONNECTIONS
    for line, entry in zip(text, entries, strict=True):
        assert not different(line, entry)


def test_the_node_is_the_resource_of_all_entries(run: Run) -> None:
    for entry in run.records:
        assert entry.resource["service.instance.id"] == "sidecar~10.44.2.55~cart-7d9.shop~shop.svc"
        assert entry.resource["service.name"] == "cart.shop"
        assert entry.resource["cloud.region"] == "eu"
        assert entry.resource["k8s.pod.name"] == "cart-7d9"
        assert entry.resource["k8s.namespace.name"] == "shop"
        assert entry.resource["envoy.node.metadata.LABELS"] == {"app": "cart"}
