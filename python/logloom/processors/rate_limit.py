"""`rate_limit`: so many records and bytes a second, by tenant, by service, or by whatever a record says.

Each key has a bucket that holds `burst` and fills at the rate. What is over is dropped and counted, by the limit that
it was over. The least severe go first: of records that come together the most severe are asked first, and a share of
each bucket is left to them. `docs/rate_limit.md` tells more.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from logloom._native import Processor, check_lookup, rate_limit_processor
from logloom.config.fields import Bound, Bytes
from logloom.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Config:
    """How much, and of what.

    Attributes:
        key: The fields that tell one bucket from another, as conditions name them: `tenant`,
            `resource["service.name"]`. Empty: there is one bucket.
        records_per_second: The most records a second; 0: no such limit.
        records_burst: The most records at once; a second's worth where not given.
        bytes_per_second: The most bytes of records a second, as OTLP has them; 0: no such limit.
        bytes_burst: The most bytes at once; a second's worth where not given.
        shed_by_severity: Whether the least severe go first.
        max_keys: The most buckets; further keys share one.
    """

    key: list[str] = field(default_factory=lambda: ["tenant"])
    records_per_second: Annotated[float, Bound(0, 1e12)] = 0.0
    records_burst: Annotated[float, Bound(1, 1e12)] | None = None
    bytes_per_second: Annotated[Bytes, Bound(0, 1 << 50)] = 0
    bytes_burst: Annotated[Bytes, Bound(1, 1 << 50)] | None = None
    shed_by_severity: bool = True
    max_keys: Annotated[int, Bound(1, 10_000_000)] = 10_000

    def problems(self) -> Iterator[tuple[str, str]]:
        """There is a limit, and fields are fields."""
        if not self.records_per_second and not self.bytes_per_second:
            yield "records_per_second", "nothing is limited: give a rate here, or under 'bytes_per_second'"
        for place, name in enumerate(self.key):
            try:
                check_lookup(name)
            except ConfigError as error:
                yield f"key[{place}]", str(error)


def create(config: Config) -> Processor:
    """The core's, for one pipeline."""
    return rate_limit_processor(
        config.key,
        records_limit=_limit(config.records_per_second, config.records_burst),
        bytes_limit=_limit(config.bytes_per_second, config.bytes_burst),
        shed_by_severity=config.shed_by_severity,
        max_keys=config.max_keys,
    )


def _limit(rate: float, burst: float | None) -> tuple[float, float] | None:
    return (float(rate), float(burst if burst is not None else max(rate, 1.0))) if rate else None
