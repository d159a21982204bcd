"""`service:`, what runs: the pipelines, and what holds for all of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from logloom.config.fields import Bound, Bytes, Seconds
from logloom.config.telemetry import TelemetryConfig
from logloom.errors import ConfigError

__all__ = ["IdentityConfig", "MemoryConfig", "PipelineConfig", "ServiceConfig"]

_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


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
class IdentityConfig:
    """What one identity may do, or each that a pattern fits.

    Attributes:
        tenant: Whose its records are.
        tenants: The tenants that it may name in a header, instead of `tenant`; one `*` in each stands for anything.
            Where neither is given, any.
        pipelines: The pipelines that may take its records; any where not given.
        records_per_second: How many records it may send a second; 0: as many as it likes.
        bytes_per_second: The same in bytes, as they came, inflated.
        burst: How many seconds' worth may come at once.
    """

    tenant: str = ""
    tenants: list[str] = field(default_factory=list)
    pipelines: list[str] = field(default_factory=list)
    records_per_second: Annotated[int, Bound(0, 1_000_000_000)] = 0
    bytes_per_second: Annotated[Bytes, Bound(0, 1 << 40)] = 0
    burst: Annotated[Seconds, Bound(0.1, 3600)] = 2.0

    def problems(self) -> Iterator[tuple[str, str]]:
        """A pattern has one star."""
        if any(pattern.count("*") > 1 for pattern in self.tenants):
            yield "tenants", "has more than one '*' in a pattern: one is all that is read"


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
        identities: By the names of those who send (a user, a token's name, the SPIFFE id or the name in a certificate),
            or patterns, in which one `*` stands for anything: what they may do. The longest that fits holds; what fits
            none may do everything. See `docs/security.md`.
        tenant_headers: The headers, or gRPC metadata, that may name the tenant, such as `X-Scope-OrgID`; none where not
            given.
        insecure: Receivers may listen beyond this machine without TLS, or without asking who sends: as if each said so.
        default_pipeline: The pipeline that takes what none did; without it such records are dropped, and counted.
        dead_letter_pipeline: The pipeline that also takes the records that a destination refuses, with the reason as
            attributes `logloom.dead_letter.*`.
        journal: The bound on a journal of `kind: memory`; the section `journal` says all else.
        in_flight_mib: How many MiB of what came, over all receivers, may be in memory and neither in the journal nor
            refused; beyond that senders are asked to come again, or nothing more is read of them. At most an eighth of
            `memory_limit_mib`.
        memory_limit_mib: The most memory that the process may hold resident, in MiB, without what is mapped from
            files; 0: nine tenths of all that there is (the container's limit, or the machine's memory). Above four
            fifths of it senders are asked to come again, as a `memory_limiter` does for some pipelines.
        shutdown_timeout: How long a stop may take. What is not delivered by then stays in the journal.
        telemetry: What logloom says of itself.
    """

    pipelines: dict[str, PipelineConfig]
    extensions: list[str] = field(default_factory=list)
    routing: Literal["all", "first"] = "all"
    identities: dict[str, IdentityConfig] = field(default_factory=dict)
    tenant_headers: list[str] = field(default_factory=list)
    insecure: bool = False
    default_pipeline: str | None = None
    dead_letter_pipeline: str | None = None
    journal: MemoryConfig = field(default_factory=MemoryConfig)
    in_flight_mib: Annotated[int, Bound(1, 1 << 20)] = 256
    memory_limit_mib: Annotated[int, Bound(0, 1 << 24)] = 0
    shutdown_timeout: Annotated[Seconds, Bound(0, 3600)] = 20.0
    telemetry: TelemetryConfig = field(default_factory=TelemetryConfig)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Something must run."""
        if not self.pipelines:
            yield "pipelines", "empty: at least one pipeline is needed"
        for name in self.tenant_headers:
            if not _HEADER.fullmatch(name):
                yield "tenant_headers", f"'{name}' is no name of a header: letters, digits and dashes"
        for pattern, rule in self.identities.items():
            if pattern.count("*") > 1:
                yield f"identities.{pattern}", "has more than one '*': one is all that is read"
            for pipeline in rule.pipelines:
                if pipeline not in self.pipelines:
                    known = ", ".join(self.pipelines)
                    yield f"identities.{pattern}.pipelines", f"'{pipeline}' is no pipeline; there are: {known}"
