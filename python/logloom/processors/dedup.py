"""`dedup`: of records that are the same the first goes on at once, and one at the end of the window counts the others.

The Collector's `logdedup`, and its keys, but that nothing waits: there the first record waits for the end of the window
too. Records are the same that have the same resource, scope, severity, body, event name and attributes; not compared
are times, ids of traces and spans, and what tells where a record was read (`log.record.original`, `log.record.uid`,
`log.file.record_offset`, `log.file.record_number`). `docs/dedup.md` tells more.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from logloom._native import Processor, check_condition, dedup_processor
from logloom.config.fields import Bound, Seconds
from logloom.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Config:
    r"""What is the same, and for how long.

    Attributes:
        interval: How long a window is open, from its first record on.
        log_count_attribute: The attribute that says how many more there were, after the first.
        timezone: The time zone of `first_observed_timestamp` and `last_observed_timestamp`.
        exclude_fields: Fields of the body or the attributes that may differ, as `attributes.src.ip`; a dot within a key
            is written `\.`. The record that counts has none of them.
        include_fields: Fields that alone are compared, besides resource and scope, where a record has one of them.
        conditions: Conditions in OTTL, as the Collector has them; where there are any, only records that one of them
            holds for are compared.
        when: The same as one condition of `docs/conditions.md`.
        max_keys: The most windows that are open at a time; further records go on as they are, and are counted under
            `over_max_keys`.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "metadata_keys": "no metadata of a request is kept; tenants are told apart",
        "metadata_cardinality_limit": "no metadata of a request is kept",
    }

    interval: Annotated[Seconds, Bound(0.001, 86400)] = 10.0
    log_count_attribute: str = "log_count"
    timezone: str = "UTC"
    exclude_fields: list[str] = field(default_factory=list)
    include_fields: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    when: str | None = None
    max_keys: Annotated[int, Bound(1, 10_000_000)] = 100_000

    def problems(self) -> Iterator[tuple[str, str]]:
        """What cannot be read, and what excludes itself."""
        if not self.log_count_attribute:
            yield "log_count_attribute", "is empty: name an attribute"
        if self.exclude_fields and self.include_fields:
            yield "include_fields", "not together with exclude_fields: what is not included is not compared anyway"
        for place, condition in enumerate(self.conditions):
            try:
                check_condition(condition, ottl=True)
            except ConfigError as error:
                yield f"conditions[{place}]", str(error)
                return
        try:
            create(self)
        except ConfigError as error:
            yield "", str(error)


def create(config: Config) -> Processor:
    """The core's, for one pipeline."""
    return dedup_processor(
        interval_s=config.interval,
        count_attribute=config.log_count_attribute,
        timezone=config.timezone,
        exclude=config.exclude_fields,
        include=config.include_fields,
        conditions=[] if config.when is None else [config.when],
        conditions_ottl=config.conditions,
        max_keys=config.max_keys,
    )
