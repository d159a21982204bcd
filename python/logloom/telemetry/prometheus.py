"""A snapshot as Prometheus reads it: the text format 0.0.4, or OpenMetrics 1.0 where a scraper asks for it.

https://prometheus.io/docs/instrumenting/exposition_formats/
https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from logloom.telemetry.metric import Buckets, Metric, Point
from logloom.telemetry.snapshot import Snapshot

__all__ = ["OPENMETRICS_TYPE", "TEXT_TYPE", "Naming", "text"]

TEXT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS_TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_UNITS: Final = {"s": "seconds", "ms": "milliseconds", "By": "bytes", "1": "ratio"}
"""What a unit becomes at the end of a name; `{record}` and the like become nothing."""


@dataclass(frozen=True, slots=True)
class Naming:
    """How names are written, by the Collector's options of the `prometheus` exporter.

    Attributes:
        without_units: No `_seconds`, `_bytes` is put behind a name.
        without_type_suffix: No `_total` is put behind a counter's name.
        constant_labels: Attributes of the resource that each number has as labels; `*` stands for any text.
        left_out_labels: Which of these are none.
    """

    without_units: bool = True
    without_type_suffix: bool = True
    constant_labels: tuple[str, ...] = field(default=())
    left_out_labels: tuple[str, ...] = field(default=())

    def constant(self, resource: Mapping[str, str]) -> dict[str, str]:
        """The labels that each number has."""

        def is_named(name: str, patterns: tuple[str, ...]) -> bool:
            return any(fnmatchcase(name, pattern) for pattern in patterns)

        return {
            name: value
            for name, value in resource.items()
            if is_named(name, self.constant_labels) and not is_named(name, self.left_out_labels)
        }

    def name(self, metric: Metric, *, is_openmetrics: bool = False) -> str:
        """A metric's name; OpenMetrics has `_total` at the numbers alone."""
        name = _plain(metric.name)
        unit = _UNITS.get(metric.unit, "")
        if not self.without_units and unit and not name.endswith(f"_{unit}"):
            name = f"{name}_{unit}"
        if metric.kind == "counter" and not self.without_type_suffix and not is_openmetrics:
            name = f"{name}_total"
        return name


def text(snapshot: Snapshot, naming: Naming | None = None, *, is_openmetrics: bool = False) -> str:
    """The whole of it."""
    naming = naming or Naming()
    constant = naming.constant(snapshot.resource)
    lines = list(_target(snapshot.resource, is_openmetrics=is_openmetrics))
    for metric in snapshot.metrics.values():
        name = naming.name(metric, is_openmetrics=is_openmetrics)
        lines.append(f"# HELP {name} {_escaped(metric.help, quotes=is_openmetrics)}")
        lines.append(f"# TYPE {name} {metric.kind}")
        is_total = is_openmetrics and metric.kind == "counter"
        for point in metric.points:
            lines.extend(_point(f"{name}_total" if is_total else name, point, constant))
    if is_openmetrics:
        lines.append("# EOF")
    return "\n".join(lines) + "\n"


def _target(resource: Mapping[str, str], *, is_openmetrics: bool) -> Iterator[str]:
    """Whose numbers they are, as OpenTelemetry's rules for Prometheus have it."""
    name, kind = ("target", "info") if is_openmetrics else ("target_info", "gauge")
    if resource:
        yield f"# HELP {name} Target metadata"
        yield f"# TYPE {name} {kind}"
        yield f"target_info{_labels(resource)} 1"


def _point(name: str, point: Point, constant: Mapping[str, str]) -> Iterator[str]:
    labels = {**constant, **point.labels}
    if not isinstance(point.value, Buckets):
        yield f"{name}{_labels(labels)} {_number(point.value)}"
        return
    below = 0
    for bound, count in zip([*point.value.bounds, math.inf], point.value.counts, strict=True):
        below += count
        yield f"{name}_bucket{_labels({**labels, 'le': _number(float(bound))})} {below}"
    yield f"{name}_sum{_labels(labels)} {_number(point.value.sum)}"
    yield f"{name}_count{_labels(labels)} {below}"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    inside = ",".join(f'{_plain(name)}="{_escaped(value, quotes=True)}"' for name, value in labels.items())
    return f"{{{inside}}}"


def _plain(name: str) -> str:
    """A name that every Prometheus reads."""
    plain = re.sub(r"[^a-zA-Z0-9_]", "_", name)
    return f"_{plain}" if plain[:1].isdigit() else plain


def _escaped(value: str, *, quotes: bool) -> str:
    value = value.replace("\\", "\\\\").replace("\n", "\\n")
    return value.replace('"', '\\"') if quotes else value


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if math.isnan(value) else repr(value)
