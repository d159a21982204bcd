"""The corpora as their manifest describes them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import orjson
import yaml


@dataclass(frozen=True)
class Source:
    """One file of the corpora: where it came from is of no interest here, what it expects is."""

    root: Path
    file: str
    category: str
    expected: str
    tests: str
    note: str
    cases: int

    @property
    def path(self) -> Path:
        return self.root / self.file

    @property
    def folder(self) -> str:
        return self.file.rpartition("/")[0]

    @property
    def data(self) -> bytes:
        return self.path.read_bytes()

    def json(self) -> Any:
        return orjson.loads(self.data)

    def yaml(self) -> Any:
        return parse_yaml(self.data)

    def partners(self) -> tuple[str, ...]:
        """The files that `expected: pair:A/B` names, beside this one."""
        kind, _, names = self.expected.partition(":")
        if kind != "pair":
            return ()
        own = self.file.rpartition("/")[2]
        return tuple(f"{self.folder}/{name.replace('<file>', own)}" for name in names.split("/") if name)


@dataclass(frozen=True)
class Corpora:
    """A folder of corpora: its sources by name, and its oracle."""

    root: Path
    sources: dict[str, Source] = field(repr=False)

    @cached_property
    def _inputs(self) -> dict[str, list[Source]]:
        inputs: dict[str, list[Source]] = {}
        for source in self.sources.values():
            for partner in source.partners():
                inputs.setdefault(partner, []).append(source)
        return inputs

    def input_of(self, oracle: Source) -> Source | None:
        """The source whose expectation `oracle` is."""
        return next(iter(self._inputs.get(oracle.file, [])), None)

    def beside(self, source: Source, expected: str) -> Iterator[Source]:
        """The files of one kind of expectation in the same folder."""
        return (s for s in self.sources.values() if s.folder == source.folder and s.expected == expected)

    @cache  # noqa: B019 (one corpora a run)
    def oracle(self, name: str) -> dict[str, Any]:
        """A map of `oracle/`, empty where the folder has none of that name."""
        path = self.root / "oracle" / f"{name}.json"
        return dict(orjson.loads(path.read_bytes())) if path.is_file() else {}

    def __hash__(self) -> int:
        return hash(self.root)


def load(root: Path) -> Corpora | None:
    """The corpora in `root`, or None where there are none."""
    manifest = root / "manifest.json"
    if not manifest.is_file():
        return None
    sources = {}
    for entry in orjson.loads(manifest.read_bytes()):
        source = Source(
            root,
            entry["file"],
            entry["category"],
            entry.get("expected", "none"),
            entry.get("tests", ""),
            entry.get("note") or "",
            int(entry.get("cases") or 0),
        )
        if source.path.is_file():
            sources[source.file] = source
    return Corpora(root, sources)


def parse_yaml(data: bytes | str) -> Any:
    """YAML as data, by libyaml where it is there: the pure one takes most of a run."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(data)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()
