"""Who may send, and as whom logloom sends: real processes, the OpenTelemetry SDK as their client, real passwords."""

import base64
import subprocess
import sys
from pathlib import Path
from typing import Any

import bcrypt
import elasticsearch
import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter

import requests
from bench import corpus
from tests import otlp
from tests.service.engines import ENGINES, served_by
from tests.service.logloom_process import Logloom, read
from tests.service.sinks import EXPORTS
from tests.service.waiting import wait_until

PASSWORD, TOKEN = "geheim-pass", "geheim-token"
BASIC = "Basic " + base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
RETRY = {"initial_interval": "50ms", "max_interval": "200ms"}


def _receiving(out: Path, tokens: Path, engines: str = "native") -> dict[str, Any]:
    """Passwords over gRPC, tokens over HTTP."""
    users = f"ann:{bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()}\n"
    return {
        "extensions": {
            "basicauth/agents": {"htpasswd": {"inline": users.replace("$", "$$")}},
            "bearertokenauth/apps": {"filename": str(tokens)},
        },
        "receivers": served_by(
            engines,
            {
                "otlp": {
                    "protocols": {
                        "grpc": {"endpoint": "127.0.0.1:0", "auth": {"authenticator": "basicauth/agents"}},
                        "http": {"endpoint": "127.0.0.1:0", "auth": {"authenticator": "bearertokenauth/apps"}},
                    }
                }
            },
        ),
        "exporters": {"file": {"path": str(out)}},
        "service": {
            "extensions": ["basicauth/agents", "bearertokenauth/apps"],
            "pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["file"]}},
        },
    }


def _sending(exporter: str, config: dict[str, Any], extension: dict[str, Any]) -> dict[str, Any]:
    (name,) = extension
    return {
        "extensions": extension,
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}}}},
        "exporters": {exporter: {"retry_on_failure": RETRY, "auth": {"authenticator": name}, **config}},
        "service": {
            "extensions": [name],
            "pipelines": {"logs": {"receivers": ["otlp"], "exporters": [exporter]}},
        },
    }


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_text(f"{TOKEN}\n")
    return path


@pytest.mark.peer
@pytest.mark.parametrize("engines", ENGINES)
@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_the_sdk_with_credentials(tmp_path: Path, tokens: Path, transport: str, engines: str) -> None:
    out = tmp_path / "out.jsonl"
    with Logloom(_receiving(out, tokens, engines), tmp_path / "to") as to:
        exporter: LogRecordExporter
        if transport == "grpc":
            endpoint = f"http://{to.endpoint('otlp', 'grpc')}"
            exporter = GrpcLogs(endpoint=endpoint, insecure=True, headers={"authorization": BASIC})
        else:
            endpoint = f"http://{to.endpoint('otlp', 'http')}/v1/logs"
            exporter = HttpLogs(endpoint=endpoint, headers={"Authorization": f"Bearer {TOKEN}"})
        provider = LoggerProvider()
        provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
        logger = provider.get_logger("test")
        for number in range(100):
            logger.emit(body=f"line {number}")
        provider.shutdown()
    assert sorted(record.body for record in read(out)) == sorted(f"line {number}" for number in range(100))


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_one_logloom_to_another(tmp_path: Path, tokens: Path, transport: str) -> None:
    """With what it has first it is not let in, and loses nothing; with the right secret it is."""
    out, secret = tmp_path / "out.jsonl", tmp_path / "secret"
    secret.write_text("wrong")
    data = corpus.otlp_logs(50, 1)
    with Logloom(_receiving(out, tokens), tmp_path / "to") as to:
        if transport == "grpc":
            known: dict[str, Any] = {"basicauth": {"client_auth": {"username": "ann", "password_file": str(secret)}}}
            config = {"endpoint": f"http://{to.endpoint('otlp', 'grpc')}"}
            by = _sending("otlp", config, known)
        else:
            known = {"bearertokenauth": {"filename": str(secret)}}
            by = _sending("otlphttp", {"endpoint": f"http://{to.endpoint('otlp', 'http')}"}, known)
        with Logloom(by, tmp_path / "by") as sender:
            with grpc.insecure_channel(sender.endpoint("otlp", "grpc")) as channel:
                channel.unary_unary(EXPORTS["logs"])(data, timeout=60, wait_for_ready=True)
            wait_until(lambda: "who are you?" in sender.log(), "the refusal")
            assert not out.exists() or read(out) == []
            secret.write_text(PASSWORD if transport == "grpc" else TOKEN)
            to.wait_for(out, lambda found: len(found) == len(otlp.from_bytes(data)) == 50, "what was sent before")
    for log in (sender.log(), to.log()):
        assert "geheim" not in log
        assert BASIC.split()[1] not in log
    assert "refused: credentials missing, or not known here" in to.log()
    assert "sends its credentials without TLS" in sender.log()


