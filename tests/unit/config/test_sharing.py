"""Receivers at one endpoint: what is found wrong before anything is opened."""

import dataclasses

import pytest

from logloom import config
from logloom.config import ServerTls
from logloom.errors import InvalidConfigError
from logloom.receivers._settings import HttpSettings

TEXT = """\
receivers:
  otlp: {{protocols: {{http: {{endpoint: 127.0.0.1:4318}}}}}}
  zipkin: {zipkin}
  http/a: {a}
exporters: {{nop: {{}}}}
service: {{pipelines: {{logs: {{receivers: [otlp, zipkin, http/a], exporters: [nop]}}}}}}
"""


def problems(**sections: str) -> list[str]:
    try:
        config.loads(TEXT.format(**sections))
    except InvalidConfigError as error:
        return [f"{problem.line}: {problem.path}: {problem.what}" for problem in error.problems]
    return []


@pytest.mark.parametrize("endpoint", ["127.0.0.1:4318", "127.0.0.1:9411"])
def test_those_that_get_on_may_share(endpoint: str) -> None:
    assert (
        problems(zipkin=f"{{endpoint: {endpoint}}}", a=f"{{endpoint: {endpoint}, max_request_body_size: 1MiB}}") == []
    )


def test_what_only_one_can_have_is_told_with_both_names() -> None:
    paths = "{/x: {}, /api/v2/spans: {}}"
    (said,) = problems(zipkin="{endpoint: 127.0.0.1:80}", a=f"{{endpoint: 127.0.0.1:80, paths: {paths}}}")
    told = "'zipkin' answers POST /api/v2/spans at 127.0.0.1:80, too: give each an endpoint of its own"
    assert (said.startswith("4: receivers.http/a: "), said.endswith(told)) == (True, True), said
    (said,) = problems(zipkin="{}", a="{endpoint: 127.0.0.1:4318, paths: {/v1/logs: {}}}")
    assert "'otlp' answers POST /v1/logs at 127.0.0.1:4318, too" in said


def test_what_must_be_the_same_is_told() -> None:
    (said,) = problems(zipkin="{endpoint: 127.0.0.1:4318, max_connections: 7}", a="{}")
    assert "zipkin.max_connections" in said
    assert "differs from that of 'otlp', which shares 127.0.0.1:4318: give both the same" in said
    tls = "tls: {cert_file: a.pem, key_file: b.pem}"
    (said,) = problems(zipkin=f"{{endpoint: 127.0.0.1:80, {tls}}}", a="{endpoint: 127.0.0.1:80}")
    assert "http/a.tls" in said
    assert problems(zipkin=f"{{endpoint: 127.0.0.1:80, {tls}}}", a=f"{{endpoint: 127.0.0.1:80, {tls}}}") == []


def test_a_port_of_0_is_never_shared() -> None:
    assert problems(zipkin="{endpoint: 127.0.0.1:0}", a="{endpoint: 127.0.0.1:0, paths: {/api/v2/spans: {}}}") == []


def test_each_setting_that_must_be_the_same_is_one() -> None:
    names = {field.name for field in dataclasses.fields(HttpSettings)}
    assert set(HttpSettings.SAME) <= names
    assert ServerTls(client_ca_file=None) == ServerTls()


def test_an_extension_that_listens_shares_as_well() -> None:
    text = TEXT.format(zipkin="{endpoint: 127.0.0.1:80}", a="{endpoint: 127.0.0.1:81}")
    text = f"extensions: {{health_check: {{endpoint: 127.0.0.1:80, max_connections: 5}}}}\n{text}"
    with pytest.raises(InvalidConfigError) as error:
        config.loads(text.replace("service: {", "service: {extensions: [health_check], "))
    assert [(problem.line, problem.path) for problem in error.value.problems] == [
        (1, "extensions.health_check.max_connections")
    ]
    assert "'zipkin', which shares 127.0.0.1:80" in str(error.value)


def test_what_cannot_be_listened_at_twice_is_told_before_anything_is_opened() -> None:
    text = """\
receivers:
  otlp: {protocols: {grpc: {endpoint: 127.0.0.1:4317}, http: {endpoint: 127.0.0.1:4318}}}
  otlp/again: {protocols: {grpc: {endpoint: 127.0.0.1:4317}}}
  lumberjack: {endpoint: 127.0.0.1:4318}
  syslog: {udp: {listen_address: 127.0.0.1:4317}}
  fluentforward/any: {endpoint: 127.0.0.1:0}
  lumberjack/any: {endpoint: 127.0.0.1:0}
exporters: {nop: {}}
service:
  insecure: true
  pipelines:
    logs:
      receivers: [otlp, otlp/again, lumberjack, syslog, fluentforward/any, lumberjack/any]
      exporters: [nop]
"""
    with pytest.raises(InvalidConfigError) as caught:
        config.loads(text)
    assert [(problem.path, problem.what) for problem in caught.value.problems] == [
        (
            "receivers.otlp/again.protocols.grpc.endpoint",
            "'otlp' listens at 127.0.0.1:4317, too: give each an endpoint of its own",
        ),
        ("receivers.lumberjack.endpoint", "'otlp' listens at 127.0.0.1:4318, too: give each an endpoint of its own"),
    ]
