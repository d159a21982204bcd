"""The kill run: everything at once, and what came of it."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.service.kill import destination
from tests.service.kill.destination import Arrival
from tests.service.kill.files import Writers
from tests.service.kill.killer import Destination, Victim, free_ports, kill_at_random
from tests.service.kill.notes import Notes
from tests.service.kill.senders import Ports, Senders
from tests.service.kill.verdict import Verdict, judge
from tests.service.logloom_process import Logloom

__all__ = ["Outcome", "Plan", "config", "run", "seed"]

QUIET_S = 6.0
"""After the last kill, when nothing has arrived for so long, nothing more will."""
DRAIN_S = 90.0
RETRY = {"initial_interval": "50ms", "max_interval": "300ms"}
ANSWER = "30s"
"""How long logloom waits for a destination: longer than one that lives can take, so that only kills cost answers."""


@dataclass(frozen=True)
class Plan:
    """How hard.

    Attributes:
        kills: SIGKILLs in total.
        senders: How many clients of each way.
        writers: How many programs write files, of each kind.
        pause_s: What a client pauses between two requests, on average.
        event_pause_s: What a program pauses between two events, on average.
        journal: The `journal:` section of the config.
        until_s: The run ends after so long, in any case.
    """

    kills: int = 80
    senders: dict[str, int] = field(default_factory=lambda: {"grpc": 12, "proto": 8, "json": 4, "zipkin": 4})
    writers: dict[str, int] = field(default_factory=lambda: {"app": 2, "pod": 2})
    pause_s: float = 0.25
    event_pause_s: float = 0.06
    journal: dict[str, Any] = field(default_factory=dict)
    until_s: float = 150.0


@dataclass
class Outcome:
    """What came of it; by the exporters' ids, what arrived where, and what that is worth."""

    notes: Notes
    victims: dict[str, Victim]
    arrived: dict[str, list[Arrival]]
    verdicts: dict[str, Verdict]
    logloom: Logloom
    rotations: int
    seconds: float

    def __str__(self) -> str:
        kills = {name: len(victim.kills) for name, victim in self.victims.items()}
        sent = (
            f"{len(self.notes.records)} records, {self.notes.requests} requests acknowledged, {self.notes.failed} not"
        )
        lines = [f"{sum(kills.values())} kills {kills}, {sent}, {self.rotations} rotations, {self.seconds:.0f} s"]
        return "\n".join([*lines, *(f"  {name}: {verdict}" for name, verdict in self.verdicts.items())])


def seed() -> int:
    """LOGLOOM_KILL_SEED, or chance."""
    given = os.environ.get("LOGLOOM_KILL_SEED")
    return int(given) if given else int.from_bytes(os.urandom(4))


def config(ports: Ports, folder: Path, grpc_port: int, http_port: int, journal: dict[str, Any]) -> dict[str, Any]:
    """Every way in, and three ways out."""
    files = {"start_at": "beginning", "force_flush_period": "2s"}
    receivers = {
        "otlp": {
            "protocols": {
                "grpc": {"endpoint": f"127.0.0.1:{ports.grpc}"},
                "http": {"endpoint": f"127.0.0.1:{ports.http}"},
            }
        },
        "zipkin": {"endpoint": f"127.0.0.1:{ports.zipkin}"},
        "filelog/app": {"include": [f"{folder}/app*.log*"], "format": "text", **files},
        "filelog/pod": {"include": [f"{folder}/pod*.log*"], "format": "cri", "options": {"inside": "text"}, **files},
    }
    exporters = {
        "otlp": {
            "endpoint": f"127.0.0.1:{grpc_port}",
            "tls": {"insecure": True},
            "retry_on_failure": RETRY,
            "timeout": ANSWER,
        },
        "otlphttp": {"endpoint": f"http://127.0.0.1:{http_port}", "retry_on_failure": RETRY, "timeout": ANSWER},
        "file": {"path": str(folder / "out.jsonl")},
    }
    out = list(exporters)
    pipelines = {
        "logs": {"receivers": list(receivers), "exporters": out},
        "traces": {"receivers": ["zipkin"], "exporters": out},
    }
    whole = {"receivers": receivers, "exporters": exporters, "service": {"pipelines": pipelines}}
    return whole | ({"journal": journal} if journal else {})


