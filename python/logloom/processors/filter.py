"""`filter`: which records stay.

Conditions are those of `when:` (`docs/conditions.md`). A record that one of `drop` holds for goes; where there are
conditions under `keep`, so does one that none of these holds for. What each condition dropped is counted under it. The
Collector's `logs.log_record` and `log_conditions` drop likewise, by conditions in its own language (OTTL).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from logloom._native import Processor, check_condition
from logloom.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Logs:
    """The Collector's conditions on log records.

    Attributes:
        log_record: Conditions in OTTL; a record that any of them holds for is dropped.
    """

    log_record: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Config:
    """What goes, and what stays.

    Attributes:
        drop: Conditions; a record that any of them holds for is dropped.
        keep: Conditions; a record that none of them holds for is dropped. Empty: all others stay.
        logs: The Collector's conditions.
        log_conditions: The same, as newer Collectors have them.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "error_mode": "a condition that does not fit a record does not hold: none ever fails",
        "metrics": "logloom takes no metrics",
        "metric_conditions": "logloom takes no metrics",
        "spans": "a span is a record here: write a condition under 'drop'",
        "traces": "a span is a record here: write a condition under 'drop'",
        "trace_conditions": "a span is a record here: write a condition under 'drop'",
    }

    drop: list[str] = field(default_factory=list)
    keep: list[str] = field(default_factory=list)
    logs: Logs = field(default_factory=Logs)
    log_conditions: list[str] = field(default_factory=list)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Something must be asked, and can be read."""
        asked = {
            "drop": self.drop,
            "keep": self.keep,
            "logs.log_record": self.logs.log_record,
            "log_conditions": self.log_conditions,
        }
        if not any(asked.values()):
            yield "drop", "nothing is filtered: give conditions here, or under 'keep'"
        for key, conditions in asked.items():
            for place, condition in enumerate(conditions):
                try:
                    check_condition(condition, ottl=key not in ("drop", "keep"))
                except ConfigError as error:
                    yield f"{key}[{place}]", str(error)


def create(config: Config) -> Processor:
    """The core's, for one pipeline."""
    return Processor.filter(
        drop=config.drop, keep=config.keep, drop_ottl=[*config.logs.log_record, *config.log_conditions]
    )
