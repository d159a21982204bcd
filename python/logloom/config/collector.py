"""What the OpenTelemetry Collector's configs say that logloom says otherwise, or cannot: names, and what comes nearest.

The Collector's component types have been spelled with and without underscores (`filelog`, `file_log`), so underscores
tell no type from another here.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Final

import yaml

__all__ = ["INERT", "OTHER_NAMES", "lacking", "nearest_table", "type_of"]

OTHER_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "receivers": {
        "envoy_als": "envoyals",
        "file_log": "filelog",
        "fluent_forward": "fluentforward",
        "splunk_hec": "splunkhec",
    },
    "processors": {"logdedup": "dedup", "groupbyattrs": "group_by", "probabilistic_sampler": "sample"},
    "exporters": {"otlp_grpc": "otlp", "otlp_http": "otlphttp", "logging": "debug"},
    "connectors": {"pipeline": "forward"},
    "extensions": {"basic_auth": "basicauth", "bearer_token_auth": "bearertokenauth"},
}
"""Other names of the same things, as the Collector's releases have had them."""

INERT: Final[Mapping[str, Mapping[str, str]]] = {
    "extensions": {
        "filestorage": "the journal and the receivers' offsets lie in the data folder (--data), always",
        "redisstorage": "the journal and the receivers' offsets lie in the data folder (--data), always",
        "dbstorage": "the journal and the receivers' offsets lie in the data folder (--data), always",
        "pebbletailstorage": "the journal and the receivers' offsets lie in the data folder (--data), always",
        "pprof": "it looks into a program in Go",
        "zpages": "'logloom journal accounts' tells what came and went",
        "memoryballast": "it is for programs in Go",
        "cgroupruntime": "it is for programs in Go",
    },
}
"""Components whose absence changes nothing for the records: accepted, with a note."""


def plain(name: str) -> str:
    """A type's name without what does not tell it from another."""
    return name.replace("_", "").lower()


def type_of(section: str, name: str, types: Iterable[str]) -> str | None:
    """Which of logloom's `types` the type `name` is; None where it has none such."""
    known = {plain(kind): kind for kind in types}
    others = {plain(other): kind for other, kind in OTHER_NAMES.get(section, {}).items()}
    return known.get(plain(name)) or others.get(plain(name))


def lacking(section: str, name: str) -> str | None:
    """Of a component that the Collector has and logloom has not: what comes nearest. None where nobody has it."""
    return nearest_table()[section].get(plain(name))


@cache
def nearest_table() -> dict[str, dict[str, str]]:
    """Of each section, the components that the Collector has and logloom has not, and what comes nearest."""
    text = resources.files("logloom.config").joinpath("collector.yaml").read_text(encoding="utf-8")
    table: dict[str, list[dict[str, str]]] = yaml.safe_load(text)
    return {section: {name: row["nearest"] for row in rows for name in row["of"]} for section, rows in table.items()}
