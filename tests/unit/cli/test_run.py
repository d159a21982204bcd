"""`logloom run`, as a program: what it says, what it does on signals, its exit codes."""

import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from logloom import config
from logloom.cli import run
from tests.service.waiting import wait_until
from tests.unit.cli.command import LOGLOOM, logloom

CONFIG = """
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}, http: {endpoint: "127.0.0.1:0"}}}
exporters: {file: , debug: }
service: {pipelines: {logs: {receivers: [otlp], exporters: [file, debug]}}}
"""
HELLO = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hello"}}]}]}]}'


@contextmanager
def collector(folder: Path, config: str = CONFIG) -> Iterator["subprocess.Popen[bytes]"]:
    """A running one, whose config and data are in `folder`; killed in the end, if it still runs."""
    (folder / "config.yaml").write_text(config)
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [LOGLOOM, "run", "--config", "config.yaml", "--data", "kept"], cwd=folder, stdout=out, stderr=err
        )
    try:
        wait_until(
            (folder / "kept" / "listening.json").exists,
            "the collector",
            failed=lambda: (folder / "err").read_text() if process.poll() is not None else None,
        )
        yield process
    finally:
        process.kill()
        process.wait()


def endpoint(folder: Path) -> str:
    return str(orjson.loads((folder / "kept" / "listening.json").read_bytes())["otlp"]["http"])


def send(folder: Path, body: bytes = HELLO) -> int:
    request = urllib.request.Request(
        f"http://{endpoint(folder)}/v1/logs", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return int(answer.status)


def written(folder: Path) -> list[str]:
    """The bodies in the files that the exporter `file` wrote."""
    return [
        record["body"]["stringValue"]
        for path in sorted((folder / "kept" / "exporters").rglob("*.json*"))
        for line in path.read_bytes().splitlines()
        for resource_logs in orjson.loads(line)["resourceLogs"]
        for scope_logs in resource_logs["scopeLogs"]
        for record in scope_logs["logRecords"]
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_delivers_and_ends_well(tmp_path: Path, number: signal.Signals) -> None:
    with collector(tmp_path) as process:
        for i in range(20):
            assert send(tmp_path, HELLO.replace(b"hello", b"hello %d" % i)) == 200
        process.send_signal(number)
        assert process.wait(30) == 0
    assert written(tmp_path) == [f"hello {i}" for i in range(20)]
    assert "hello 0" in (tmp_path / "err").read_text()  # the exporter debug, at most so many a second
    assert not (tmp_path / "kept" / "listening.json").exists()
    assert "Traceback" not in (tmp_path / "err").read_text()


def test_it_says_what_listens_and_what_to_try(tmp_path: Path) -> None:
    with collector(tmp_path) as process:
        wait_until(lambda: "Ctrl-C stops it." in (tmp_path / "err").read_text(), "the greeting")
        told = (tmp_path / "err").read_text()
        assert f"http {endpoint(tmp_path)}" in told
        command = next(line.strip() for line in told.splitlines() if line.startswith("  curl "))
        assert subprocess.run(["sh", "-c", command], capture_output=True, check=True, timeout=30).stdout == b"{}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert written(tmp_path) == ["hello"]


def test_what_it_keeps_is_for_its_owner_alone(tmp_path: Path) -> None:
    with collector(tmp_path) as process:
        send(tmp_path)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    for path in [tmp_path / "kept", *(tmp_path / "kept").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_second_interrupt_ends_it_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes connections, and never answers
        port = silent.getsockname()[1]
        config = CONFIG.replace("file: , debug: }", f"otlphttp: {{endpoint: 'http://127.0.0.1:{port}'}}}}")
        with collector(tmp_path, config.replace("[file, debug]", "[otlphttp]")) as process:
            send(tmp_path)
            process.send_signal(signal.SIGINT)
            wait_until(lambda: "once more ends at once" in (tmp_path / "err").read_text(), "the first answer")
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
    assert "what was not delivered yet is in the journal" in (tmp_path / "err").read_text()


def test_ready_and_not(tmp_path: Path) -> None:
    with collector(tmp_path):
        for path in ("healthz", "readyz"):
            with urllib.request.urlopen(f"http://{endpoint(tmp_path)}/{path}", timeout=10) as answer:
                assert answer.status == 200


def test_another_config_while_it_runs(tmp_path: Path) -> None:
    with collector(tmp_path) as process:
        before, err = endpoint(tmp_path), tmp_path / "err"
        (tmp_path / "config.yaml").write_text(CONFIG.replace("debug: }", "debug: {verbosity: detailed}}"))
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: 'changed="exporter debug changed"' in err.read_text(), "the new config")
        assert endpoint(tmp_path) == before
        (tmp_path / "config.yaml").write_text(CONFIG.replace("exporters: [file", "exporters: [fiel"))
        process.send_signal(signal.SIGHUP)
        told = "service.pipelines.logs.exporters[0]: no exporter 'fiel': did you mean 'file'?"
        wait_until(lambda: told in err.read_text(), "what is wrong with it")
        assert send(tmp_path) == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert written(tmp_path) == ["hello"]


def test_two_with_the_same_data(tmp_path: Path) -> None:
    with collector(tmp_path) as process:
        done = logloom("run", "--config", "config.yaml", "--data", "kept", cwd=tmp_path)
        assert done.returncode == 1
        told = f"data folder kept: process {process.pid} uses it; stop that one, or give another folder with --data"
        assert done.stderr.decode() == f"logloom: {told}\n"
        assert send(tmp_path) == 200


def test_an_address_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (tmp_path / "config.yaml").write_text(
            CONFIG.replace('http: {endpoint: "127.0.0.1:0"}', f'http: {{endpoint: "127.0.0.1:{port}"}}')
        )
        done = logloom("run", "--config", "config.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr.decode()
    assert "receiver otlp: " in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_a_wrong_config_and_a_wrong_folder(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("receivers: {otlp: {}}\nservice: {}\n")
    done = logloom("run", "--config", "config.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.decode().startswith("logloom: config.yaml:")
    assert not (tmp_path / "data").exists()
    (tmp_path / "file").write_text("")
    (tmp_path / "config.yaml").write_text(CONFIG)
    done = logloom("run", "--config", "config.yaml", "--data", "file", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.decode() == "logloom: data folder file: File exists; give another one with --data\n"


def test_it_allows_itself_as_many_descriptors_as_the_system_does() -> None:
    code = """
import resource
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
from logloom.cli import run
run._allow_descriptors()
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (min(run.DESCRIPTORS, hard), hard)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
run._allow_descriptors()
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (256, 256)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("more", "count"),
    [("", 1), ("tls: {cert_file: a.pem, key_file: a.key}", 0), ("auth: {authenticator: basicauth}", 0)],
)
def test_what_to_try_is_what_works(more: str, count: int) -> None:
    text = f"""\
extensions: {{basicauth: {{htpasswd: {{inline: "a:b"}}}}}}
receivers: {{otlp: {{protocols: {{http: {{{more}}}}}}}}}
exporters: {{nop: }}
service: {{extensions: [basicauth], pipelines: {{logs: {{receivers: [otlp], exporters: [nop]}}}}}}
"""
    banner = run._banner(config.loads(text), Path("data"), {"otlp": {"http": "127.0.0.1:4318"}})
    assert banner.count("curl http://127.0.0.1:4318/v1/logs") == count
