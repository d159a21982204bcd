"""Runs a receiver or an exporter by itself, from the text of its config; what is pushed is kept, answered at will."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from logloom._native import Batch, Cursor, Delivery, Intake, Journal
from logloom.config.read import Reader
from logloom.config.typed import read_yaml
from logloom.exporters import ExporterContext
from logloom.intake import Push, ReceiverContext
from logloom.receivers._gate import Gate


class Log(logging.LoggerAdapter[logging.Logger]):
    """A component's log: what is given in `extra` becomes fields."""

    def process(self, msg: Any, kwargs: Any) -> tuple[Any, Any]:
        return msg, kwargs


def log() -> Log:
    return Log(logging.getLogger("tests.component"), {})


def read_config(component: ModuleType, text: str) -> Any:
    """The component's `Config` from YAML; an AssertionError names all problems."""
    reader = Reader({})
    config = reader.read(component.Config, read_yaml(text, "test"))
    assert not reader.problems, "\n".join(f"{problem.path}: {problem.what}" for problem in reader.problems)
    return config


def problems_of(component: ModuleType, text: str) -> dict[str, str]:
    """What is wrong with a config, by path."""
    reader = Reader({})
    reader.read(component.Config, read_yaml(text, "test"))
    return {problem.path: problem.what for problem in (*reader.problems, *reader.lacking)}


@dataclass
class Target:
    """What the fake gives for `push.messages` and `push.source`."""

    format: str
    options: Mapping[str, Any] = field(default_factory=dict)
    peer: str = ""
    resource: Mapping[str, str] = field(default_factory=dict)
    offset: int = 0
    data: bytes = b""
    flushes: int = 0
    durable: bool = True

    @property
    def durable_to(self) -> int:
        """As a Source's: all that was pushed, where the exporters are said to be done."""
        return self.offset + (len(self.data) if self.durable else 0)


class Pushed:
    """In place of `logloom.intake.Push`: keeps what was pushed, gives `answers` in turn and `done` after them."""

    def __init__(self, *answers: Delivery, answer: Callable[[bytes], Delivery] | None = None) -> None:
        self.answers = list(answers)
        self.answer = answer or (lambda _data: Delivery.done(1))
        self.taken: list[tuple[str, bytes, str]] = []
        self.known: list[dict[str, Any]] = []
        self.sources: list[Target] = []
        self.changed = asyncio.Condition()
        self.hold: asyncio.Event | None = None
        self.in_hand = 0

    def messages(self, format_name: str, **options: Any) -> Any:
        return Target(format_name, options)

    def source(self, format_name: str, *, peer: str, resource: Mapping[str, str], offset: int, **options: Any) -> Any:
        self.sources.append(Target(format_name, options, peer, dict(resource), offset))
        return self.sources[-1]

    async def __call__(self, to: Any, data: Any, peer: str = "", **known: Any) -> Delivery:
        self.in_hand += 1
        await self._tell()
        if self.hold is not None:
            await self.hold.wait()
        self.in_hand -= 1
        delivery = self.answers.pop(0) if self.answers else self.answer(bytes(data))
        if delivery.kind == "done":
            self.taken.append((to.format, bytes(data), peer or to.peer))
            to.data += bytes(data)
            self.known.append(known)
        await self._tell()
        return delivery

    async def flush(self, source: Any) -> Delivery:
        source.flushes += 1
        await self._tell()
        return Delivery.done(1)

    async def settled(self, position: int, timeout_s: float) -> bool:
        return True

    async def safe(self, position: int) -> None:
        return

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def until(self, enough: Callable[[], bool], timeout_s: float = 20) -> None:
        """Wait until something pushed makes `enough` true."""
        async with asyncio.timeout(timeout_s), self.changed:
            await self.changed.wait_for(enough)


@dataclass
class Core:
    """The real core: a journal with one exporter, which takes what the test asks for."""

    threads: ThreadPoolExecutor
    journal: Journal = field(default_factory=lambda: Journal(bytes_max=1 << 20))
    bodies: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cursor: Cursor = self.journal.cursor("test", ["logs"])
        self.intake = Intake(self.journal, [{"name": "logs", "receivers": ["test"], "when": None}])
        self.push = Push("test", self.intake, self.journal, self.threads)
        self.position = 0

    @property
    def records(self) -> int:
        """How many were taken from the receiver so far."""
        return int(self.intake.counters()["receivers"].get("test", {}).get("records", 0))

    async def take(self, count: int) -> list[str]:
        """Wait for so many records in all."""
        async with asyncio.timeout(30):
            while len(self.bodies) < count:
                if got := await asyncio.to_thread(self.cursor.next, 1000, 1 << 20, 0.2):
                    batch, self.position = got
                    self.bodies += [batch[at].body for at in range(len(batch))]
        return self.bodies

    async def batch(self, *lines: str) -> Batch:
        """A Batch of these lines as an exporter gets it, with keys."""
        await self.push(self.push.messages("text"), "\n".join(lines).encode())
        step = await asyncio.to_thread(self.cursor.next, 1000, 1 << 20, 20.0)
        assert step is not None
        return step[0]

    def deliver(self) -> None:
        """All that was taken is done."""
        self.cursor.done(self.position)


@dataclass
class Running:
    """A receiver that runs."""

    context: ReceiverContext
    listening: Mapping[str, str]
    task: "asyncio.Task[None]"
    state: dict[str, bool]

    def url(self, path: str = "", name: str = "http") -> str:
        return f"http://{self.listening[name]}{path}"

    async def stop(self) -> None:
        self.context.stopping.set()
        await asyncio.wait_for(self.task, 30)


def server_context() -> ReceiverContext:
    """What a server is given that nobody waits for."""
    return ReceiverContext("test", asyncio.Event(), log(), Path(), lambda: True, lambda _: None)


def open_gate() -> Gate:
    """A gate that admits everybody."""
    return Gate(server_context(), None)


@asynccontextmanager
async def running(
    component: ModuleType,
    text: str,
    push: Any,
    data: Path,
    shared: dict[object, object] | None = None,
    *,
    authenticators: Mapping[str, Any] | None = None,
) -> AsyncIterator[Running]:
    """The receiver of `component` with this config, from when it is up; stopped at the end."""
    up: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()
    state = {"ready": True}
    shared = {} if shared is None else shared
    context = ReceiverContext(
        "test", asyncio.Event(), log(), data, lambda: state["ready"], up.set_result, shared, authenticators or {}
    )
    task = asyncio.create_task(component.create(read_config(component, text), context).run(push))
    await asyncio.wait([task, up], timeout=30, return_when=asyncio.FIRST_COMPLETED)
    if not up.done():
        await task
        raise AssertionError("it returned before it was up")
    runs = Running(context, up.result(), task, state)
    try:
        yield runs
        await runs.stop()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def unsaved(_state: bytes) -> None:
    """What an exporter wants saved at once, for tests that do not come back to it."""


def exporter(
    component: ModuleType, text: str, data: Path, save: Any = unsaved, credentials: Mapping[str, Any] | None = None
) -> Any:
    """The exporter of `component` with this config."""
    return component.create(read_config(component, text), ExporterContext("test", log(), data, save, credentials or {}))
