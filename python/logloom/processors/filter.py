"""`filter`: which records stay.

Conditions are those of `when:` (`docs/conditions.md`). A record that one of `drop` holds for goes; where there are
conditions under `keep`, so does one that none of these holds for. What each condition dropped is counted under it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from logloom._native import Processor, check_condition
from logloom.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Config:
    """What goes, and what stays.

    Attributes:
        drop: Conditions; a record that any of them holds for is dropped.
        keep: Conditions; a record that none of them holds for is dropped. Empty: all others stay.
    """

    drop: list[str] = field(default_factory=list)
    keep: list[str] = field(default_factory=list)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Something must be asked, and can be read."""
        if not self.drop and not self.keep:
            yield "drop", "nothing is filtered: give conditions here, or under 'keep'"
        for key, conditions in (("drop", self.drop), ("keep", self.keep)):
            for place, condition in enumerate(conditions):
                try:
                    check_condition(condition)
                except ConfigError as error:
                    yield f"{key}[{place}]", str(error)


def create(config: Config) -> Processor:
    """The core's, for one pipeline."""
    return Processor.filter(drop=config.drop, keep=config.keep)
