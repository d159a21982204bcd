"""Whether all that has work gets on with it; what does not for long is told in the log, and makes `/readyz` say no."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from logloom.logs import log_of

__all__ = ["Pulse", "Stall", "Work"]

LOOKS: Final = 10
"""So often it is looked within the time after which something is stalled."""
LOOK_EVERY_S_MAX: Final = 1.0
LOOK_EVERY_S_MIN: Final = 0.02


@dataclass(frozen=True, slots=True)
class Work:
    """What somebody has to do, at this moment.

    Attributes:
        what: Who: `exporter otlp/siem`, `journal`, `event loop`.
        has_work: Whether there is anything to do.
        progress: Becomes another with each thing done.
        why: What is told of it where it stalls.
        patience_s: How much longer than others it may take.
        counts: Whether it makes `/readyz` say no.
    """

    what: str
    has_work: bool
    progress: object
    why: str = ""
    patience_s: float = 0.0
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Stall:
    """What does not get on.

    Attributes:
        what: Who.
        why: What is known of it.
        since_s: Since when, by the clock of `Pulse`.
        counts: Whether it makes `/readyz` say no.
    """

    what: str
    why: str
    since_s: float
    counts: bool


class Pulse:
    """Looks, again and again, from a thread of its own: whoever calls `look`."""

    def __init__(
        self,
        timeout_s: float,
        works: Callable[[], Iterable[Work]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing stalls yet. `timeout_s`: who does nothing for so long is stalled; 0: nobody ever is."""
        self.every_s = (
            min(max(timeout_s / LOOKS, LOOK_EVERY_S_MIN), LOOK_EVERY_S_MAX) if timeout_s else LOOK_EVERY_S_MAX
        )
        self._timeout_s = timeout_s
        self._works = works
        self._clock = clock
        self._moved: dict[str, tuple[object, float]] = {}
        self._stalls: dict[str, Stall] = {}
        self._looked_s = clock()
        self._log = log_of("health")

    @property
    def stalls(self) -> tuple[Stall, ...]:
        """What does not get on, by the last look."""
        return tuple(self._stalls.values())

    @property
    def is_well(self) -> bool:
        """Whether nothing is stalled that makes `/readyz` say no."""
        return not any(stall.counts for stall in self.stalls)

    def look(self) -> None:
        """Look once."""
        now_s = self._clock()
        # Who was stopped himself, or had no processor, does not know what others did meanwhile.
        missed_s = max(now_s - self._looked_s - 3 * self.every_s, 0.0)
        self._looked_s = now_s
        moved, stalls = {}, {}
        for work in self._works():
            progress, since_s = self._moved.get(work.what, (work.progress, now_s))
            since_s = now_s if not work.has_work or progress != work.progress else min(since_s + missed_s, now_s)
            moved[work.what] = (work.progress, since_s)
            if self._timeout_s and now_s - since_s >= self._timeout_s + work.patience_s:
                stalls[work.what] = Stall(work.what, work.why, since_s, work.counts)
        before, self._moved, self._stalls = self._stalls, moved, stalls
        for what, stall in stalls.items():
            if what not in before:
                told = {"what": what, "why": stall.why, "for_s": now_s - stall.since_s}
                self._log.error("has work and does not get on with it", extra=told)
        for what, stall in before.items():
            if what not in stalls:
                self._log.info("gets on again", extra={"what": what, "after_s": now_s - stall.since_s})