@pytest.mark.parametrize("engines", ENGINES)
def test_who_is_not_known_writes_nothing(tmp_path: Path, tokens: Path, engines: str) -> None:
    out = tmp_path / "out.jsonl"
    body = corpus.otlp_logs(5, 1)
    with Logloom(_receiving(out, tokens, engines), tmp_path / "to") as to:
        for shown in (None, "Bearer wrong", BASIC):
            headers = {"Content-Type": "application/x-protobuf"} | ({"Authorization": shown} if shown else {})
            answer = requests.post(f"http://{to.endpoint('otlp', 'http')}/v1/logs", body, headers=headers, timeout=30)
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="logloom"')
        with grpc.insecure_channel(to.endpoint("otlp", "grpc")) as channel:
            for metadata in ((), (("authorization", f"Bearer {TOKEN}"),)):
                with pytest.raises(grpc.RpcError) as error:
                    channel.unary_unary(EXPORTS["logs"])(body, timeout=30, metadata=metadata)
                assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED  # type: ignore[attr-defined]
    assert not out.exists() or read(out) == []


def test_a_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    config = tmp_path / "logloom.yaml"
    config.write_text(
        """
extensions: {bearertokenauth: {filename: /nowhere/token}}
receivers: {zipkin: {endpoint: "127.0.0.1:0", auth: {authenticator: bearertokenauth}}}
exporters: {nop: {}}
service: {extensions: [bearertokenauth], pipelines: {logs: {receivers: [zipkin], exporters: [nop]}}}
"""
    )
    command = [Path(sys.executable).with_name("logloom"), "run", "-c", config, "-d", tmp_path / "data"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "extension bearertokenauth: /nowhere/token cannot be read: No such file" in ended.stderr


def test_probes_that_must_show_who_they_are(tmp_path: Path, tokens: Path) -> None:
    """Whatever the order in which the extensions are named."""
    config = _receiving(tmp_path / "out.jsonl", tokens)
    config["extensions"]["health_check"] = {
        "endpoint": "127.0.0.1:0",
        "path": "/health",
        "auth": {"authenticator": "bearertokenauth/apps"},
    }
    config["service"]["extensions"].insert(0, "health_check")
    with Logloom(config, tmp_path / "to") as to:
        said = next(line for line in to.log().splitlines() if "health_check: listens" in line)
        url = f"http://{said.rpartition('=')[2]}/health"
        assert requests.get(url, timeout=30).status_code == 401
        assert requests.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30).status_code == 200


@pytest.mark.peer
def test_clients_with_headers_of_their_own(tmp_path: Path) -> None:
    """Elasticsearch's own client by API key and by password, Splunk's tokens, Datadog's keys: one seam for all."""
    out = tmp_path / "out.jsonl"
    api_key = base64.b64encode(b"id:geheim").decode()
    receivers: dict[str, Any] = {
        "elasticsearch/keys": {"endpoint": "127.0.0.1:0", "auth": {"authenticator": "bearertokenauth/es"}},
        "elasticsearch/users": {"endpoint": "127.0.0.1:0", "auth": {"authenticator": "basicauth"}},
        "splunkhec": {"endpoint": "127.0.0.1:0", "auth": {"authenticator": "bearertokenauth/splunk"}},
        "http": {"endpoint": "127.0.0.1:0", "auth": {"authenticator": "bearertokenauth/datadog"}},
    }
    extensions = {
        "bearertokenauth/es": {"token": api_key, "scheme": "ApiKey"},
        "bearertokenauth/splunk": {"token": "geheim", "scheme": "Splunk"},
        "bearertokenauth/datadog": {"token": "geheim", "scheme": "", "header": "DD-API-KEY"},
        "basicauth": {"htpasswd": {"inline": "ann:geheim"}},
    }
    config = {
        "extensions": extensions,
        "receivers": receivers,
        "exporters": {"file": {"path": str(out)}},
        "service": {
            "extensions": list(extensions),
            "pipelines": {"logs": {"receivers": list(receivers), "exporters": ["file"]}},
        },
    }
    with Logloom(config, tmp_path / "run") as runs:
        urls = {name: f"http://{runs.endpoint(name, 'http')}" for name in receivers}
        for name, good, bad in (
            ("elasticsearch/keys", {"api_key": api_key}, {"api_key": "bm9ib2R5"}),
            ("elasticsearch/users", {"basic_auth": ("ann", "geheim")}, {"basic_auth": ("ann", "x")}),
        ):
            with elasticsearch.Elasticsearch(urls[name], **good) as client:  # type: ignore[arg-type]
                assert client.index(index="web", document={"message": name})["result"] == "created"
            with (
                elasticsearch.Elasticsearch(urls[name], **bad) as client,  # type: ignore[arg-type]
                pytest.raises(elasticsearch.AuthenticationException),
            ):
                client.index(index="web", document={"message": "nobody"})
        event = urls["splunkhec"] + "/services/collector/event"
        for shown, fine in (("Splunk geheim", True), ("Splunk x", False), ("Bearer geheim", False)):
            answer = requests.post(event, json={"event": "splunk"}, headers={"Authorization": shown}, timeout=30)
            assert (answer.status_code == 200) == fine
            assert fine or answer.status_code in (401, 403)  # HEC's own way to say it
        for shown, status in (("geheim", 200), ("x", 401)):
            answer = requests.post(urls["http"], json={"message": "dd"}, headers={"DD-API-KEY": shown}, timeout=30)
            assert answer.status_code == status
    assert len(read(out)) == 4
    assert "geheim" not in runs.log()
