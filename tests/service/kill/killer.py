"""Processes that live for a while, are ended with SIGKILL, and live again."""

import asyncio
import random
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.service.logloom_process import Logloom

__all__ = ["Destination", "Life", "Victim", "free_ports", "kill_at_random"]

ROOT = Path(__file__).parents[3]


@dataclass(slots=True)
class Life:
    """From a start to the kill.

    Attributes:
        began_s: When the process was started, by the monotonic clock.
        ready_s: When it first answered; None where it was killed before.
        ended_s: When it was killed; infinity while it lives.
    """

    began_s: float
    ready_s: float | None = None
    ended_s: float = float("inf")


class Destination:
    """A destination (`destination.py`) in a process of its own, always on the same port; leaving it ends that."""

    def __init__(self, kind: str, port: int, path: Path) -> None:
        self.port = port
        self.path = path
        self._command = [sys.executable, "-m", "tests.service.kill.destination", kind, str(port), str(path)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.kill()

    def spawn(self) -> None:
        """Starts it and does not wait."""
        with self.path.with_suffix(".err").open("ab") as err:
            self._process = subprocess.Popen(self._command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=err, stderr=err)

    def is_up(self) -> bool:
        """Whether it takes connections."""
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(60)
        self._process = None

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    def signal(self, number: int) -> None:
        """Any other signal."""
        assert self._process is not None
        self._process.send_signal(number)


@dataclass
class Victim:
    """A process and its lives so far."""

    name: str
    process: Logloom | Destination
    lives: list[Life] = field(default_factory=list)

    @property
    def kills(self) -> list[float]:
        """When it was killed, each time."""
        return [life.ended_s for life in self.lives if life.ended_s < float("inf")]

    def spawn(self) -> None:
        """Begins a life."""
        self.lives.append(Life(time.monotonic()))
        self.process.spawn()

    async def ready(self, until_s: float = float("inf")) -> bool:
        """Whether it answers before `until_s`."""
        while not await asyncio.to_thread(self.process.is_up):
            if time.monotonic() >= until_s:
                return False
            await asyncio.sleep(0.01)
        self.lives[-1].ready_s = self.lives[-1].ready_s or time.monotonic()
        return True

    def kill(self) -> None:
        """Ends it."""
        self.process.kill()
        self.lives[-1].ended_s = time.monotonic()


async def kill_at_random(
    victim: Victim, chance: random.Random, stopping: asyncio.Event, *, life_s_max: float, away_s_max: float
) -> None:
    """Kills `victim`, which lives, and starts it again, until `stopping`; then it lives.

    One life in four is shorter than a start, so that recovery itself is cut off as well; one in eight ends amid a
    graceful stop.
    """
    while True:
        last = time.monotonic() + chance.uniform(0, 0.7)
        if chance.random() > 0.25 and await victim.ready(time.monotonic() + 60):
            last = time.monotonic() + chance.uniform(0.05, life_s_max)
        await victim.ready(last)
        await _sleep(last - time.monotonic(), stopping)
        if stopping.is_set():
            return
        if chance.random() < 0.125:
            victim.process.signal(signal.SIGTERM)
            await asyncio.sleep(chance.uniform(0, 0.4))
        victim.kill()
        await _sleep(chance.uniform(0, away_s_max), asyncio.Event())
        victim.spawn()


async def _sleep(seconds: float, stopping: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), max(seconds, 0))
    except TimeoutError:
        return


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, to be used again and again."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
