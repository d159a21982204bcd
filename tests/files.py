"""A filelog driven by hand over a folder of real files, into the real core: look, read, restart, kill."""

import asyncio
import gzip
import logging
import os
import select
from pathlib import Path
from typing import Any

import orjson

from logloom._native import Intake, Journal
from logloom.intake import Push, ReceiverContext
from logloom.receivers import filelog
from logloom.receivers._reading import Reading
from tests.components import log, read_config

__all__ = ["Followed", "truncate"]


class Followed:
    """Files that are followed; nothing is read but by `poll`.

    Attributes:
        bodies: All records that were delivered.
        told: What was said of which file.
    """

    def __init__(self, folder: Path, *include: str, **settings: Any) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._settings = {
            "include": [str(folder / name) for name in include],
            "format": "text",
            "options": {"multiline": "off"},
            "start_at": "beginning",
            "watch": "poll",
            "rotation_wait": "0s",
            "force_flush_period": "0s",
        } | settings
        self.bodies: list[str] = []
        self.resources: list[dict[str, Any]] = []
        self.attributes: list[dict[str, Any]] = []
        self.told: list[tuple[str, str]] = []
        self.start()

    def start(self) -> None:
        """From what is saved, with a journal that has nothing."""
        self.journal = Journal(bytes_max=256 << 20)
        self.cursor = self.journal.cursor("test", ["logs"])
        self.intake = Intake(self.journal, [{"name": "logs", "receivers": ["test"], "when": None}])
        told = log()
        told.logger.handlers = [_Told(self.told)]
        context = ReceiverContext("test", asyncio.Event(), told, self.folder / "state", lambda: True, lambda _: None)
        config = read_config(filelog, orjson.dumps(self._settings).decode())
        self.reading = Reading(config, context, Push("test", self.intake, self.journal, None))  # type: ignore[arg-type]
        self.watch = self.reading._watch
        self.reading._offsets.load()

    def restart(self) -> None:
        """Stop as a service does, and start again."""
        self.deliver()
        self.reading.close()
        self.start()

    def kill(self) -> None:
        """Without a word, and start again: what was not delivered is gone."""
        self.start()

    def poll(self, *, deliver: bool = True) -> list[str]:
        """Look at everything and read all that there is; the records that this brought."""
        before = len(self.bodies)
        if self.reading.fileno() is None:
            self.reading._look_at_s = 0.0
        self.reading.turn()
        while self.watch.grown or self.watch.over or self.watch.must_scan or self._has_news():
            self.reading.turn()
        if deliver:
            self.deliver()
            self.reading.save()
        return self.bodies[before:]

    def _has_news(self) -> bool:
        fd = self.reading.fileno()
        return fd is not None and bool(select.select([fd], [], [], 0)[0])

    def deliver(self) -> None:
        """What was read is delivered, and so can be forgotten."""
        while (step := self.cursor.next(1_000_000, 1 << 30, 0.0)) is not None:
            batch, position = step
            self.bodies += [batch[at].body for at in range(len(batch))]
            self.resources += [dict(batch[at].resource) for at in range(len(batch))]
            self.attributes += [dict(batch[at].attributes) for at in range(len(batch))]
            self.cursor.done(position)

    def write(self, name: str, data: str | bytes) -> Path:
        """Append to a file."""
        with (self.folder / name).open("ab") as file:
            file.write(data.encode() if isinstance(data, str) else data)
        return self.folder / name

    def pack(self, name: str) -> None:
        """As gzip does it: the packed file has the time of the other, which is deleted then."""
        path = self.folder / name
        times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
        packed = path.with_name(f"{name}.gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        os.utime(packed, ns=times)
        path.unlink()

    @property
    def descriptors(self) -> int:
        """How many files are open."""
        return sum(tail.file is not None for tail in self.watch.tails.values())


class _Told(logging.Handler):
    def __init__(self, told: list[tuple[str, str]]) -> None:
        super().__init__()
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        self._told.append((record.getMessage(), Path(getattr(record, "path", "")).name))


def truncate(path: Path) -> None:
    """Cut a file back to nothing."""
    os.truncate(path, 0)
