"""Each of Envoy's command operators, printed by a real Envoy, read back by the format string compiler.

Envoy prints every operator twice: in a text log of its own, and as one value of a JSON log. logloom reads the text;
the JSON, read by nothing of ours, says what the value is.
"""

import http.client
import socket
import ssl
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import orjson
import pytest

import logloom
from tests import otlp
from tests.service import envoy, mesh
from tests.service.client import Request, send, send_raw
from tests.service.operators import ALL, PORTS, TIMES
from tests.service.upstream import Upstream

pytestmark = pytest.mark.peer

CERTS = Path(__file__).parent / "certs"
CASES = ["plain", "no route", "refused", "malformed", "mTLS", "gRPC"]
SEPARATOR = " ⟂ "
"""Stands in no value."""

VARYING = {"UNIQUE_ID"} | {operator for operator in TIMES if operator.startswith("EMIT")}
"""Printed anew by each log."""


class _Refusing(grpc.GenericRpcHandler):
    """A gRPC service that answers with an error and a trailer."""

    def service(self, handler_call_details: Any) -> Any:
        def answer(_: bytes, context: grpc.ServicerContext) -> bytes:
            context.set_trailing_metadata((("x-trail", "t1"),))
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no such thing")
            raise AssertionError

        return grpc.unary_unary_rpc_method_handler(answer)


