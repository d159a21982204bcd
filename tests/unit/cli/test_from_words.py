"""`logloom run --tail … --listen … --to …`: the config that the words stand for, and that it runs."""

import signal
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from logloom import config
from logloom.cli._from_words import config_text
from logloom.config import Config
from logloom.errors import ConfigError
from tests.service.waiting import wait_until
from tests.unit.cli.command import LOGLOOM, logloom


def read(tail: list[str] = [], listen: list[str] = [], to: list[str] = []) -> Config:  # noqa: B006
    return config.loads(config_text(tail, listen, to), "command line")


def test_files_go_to_a_gateway() -> None:
    read_config = read(["/var/log/pods/**", "/a/*.log"], to=["otlp://gateway:4317"])
    (receiver,) = read_config.receivers.values()
    assert (receiver.type, receiver.config.include) == ("filelog", ["/var/log/pods/**", "/a/*.log"])
    (exporter,) = read_config.exporters.values()
    assert (exporter.type, str(exporter.config.endpoint)) == ("otlp", "gateway:4317")
    assert not exporter.config.is_secure


@pytest.mark.parametrize(
    ("word", "kind", "expected"),
    [
        ("otlps://siem:4317", "otlp", {"is_secure": True}),
        ("http://siem:4318", "otlphttp", {"endpoint": "http://siem:4318"}),
        ("https://siem:4318/v1/logs", "otlphttp", {"endpoint": "https://siem:4318/v1/logs"}),
        ("file:out.jsonl", "file", {"path": Path("out.jsonl")}),
        ("file:///var/log/all.jsonl", "file", {"path": Path("/var/log/all.jsonl")}),
        ("file:", "file", {"path": None}),
        ("debug", "debug", {"verbosity": "basic"}),
    ],
)
def test_destinations(word: str, kind: str, expected: dict[str, Any]) -> None:
    (exporter,) = read(to=[word]).exporters.values()
    assert exporter.type == kind
    assert {name: getattr(exporter.config, name) for name in expected} == expected


def test_several_of_a_kind_have_names_of_their_own() -> None:
    both = read(listen=["otlp", "otlp://127.0.0.1:5317"], to=["otlp://a:1", "debug", "otlp://b:2"])
    assert [*both.receivers] == ["otlp", "otlp/2"]
    assert [*both.exporters] == ["otlp", "debug", "otlp/2"]
    assert both.receivers["otlp/2"].config.protocols.http is None


def test_what_is_not_said_is_as_without_a_config() -> None:
    assert [*read(to=["debug"]).receivers] == ["otlp"]
    assert [*read(["*.log"]).receivers] == ["filelog"]
    assert [*read(["*.log"]).exporters] == ["file", "debug"]


def test_a_dollar_is_a_dollar() -> None:
    (receiver,) = read(["/logs/${env:HOME}/$a*.log"]).receivers.values()
    assert receiver.config.include == ["/logs/${env:HOME}/$a*.log"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (([], [], ["kafka://a:1"]), r"^--to kafka://a:1: not a destination: write otlp://HOST:PORT"),
        (([], [], ["otlp://"]), r"^--to otlp://: not a destination"),
        (([], [], ["gateway:4317"]), r"^--to gateway:4317: not a destination"),
        (([], ["4317"], []), r"^--listen 4317: not a way in: write otlp, or otlp://HOST:PORT$"),
    ],
)
def test_what_is_no_way(words: tuple[list[str], list[str], list[str]], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        config_text(*words)


def test_a_bad_port_is_told_with_its_place(tmp_path: Path) -> None:
    done = logloom("run", "--to", "otlp://gateway:99999", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.decode().startswith("logloom: command line:1: exporters.otlp.endpoint: ")


def test_a_config_and_words_do_not_mix(tmp_path: Path) -> None:
    done = logloom("run", "--config", "a.yaml", "--tail", "*.log", cwd=tmp_path)
    assert done.returncode == 2
    assert b"--config says it all" in done.stderr


def test_it_follows_files_without_a_config(tmp_path: Path) -> None:
    (tmp_path / "logs" / "deep").mkdir(parents=True)
    with (tmp_path / "err").open("wb") as err:
        command = [LOGLOOM, "run", "--tail", "logs/**", "--to", "file:out.jsonl", "--data", "kept"]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=err, stderr=err)
    try:
        ended = lambda: (tmp_path / "err").read_text() if process.poll() is not None else None  # noqa: E731
        wait_until((tmp_path / "kept" / "listening.json").exists, "the collector", failed=ended)
        (tmp_path / "logs" / "deep" / "app.log").write_text("hello\n")
        out = tmp_path / "out.jsonl"
        wait_until(lambda: out.exists() and b"hello" in out.read_bytes(), "the line", failed=ended)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    assert orjson.loads(out.read_bytes().splitlines()[0])["resourceLogs"]
