"""`group_by`: attributes of records become those of their resource, and records of one resource stand together.

The Collector's `groupbyattrs`. Without keys nothing moves: records whose resources and scopes say the same are brought
together, which makes what is sent smaller.
"""

from dataclasses import dataclass, field

from logloom._native import Processor, group_by_processor


@dataclass(frozen=True, slots=True)
class Config:
    """What moves.

    Attributes:
        keys: The attributes that move to the resource, where they take the place of what is called so there. A record
            that has none of them stays as it is.
    """

    keys: list[str] = field(default_factory=list)


def create(config: Config) -> Processor:
    """The core's, for one pipeline."""
    return group_by_processor(config.keys)
