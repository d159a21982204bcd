"""logloom with every way in and three ways out, clients and programs that load it, and what came of it."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.service.kill import destination
from tests.service.kill.destination import Arrival
from tests.service.kill.files import Writers
from tests.service.kill.killer import Destination, Victim, free_ports
from tests.service.kill.notes import Notes
from tests.service.kill.senders import Ports, Senders
from tests.service.kill.verdict import Verdict, judge
from tests.service.logloom_process import Logloom

__all__ = ["DISK", "RETRY", "Load", "Outcome", "Session", "seed", "session"]

QUIET_S = 45.0
"""When nothing has arrived for so long, nothing more will: `file` tries again after 30 s at most."""
DISK = {"kind": "disk", "file_mib": 1, "free_mib_min": 0}
"""Small files, so that there are many of them; and on a disk of its own there is no floor to keep."""
RETRY = {"initial_interval": "50ms", "max_interval": "300ms"}
ANSWER = "30s"
"""How long logloom waits for a destination: longer than one that lives can take, so that only kills cost answers."""


@dataclass(frozen=True)
class Load:
    """How much.

    Attributes:
        senders: How many clients of each way.
        writers: How many programs write files, of each kind.
        pause_s: What a client pauses between two requests, on average.
        event_pause_s: What a program pauses between two events, on average.
    """

    senders: dict[str, int] = field(
        default_factory=lambda: {
            "grpc": 10,
            "proto": 6,
            "json": 4,
            "zipkin": 3,
            "jaeger": 3,
            "post": 3,
            "envoy": 3,
            "loki": 3,
            "bulk": 3,
            "hec": 3,
            "datadog": 3,
            "forward": 3,
            "beats": 3,
        }
    )
    writers: dict[str, int] = field(default_factory=lambda: {"app": 2, "pod": 2})
    pause_s: float = 0.25
    event_pause_s: float = 0.06


@dataclass
class Outcome:
    """What came of it; by the exporters' ids, what arrived where, and what that is worth."""

    notes: Notes
    victims: dict[str, Victim]
    arrived: dict[str, list[Arrival]]
    verdicts: dict[str, Verdict]
    rotations: int
    seconds: float

    def __str__(self) -> str:
        kills = {name: len(victim.kills) for name, victim in self.victims.items()}
        sent = (
            f"{len(self.notes.records)} records, {self.notes.requests} requests acknowledged, {self.notes.failed} not"
        )
        lines = [f"{sum(kills.values())} kills {kills}, {sent}, {self.rotations} rotations, {self.seconds:.0f} s"]
        return "\n".join([*lines, *(f"  {name}: {verdict}" for name, verdict in self.verdicts.items())])

    def hold(self) -> None:
        """Asserts what is promised, at each destination."""
        for name, verdict in self.verdicts.items():
            verdict.hold(name)


@dataclass
class Session:
    """One run; `victims` are logloom and its destinations, by name."""

    folder: Path
    seed: int
    load: Load
    ports: Ports
    logloom: Logloom
    victims: dict[str, Victim]
    notes: Notes = field(default_factory=Notes)
    began_s: float = field(default_factory=time.monotonic)
    rotations: int = 0

    @asynccontextmanager
    async def loaded(self) -> AsyncIterator[None]:
        """Inside, all clients and programs are at work; on leaving, they end what they began."""
        senders, writers = Senders(self.ports, self.notes, self.seed), Writers(self.folder, self.notes, self.seed)
        at_work = asyncio.gather(
            senders.run(self.load.senders, self.load.pause_s), writers.run(self.load.writers, self.load.event_pause_s)
        )
        try:
            yield
        finally:
            senders.stop()
            writers.stop()
            await at_work
        self.rotations = writers.rotations

    async def acknowledged(self, requests: int, within_s: float = 60.0) -> None:
        """Waits until so many more requests are acknowledged."""
        goal, until_s = self.notes.requests + requests, time.monotonic() + within_s
        while self.notes.requests < goal:
            assert time.monotonic() < until_s, (
                f"{requests - goal + self.notes.requests} of {requests} requests are acknowledged "
                f"within {within_s:g} s: {self.logloom.output()}"
            )
            await asyncio.sleep(0.02)

    async def up(self) -> None:
        """Waits until everything answers."""
        for victim in self.victims.values():
            assert await victim.ready(time.monotonic() + 60), f"{victim.name} does not come up: {self.logloom.output()}"

    async def finish(self, quiet_s: float = QUIET_S) -> Outcome:
        """Waits until all that is owed is there, or nothing has come for so long; then logloom must stop well."""
        await self.up()
        arrivals: dict[str, Callable[[], list[Arrival]]] = {
            name: partial(destination.arrivals, one.process.path)
            for name, one in self.victims.items()
            if isinstance(one.process, Destination)
        }
        arrivals["file"] = partial(destination.written, self.folder / "out.jsonl")
        owed, short, sizes = self.notes.owed(), list(arrivals), 0
        quiet_at_s = time.monotonic() + quiet_s
        while short and time.monotonic() < quiet_at_s:
            if (now := sum(path.stat().st_size for path in self.folder.glob("o*.*"))) != sizes:
                sizes, quiet_at_s = now, time.monotonic() + quiet_s
                while short and owed <= {one.id for one in arrivals[short[0]]()}:
                    del short[0]
            await asyncio.sleep(0.3)
        await asyncio.to_thread(self.logloom.stop)
        lives = self.victims["logloom"].lives
        arrived = {name: came() for name, came in arrivals.items()}
        verdicts = {
            name: judge(self.notes, arrived[name], lives, self.victims[name].kills)
            for name in arrived
            if name != "file"
        }
        verdicts["file"] = judge(self.notes, arrived["file"], lives, (), forget_s=0.0)
        seconds = time.monotonic() - self.began_s
        return Outcome(self.notes, self.victims, arrived, verdicts, self.rotations, seconds)


