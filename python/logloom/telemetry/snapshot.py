"""All metrics at one moment: what every way of showing them takes."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from logloom.logs import log_of
from logloom.telemetry.metric import Buckets, Metric, Point, Source

__all__ = ["Snapshot", "Telemetry"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All metrics at one moment.

    Attributes:
        metrics: By name, in the order in which they are shown.
        time_unix_nano: When they were asked.
        since_unix_nano: Since when counters count.
        resource: Whose they are: `service.name` and the like.
    """

    metrics: Mapping[str, Metric]
    time_unix_nano: int
    since_unix_nano: int
    resource: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str, **labels: str) -> float:
        """The sum of a metric's numbers that have these labels; 0.0 where there are none. Not of histograms."""
        metric = self.metrics.get(name)
        points = metric.points if metric is not None else ()
        return sum(
            point.value
            for point in points
            if isinstance(point.value, int | float) and labels.items() <= point.labels.items()
        )

    def by(self, name: str, label: str) -> dict[str, float]:
        """A metric's numbers by one of its labels, summed up over the others."""
        sums: dict[str, float] = {}
        metric = self.metrics.get(name)
        for point in metric.points if metric is not None else ():
            if isinstance(point.value, int | float) and label in point.labels:
                sums[point.labels[label]] = sums.get(point.labels[label], 0) + point.value
        return sums


class Telemetry:
    """Asks all who have numbers.

    Attributes:
        sources: Who has some; more may be put in at any time.
        resource: What is said of the process itself.
    """

    def __init__(self, resource: Mapping[str, str] | None = None) -> None:
        """Nobody has numbers yet."""
        self.sources: list[Source] = []
        self.resource = dict(resource or {})
        self._since_unix_nano = time.time_ns()
        self._log = log_of("telemetry")

    def snapshot(self) -> Snapshot:
        """Ask them all. Metrics of one name, from several sources, become one; a source that fails is left out."""
        found: dict[str, Metric] = {}
        for metric in (metric for source in tuple(self.sources) for metric in self._asked(source)):
            before = found.get(metric.name)
            points = metric.points
            if before is not None:
                points = [*before.points, *points] if metric.kind == "gauge" else _summed([*before.points, *points])
            found[metric.name] = replace(metric, points=points)
        return Snapshot(found, time.time_ns(), self._since_unix_nano, self.resource)

    def _asked(self, source: Source) -> Iterable[Metric]:
        try:
            return list(source())
        except Exception as error:  # noqa: BLE001 — whoever it is: the others' numbers are shown
            self._log.error("a source of metrics failed", extra={"why": f"{type(error).__name__}: {error}"})
            return ()


def _summed(points: Sequence[Point]) -> list[Point]:
    """Numbers with the same labels as one: those of one processor in several pipelines."""
    found: dict[frozenset[tuple[str, str]], Point] = {}
    for point in points:
        key = frozenset(point.labels.items())
        before = found.get(key)
        found[key] = point if before is None else replace(point, value=_sum(before.value, point.value))
    return list(found.values())


def _sum(one: float | Buckets, other: float | Buckets) -> float | Buckets:
    if isinstance(one, Buckets) and isinstance(other, Buckets):
        if list(one.bounds) != list(other.bounds):
            return one  # they cannot be added; two configs give one name two meanings
        counts = [a + b for a, b in zip(one.counts, other.counts, strict=True)]
        return Buckets(one.bounds, counts, one.sum + other.sum)
    return one if isinstance(one, Buckets) or isinstance(other, Buckets) else one + other
