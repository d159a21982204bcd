"""`forward`: hands the records of some pipelines on to others, all of them to each.

It is an exporter of the pipelines that it takes records from, and a receiver of those that it gives them to: several
pipelines end in one, or what is done for many is done once, before their ways part (`docs/routing.md`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Config", "create"]


@dataclass(frozen=True, slots=True)
class Config:
    """It has no keys of its own."""


def create(_config: Config, behind: Sequence[str]) -> dict[str, Any]:
    """What the core is told; `behind`: the pipelines that have it as a receiver."""
    return {"routes": [], "default": list(behind)}
