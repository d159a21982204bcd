"""Who has work in a running service: the event loop, the journal, each exporter."""

import asyncio
import time
from collections.abc import Iterator
from typing import Final

from logloom.telemetry.numbers import Parts
from logloom.telemetry.pulse import Work

__all__ = ["Beat", "works_of"]

REFUSING: Final = frozenset({"writing", "free", "full"})
"""The journal's troubles in which nothing is taken."""


class Beat:
    """Asks the event loop, again and again, whether it still answers."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """It has not been asked yet."""
        self._loop = loop
        self._asked_s: float | None = None
        self._beats = 0
        self._delay_s = 0.0

    @property
    def delay_s(self) -> float:
        """How long its last answer took, or is awaited."""
        asked_s = self._asked_s
        return self._delay_s if asked_s is None else max(self._delay_s, time.monotonic() - asked_s)

    def work(self) -> Work:
        """What it does; asks anew. From any thread."""
        if self._asked_s is None:
            self._asked_s = time.monotonic()
            self._loop.call_soon_threadsafe(self._answer)
        why = "something holds it up: nothing is answered that is answered in Python"
        return Work("event loop", has_work=True, progress=self._beats, why=why)

    def _answer(self) -> None:
        if self._asked_s is not None:
            self._delay_s = time.monotonic() - self._asked_s
        self._beats += 1
        self._asked_s = None


def works_of(parts: Parts, *, exporters_count: bool) -> Iterator[Work]:
    """What the journal and the exporters have to do."""
    health, troubles = parts.main.health(), parts.main.troubles()
    refusing = [why for what, why in troubles.items() if what in REFUSING]
    queued_bytes = health.get("queued_bytes", 0)
    why = "; ".join(refusing) or f"{queued_bytes} bytes wait for a sync that does not return"
    yield Work("journal", bool(refusing or queued_bytes), health.get("entries", 0), why)
    views = {view.id: view for view in parts.exporters()}
    for row in parts.main.cursors():
        if (view := views.get(row["name"])) is None:
            continue
        counts = view.counts
        progress = (row["done"], counts.delivered, counts.dead_lettered, counts.refused, counts.dropped)
        why = row["trouble"] or f"{row['pending']} records wait for it, and it delivers none"
        yield Work(f"exporter {view.id}", row["pending"] > 0, progress, why, view.linger_s, exporters_count)
