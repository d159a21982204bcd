"""The folders of good and bad configs; run as a program, it rewrites the errors expected of the bad ones."""

import argparse
import contextlib
import io
import os
import sys
from pathlib import Path

import pytest

from logloom import config
from logloom.cli import check
from logloom.errors import ConfigError, InvalidConfigError

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
GOOD = sorted((CONFIGS / "good").glob("*.yaml"))
BAD = sorted((CONFIGS / "bad").glob("*.yaml"))
COLLECTOR = sorted((CONFIGS / "collector").glob("*.yaml"))
COLLECTOR_ENVIRONMENT = {"MY_POD_IP": "127.0.0.1", "AGENT_PASSWORD": "geheim", "CERTS": "/etc/otelcol"}
ENVIRONMENT = {"LOGLOOM_TEST_TEXT": "secret text"}


def error_of(path: Path) -> str:
    with pytest.raises(InvalidConfigError) as caught:
        config.load(path, environment=ENVIRONMENT)
    return str(caught.value).replace(str(path), path.name)


def test_there_are_configs() -> None:
    assert len(GOOD) >= 2
    assert len(BAD) >= 15
    assert {path.stem for path in (CONFIGS / "bad").glob("*.txt")} == {path.stem for path in BAD}


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good(path: Path) -> None:
    loaded = config.load(path, environment=ENVIRONMENT)
    assert loaded.service.pipelines


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad(path: Path) -> None:
    error = error_of(path)
    assert error + "\n" == path.with_suffix(".txt").read_text("utf-8")
    assert "secret text" not in error


def test_the_embedded_config_loads() -> None:
    loaded = config.loads(config.default_text())
    assert list(loaded.receivers) == ["otlp", "zipkin"]
    assert list(loaded.exporters) == ["file", "debug"]
    assert loaded.receivers["zipkin"].config.endpoint == config.Endpoint("127.0.0.1", 9411)
    protocols = loaded.receivers["otlp"].config.protocols
    assert (str(protocols.grpc.endpoint), str(protocols.http.endpoint)) == ("127.0.0.1:4317", "127.0.0.1:4318")
    assert loaded.notes == ()


def test_the_journals_section() -> None:
    loaded = config.load(CONFIGS / "good" / "journal.yaml", environment=ENVIRONMENT)
    assert (loaded.journal.kind, loaded.journal.max_age_h, loaded.journal.file_mib) == ("disk", 72, 64)
    assert loaded.journal.key.passphrase.reveal() == "secret text"
    assert "secret text" not in repr(loaded)
    assert {name: exporter.start for name, exporter in loaded.exporters.items()} == {
        "debug": "oldest",
        "file/dead": "tail",
    }
    assert loaded.service.pipelines["logs"].lossy == "drop_oldest"
    assert loaded.service.dead_letter_pipeline == "logs/dead"
    assert [(note.path, note.line) for note in loaded.notes] == [("service.journal", 17)]


def test_a_collectors_config_is_read_as_it_is() -> None:
    loaded = config.load(CONFIGS / "good" / "collector.yaml", environment=ENVIRONMENT)
    backend = loaded.exporters["otlp_grpc/backend"]
    assert backend.type == "otlp"
    assert backend.config.tls.insecure
    assert backend.config.headers["x-api-key"].reveal() == "none"
    assert backend.config.retry_on_failure.initial_interval == 1.0
    assert loaded.processors["batch"].config.send_batch_size == 8192
    assert "otlphttp/unused" not in loaded.exporters
    notes = {note.path: note.what for note in loaded.notes}
    assert notes["exporters.otlphttp/unused"] == "unused: no pipeline names it"
    assert notes["exporters.otlp_grpc/backend.sending_queue.num_consumers"].startswith("has no effect here: ")
    assert not any(path.startswith("service.telemetry") for path in notes)
    assert not loaded.service.telemetry.metrics.is_on
    assert loaded.service.telemetry.logs.encoding == "json"


def test_names_may_have_slashes() -> None:
    text = "receivers: {own/a/b: }\nexporters: {nop/c/d/e: }\nservice: {pipelines: {logs/x/y: {receivers: [own/a/b], "
    loaded = config.loads(text + "exporters: [nop/c/d/e]}}}")
    assert (loaded.receivers["own/a/b"].type, list(loaded.exporters)) == ("own", ["nop/c/d/e"])
    assert list(loaded.service.pipelines) == ["logs/x/y"]


def test_aliases_and_merges() -> None:
    loaded = config.load(CONFIGS / "good" / "routing.yaml", environment=ENVIRONMENT)
    mesh, other = loaded.receivers["filelog/mesh"], loaded.receivers["file_log/other"]
    assert (mesh.type, other.type) == ("filelog", "filelog")
    assert mesh.config.include == ["/var/log/envoy/*.log"]
    assert other.config.include == ["/var/log/other.log"]
    assert (mesh.config.start_at, other.config.start_at) == ("end", "beginning")
    headers = loaded.exporters["otlphttp/siem"].config.headers
    assert headers["Authorization"].reveal() == "Bearer ${not-a-reference}"
    assert "Bearer" not in repr(loaded)
    assert loaded.service.shutdown_timeout == 90.0
    assert loaded.service.journal.bytes_max == 64 << 20


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: No such file"):
        config.load(tmp_path / "none.yaml")


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"# " + b"x" * (1 << 20))
    with pytest.raises(InvalidConfigError, match="a config has at most 1048576"):
        config.load(path)


def checked_of(path: Path, monkeypatch: pytest.MonkeyPatch | None = None) -> str:
    """What `logloom check --collector` says of it, and its exit code."""
    for name, value in COLLECTOR_ENVIRONMENT.items():
        if monkeypatch is None:
            os.environ[name] = value
        else:
            monkeypatch.setenv(name, value)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = check.run(argparse.Namespace(default=False, collector=True, config=[str(path)]))
    return f"{said.getvalue().replace(str(path), path.name)}exit code {code}\n"


@pytest.mark.parametrize("path", COLLECTOR, ids=lambda path: path.stem)
def test_what_becomes_of_a_collectors_config(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = checked_of(path, monkeypatch)
    assert said == path.with_suffix(".txt").read_text("utf-8")
    assert "geheim" not in said


def test_there_are_configs_of_the_collector() -> None:
    folder = CONFIGS / "collector"
    assert len(COLLECTOR) >= 9
    assert {path.stem for path in folder.glob("*.txt")} == {path.stem for path in COLLECTOR}


if __name__ == "__main__":
    for bad in BAD:
        try:
            config.load(bad, environment=ENVIRONMENT)
        except InvalidConfigError as error:
            bad.with_suffix(".txt").write_text(str(error).replace(str(bad), bad.name) + "\n", "utf-8")
        else:
            sys.exit(f"{bad} loads")
    for config_of_collector in COLLECTOR:
        config_of_collector.with_suffix(".txt").write_text(checked_of(config_of_collector), "utf-8")