@asynccontextmanager
async def session(
    folder: Path, number: int, load: Load, journal: dict[str, Any] | None = None
) -> AsyncIterator[Session]:
    """Starts all of it; does not wait until it is up. `journal`: other than DISK."""
    *listen, grpc_port, http_port = free_ports(10)
    ports = Ports(*listen)
    config = _config(ports, folder, grpc_port, http_port) | {"journal": DISK | (journal or {})}
    logloom = Logloom(config, folder / "logloom")
    with ExitStack() as stack:
        victims = {"logloom": Victim("logloom", logloom)}
        for name, way, port in (("otlp", "grpc", grpc_port), ("otlphttp", "http", http_port)):
            to = stack.enter_context(Destination(way, port, folder / f"{name}.arrived"))
            victims[name] = Victim(name, to)
        stack.callback(logloom.kill_if_alive)
        for victim in victims.values():
            victim.spawn()
        yield Session(folder, number, load, ports, logloom, victims)


def seed() -> int:
    """LOGLOOM_KILL_SEED, or chance."""
    given = os.environ.get("LOGLOOM_KILL_SEED")
    return int(given) if given else int.from_bytes(os.urandom(4))


def _config(ports: Ports, folder: Path, grpc_port: int, http_port: int) -> dict[str, Any]:
    files = {"start_at": "beginning", "force_flush_period": "2s"}
    protocols = {"grpc": {"endpoint": f"127.0.0.1:{ports.grpc}"}, "http": {"endpoint": f"127.0.0.1:{ports.http}"}}
    receivers = {
        "otlp": {"protocols": protocols},
        "zipkin": {"endpoint": f"127.0.0.1:{ports.zipkin}"},
        "fluentforward": {"endpoint": f"127.0.0.1:{ports.forward}"},
        "lumberjack": {"endpoint": f"127.0.0.1:{ports.lumberjack}"},
        "jaeger": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{ports.jaeger}"}}},
        "http": {"endpoint": f"127.0.0.1:{ports.post}"},
        "envoyals": {"endpoint": f"127.0.0.1:{ports.envoyals}"},
        # At one socket with the others.
        "loki": {"protocols": {"http": {"endpoint": f"127.0.0.1:{ports.post}"}}},
        "datadog": {"endpoint": f"127.0.0.1:{ports.post}"},
        "elasticsearch": {"endpoint": f"127.0.0.1:{ports.post}"},
        "splunkhec": {"endpoint": f"127.0.0.1:{ports.post}"},
        "filelog/app": {"include": [f"{folder}/app*.log*"], "format": "text", **files},
        "filelog/pod": {"include": [f"{folder}/pod*.log*"], "format": "cri", "options": {"inside": "text"}, **files},
    }
    to = {"retry_on_failure": RETRY, "timeout": ANSWER, "record_uid": True}
    exporters = {
        "otlp": {"endpoint": f"127.0.0.1:{grpc_port}", "tls": {"insecure": True}, **to},
        "otlphttp": {"endpoint": f"http://127.0.0.1:{http_port}", **to},
        "file": {"path": str(folder / "out.jsonl")},
    }
    pipelines = {
        "logs": {"receivers": list(receivers), "exporters": list(exporters)},
        "traces": {"receivers": ["zipkin", "jaeger"], "exporters": list(exporters)},
    }
    return {"receivers": receivers, "exporters": exporters, "service": {"pipelines": pipelines}}
