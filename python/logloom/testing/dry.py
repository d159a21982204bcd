"""A dry run: recorded traffic through a config, and what came of it in numbers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from logloom.config import Config
from logloom.testing.cases import Given, GivenError
from logloom.testing.rig import Rig

__all__ = ["Counts", "differences", "dry_run"]

Counts = dict[tuple[str, ...], int]
"""By what was counted, as in `("pipeline", "logs/mesh", "records")`."""


def dry_run(config: Config, traffic: Iterable[tuple[Given, Iterable[bytes]]]) -> Counts:
    """Push all traffic, each source in its pieces, and count; no record is kept.

    Raises:
        GivenError: A receiver that is not there, or that takes no such thing.
    """
    rig, out = Rig(config), Counter[str]()

    def read() -> None:
        for exporter, batches in rig.batches().items():
            out[exporter] += sum(map(len, batches))

    try:
        for given, pieces in traffic:
            for data in pieces:
                if (delivery := rig.feed(given, data)).kind == "retry":
                    msg = f"receiver {given.receiver}: there is no room for {len(data)} bytes at once"
                    raise GivenError(msg)
                if delivery.kind == "refuse":
                    out[""] += 1
                read()
        rig.finish()
        read()
        counts = dict(_flat(rig.counters()))
    finally:
        rig.close()
    if refused := out.pop("", 0):
        counts["refused", "messages"] = refused
    return counts | {("exporter", name, "records"): out[name] for name in config.exporters}


def differences(old: Counts, new: Counts) -> Iterator[tuple[str, int, int]]:
    """What was counted, in words: before and after; in the order in which records go."""
    for key in dict.fromkeys([*new, *old]):
        yield " ".join(key), old.get(key, 0), new.get(key, 0)


def _flat(counters: Mapping[str, Any], *path: str) -> Iterator[tuple[tuple[str, ...], int]]:
    for key, value in counters.items():
        here = (*path, _ONE.get(key, key) if not path else key)
        if isinstance(value, Mapping):
            yield from _flat(value, *here)
        elif isinstance(value, int) and (value or here[-1] in ("records", "unrouted")):
            yield here, value


_ONE = {"receivers": "receiver", "pipelines": "pipeline", "processors": "processor"}
