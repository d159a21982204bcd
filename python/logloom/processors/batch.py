"""`batch`: how many records go into one request. The Collector's processor of the same name, and its defaults.

Nothing waits before the Journal: this says how each exporter of the pipeline reads from it. Where an exporter is in
several pipelines, the smallest of each bound holds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from logloom.config.fields import Bound, Seconds


@dataclass(frozen=True, slots=True)
class Config:
    """The Collector's keys.

    Attributes:
        timeout: The longest that a record waits for others. 0: not at all.
        send_batch_size: Send as soon as so many records are there.
        send_batch_max_size: The most records in one request, but that what came in one message stays together; 0: as
            many as are there, up to 3.5 MB.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "metadata_keys": "no metadata of a request is kept",
        "metadata_cardinality_limit": "no metadata of a request is kept",
    }

    timeout: Annotated[Seconds, Bound(0, 3600)] = 0.2
    send_batch_size: Annotated[int, Bound(0, 10_000_000)] = 8192
    send_batch_max_size: Annotated[int, Bound(0, 10_000_000)] = 0

    def problems(self) -> Iterator[tuple[str, str]]:
        """The sizes must be in order."""
        if 0 < self.send_batch_max_size < self.send_batch_size:
            yield (
                "send_batch_max_size",
                f"less than send_batch_size ({self.send_batch_size}): make it at least as large, or 0",
            )
