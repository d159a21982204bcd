"""What is told of logloom in numbers: one form, whoever tells it and however it is shown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Buckets", "Kind", "Metric", "Point", "Source"]

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Buckets:
    """What a histogram counted, since the process started.

    Attributes:
        bounds: The upper bound of each bucket but the last, included in it, rising.
        counts: How many fell into each: one more than there are bounds, not summed up.
        sum: Of all values that were counted.
    """

    bounds: Sequence[float]
    counts: Sequence[int]
    sum: float

    @property
    def count(self) -> int:
        """How many values were counted."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Point:
    """One number of a metric.

    Attributes:
        value: The number; of a histogram its buckets.
        labels: What tells it from its other numbers, as `{"receiver": "otlp"}`. Few: each costs memory wherever
            metrics are kept.
    """

    value: float | Buckets
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric and all its numbers at this moment.

    Attributes:
        name: As OpenTelemetry has it: `otelcol_exporter_sent_log_records`, without `_total`.
        kind: `counter`: only ever grows, from the start of the process. `gauge`: as it is now. `histogram`: `Buckets`.
        unit: In UCUM, as OpenTelemetry has it: `s`, `By`, `{record}`; empty for none.
        help: What it counts, in a sentence.
        points: Its numbers, each with other labels.
    """

    name: str
    kind: Kind
    unit: str
    help: str
    points: Sequence[Point]


Source = Callable[[], Iterable[Metric]]
"""Tells metrics, each time it is asked; quickly, from any thread, and without waiting for anything."""
