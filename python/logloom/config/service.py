"""`service:`, what runs: the pipelines, and what holds for all of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal

from logloom.config.fields import Bound, Bytes, Seconds
from logloom.config.telemetry import TelemetryConfig
from logloom.errors import ConfigError

__all__ = ["MemoryConfig", "PipelineConfig", "ServiceConfig"]


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """One pipeline: what comes from its receivers, and meets its condition, goes to its exporters.

    Attributes:
        receivers: Ids of receivers and connectors; only the `dead_letter_pipeline` may have none.
        processors: Ids of processors, in the order in which they work.
        exporters: Ids of exporters and connectors.
        when: The records that it takes, such as `severity >= WARN`; all where not given (`docs/conditions.md`). Behind
            a connector it drops the others.
        lossy: What may happen when the journal is full and this pipeline's exporters hold its oldest records:
            `drop_oldest` drops them, each counted and told. Where not given nothing is dropped: senders wait.
    """

    receivers: list[str] = field(default_factory=list)
    exporters: list[str] = field(default_factory=list)
    processors: list[str] = field(default_factory=list)
    when: str | None = None
    lossy: Literal["drop_oldest"] | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """A pipeline has a way out, and its condition can be read."""
        if not self.exporters:
            yield "exporters", "empty: a pipeline needs at least one of the exporters"
        if self.when is not None:
            from logloom._native import check_condition

            try:
                check_condition(self.when)
            except ConfigError as error:
                yield "when", str(error)


@dataclass(frozen=True, slots=True)
class MemoryConfig:
    """The bound on a journal of `kind: memory`.

    Attributes:
        bytes_max: How much may wait for the exporters; then receivers ask their senders to come again later.
    """

    bytes_max: Annotated[Bytes, Bound(1 << 20, 1 << 40)] = 256 << 20


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """What runs.

    Attributes:
        extensions: Ids of the extensions that run.
        pipelines: By name: `logs`, `logs/mesh`, `traces`, … A `traces` pipeline takes the spans of its receivers, each
            as records; a `logs` pipeline takes everything else of its own, and their spans where no `traces` pipeline
            names the receiver.
        routing: To which pipelines of its receiver a record goes: to `all` that take it, or to the `first` alone, in
            the order of the config.
        default_pipeline: The pipeline that takes what none did; without it such records are dropped, and counted.
        dead_letter_pipeline: The pipeline that also takes the records that a destination refuses, with the reason as
            attributes `logloom.dead_letter.*`.
        journal: The bound on a journal of `kind: memory`; the section `journal` says all else.
        in_flight_mib: How many MiB of what came, over all receivers, may be in memory and neither in the journal nor
            refused; beyond that senders are asked to come again, or nothing more is read of them.
        shutdown_timeout: How long a stop may take. What is not delivered by then stays in the journal.
        telemetry: What logloom says of itself.
    """

    pipelines: dict[str, PipelineConfig]
    extensions: list[str] = field(default_factory=list)
    routing: Literal["all", "first"] = "all"
    default_pipeline: str | None = None
    dead_letter_pipeline: str | None = None
    journal: MemoryConfig = field(default_factory=MemoryConfig)
    in_flight_mib: Annotated[int, Bound(1, 1 << 20)] = 256
    shutdown_timeout: Annotated[Seconds, Bound(0, 3600)] = 20.0
    telemetry: TelemetryConfig = field(default_factory=TelemetryConfig)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Something must run."""
        if not self.pipelines:
            yield "pipelines", "empty: at least one pipeline is needed"
