"""A collector tells how it is: to Prometheus, to the command, in its log; and what it says is so."""

import contextlib
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from logloom.telemetry.catalog import CATALOG
from logloom.telemetry.status import ask
from tests.service.logloom_process import Logloom
from tests.service.upstream import Answer, Upstream
from tests.service.waiting import wait_until

ANSWER_S = 60.0
SILENT = Answer(delay_seconds=3600)


def config(port: int, **service: Any) -> dict[str, Any]:
    retry = {"initial_interval": "10ms", "max_interval": "20ms"}
    telemetry = {
        "metrics": {"readers": [{"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": 0}}}}]},
        "stall": {"timeout": "300ms"},
    }
    return {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:0"}}}},
        "processors": {"redaction": {"rules": ["email"]}, "filter": {"drop": ['body == "ping"']}},
        "exporters": {
            "otlphttp": {
                "endpoint": f"http://127.0.0.1:{port}",
                "compression": "none",
                "timeout": "100ms",
                "retry_on_failure": retry,
            }
        },
        "service": {
            "telemetry": telemetry,
            "pipelines": {
                "logs": {"receivers": ["otlp"], "processors": ["redaction", "filter"], "exporters": ["otlphttp"]}
            },
            "shutdown_timeout": "2s",
            **service,
        },
    }


def status(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("logloom"), "status", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S)


def send(collector: Logloom, *bodies: str) -> int:
    records = [{"body": {"stringValue": body}} for body in bodies]
    body = orjson.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]})
    address = f"http://{collector.endpoint('otlp', 'http')}/v1/logs"
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:  # noqa: S310 — our own
        return int(answer.status)


