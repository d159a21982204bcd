"""`transform`: records are rewritten by a program in VRL (https://vrl.dev).

The program is type-checked when the config is read. Only the fields that it names are read, and only those that it sets
are written; all other bytes of a record stay as they came. `docs/transform.md` lists a record's fields.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from logloom._native import Processor, transform_processor
from logloom.errors import ConfigError

ON_ERROR = Literal["pass", "drop", "dead_letter"]
"""It passes on as it came, with the reason as the attribute `logloom.processor.error`; it is dropped; it goes to the
pipeline of dead letters."""


@dataclass(frozen=True, slots=True)
class Config:
    """The program.

    Attributes:
        source: What is done with each record, in VRL.
        on_error: What becomes of a record on which the program fails, or that it aborts: `pass` (as it came, with the
            reason as the attribute `logloom.processor.error`), `drop`, or `dead_letter` (it goes to
            `service.dead_letter_pipeline`, as it came).
    """

    source: str
    on_error: ON_ERROR = "pass"

    def problems(self) -> Iterator[tuple[str, str]]:
        """The program cannot be read, or does not fit a record."""
        try:
            create(self)
        except ConfigError as error:
            yield "source", str(error)


def create(config: Config) -> Processor:
    """The core's, for one pipeline."""
    return transform_processor(config.source, on_error=config.on_error)
