"""Listeners that the network reaches are secured, or meant to be open."""

import pytest

from logloom.config import loads
from logloom.config.exposed import is_loopback
from logloom.errors import InvalidConfigError

TLS = "tls: {cert_file: a.pem, key_file: a.key}"
MUTUAL = "tls: {cert_file: a.pem, key_file: a.key, client_ca_file: ca.pem}"
AUTH = "auth: {authenticator: bearertokenauth}"


def config(receiver: str, service: str = "") -> str:
    return f"""
extensions: {{bearertokenauth: {{token: x}}}}
receivers: {{{receiver}}}
exporters: {{nop: {{}}}}
service:
  extensions: [bearertokenauth]
  pipelines: {{logs: {{receivers: [{receiver.partition(":")[0]}], exporters: [nop]}}}}
  {service}
"""


def told(receiver: str, service: str = "") -> list[str]:
    try:
        loads(config(receiver, service))
    except InvalidConfigError as error:
        return [f"{problem.path}: {problem.what}" for problem in error.problems]
    return []


@pytest.mark.parametrize(
    "receiver",
    [
        "zipkin: {endpoint: '127.0.0.1:9411'}",
        "zipkin: {endpoint: 'localhost:9411'}",
        "zipkin: {endpoint: '[::1]:9411'}",
        f"zipkin: {{endpoint: '0.0.0.0:9411', {TLS}, {AUTH}}}",
        f"zipkin: {{endpoint: ':9411', {MUTUAL}}}",
        "zipkin: {endpoint: '0.0.0.0:9411', insecure: true}",
        f"otlp: {{protocols: {{grpc: {{endpoint: '0.0.0.0:4317', {MUTUAL}}}, http: {{}}}}}}",
        "fluentforward: {endpoint: 'unix:///run/x.sock'}",
        f"fluentforward: {{endpoint: '0.0.0.0:1', {TLS}, security: {{shared_key: x}}}}",
        f"syslog: {{tcp: {{listen_address: '0.0.0.0:1', {MUTUAL}}}}}",
        "syslog: {udp: {listen_address: '0.0.0.0:1', insecure: true}}",
    ],
)
def test_what_is_secured_or_meant(receiver: str) -> None:
    assert told(receiver) == []


@pytest.mark.parametrize(
    ("receiver", "where", "what"),
    [
        ("zipkin: {endpoint: '0.0.0.0:9411'}", "zipkin.endpoint", "without TLS, and whoever reaches it can write"),
        ("zipkin: {endpoint: ':9411'}", "zipkin.endpoint", "is reached by other machines, without TLS"),
        (
            f"zipkin: {{endpoint: '10.0.0.1:9411', {TLS}}}",
            "zipkin.endpoint",
            "whoever reaches it can write: give 'auth'",
        ),
        (f"zipkin: {{endpoint: 'h.example:9411', {AUTH}}}", "zipkin.endpoint", "can be read on the way: give 'tls'"),
        (
            "otlp: {protocols: {grpc: {endpoint: '0.0.0.0:4317'}}}",
            "otlp.protocols.grpc.endpoint",
            "give 'tls' and 'auth'",
        ),
        (
            "fluentforward: {endpoint: '0.0.0.0:1'}",
            "fluentforward.endpoint",
            "give 'tls' and 'client_ca_file' in 'tls'",
        ),
        ("syslog: {tcp: {listen_address: '0.0.0.0:1'}}", "syslog.tcp.listen_address", "without TLS"),
        ("syslog: {udp: {listen_address: '0.0.0.0:1'}}", "syslog.udp.listen_address", "datagrams have neither TLS nor"),
        (
            "jaeger: {protocols: {thrift_compact: {endpoint: '0.0.0.0:1'}}}",
            "jaeger.protocols.thrift_compact",
            "datagrams",
        ),
    ],
)
def test_what_is_open(receiver: str, where: str, what: str) -> None:
    (problem,) = told(receiver)
    assert problem.startswith(f"receivers.{where}")
    assert what in problem
    assert "write 'insecure: true' beside it" in problem
    assert told(receiver, "insecure: true") == []


@pytest.mark.parametrize(
    ("host", "is_one"),
    [("127.1.2.3", True), ("::1", True), ("localhost", True), ("", False), ("::", False), ("localhost.example", False)],
)
def test_loopback(host: str, is_one: bool) -> None:
    assert is_loopback(host) is is_one
