"""`transform`: records are rewritten by a program in VRL (https://vrl.dev), or by the Collector's statements (OTTL).

What is wrong with either is told when the config is read. Only the fields that they name are read, and only those that
they set are written; all other bytes of a record stay as they came. `docs/transform.md` lists a record's fields.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from logloom._native import Processor, transform_processor, transform_statements
from logloom.config.shared import Unfit
from logloom.errors import ConfigError

ON_ERROR = Literal["pass", "drop", "dead_letter"]
"""It passes on as it came, with the reason as the attribute `logloom.processor.error`; it is dropped; it goes to the
pipeline of dead letters."""

ERROR_MODE = Literal["ignore", "silent", "propagate"]
"""A statement that fails is passed over, and the record counted; or it fails the record, of which `on_error` says what
becomes of it."""

CONTEXT = Literal["log", "resource", "scope"]
"""What the paths of statements begin at."""


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements with a context and conditions in common.

    Attributes:
        context: What their paths begin at; without it they say so themselves, as in `log.body`.
        conditions: They run where any of these holds, or where there are none.
        statements: In OTTL, run in this order.
        error_mode: That of the processor, where it is another.
    """

    statements: list[str]
    context: CONTEXT = "log"
    conditions: list[str] = field(default_factory=list)
    error_mode: ERROR_MODE | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """The program, or the statements.

    Attributes:
        source: What is done with each record, in VRL.
        on_error: What becomes of a record on which the program fails, or that it aborts: `pass` (as it came, with the
            reason as the attribute `logloom.processor.error`), `drop`, or `dead_letter` (it goes to
            `service.dead_letter_pipeline`, as it came).
        log_statements: The Collector's: statements in OTTL, or groups of them.
        error_mode: What a statement that fails does: `propagate` fails the record (see `on_error`), with `ignore` and
            `silent` it is passed over.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "flatten_data": "a record that changes its resource gets one of its own, whatever this says",
        "metric_statements": "logloom takes no metrics",
        "profile_statements": "logloom takes no profiles",
    }
    LACKING: ClassVar[Mapping[str, str]] = {
        "trace_statements": "a span is a record here: write statements under 'log_statements'",
    }

    source: str | None = None
    on_error: ON_ERROR = "pass"
    log_statements: list[str | Statements] = field(default_factory=list)
    error_mode: ERROR_MODE = "propagate"

    @classmethod
    def unfit(cls, keys: AbstractSet[str]) -> Unfit | None:
        """It has statements for other signals, and no others."""
        if keys & {"source", "log_statements"}:
            return None
        if "trace_statements" in keys:
            return Unfit(
                "it has 'trace_statements' alone: a span is a record here, so write them under 'log_statements'"
            )
        if keys & {"metric_statements", "profile_statements"}:
            return Unfit("it is for metrics and profiles", changes_nothing=True)
        return None

    def problems(self) -> Iterator[tuple[str, str]]:
        """A program or statements that cannot be read, or do not fit a record."""
        if (self.source is None) == (not self.log_statements):
            yield "source", "give either a program in VRL here, or 'log_statements'"
            return
        if self.source is not None:
            try:
                transform_processor(self.source)
            except ConfigError as error:
                yield "source", str(error)
        for place, one in enumerate(self.log_statements):
            path = f"log_statements[{place}]"
            group = one if isinstance(one, Statements) else Statements([one])
            told: dict[str, tuple[list[str], list[str]]]
            if isinstance(one, Statements):
                told = {f"{path}.statements[{at}]": ([], [text]) for at, text in enumerate(one.statements)}
            else:
                told = {path: ([], [one])}
            told |= {f"{path}.conditions[{at}]": ([text], []) for at, text in enumerate(group.conditions)}
            for inside, (conditions, statements) in told.items():
                try:
                    transform_statements([(group.context, conditions, statements, True)])
                except ConfigError as error:
                    yield inside, str(error)

    def groups(self) -> list[tuple[str, list[str], list[str], bool]]:
        """The statements as the core takes them."""
        groups = [one if isinstance(one, Statements) else Statements([one]) for one in self.log_statements]
        return [
            (one.context, one.conditions, one.statements, (one.error_mode or self.error_mode) == "propagate")
            for one in groups
        ]


def create(config: Config) -> Processor:
    """The core's, for one pipeline."""
    if config.source is not None:
        return transform_processor(config.source, on_error=config.on_error)
    return transform_statements(config.groups(), on_error=config.on_error)
