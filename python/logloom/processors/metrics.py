"""`metrics`: counts what passes and measures how long it took, by service, route or whatever you name; records pass on.

Of HTTP requests, `http.server.request.duration` by OpenTelemetry's conventions: its count is the rate of requests, its
share with an `error.type` the error ratio. Counters and histograms of your own come beside it. They are told wherever
logloom's own metrics are: `/metrics` and OTLP. The number of series is bounded: what is over the bound is counted in
one that says `otel.metric.overflow`. `docs/metrics.md`.
"""

import itertools
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from logloom._native import Processor, check_condition, metrics_processor
from logloom.config.fields import Bound
from logloom.errors import ConfigError
from logloom.telemetry import Buckets, Metric, Point

HTTP_DURATION: Final = "http.server.request.duration"
HTTP_BY: Final = ("service.name", "http.request.method", "http.route", "http.response.status_code", "error.type")
HTTP_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""OpenTelemetry's advice."""
DURATIONS: Final = (
    HTTP_DURATION,
    "envoy.duration_ms",
    "nginx.request_time",
    "apache.duration_us",
    "apache.duration_ms",
    "apache.duration_s",
    "squid.duration_ms",
    "kibana.response_time_ms",
    "azure.duration_ms",
)
"""Where formats put how long a request took."""

_SECONDS: Final = {"_ns": 1e-9, "_us": 1e-6, "_ms": 1e-3}
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]{0,254}")
OVERFLOW: Final = {"otel.metric.overflow": "true"}
BUCKETS_MAX: Final = 160


@dataclass(frozen=True, slots=True)
class Counter:
    """How many records, or what the numbers of an attribute add up to.

    Attributes:
        when: A condition (`docs/conditions.md`): which records count. All where not given.
        by: The attributes, of a record or its resource, that tell series apart; `severity_text` is the record's own.
        value: The attribute whose numbers are added up. Empty: records are counted.
        unit: In UCUM; `{record}` where records are counted.
        description: What it counts.
    """

    when: str | None = None
    by: list[str] = field(default_factory=list)
    value: str = ""
    unit: str = ""
    description: str = ""

    def problems(self) -> Iterator[tuple[str, str]]:
        """A condition that cannot be read."""
        yield from _condition_problems(self.when)


@dataclass(frozen=True, slots=True)
class Histogram:
    """How the numbers of an attribute are spread.

    Attributes:
        value: The attribute with the number. In a metric whose unit is `s`, what ends in `_ms`, `_us` or `_ns` is
            turned into seconds.
        when: A condition (`docs/conditions.md`): which records count. All where not given.
        by: The attributes, of a record or its resource, that tell series apart; `severity_text` is the record's own.
        buckets: The upper bounds of the buckets, rising.
        unit: In UCUM.
        description: What it measures.
    """

    value: str
    when: str | None = None
    by: list[str] = field(default_factory=list)
    buckets: list[float] = field(default_factory=lambda: list(HTTP_BUCKETS_S))
    unit: str = "s"
    description: str = ""

    def problems(self) -> Iterator[tuple[str, str]]:
        """A condition that cannot be read, buckets that are none."""
        yield from _condition_problems(self.when)
        yield from _bucket_problems(self.buckets)


@dataclass(frozen=True, slots=True)
class Http:
    """What is told of HTTP requests: of records with an `http.response.status_code` and a duration.

    Attributes:
        enabled: Whether it is told at all.
        durations: Where the duration stands: the first of these attributes that a record has. Those that end in `_ms`,
            `_us` or `_ns` are turned into seconds, all others are seconds.
        by: The attributes that tell series apart.
        buckets: The upper bounds of the buckets, in seconds, rising.
    """

    enabled: bool = True
    durations: list[str] = field(default_factory=lambda: list(DURATIONS))
    by: list[str] = field(default_factory=lambda: list(HTTP_BY))
    buckets: list[float] = field(default_factory=lambda: list(HTTP_BUCKETS_S))

    def problems(self) -> Iterator[tuple[str, str]]:
        """Buckets that are none."""
        yield from _bucket_problems(self.buckets)
        if self.enabled and not self.durations:
            yield "durations", "name an attribute, or say 'enabled: false'"


