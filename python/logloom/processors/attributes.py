"""`attributes`: adds, changes and removes attributes of records. The Collector's, and its keys.

Actions are done in their order, on the records that `include` takes and `exclude` does not; `when` says the same as a
condition of `docs/conditions.md`. What no action names stays byte for byte.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from logloom._native import Processor, attributes_processor, check_condition
from logloom.errors import ConfigError
from logloom.processors._actions import Action, problems_of, specs
from logloom.processors._match import Match

__all__ = ["Config", "create"]


@dataclass(frozen=True, slots=True)
class Config:
    """What is done, and on which records.

    Attributes:
        actions: What is done, in this order.
        include: The records that are meant; all where not given.
        exclude: Of these: those that are not.
        when: A condition besides.
    """

    actions: list[Action] = field(default_factory=list)
    include: Match | None = None
    exclude: Match | None = None
    when: str | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """There are actions, and they can be read."""
        yield from problems_of("actions", self.actions)
        if self.when is not None:
            try:
                check_condition(self.when)
            except ConfigError as error:
                yield "when", str(error)
                return
        if not any(True for match in (self.include, self.exclude) if match for _ in match.problems()):
            if any(True for action in self.actions for _ in action.problems()):
                return
            try:
                create(self)
            except ConfigError as error:
                yield "actions", str(error)


def create(config: Config) -> Processor:
    """The core's, for one pipeline."""
    parts = [f"({config.when})"] if config.when is not None else []
    if config.include is not None:
        parts.append(f"({config.include.condition()})")
    if config.exclude is not None:
        parts.append(f"not ({config.exclude.condition()})")
    return attributes_processor(specs(config.actions), when=" and ".join(parts) or None)
