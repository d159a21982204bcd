"""A journal on disk with an Intake before it, as `logloom run` has them; opened, filled, and opened again."""

import asyncio
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from logloom._native import Cursor, Intake, Journal, Messages
from logloom.commits import Commits
from logloom.intake import Push

MIB = 1 << 20
DELAY_S = 0.002
"""`journal.fsync_delay_ms_max`, as it is by default."""


class Desk:
    """What a push goes to, and the exporters' cursors."""

    def __init__(self, folder: Path, threads: ThreadPoolExecutor, cursors: int) -> None:
        self.journal = open_journal(folder)
        self.cursors: list[Cursor] = [self.journal.cursor(f"to/{number}", ["logs"]) for number in range(cursors)]
        intake = Intake(self.journal, [{"name": "logs", "receivers": ["bench"], "when": None}])
        self.commits = Commits(self.journal)
        self.push = Push("bench", intake, self.journal, threads, self.commits)
        self.messages: Messages = self.push.messages("otlp")

    async def taken(self, data: bytes) -> None:
        """Push until it is on disk."""
        for pause_s in itertools.repeat(0.001):
            if (await self.push(self.messages, data)).kind == "done":
                return
            await asyncio.sleep(pause_s)

    def passed(self) -> int:
        """All that is durable is delivered, at once: how many records."""
        return sum(_drain(cursor) for cursor in self.cursors)


def _drain(cursor: Cursor) -> int:
    records = 0
    while (step := cursor.next(1 << 30, 64 * MIB, 0.0)) is not None:
        batch, position = step
        records += len(batch)
        cursor.done(position)
    return records


def open_journal(folder: Path) -> Journal:
    """The journal of this folder, as by default, but for the bounds."""
    settings: dict[str, Any] = {
        "disk_bytes_max": 1 << 40,
        "file_bytes_max": 64 * MIB,
        "free_bytes_min": 0,
        "age_max_s": 0,
        "lossy": [],
        "fsync_delay_max_s": DELAY_S,
        "key_file": str(folder / "journal.key"),
    }
    journal, found = Journal.open(str(folder / "journal"), **settings)
    assert not found["damaged"]
    return journal


@contextmanager
def desk(folder: Path, *, cursors: int = 1) -> Iterator[Desk]:
    """Opened in `folder`; closed on leaving."""
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(4) as threads:
        one = Desk(folder, threads, cursors)
        try:
            yield one
        finally:
            one.journal.close()