@dataclass(frozen=True, slots=True)
class Config:
    """What is counted and measured.

    Attributes:
        http: What is told of HTTP requests.
        counters: Counters of your own, by name.
        histograms: Histograms of your own, by name.
        series_max: The most series of each metric, in each pipeline; all beyond are one, `otel.metric.overflow=true`.
    """

    http: Http = field(default_factory=Http)
    counters: dict[str, Counter] = field(default_factory=dict)
    histograms: dict[str, Histogram] = field(default_factory=dict)
    series_max: Annotated[int, Bound(1, 100_000)] = 2000

    def problems(self) -> Iterator[tuple[str, str]]:
        """Names that are none, or stand for two metrics."""
        taken = {HTTP_DURATION} if self.http.enabled else set()
        for section, names in (("counters", self.counters), ("histograms", self.histograms)):
            for name in names:
                if not _NAME.fullmatch(name):
                    yield f"{section}.{name}", "a letter, then at most 254 letters, digits, '_', '.', '-' and '/'"
                if name in taken:
                    yield f"{section}.{name}", "a second metric of this name"
                taken.add(name)
        if not taken:
            yield "http", "nothing is measured: enable it, or give 'counters' or 'histograms'"


def _condition_problems(condition: str | None) -> Iterator[tuple[str, str]]:
    if condition is not None:
        try:
            check_condition(condition)
        except ConfigError as error:
            yield "when", str(error)


def _bucket_problems(buckets: list[float]) -> Iterator[tuple[str, str]]:
    rising = all(low < high for low, high in itertools.pairwise(buckets))
    if not 0 < len(buckets) <= BUCKETS_MAX or not rising or not all(map(math.isfinite, buckets)):
        yield "buckets", f"1 to {BUCKETS_MAX} rising numbers"


def _scaled(attribute: str, unit: str) -> tuple[str, float]:
    return attribute, _SECONDS.get(attribute[-3:], 1.0) if unit == "s" else 1.0


def create(config: Config) -> Processor:
    """The core's, for one pipeline."""
    instruments: list[dict[str, Any]] = []
    if config.http.enabled:
        instruments.append(
            {
                "name": HTTP_DURATION,
                "by": config.http.by,
                "values": [_scaled(name, "s") for name in config.http.durations],
                "bounds": [float(bound) for bound in config.http.buckets],
                "is_http": True,
            }
        )
    for name, counter in config.counters.items():
        values = [_scaled(counter.value, counter.unit)] if counter.value else []
        instruments.append({"name": name, "when": counter.when, "by": counter.by, "values": values})
    for name, histogram in config.histograms.items():
        instruments.append(
            {
                "name": name,
                "when": histogram.when,
                "by": histogram.by,
                "values": [_scaled(histogram.value, histogram.unit)],
                "bounds": [float(bound) for bound in histogram.buckets],
            }
        )
    return metrics_processor(instruments, series_max=config.series_max)


def metrics(identifier: str, config: Config, processor: Processor) -> Iterable[Metric]:
    """What was counted in one pipeline so far."""
    for name, by, bounds, series in processor.measured():
        unit, said = _about(config, name)
        points = [
            Point(
                Buckets(bounds, counts, total) if bounds is not None else total,
                OVERFLOW if over else {key: label for key, label in zip(by, labels, strict=True) if label is not None},
            )
            for labels, over, total, counts in series
        ]
        yield Metric(name, "counter" if bounds is None else "histogram", unit, said or f"Told by {identifier}.", points)


def _about(config: Config, name: str) -> tuple[str, str]:
    if counter := config.counters.get(name):
        return counter.unit or ("{record}" if not counter.value else ""), counter.description
    if histogram := config.histograms.get(name):
        return histogram.unit, histogram.description
    return "s", "Duration of HTTP server requests."