def metrics_of(collector: Logloom) -> dict[tuple[str, ...], float]:
    """Each number by its name and the values of its labels."""
    said = ask(collector.data, ANSWER_S)
    assert said is not None
    (at,) = said["metrics_at"]
    with urllib.request.urlopen(f"http://{at}/metrics", timeout=ANSWER_S) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        text = answer.read().decode()
    for path, expected in (("/livez", 200), ("/readyz", 200), ("/none", 404)):
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(f"http://{at}{path}") as answer:
            assert answer.status == expected
    return {
        (sample.name.removesuffix("_total"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_it_says_is_so(tmp_path: Path) -> None:
    with Upstream() as upstream, Logloom(config(upstream.port), tmp_path) as collector:
        assert send(collector, "ping", "mail to ann@example.com", "two") == 200
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(
                urllib.request.Request(
                    f"http://{collector.endpoint('otlp', 'http')}/v1/logs",
                    b"\x0a\xff",
                    {"Content-Type": "application/x-protobuf"},
                ),
                timeout=ANSWER_S,
            )
        sent = ("otelcol_exporter_sent_log_records", "otlphttp")
        wait_until(lambda: metrics_of(collector).get(sent) == 2, "both to be delivered", failed=collector.ended)
        found = metrics_of(collector)
        for key, value in {
            ("otelcol_receiver_accepted_log_records", "otlp"): 3,
            ("otelcol_receiver_refused_log_records", "otlp"): 1,
            ("otelcol_processor_incoming_items", "filter"): 3,
            ("otelcol_processor_outgoing_items", "filter"): 2,
            ("otelcol_exporter_send_failed_log_records", "otlphttp"): 0,
            ("otelcol_exporter_queue_size", "otlphttp", "logs"): 0,
            ("otelcol_exporter_queue_capacity", "otlphttp", "logs"): 4096 << 20,
            ("logloom_processor_rule_matches", "redaction", "email"): 1,
            ("logloom_processor_rule_matches", "filter", 'body == "ping"'): 1,
            ("logloom_pipeline_records", "logs"): 2,
            ("logloom_pipeline_dropped_records", "logs"): 1,
            ("logloom_exporter_lag_seconds", "otlphttp"): 0,
            ("logloom_journal_entries", "main"): 1,
            ("logloom_journal_sync_duration_seconds_bucket", "main", "+Inf"): found[
                "logloom_journal_sync_duration_seconds_count", "main"
            ],
            ("logloom_ready",): 1,
        }.items():
            assert found[key] == value, key
        assert found["logloom_journal_sync_duration_seconds_count", "main"] >= 1
        assert found["otelcol_process_memory_rss",] > 1 << 20
        names = {key[0] for key in found}
        made = {name.removesuffix(end) for name in names for end in ("", "_bucket", "_sum", "_count")}
        assert {name for name in names if name.startswith(("otelcol_", "logloom_"))} - {
            f"logloom_journal_sync_duration_seconds_{end}" for end in ("bucket", "sum", "count")
        } <= set(CATALOG)
        assert set(CATALOG) - made <= {
            "logloom_component_restarts",
            "logloom_component_up",
            "logloom_connector_records",
            "logloom_journal_trouble",
            "logloom_rejects",
            "logloom_stalled",
        }
        told = status("--data", collector.data)
        assert told.returncode == 0, told
        assert ": ready, up for" in told.stdout
        assert "\notlphttp" in told.stdout
        as_json = orjson.loads(status("--data", collector.data, "--json").stdout)
        assert as_json["ready"]
        assert (
            'otelcol_exporter_sent_log_records{exporter="otlphttp"} 2'
            in status("--data", collector.data, "--metrics").stdout.splitlines()
        )
        top = subprocess.run(
            [Path(sys.executable).with_name("logloom"), "top", "--once", "-i", "0.1", "--data", collector.data],
            capture_output=True,
            text=True,
            timeout=ANSWER_S,
        )
        assert top.returncode == 0, top
        assert "records/s" in top.stdout
        assert all(len(line) <= 80 for line in top.stdout.splitlines())
    assert not (collector.data / "status.sock").exists()
    assert status("--data", collector.data).returncode == 2


def unready(collector: Logloom) -> bool:
    return collector.get("/readyz") == 503


def stalled(collector: Logloom) -> list[str]:
    said = ask(collector.data, ANSWER_S)
    assert said is not None
    return [stall["what"] for stall in said["stalls"]]


def test_a_destination_that_stops_answering(tmp_path: Path) -> None:
    with Upstream() as upstream, Logloom(config(upstream.port), tmp_path) as collector:
        assert collector.get("/readyz") == 200
        upstream.answer(SILENT)
        send(collector, "one")
        wait_until(lambda: unready(collector), "/readyz to say no", failed=collector.ended)
        assert stalled(collector) == ["exporter otlphttp"]
        assert collector.get("/livez") == 200
        told = status("--data", collector.data)
        assert told.returncode == 1
        assert "NOT READY" in told.stdout
        assert "STALLED exporter otlphttp: 1 records wait for it" in told.stdout
        assert "does not get on with it" in collector.log()
        assert send(collector, "two") == 200  # it takes more all the same: the journal has room
        upstream.answer(Answer())
        wait_until(lambda: not unready(collector), "/readyz to say yes again", failed=collector.ended)
        wait_until(lambda: "gets on again" in collector.log(), "that to be told", failed=collector.ended)


@contextlib.contextmanager
def sink() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A destination that is a process of its own, and takes all."""
    code = (
        "import http.server\n"
        "class Sink(http.server.BaseHTTPRequestHandler):\n"
        "    protocol_version = 'HTTP/1.1'\n"
        "    def do_POST(self):\n"
        "        self.rfile.read(int(self.headers['Content-Length']))\n"
        "        self.send_response(200)\n"
        "        self.send_header('Content-Type', 'application/x-protobuf')\n"
        "        self.send_header('Content-Length', '0')\n"
        "        self.end_headers()\n"
        "    def log_message(self, *_): pass\n"
        "server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Sink)\n"
        "print(server.server_port, flush=True)\n"
        "server.serve_forever()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield process, int(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_destination_that_is_stopped(tmp_path: Path) -> None:
    with sink() as (process, port), Logloom(config(port), tmp_path) as collector:
        send(collector, "one")
        os.kill(process.pid, signal.SIGSTOP)
        send(collector, "two")
        wait_until(lambda: unready(collector), "/readyz to say no", failed=collector.ended)
        os.kill(process.pid, signal.SIGCONT)
        wait_until(lambda: not unready(collector), "/readyz to say yes again", failed=collector.ended)
        assert stalled(collector) == []


def test_a_destination_that_is_away_need_not_make_it_unready(tmp_path: Path) -> None:
    with Upstream(SILENT) as upstream:
        given = config(upstream.port)
        given["service"]["telemetry"]["stall"]["exporters"] = False
        with Logloom(given, tmp_path) as collector:
            send(collector, "one")
            wait_until(lambda: stalled(collector) == ["exporter otlphttp"], "the stall", failed=collector.ended)
            assert not unready(collector)
            upstream.answer(Answer())


def test_a_collector_that_is_stopped_does_not_answer(tmp_path: Path) -> None:
    with Upstream() as upstream, Logloom(config(upstream.port), tmp_path) as collector:
        collector.signal(signal.SIGSTOP)
        told = status("--data", collector.data)
        collector.signal(signal.SIGCONT)
        assert told.returncode == 2
        assert "does not answer within 5 s" in told.stderr
        wait_until(lambda: status("--data", collector.data).returncode == 0, "it to be well", failed=collector.ended)