async def run(plan: Plan, folder: Path, number: int) -> Outcome:
    """Runs the plan with seed `number`; asserts only that logloom stops as it should."""
    began_s = time.monotonic()
    notes = Notes()
    *listen, grpc_port, http_port = free_ports(5)
    ports = Ports(*listen)
    senders, writers = Senders(ports, notes, number), Writers(folder, notes, number)
    logloom = Logloom(config(ports, folder, grpc_port, http_port, plan.journal), folder / "logloom")
    with ExitStack() as stack:
        ways = {"otlp": ("grpc", grpc_port), "otlphttp": ("http", http_port)}
        to = {
            name: stack.enter_context(Destination(kind, port, folder / f"{name}.arrived"))
            for name, (kind, port) in ways.items()
        }
        victims = {"logloom": Victim("logloom", logloom)} | {name: Victim(name, one) for name, one in to.items()}
        stack.callback(logloom.kill_if_alive)
        for victim in victims.values():
            victim.spawn()
        async with _load(senders, writers, plan):
            await _kill(victims, plan, number, began_s)
        await _drained(victims, notes, {name: one.path for name, one in to.items()})
        await asyncio.to_thread(logloom.stop)
    lives = victims["logloom"].lives
    arrived = {name: destination.arrivals(one.path) for name, one in to.items()}
    verdicts = {name: judge(notes, came, lives, victims[name].kills) for name, came in arrived.items()}
    arrived["file"] = destination.written(folder / "out.jsonl")
    verdicts["file"] = judge(notes, arrived["file"], lives, (), forget_s=0.0)
    return Outcome(notes, victims, arrived, verdicts, logloom, writers.rotations, time.monotonic() - began_s)


@asynccontextmanager
async def _load(senders: Senders, writers: Writers, plan: Plan) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        group.create_task(senders.run(plan.senders, plan.pause_s))
        group.create_task(writers.run(plan.writers, plan.event_pause_s))
        try:
            yield
        finally:
            senders.stop()
            writers.stop()


async def _kill(victims: dict[str, Victim], plan: Plan, number: int, began_s: float) -> None:
    """Kills all of them, each at its own random points, until there were enough kills."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for victim in victims.values():
            chance = random.Random(f"{number} {victim.name}")
            away_s_max = 0.2 if victim.name == "logloom" else 1.0
            group.create_task(kill_at_random(victim, chance, stopping, life_s_max=5.0, away_s_max=away_s_max))
        while sum(len(victim.kills) for victim in victims.values()) < plan.kills:
            assert time.monotonic() - began_s < plan.until_s, "too few kills in the time given"
            await asyncio.sleep(0.05)
        stopping.set()


async def _drained(victims: dict[str, Victim], notes: Notes, paths: dict[str, Path]) -> None:
    """Waits until all that is owed is there, or nothing comes any more."""
    for victim in victims.values():
        assert await victim.ready(time.monotonic() + 60), f"{victim.name} does not come up again"
    owed = notes.owed()
    sizes: dict[str, int] = {}
    until_s, quiet_s = time.monotonic() + DRAIN_S, time.monotonic() + QUIET_S
    while time.monotonic() < min(until_s, quiet_s):
        now = {name: path.stat().st_size if path.exists() else 0 for name, path in paths.items()}
        if now != sizes:
            sizes, quiet_s = now, time.monotonic() + QUIET_S
            if all(owed <= _ids(destination.arrivals(path)) for path in paths.values()):
                return
        await asyncio.sleep(0.3)


def _ids(found: list[Arrival]) -> set[str]:
    return {arrival.id for arrival in found}
