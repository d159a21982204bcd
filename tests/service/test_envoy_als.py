"""A real Envoy's access log over gRPC, beside the text that it writes of the same requests: both say the same."""

import os
import socket
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import pytest

from logloom._native import Parser
from tests import otlp
from tests.service.envoy import Envoy, address, als_log, bootstrap, cluster, extension, file_log
from tests.service.waiting import wait_until

METHOD = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs"


class Upstream(BaseHTTPRequestHandler):
    """Answers every request with five bytes."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def upstream() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


class Receiver:
    """Takes the messages of each stream as bytes."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self._server = grpc.server(ThreadPoolExecutor(8))
        service, method = METHOD[1:].split("/")
        handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_unary_rpc_method_handler(self._stream)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def _stream(self, requests: Iterator[bytes], _: grpc.ServicerContext) -> bytes:
        for request in requests:
            self.messages.append(request)
        return b""

    def stop(self) -> None:
        self._server.stop(1).wait()


def listener(name: str, network_filter: dict[str, object]) -> dict[str, object]:
    return {"name": name, "address": address(0), "filter_chains": [{"filters": [network_filter]}]}


def test_what_envoy_sends_says_what_it_writes(tmp_path: Path, upstream: int) -> None:
    receiver = Receiver()
    manager = extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="edge",
        access_log=[
            file_log(tmp_path / "http.log"),
            als_log(
                "http",
                "als",
                additional_request_headers_to_log=["x-tenant"],
                additional_response_headers_to_log=["server"],
            ),
        ],
        http_filters=[extension("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router")],
        route_config={
            "name": "edge",
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [
                        {"match": {"prefix": "/gone"}, "direct_response": {"status": 410}},
                        {"match": {"prefix": "/nobody"}, "route": {"cluster": "nobody"}},
                        {"name": "shop", "match": {"prefix": "/"}, "route": {"cluster": "shop"}},
                    ],
                }
            ],
        },
    )
    proxy = extension(
        "envoy.filters.network.tcp_proxy",
        "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        stat_prefix="tcp",
        cluster="shop",
        access_log=[als_log("tcp", "als")],
    )
    config = bootstrap(
        [listener("http", manager), listener("tcp", proxy)],
        [cluster("shop", upstream), cluster("nobody"), cluster("als", receiver.port, http2=True)],
    )
    try:
        with Envoy(config, tmp_path) as envoy:
            for path, body in [("/cart?item=7", None), ("/cart", b"x" * 100), ("/gone", None), ("/nobody", None)]:
                request = urllib.request.Request(f"http://127.0.0.1:{envoy.ports['http']}{path}", body)
                request.add_header("x-tenant", "acme")
                with urllib.request.build_opener(Quiet).open(request, timeout=10) as answer:
                    answer.read()
                if path == "/cart?item=7":
                    # The first message of a stream says who sends it, the others do not.
                    wait_until(lambda: len(entries(receiver.messages)) == 1, "Envoy's first entry")
            for count in (5, 6):
                with socket.create_connection(("127.0.0.1", envoy.ports["tcp"]), 10) as client:
                    client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    while client.recv(1000):
                        pass
                wait_until(partial(has, receiver, count), "Envoy's entries")
    finally:
        receiver.stop()
    if folder := os.environ.get("CAPTURE_ENVOY_ALS"):
        for number, message in enumerate(receiver.messages):
            (Path(folder) / f"als-{number}").write_bytes(message)
    written = Parser("envoy").parse((tmp_path / "http.log").read_bytes())
    assert not written.rejects
    sent = [entry for entry in entries(receiver.messages) if "http.request.method" in entry.attributes]
    for text, entry in zip(otlp.from_bytes(written.to_otlp()), sent, strict=True):
        assert text.time == entry.time // 10**6 * 10**6
        # A header of the answer's, which is sent only where it is asked for.
        text.attributes.pop("envoy.upstream.service_time_ms", None)
        different = {name: (value, entry.attributes.get(name)) for name, value in text.attributes.items()}
        assert not {name: pair for name, pair in different.items() if pair[0] != pair[1]}
        assert entry.attributes["http.request.header.x-tenant"] == ["acme"]
    for tcp in (entry for entry in entries(receiver.messages) if "http.request.method" not in entry.attributes):
        assert tcp.attributes["client.address"] == "127.0.0.1"
        assert tcp.attributes["http.request.body.size"] == 18
        assert tcp.attributes["envoy.upstream.host"] == f"127.0.0.1:{upstream}"


class Quiet(urllib.request.HTTPErrorProcessor):
    """Gives every answer as it is, also one that says no."""

    def http_response(self, request: urllib.request.Request, response: object) -> object:
        return response


def has(receiver: Receiver, count: int) -> bool:
    return len(entries(receiver.messages)) == count


def entries(messages: list[bytes]) -> list[otlp.Flat]:
    """The records of the messages, each of a stream of its own."""
    found: list[otlp.Flat] = []
    for message in messages:
        batch = Parser("envoy_als").parse(message)
        assert not batch.rejects
        found.extend(otlp.from_bytes(batch.to_otlp()))
    return found
