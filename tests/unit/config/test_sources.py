"""Several sources that are one config."""

from pathlib import Path

import pytest

from logloom import config
from logloom.config.read import plain
from logloom.config.sources import SOURCES_MAX, read_sources
from logloom.errors import ConfigError, InvalidConfigError

BASE = """\
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:1"}, http: {endpoint: "127.0.0.1:2"}}}}
exporters: {debug: {verbosity: basic}, nop: {}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [debug, nop]}}}
"""
OVER = """\
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:3"}}}}
exporters:
  debug:
    verbosity: detailed
service: {pipelines: {logs: {exporters: [debug]}}}
"""


def test_maps_are_merged_and_lists_replaced(tmp_path: Path) -> None:
    """As the Collector does it."""
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "over.yaml").write_text(OVER)
    loaded = config.load(
        tmp_path / "base.yaml",
        f"file:{tmp_path / 'over.yaml'}",
        "env:MORE",
        "yaml:exporters::debug::lines_per_second: 5",
        environment={"MORE": "service: {shutdown_timeout: 3s}"},
    )
    protocols = loaded.receivers["otlp"].config.protocols
    assert (protocols.grpc.endpoint.port, protocols.http.endpoint.port) == (3, 2)
    assert (loaded.exporters["debug"].config.verbosity, loaded.exporters["debug"].config.lines_per_second) == (
        "detailed",
        5,
    )
    assert loaded.service.pipelines["logs"].exporters == ["debug"]
    assert loaded.service.shutdown_timeout == 3.0
    assert [note.file for note in loaded.notes] == [str(tmp_path / "base.yaml")]  # nop is unused


def test_each_problem_has_its_file(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE.replace("verbosity: basic", "verbosity: loud"))
    (tmp_path / "over.yaml").write_text("\n" + OVER.replace("verbosity: detailed", "lines: 1"))
    with pytest.raises(InvalidConfigError) as error:
        config.load(tmp_path / "base.yaml", tmp_path / "over.yaml")
    assert [line.partition(": ")[0] for line in str(error.value).splitlines()] == [
        f"{tmp_path / 'base.yaml'}:2",
        f"{tmp_path / 'over.yaml'}:5",
    ]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("none.yaml", "none.yaml: cannot be read: No such file"),
        ("env:UNSET", "the environment variable UNSET is not set"),
        ("https://example.com/x.yaml", "no config is read over the network"),
        ("yaml:[1]", "a config is a map; this is a list"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, source: str, why: str) -> None:
    (tmp_path / "base.yaml").write_text(BASE)
    with pytest.raises(ConfigError, match=why):
        read_sources([str(tmp_path / "base.yaml"), source], {})


def test_an_empty_one_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    for sources in (["base", "empty"], ["empty", "base"]):
        root, _ = read_sources([str(tmp_path / f"{name}.yaml") for name in sources], {})
        assert set(plain(root)) == {"receivers", "exporters", "service"}


def test_their_number_is_bounded() -> None:
    with pytest.raises(ConfigError, match="1 to 32 sources"):
        read_sources(["yaml:a: 1"] * (SOURCES_MAX + 1), {})