def _config(folder: Path, upstream: Upstream, dead: int, rpc: int) -> envoy.Json:
    logs = [
        envoy.file_log(folder / "all.json", json_format={str(at): f"%{op}%" for at, op in enumerate(ALL)}),
        envoy.text_log(folder / "all.log", SEPARATOR.join(f"%{op}%" for op in ALL) + "\n"),
        *(envoy.text_log(folder / f"{at}.log", f"%START_TIME(%s.%9f)% <%{op}%>\n") for at, op in enumerate(ALL)),
    ]
    clusters = [envoy.cluster("rpc", rpc, http2=True), envoy.cluster("zipkin", upstream.port)]
    tracing = {
        "provider": envoy.extension(
            "zipkin",
            "envoy.config.trace.v3.ZipkinConfig",
            collector_cluster="zipkin",
            collector_endpoint="/api/v2/spans",
            collector_endpoint_version="HTTP_JSON",
            trace_id_128bit=True,
        )
    }
    config = mesh.config(upstream, dead, logs, clusters, tracing=tracing)
    (listener,) = config["static_resources"]["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    (host,) = manager["route_config"]["virtual_hosts"]
    host["routes"].insert(0, {"match": {"prefix": "/shop.Cart/"}, "route": {"cluster": "rpc"}})
    host["virtual_clusters"] = [{"name": "reads", "headers": [{"name": ":path", "string_match": {"prefix": "/api"}}]}]
    for part, key in ((listener, "listener"), (host, "host"), *((route, "route") for route in host["routes"])):
        part["metadata"] = {"filter_metadata": {"com.test": {"key": f"the {key}", "n": 3, "o": {"a": [1, "x"]}}}}
    for cluster in config["static_resources"]["clusters"]:
        cluster["metadata"] = {"filter_metadata": {"com.test": {"key": "the cluster"}}}
    config["static_resources"]["listeners"].append(_tls(orjson.loads(orjson.dumps(listener))))
    return config


def _tls(listener: envoy.Json) -> envoy.Json:
    """The same listener behind mutual TLS."""
    listener["name"] = "secure"
    listener["listener_filters"] = [
        envoy.extension(
            "inspector",
            "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
            enable_ja3_fingerprinting=True,
            enable_ja4_fingerprinting=True,
        )
    ]
    listener["filter_chains"][0]["transport_socket"] = envoy.extension(
        "tls",
        "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        require_client_certificate=True,
        common_tls_context={
            "tls_certificates": [
                {
                    "certificate_chain": {"filename": str(CERTS / "server.pem")},
                    "private_key": {"filename": str(CERTS / "server.key")},
                }
            ],
            "validation_context": {"trusted_ca": {"filename": str(CERTS / "ca.pem")}},
        },
    )
    return listener


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder with all logs, one line a case."""
    folder: Path = tmp_path_factory.mktemp("operators")
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((_Refusing(),))
    rpc = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with Upstream() as upstream, mesh.closed_port() as dead:
        with envoy.Envoy(_config(folder, upstream, dead, rpc), folder) as proxy:
            _six_requests(proxy.ports[mesh.LISTENER], proxy.ports["secure"])
        yield folder
    server.stop(None).wait(30)


def _six_requests(plain: int, secure: int) -> None:
    headers = (
        ("user-agent", b'a "quoted" agent'),
        ("x-forwarded-for", b"203.0.113.9, 10.1.2.3"),
        ("x-request-id", b"0123456789abcdef0123456789abcdef"),
        ("x-answer", b'{"size":10}'),
    )
    request = Request("POST", "/api/7/a?n=abc%20d&q=1", "shop.example.com:8443", headers, b"body")
    assert send(plain, request).status == 200
    assert send(plain, Request("GET", "/nowhere/1", "h.example")).status == 404
    assert send(plain, Request("GET", "/dead/1", "h.example")).status == 503
    assert send_raw(plain, b"GET / HTTP/1.1\r\nbad header\r\n\r\n").status == 400
    context = ssl.create_default_context(cafile=str(CERTS / "ca.pem"))
    context.load_cert_chain(CERTS / "client.pem", CERTS / "client.key")
    with (
        socket.create_connection(("127.0.0.1", secure), 60) as connection,
        context.wrap_socket(connection, server_hostname="localhost") as wrapped,
    ):
        wrapped.sendall(request.bytes())
        answer = http.client.HTTPResponse(wrapped)
        answer.begin()
        assert (answer.status, len(answer.read())) == (200, 10)
    with grpc.insecure_channel(f"127.0.0.1:{plain}") as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/shop.Cart/Add")
        with pytest.raises(grpc.RpcError):
            call(b"x", timeout=60)


def _values(record: otlp.Flat) -> list[Any]:
    """All values that the record carries besides its time."""
    return [*record.attributes.values(), *([record.trace_id] if record.trace_id else [])]


def _acceptable(operator: str, value: Any) -> list[list[Any]]:
    """The ways in which OpenTelemetry's conventions put such a value into attributes."""
    if value in (None, "", "-") or (value == 0 and operator in PORTS):
        return [[]]
    if operator == "START_TIME":
        return [[value], []]  # the record's time says it already
    if isinstance(value, int):
        return [[value], [str(value)], *([["INVALID_ARGUMENT"]] if "GRPC" in operator else [])]
    if isinstance(value, dict):
        return [[value]]
    ways: list[list[Any]] = [[value], [[value]], [value.upper()]]
    if value.isdigit():
        ways.append([int(value)])
    host, _, port = value.rpartition(":")
    if host and port.isdigit():
        ways.append([host.strip("[]"), int(port)] if int(port) else [host])
    path, mark, query = value.partition("?")
    if mark:
        ways.append([path, query])
    ways += [[value.removeprefix(prefix)] for prefix in ("HTTP/", "TLSv") if value.startswith(prefix)]
    if operator == "REQ(X-FORWARDED-FOR)":
        ways.append([[value], value.split(",")[0]])
    if "GRPC" in operator:
        ways.append(["INVALID_ARGUMENT"])
    return ways


@pytest.mark.parametrize("at", range(len(ALL)), ids=ALL)
def test_alone(printed: Path, at: int) -> None:
    operator = ALL[at]
    data = (printed / f"{at}.log").read_bytes()
    said = [orjson.loads(line)[str(at)] for line in (printed / "all.json").read_bytes().splitlines()]
    batch = logloom.Parser("envoy", format_string=f"%START_TIME(%s.%9f)% <%{operator}%>\n").parse(data)
    found = otlp.from_bytes(batch.to_otlp())
    assert not batch.rejects
    assert len(found) == len(said) == len(CASES)
    starts = [line.split(b" ")[0] for line in data.splitlines()]
    assert [record.time for record in found] == [int(start.replace(b".", b"")) for start in starts]
    for case, record, value in zip(CASES, found, said, strict=True):
        values = [orjson.loads(v) if isinstance(value, dict) else v for v in _values(record)]
        if operator in VARYING:
            assert [len(v) for v in values] == [len(value)]
        else:
            assert values in _acceptable(operator, value), f"{case}: {value!r} became {record.attributes}"


def test_all_in_one_format_string(printed: Path) -> None:
    """Two hundred operators in one line; each attribute is what the operator said alone."""
    format_string = SEPARATOR.join(f"%{operator}%" for operator in ALL) + "\n"
    batch = logloom.Parser("envoy", format_string=format_string).parse((printed / "all.log").read_bytes())
    assert not batch.rejects
    found = otlp.from_bytes(batch.to_otlp())
    assert len(found) == len(CASES)
    said = [orjson.loads(line) for line in (printed / "all.json").read_bytes().splitlines()]
    for case, record, values in zip(CASES, found, said, strict=True):
        assert record.body.count(SEPARATOR) == len(ALL) - 1
        kept = {str(value) for value in _leaves(_values(record))}
        for at, operator in enumerate(ALL):
            if operator in VARYING or operator in TIMES or isinstance(values[str(at)], dict):
                continue
            if operator.rpartition(":")[2].isdigit():
                continue  # cut to a length, beside the same operator whole
            ways = _acceptable(operator, values[str(at)])
            assert any({str(value) for value in _leaves(way)} <= kept for way in ways), f"{case}: {operator}"


def _leaves(values: list[Any]) -> list[Any]:
    return [leaf for value in values for leaf in (value if isinstance(value, list) else [value])]
