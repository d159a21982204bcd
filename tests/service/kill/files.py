"""Programs that write logs to files: with stack traces, cut by a container's runtime.

Their files are moved away, copied and cut back, or packed while they write.
"""

import asyncio
import gzip
import itertools
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tests.service.kill import records
from tests.service.kill.notes import Notes

__all__ = ["Writers"]

EVENTS_A_FILE = 120
"""After so many the file is rotated."""
TRACES = 0.3
"""How many events are an exception with its trace."""
PART_CHARACTERS_MAX = 600
"""Where the runtime cuts a long line (a real one: 16 KiB)."""


class Writers:
    """Some writers of each kind, on one event loop, below one folder."""

    def __init__(self, folder: Path, notes: Notes, seed: int) -> None:
        self._folder = folder
        self._notes = notes
        self._seed = seed
        self._stopping = asyncio.Event()
        self.rotations = 0

    def stop(self) -> None:
        """Write no more; what was begun is ended."""
        self._stopping.set()

    async def run(self, counts: dict[str, int], pause_s: float) -> None:
        """`counts`: how many programs of the kinds `app` (traces in plain files) and `pod` (a container's log)."""
        kinds = {"app": _app, "pod": _pod}
        async with asyncio.TaskGroup() as group:
            for kind, count in counts.items():
                for number in range(count):
                    group.create_task(self._program(f"{kind}{number}", kinds[kind], pause_s))

    async def _program(
        self, name: str, events: Callable[[random.Random, str], tuple[dict[str, str], list[str]]], pause_s: float
    ) -> None:
        chance = random.Random(f"{self._seed} {name}")
        path = self._folder / f"{name}.log"
        file = path.open("ab", buffering=0)
        try:
            for number in itertools.takewhile(lambda _: not self._stopping.is_set(), itertools.count()):
                if number and number % EVENTS_A_FILE == 0:
                    self._rotate(path, chance.choice(("rename", "copy", "pack")))
                    file.close()
                    file = path.open("ab", buffering=0)
                began_s = time.monotonic()
                bodies, lines = events(chance, f"{name}-{number}")
                data = "".join(f"{line}\n" for line in lines).encode()
                for start, end in _pieces(chance, len(data)):
                    os.write(file.fileno(), data[start:end])
                    if end < len(data):
                        await asyncio.sleep(chance.uniform(0, 0.03))
                for identifier, body in bodies.items():
                    self._notes.written(identifier, body, began_s)
                await asyncio.sleep(chance.uniform(0, 2 * pause_s))
        finally:
            file.close()

    def _rotate(self, path: Path, how: str) -> None:
        """As logrotate does it: each file moves on by one; `copy` leaves the file itself and cuts it back."""
        self.rotations += 1
        for older in sorted(path.parent.glob(f"{path.name}.*"), key=_number, reverse=True):
            older.rename(older.with_name(f"{path.name}.{_number(older) + 1}{'.gz' * (older.suffix == '.gz')}"))
        first = path.with_name(f"{path.name}.1")
        if how == "copy":
            shutil.copyfile(path, first)
            os.truncate(path, 0)
            return
        path.rename(first)
        if how == "pack":
            status, packed = first.stat(), first.with_name(f"{first.name}.gz")
            packed.write_bytes(gzip.compress(first.read_bytes(), 1))
            os.utime(packed, ns=(status.st_atime_ns, status.st_mtime_ns))
            first.unlink()


def _app(chance: random.Random, name: str) -> tuple[dict[str, str], list[str]]:
    """One event of a program that writes its own file: its records, and the lines."""
    lines = _event(chance, f"{name}-0")
    return {f"{name}-0": "\n".join(lines)}, lines


def _pod(chance: random.Random, name: str) -> tuple[dict[str, str], list[str]]:
    """Something on each stream of a container, the lines of both mixed."""
    bodies: dict[str, str] = {}
    waiting: list[list[str]] = []
    for identifier, stream in ((f"{name}-0", "stdout"), (f"{name}-1", "stderr")):
        lines = _event(chance, identifier)
        bodies[identifier] = "\n".join(lines)
        waiting.append([part for line in lines for part in _cri(chance, stream, line)])
    mixed: list[str] = []
    while left := [one for one in waiting if one]:
        mixed.append(chance.choice(left).pop(0))
    return bodies, mixed


def _event(chance: random.Random, identifier: str) -> list[str]:
    if chance.random() < TRACES:
        return records.trace(chance, identifier)
    return [f"2026-11-21T16:00:00.{chance.randrange(1000):03}Z INFO [worker] {records.message(chance, identifier)}"]


def _number(rotated: Path) -> int:
    return int(rotated.name.removesuffix(".gz").rpartition(".")[2])


def _pieces(chance: random.Random, size: int) -> list[tuple[int, int]]:
    """How a program's buffer hands it on: whole, or cut anywhere, also within a line."""
    cuts = sorted({chance.randrange(1, size) for _ in range(chance.choice((0, 0, 0, 1, 2)))}) if size > 1 else []
    return list(itertools.pairwise([0, *cuts, size]))


def _cri(chance: random.Random, stream: str, line: str) -> list[str]:
    """A line as containerd writes it: in parts where it is long."""
    size = chance.randint(PART_CHARACTERS_MAX // 2, PART_CHARACTERS_MAX)
    parts = [line[at : at + size] for at in range(0, len(line), size)]
    last = len(parts) - 1
    return [
        f"2026-11-21T16:00:00.{at:09}Z {stream} {'F' if at == last else 'P'} {part}" for at, part in enumerate(parts)
    ]
