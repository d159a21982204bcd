"""`nop`: takes nothing. It holds the place of a receiver in a pipeline that has none yet, as the Collector's does."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logloom.intake import Push, ReceiverContext


@dataclass(frozen=True, slots=True)
class Config:
    """Nothing to set."""


def create(_config: Config, context: "ReceiverContext") -> "Nop":
    """The receiver."""
    return Nop(context)


class Nop:
    """Waits for the end."""

    def __init__(self, context: "ReceiverContext") -> None:
        self._context = context

    async def run(self, _push: "Push") -> None:
        """Take nothing until the service stops."""
        self._context.up()
        await self._context.stopping.wait()
