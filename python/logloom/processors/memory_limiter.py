"""`memory_limiter`: no more is taken while the process holds more memory than it may. The Collector's, and its keys.

Above the soft limit (the limit less the spike's share) receivers of its pipelines tell their senders to come again, as
they do when the journal is full: nothing is dropped. Memory that is free goes back to the system then, and above the
limit at each look. What counts is the process's resident memory without what is mapped from files.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from logloom.config.fields import Bound, Seconds

SPIKE_SHARE = 0.2
"""The spike's share of the limit, where it is not given."""


@dataclass(frozen=True, slots=True)
class Config:
    """How much, and how often it is looked at.

    Attributes:
        check_interval: How often it is looked at.
        limit_mib: The most memory, in MiB; 0: `limit_percentage` says it.
        spike_limit_mib: How much it may grow between two looks, in MiB; a fifth of the limit where not given.
        limit_percentage: The same as a share of all that there is: the container's limit, or the machine's memory.
        spike_limit_percentage: The same of the spike.
        min_gc_interval_when_soft_limited: How often free memory is given back above the soft limit.
        min_gc_interval_when_hard_limited: How often above the limit.
    """

    check_interval: Annotated[Seconds, Bound(0.01, 3600)] = 1.0
    limit_mib: Annotated[int, Bound(0, 1 << 24)] = 0
    spike_limit_mib: Annotated[int, Bound(0, 1 << 24)] = 0
    limit_percentage: Annotated[int, Bound(0, 100)] = 0
    spike_limit_percentage: Annotated[int, Bound(0, 100)] = 0
    min_gc_interval_when_soft_limited: Annotated[Seconds, Bound(0, 3600)] = 10.0
    min_gc_interval_when_hard_limited: Annotated[Seconds, Bound(0, 3600)] = 0.0

    def problems(self) -> Iterator[tuple[str, str]]:
        """There is a limit, and the spike is below it."""
        if not self.limit_mib and not self.limit_percentage:
            yield "limit_mib", "is needed, or limit_percentage"
        if 0 < self.limit_mib <= self.spike_limit_mib:
            yield "spike_limit_mib", f"must be less than limit_mib ({self.limit_mib})"
        if 0 < self.limit_percentage <= self.spike_limit_percentage:
            yield "spike_limit_percentage", f"must be less than limit_percentage ({self.limit_percentage})"

    def limits_bytes(self, total_bytes: int) -> tuple[int, int]:
        """The soft limit and the limit, in bytes, where there are `total_bytes` in all."""
        if self.limit_mib:
            limit, spike = self.limit_mib << 20, self.spike_limit_mib << 20
        else:
            limit = total_bytes * self.limit_percentage // 100
            spike = total_bytes * self.spike_limit_percentage // 100
        return limit - (spike or int(limit * SPIKE_SHARE)), limit
