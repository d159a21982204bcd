"""Who has work, by what the journal and the exporters say."""

import asyncio
import threading
from dataclasses import dataclass, field
from typing import Any

from logloom.room import Room
from logloom.telemetry.numbers import ExporterView, Parts
from logloom.telemetry.pulse import Pulse
from logloom.telemetry.works import Beat, works_of


@dataclass
class Counts:
    delivered: int = 0
    dead_lettered: int = 0
    refused: int = 0
    dropped: int = 0
    retries: int = 0


@dataclass
class Journal:
    """Says what it is told to."""

    queued_bytes: int = 0
    entries: int = 0
    wrong: dict[str, str] = field(default_factory=dict)
    pending: int = 0
    done: int = 0

    def health(self) -> dict[str, Any]:
        return {"queued_bytes": self.queued_bytes, "entries": self.entries}

    def troubles(self) -> dict[str, str]:
        return self.wrong

    def cursors(self) -> list[dict[str, Any]]:
        row = {"name": "otlp", "pending": self.pending, "done": self.done, "trouble": None}
        return [row, {**row, "name": "gone", "pending": 7}]


class Case:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.journal = Journal()
        self.counts = Counts()
        parts = Parts(self.journal, None, None, Room(1))  # type: ignore[arg-type]
        parts.exporters = lambda: [ExporterView("otlp", self.counts, 5.0)]
        self.pulse = Pulse(1.0, lambda: works_of(parts, exporters_count=True), lambda: self.now_s)

    def after(self, seconds: float) -> dict[str, str]:
        for _ in range(round(seconds * 10)):
            self.now_s += 0.1
            self.pulse.look()
        return {stall.what: stall.why for stall in self.pulse.stalls}


def test_a_sync_that_hangs() -> None:
    case = Case()
    assert case.after(9) == {}
    case.journal.queued_bytes = 512
    assert case.after(2) == {"journal": "512 bytes wait for a sync that does not return"}
    case.journal.entries += 1
    assert case.after(0.5) == {}


def test_a_journal_that_takes_nothing() -> None:
    case = Case()
    case.journal.wrong = {"saving": "read-only", "writing": "I/O error"}
    assert case.after(2) == {"journal": "I/O error"}
    case.journal.wrong = {"saving": "read-only"}
    assert case.after(0.5) == {}


def test_an_exporter_that_delivers_nothing() -> None:
    case = Case()
    case.journal.pending = 3
    assert case.after(5) == {}  # they may wait for others for so long
    assert case.after(2) == {"exporter otlp": "3 records wait for it, and it delivers none"}
    case.counts.retries += 1
    assert set(case.after(1)) == {"exporter otlp"}
    case.counts.delivered += 1
    assert case.after(1) == {}


async def test_a_loop_that_is_held_up() -> None:
    beat = Beat(asyncio.get_running_loop())
    before = beat.work().progress
    await asyncio.sleep(0)
    while beat.work().progress == before:  # noqa: ASYNC110 — nothing tells
        await asyncio.sleep(0)
    answered = threading.Event()

    def looks() -> None:
        beat.work()
        found = {beat.work().progress for _ in range(100)}
        if len(found) == 1 and beat.delay_s > 0:
            answered.set()

    looking = threading.Thread(target=looks)
    looking.start()
    looking.join()  # holds the loop up
    assert answered.is_set()
