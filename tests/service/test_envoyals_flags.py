"""Response flags that the mesh of the other tests does not provoke: what Envoy sends has those that it writes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

import logloom
from tests import otlp
from tests.service import envoy, mesh
from tests.service.client import Request, send
from tests.service.logloom_process import Logloom
from tests.service.test_envoyals import receiver
from tests.service.upstream import Upstream
from tests.service.waiting import wait_until

pytestmark = pytest.mark.peer

FILTERS = "envoy.extensions.filters.http"
TEXT = "%START_TIME(%s.%9f)% %REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %DURATION% %RESPONSE_CODE_DETAILS%\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
RESET = b"\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x02"
"""RST_STREAM of the first stream, an internal error."""


@contextmanager
def resetting() -> Iterator[int]:
    """A server of HTTP/2 that resets the first stream of each connection; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(SETTINGS)
                    data = b""
                    while (
                        b"\x01" not in data[24:] or len(data) < 100
                    ):  # the preface, settings, and the request's headers
                        if not (more := connection.recv(4096)):
                            break
                        data += more
                    connection.sendall(RESET)
                    while connection.recv(4096):
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def config(upstream: Upstream, dead: int, reset: int, port: int, folder: Path) -> envoy.Json:
    short = envoy.cluster("short", upstream.port)
    short["typed_extension_protocol_options"] = {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": envoy.typed(
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            common_http_protocol_options={"max_stream_duration": "0.2s"},
            explicit_http_config={"http_protocol_options": {}},
        )
    }
    limits = [{"actions": [{"generic_key": {"descriptor_value": "all"}}]}]
    routes = [
        {"match": {"prefix": "/short"}, "route": {"cluster": "short", "timeout": "60s"}},
        {"match": {"prefix": "/reset"}, "route": {"cluster": "reset", "timeout": "60s"}},
        {"match": {"prefix": "/limit"}, "route": {"cluster": "service", "rate_limits": limits}},
        {"match": {"prefix": "/"}, "route": {"cluster": "service", "timeout": "60s"}},
    ]
    manager = envoy.extension(
        "http",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="more",
        # Or the headers by which Envoys tell each other what to do would be taken off.
        use_remote_address=True,
        internal_address_config={"cidr_ranges": [{"address_prefix": "127.0.0.0", "prefix_len": 8}]},
        access_log=[envoy.als_log("http", "logloom"), envoy.text_log(folder / "http.log", TEXT)],
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        http_filters=[
            envoy.extension(
                "health",
                f"{FILTERS}.health_check.v3.HealthCheck",
                pass_through_mode=False,
                headers=[{"name": ":path", "string_match": {"exact": "/health"}}],
            ),
            envoy.extension(
                "limit",
                f"{FILTERS}.ratelimit.v3.RateLimit",
                domain="all",
                failure_mode_deny=True,
                rate_limit_service={
                    "grpc_service": {"envoy_grpc": {"cluster_name": "dead"}},
                    "transport_api_version": "V3",
                },
            ),
            envoy.extension(
                "router", f"{FILTERS}.router.v3.Router", strict_check_headers=["x-envoy-upstream-rq-timeout-ms"]
            ),
        ],
    )
    listener = {"name": "more", "address": envoy.address(0), "filter_chains": [{"filters": [manager]}]}
    clusters = [
        envoy.cluster("service", upstream.port),
        envoy.cluster("reset", reset, http2=True),
        envoy.cluster("dead", dead, http2=True),
        envoy.cluster("logloom", port, http2=True),
        short,
    ]
    return envoy.bootstrap([listener], clusters)


def test_flags_that_other_tests_do_not_provoke(tmp_path: Path) -> None:
    slow = (("x-answer", b'{"delay_seconds": 3600}'),)
    expected = {"/short": "UMSDR", "/reset": "UR", "/limit": "RLSE", "/strict": "IH", "/health": "LH", "/left": "DR"}
    with (
        Upstream() as upstream,
        mesh.closed_port() as dead,
        resetting() as reset,
        Logloom(receiver(tmp_path), tmp_path / "logloom") as collector,
        envoy.Envoy(config(upstream, dead, reset, collector.port("envoyals", "grpc"), tmp_path), tmp_path) as proxy,
    ):
        port = proxy.ports["more"]
        send(port, Request("GET", "/short", "h", slow))
        send(port, Request("GET", "/reset", "h"))
        send(port, Request("GET", "/limit", "h"))
        send(port, Request("GET", "/strict", "h", (("x-envoy-upstream-rq-timeout-ms", b"soon"),)))
        proxy.ask("/healthcheck/fail", post=True)
        send(port, Request("GET", "/health", "h"))
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = channel.unary_unary("/left")
            left = call.future(b"", timeout=60, metadata=(("x-answer", '{"delay_seconds": 3600}'),))
            wait_until(lambda: any(got.target == "/left" for got in upstream.received), "the call to be under way")
            left.cancel()
        records = collector.wait_for(tmp_path / "out.jsonl", lambda found: len(found) >= len(expected), "all entries")
        wait_until(lambda: (tmp_path / "http.log").read_bytes().count(b"\n") >= len(expected), "all lines")
    batch = logloom.Parser("envoy", format_string=TEXT).parse((tmp_path / "http.log").read_bytes())
    text = otlp.from_bytes(batch.to_otlp())
    for one in text:
        one.attributes.setdefault("envoy.response_flags", "")
    written = {one.attributes["url.path"]: one.attributes["envoy.response_flags"] for one in text}
    sent = {one.attributes["url.path"]: one.attributes.get("envoy.response_flags", "") for one in records}
    assert sent == written
    assert written == expected
