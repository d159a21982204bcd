"""The Collector's names: each once, of none that logloom has, by whatever spelling."""

import pytest

from logloom.config import collector
from logloom.config.model import EXTENSIONS, SECTIONS, component_types


@pytest.mark.parametrize("section", [*SECTIONS, EXTENSIONS])
def test_what_is_lacking_is_not_there(section: str) -> None:
    """A component that logloom has got since leaves the table."""
    lacking = set(collector.nearest_table()[section])
    assert lacking
    have = {collector.plain(kind) for kind in component_types(section)} | {
        collector.plain(name) for name in collector.OTHER_NAMES[section]
    }
    assert not lacking & have
    assert not lacking & set(collector.INERT.get(section, {}))
    assert lacking == {collector.plain(name) for name in lacking}


@pytest.mark.parametrize(
    ("section", "name", "kind"),
    [
        ("receivers", "filelog", "filelog"),
        ("receivers", "file_log", "filelog"),
        ("receivers", "fluent_forward", "fluentforward"),
        ("exporters", "otlp_http", "otlphttp"),
        ("exporters", "otlp_grpc", "otlp"),
        ("exporters", "logging", "debug"),
        ("extensions", "basic_auth", "basicauth"),
        ("extensions", "healthcheck", "health_check"),
        ("processors", "memory_limiter", "memory_limiter"),
        ("receivers", "kafka", None),
    ],
)
def test_every_spelling(section: str, name: str, kind: str | None) -> None:
    assert collector.type_of(section, name, component_types(section)) == kind


def test_each_stands_once() -> None:
    from importlib import resources

    import yaml

    text = resources.files("logloom.config").joinpath("collector.yaml").read_text(encoding="utf-8")
    for section, rows in yaml.safe_load(text).items():
        names = [name for row in rows for name in row["of"]]
        assert len(names) == len(set(names)), section
        assert all(row["nearest"] for row in rows)
