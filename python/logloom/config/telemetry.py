"""`service.telemetry:`, what logloom says of itself, under the Collector's names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal
from urllib.parse import urlsplit

from logloom.config.fields import Bound, Seconds, Secret

__all__ = [
    "LogsConfig",
    "MetricsConfig",
    "OtlpConfig",
    "PeriodicConfig",
    "PeriodicExporterConfig",
    "PrometheusConfig",
    "PullConfig",
    "PullExporterConfig",
    "ReaderConfig",
    "StallConfig",
    "TelemetryConfig",
]

Level = Literal["none", "basic", "normal", "detailed"]
MS_MAX: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class LogsConfig:
    """logloom's own logs, on stderr.

    Attributes:
        level: The least that is shown.
        encoding: `console`: a line of text. `json`: a line of JSON, with `time`, `level`, `component`, `message`.
    """

    IGNORED: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (
            "development",
            "disable_caller",
            "disable_stacktrace",
            "error_output_paths",
            "initial_fields",
            "output_paths",
            "sampling",
        ),
        "logs go to stderr, one line each",
    ) | {"processors": "the receiver 'own' takes them as records, for any exporter"}

    level: Literal["debug", "info", "warn", "warning", "error"] = "info"
    encoding: Literal["console", "json"] = "console"


@dataclass(frozen=True, slots=True)
class ConstantLabels:
    """Attributes of the resource that become labels.

    Attributes:
        included: Which; `*` stands for any text.
        excluded: Which of these not.
    """

    included: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PrometheusConfig:
    """Metrics to be fetched by Prometheus, at `/metrics`.

    Attributes:
        host: Where to listen; anyone who gets there can read the metrics.
        port: The port; 0 lets the system choose one.
        without_units: Off: names end in their unit, as in `_seconds`.
        without_type_suffix: Off: names of counters end in `_total`.
        with_resource_constant_labels: Attributes of the resource that each number has as labels.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {"without_scope_info": "there is one scope"}

    host: str = "localhost"
    port: Annotated[int, Bound(0, 65535)] = 8888
    without_units: bool = True
    without_type_suffix: bool = True
    with_resource_constant_labels: ConstantLabels = field(default_factory=ConstantLabels)


@dataclass(frozen=True, slots=True)
class PullExporterConfig:
    """How metrics are fetched.

    Attributes:
        prometheus: By Prometheus.
    """

    prometheus: PrometheusConfig


@dataclass(frozen=True, slots=True)
class PullConfig:
    """Metrics that are fetched.

    Attributes:
        exporter: How.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {"cardinality_limits": "there are few series"}

    exporter: PullExporterConfig


@dataclass(frozen=True, slots=True)
class OtlpConfig:
    """Where metrics are sent, as OTLP.

    Attributes:
        endpoint: `https://backend:4318`, or `backend:4317` for gRPC; `http:` is without TLS.
        protocol: `grpc`, or `http/protobuf`.
        headers: Sent with each request; a map, or a list of names and values.
        compression: Of the body.
        timeout: The longest that a request may take, in milliseconds.
        insecure: gRPC without TLS, where the endpoint does not say.
        certificate: The authorities (PEM) that may have signed the destination's certificate; the system's by default.
        client_certificate: Our certificate (PEM); needs `client_key`.
        client_key: Its key (PEM).
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "default_histogram_aggregation": "histograms have fixed buckets",
        "temporality_preference": "counters are cumulative",
    }
    REFUSED: ClassVar[Mapping[str, str]] = {"headers_list": "give 'headers'"}

    endpoint: str
    protocol: Literal["grpc", "http/protobuf"] = "http/protobuf"
    headers: dict[str, Secret] = field(default_factory=dict)
    compression: Literal["gzip", "none"] = "none"
    timeout: Annotated[int, Bound(1, MS_MAX)] = 10_000
    insecure: bool = False
    certificate: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """The endpoint is one; a certificate and its key come together."""
        if "://" in self.endpoint:
            scheme, host = (parts := urlsplit(self.endpoint)).scheme, parts.hostname
        else:
            scheme, host = "https", self.endpoint.rpartition(":")[0]
        if scheme not in ("http", "https") or not host:
            yield "endpoint", "is no address: write https://backend:4318, or backend:4317 for gRPC"
        if (self.client_certificate is None) != (self.client_key is None):
            yield "client_key", "a client_certificate and its client_key come together"

    @property
    def is_secured(self) -> bool:
        """Whether there is TLS."""
        if "://" in self.endpoint:
            return self.endpoint.startswith("https:")
        return not (self.insecure and self.protocol == "grpc")


@dataclass(frozen=True, slots=True)
class PeriodicExporterConfig:
    """Where metrics are sent.

    Attributes:
        otlp: As OTLP.
    """

    LACKING: ClassVar[Mapping[str, str]] = {"console": "fetch them from /metrics, or see 'logloom status'"}

    otlp: OtlpConfig


@dataclass(frozen=True, slots=True)
class PeriodicConfig:
    """Metrics that are sent, again and again.

    Attributes:
        interval: How often, in milliseconds.
        timeout: The longest that it may take, in milliseconds.
        exporter: Where.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {"cardinality_limits": "there are few series"}

    exporter: PeriodicExporterConfig
    interval: Annotated[int, Bound(100, MS_MAX)] = 60_000
    timeout: Annotated[int, Bound(1, MS_MAX)] = 30_000


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """One who gets the metrics.

    Attributes:
        pull: It fetches them.
        periodic: They are sent to it.
    """

    pull: PullConfig | None = None
    periodic: PeriodicConfig | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """One of the two."""
        if (self.pull is None) == (self.periodic is None):
            yield "", "a reader is one of 'pull' and 'periodic'"


@dataclass(frozen=True, slots=True)
class MetricsConfig:
    """logloom's own metrics (`docs/telemetry.md`).

    Attributes:
        level: `none`: there are none. The others are the same here.
        readers: Who gets them; where not given, Prometheus may fetch them at `localhost:8888`, if that port is free.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "address": "the Collector has it no more; give readers",
        "views": "names and buckets are fixed",
    }

    level: Level = "normal"
    readers: list[ReaderConfig] | None = None

    @property
    def is_on(self) -> bool:
        """Whether there are any."""
        return self.level != "none"


@dataclass(frozen=True, slots=True)
class StallConfig:
    """When something that has work, and does not get on with it, is told and makes `/readyz` say no.

    Attributes:
        timeout: After so long; 0: never.
        exporters: Whether one exporter that delivers nothing makes `/readyz` say no; it is told in the log in any case.
    """

    timeout: Annotated[Seconds, Bound(0, 86_400)] = 10.0
    exporters: bool = True


@dataclass(frozen=True, slots=True)
class TelemetryConfig:
    """What logloom says of itself.

    Attributes:
        logs: Its own logs.
        metrics: Its own metrics.
        resource: Attributes of the resource whose metrics and logs these are; null takes one away that is there by
            default: `service.name`, `service.version`, `service.instance.id`.
        stall: When something that does not get on is told.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {"traces": "logloom makes no spans of its own"}

    logs: LogsConfig = field(default_factory=LogsConfig)
    metrics: MetricsConfig = field(default_factory=MetricsConfig)
    resource: dict[str, Any] = field(default_factory=dict)
    stall: StallConfig = field(default_factory=StallConfig)
