"""`resource`: adds, changes and removes attributes of resources. The Collector's, and its keys.

Actions are those of `attributes`, done in their order on each resource.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from logloom._native import Processor, resource_processor
from logloom.errors import ConfigError
from logloom.processors._actions import Action, problems_of, specs

__all__ = ["Config", "create"]


@dataclass(frozen=True, slots=True)
class Config:
    """What is done.

    Attributes:
        attributes: What is done, in this order.
    """

    attributes: list[Action] = field(default_factory=list)

    def problems(self) -> Iterator[tuple[str, str]]:
        """There are actions, and they can be read."""
        yield from problems_of("attributes", self.attributes)
        if any(True for action in self.attributes for _ in action.problems()):
            return
        try:
            create(self)
        except ConfigError as error:
            yield "attributes", str(error)


def create(config: Config) -> Processor:
    """The core's, for one pipeline."""
    return resource_processor(specs(config.attributes))
