"""`nop`: takes everything and keeps nothing. For trying out receivers, and for measuring them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from logloom._native import Delivery

if TYPE_CHECKING:
    from logloom._native import Batch
    from logloom.exporters import ExporterContext


@dataclass(frozen=True, slots=True)
class Config:
    """Nothing to set."""


def create(_config: Config, _context: "ExporterContext") -> "Nop":
    """The exporter."""
    return Nop()


class Nop:
    """Delivers to nowhere: the core counts what comes, and nobody reads it."""

    only_counts = True

    async def send(self, batch: "Batch") -> Delivery:
        """All of it is done."""
        return Delivery.done(len(batch))
