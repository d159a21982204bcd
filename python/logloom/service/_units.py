"""Each component as the service runs it: built from its part of the config, with what it shares with the others."""

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from logloom._native import Intake
from logloom.access import Access
from logloom.commits import Commits
from logloom.config import Component, Config, Endpoint, PipelineConfig, Retry, auths
from logloom.config.sharing import served_by_python
from logloom.config.wiring import reached
from logloom.errors import ComponentError, RetryError
from logloom.exporters import Exporter, ExporterContext
from logloom.exporters._follow import RECORDS_MAX, Bookmark, Counts, Cut, DeadLetters, Follower
from logloom.extensions import ExtensionContext
from logloom.intake import Push, Receiver, ReceiverContext
from logloom.journal import Opened, dead_place
from logloom.logs import log_of
from logloom.memory import Memory
from logloom.processors import batch as batch_processor
from logloom.processors import memory_limiter
from logloom.room import Room
from logloom.service._supervise import Kind, Unit
from logloom.telemetry import Telemetry

__all__ = [
    "PROCESS",
    "ExporterUnit",
    "ExtensionUnit",
    "ReceiverUnit",
    "Site",
    "WorkUnit",
    "cut_of",
    "memories_of",
    "memory_of",
    "pipelines_with",
]


@dataclass(slots=True)
class Site:
    """What the components of one service share.

    Attributes:
        data: The data folder.
        journals: Where what was accepted lies.
        commits: Those who wait for the main journal, watched.
        letters: Where records go that a destination refuses.
        threads: Where large messages are read.
        waiters: Where exporters wait for the journal: a thread for each.
        room: The process's bound on what is in hand.
        ready: Whether the service is up and takes more.
        access: Who may send what, and where to.
        restart: When a component that failed starts again.
        stopping: Set when the service is to stop.
        telemetry: Who has numbers.
        on_listening: Called when another receiver listens, or one no longer.
        listening: Where the receivers listen.
        extensions: Those that run, by id.
        memories: The `memory_limiter`s, by id.
        shared: As in `ReceiverContext`.
        made: The processors of the pipelines, as `logloom.intake.pipelines_of` keeps them.
        intake: What receivers push to.
    """

    data: Path
    journals: Opened
    commits: Commits
    letters: DeadLetters
    threads: Executor
    waiters: Executor
    room: Room
    ready: Callable[[], bool]
    access: Access
    restart: Retry
    stopping: asyncio.Event
    telemetry: Telemetry
    on_listening: Callable[[], None]
    listening: dict[str, Mapping[str, str]] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)
    memories: dict[str, Memory] = field(default_factory=dict)
    shared: dict[object, object] = field(default_factory=dict)
    made: dict[tuple[str, str], Any] = field(default_factory=dict)
    intake: Intake | None = None

    def server(
        self, identifier: str, stopping: asyncio.Event, on_up: Callable[[Mapping[str, str]], None]
    ) -> ReceiverContext:
        """What something that listens is given."""
        known = {name: extension for name, extension in self.extensions.items() if hasattr(extension, "authenticate")}
        return ReceiverContext(
            identifier,
            stopping,
            log_of(identifier),
            self.data,
            self.ready,
            on_up,
            self.shared,
            known,
            self.room,
            self.access,
        )

    def has_authenticators_of(self, component: Component) -> None:
        """ComponentError where one that it names does not run."""
        for _, auth in auths(component.config):
            if auth.authenticator not in self.extensions:
                msg = f"extension {auth.authenticator}, which it names, does not run"
                raise ComponentError(msg)


class ReceiverUnit(Unit):
    """A receiver."""

    kind: Kind = "receiver"

    def __init__(self, component: Component, config: Config, site: Site, *, must_start: bool = False) -> None:
        super().__init__(component.id, site.restart, must_start=must_start)
        self.component = component
        self.memories = memories_of(component.id, config, site)
        self._site = site

    async def once(self) -> None:
        """Listen, or read, until it is to stop."""
        site, component = self._site, self.component
        if site.intake is None:
            msg = "there is nothing to push to"
            raise ComponentError(msg)
        site.has_authenticators_of(component)
        receiver: Receiver = created(component, "receiver", site.server(self.id, self.stopping, self._on_up))
        push = Push(
            self.id, site.intake, site.journals.main, site.threads, site.commits, memories=lambda: self.memories
        )
        try:
            await receiver.run(push)
        finally:
            if site.listening.pop(self.id, None) is not None:
                site.on_listening()

    def _on_up(self, listening: Mapping[str, str]) -> None:
        self._site.listening[self.id] = listening
        self.up()
        self._site.on_listening()


class ExporterUnit(Unit):
    """An exporter, with its place in the journal, which it keeps when it starts again."""

    kind: Kind = "exporter"

    def __init__(
        self,
        component: Component,
        config: Config,
        site: Site,
        *,
        must_start: bool = False,
        successor_of: "ExporterUnit | None" = None,
    ) -> None:
        """`successor_of`: the one before, which has ended, and whose place and counts it takes over."""
        super().__init__(component.id, site.restart, must_start=must_start)
        self.component = component
        self.counts: Counts = successor_of.counts if successor_of else Counts()
        self._site = site
        self._may_leave = config.journal.kind == "disk"
        self._pipelines = pipelines_with(component.id, config)
        self._cut = cut_of(component, config)
        self._bookmark = successor_of.bookmark if successor_of else None
        self._follower: Follower | None = None
        self._is_closed = False

    @property
    def bookmark(self) -> Bookmark:
        """Its place in the journal.

        Raises:
            ComponentError: It has none yet.
        """
        if self._bookmark is None:
            msg = "it has no place in the journal"
            raise ComponentError(msg)
        return self._bookmark

    @property
    def linger_s(self) -> float:
        """The longest that records wait for others, in seconds."""
        return self._cut.linger_s

    @property
    def pending_records(self) -> int:
        """How many records it has still to deliver."""
        return self._bookmark.cursor.pending_records if self._bookmark else 0

    def attach(self) -> None:
        """Take its place in the journal: what comes from now on is its own. This waits for the disk."""
        if self._bookmark is None:
            journal = self._site.journals.main
            cursor = journal.cursor(self.id, list(self._pipelines), start=self.component.start)
            self._bookmark = Bookmark(journal, cursor)
            if (dead := self._site.journals.dead) is not None:
                dead_place(dead, self.id)
        else:
            self._bookmark.cursor.rewind()
            self._bookmark.cursor.follow(list(self._pipelines))

    def detach(self) -> None:
        """Give its place up; a journal on disk keeps what is left there for an exporter of this name."""
        if self._bookmark is not None:
            self._bookmark.cursor.leave()

    async def once(self) -> None:
        """Deliver until the journal is closed and read to its end, or it is to leave."""
        site, component, bookmark = self._site, self.component, self.bookmark
        if self.came_up.is_set():  # what it had in hand when it failed comes again
            await asyncio.to_thread(bookmark.cursor.rewind)
        site.has_authenticators_of(component)
        credentials = {name: extension for name, extension in site.extensions.items() if hasattr(extension, "headers")}
        context = ExporterContext(self.id, self.log, site.data, bookmark.save, credentials)
        exporter: Exporter = created(component, "exporter", context)
        if hasattr(exporter, "restore"):
            exporter.restore(bookmark.cursor.state)
        try:
            async with AsyncExitStack() as left:
                if hasattr(exporter, "__aenter__"):
                    await left.enter_async_context(exporter)  # type: ignore[arg-type]  # hasattr tells
                self._follower = Follower(
                    exporter,
                    bookmark,
                    site.waiters,
                    retry=getattr(component.config, "retry_on_failure", None),
                    cut=self._cut,
                    context=context,
                    dead_letters=site.letters,
                    may_leave=self._may_leave,
                    counts=self.counts,
                )
                if self.stopping.is_set():
                    self._follower.stopping()
                if self._is_closed:
                    self._follower.closed()
                self.up()
                await self._follower.run()
        except RetryError as error:  # it cannot be opened now
            raise ComponentError(str(error)) from None
        finally:
            self._follower = None
            bookmark.cursor.interrupt()

    def stop(self) -> None:
        """Wait no longer between attempts: what it cannot deliver now stays in the journal."""
        super().stop()
        if self._follower is not None:
            self._follower.stopping()

    def closed(self) -> None:
        """Nothing more comes: it ends when it has delivered what there is."""
        self._is_closed = True
        if self._follower is not None:
            self._follower.closed()

    def leave(self) -> None:
        """End as soon as what is in hand is settled; the rest stays in the journal."""
        self.stop()
        if self._follower is not None:
            self._follower.leave()


class ExtensionUnit(Unit):
    """An extension."""

    kind: Kind = "extension"

    def __init__(self, component: Component, site: Site, *, must_start: bool = False) -> None:
        super().__init__(component.id, site.restart, must_start=must_start)
        self.component = component
        self._site = site

    async def once(self) -> None:
        """Be there until it is to stop."""
        site, component = self._site, self.component
        site.has_authenticators_of(component)
        server = site.server(self.id, self.stopping, lambda _listening: None)
        context = ExtensionContext(self.id, self.log, site.ready, server)
        extension = created(component, "extension", context)
        async with extension:
            site.extensions[self.id] = extension
            self.up()
            try:
                await self.stopping.wait()
            finally:
                del site.extensions[self.id]


class WorkUnit(Unit):
    """Work of the service's own, that goes on until it is cancelled."""

    def __init__(self, kind: Kind, identifier: str, restart: Retry, work: Callable[[], Awaitable[None]]) -> None:
        super().__init__(identifier, restart)
        self.kind = kind
        self._work = work

    async def once(self) -> None:
        """Do it."""
        self.up()
        await self._work()


def created(component: Component, what: str, context: Any) -> Any:
    """What the file of its type makes of its config."""
    module = importlib.import_module(f"logloom.{what}s.{component.type}")
    return module.create(component.config, context)


def pipelines_with(exporter: str, config: Config) -> dict[str, PipelineConfig]:
    """The pipelines that an exporter is in, by name."""
    return {name: pipeline for name, pipeline in config.service.pipelines.items() if exporter in pipeline.exporters}


def cut_of(component: Component, config: Config) -> Cut:
    """How its requests are cut: as `sending_queue.batch` says, or the `batch` processors of its pipelines."""
    batch = getattr(getattr(component.config, "sending_queue", None), "batch", None)
    if batch is not None:
        sizes = [(batch.min_size, batch.max_size, batch.flush_timeout)]
    else:
        sizes = [
            (found.send_batch_size, found.send_batch_max_size, found.timeout)
            for pipeline in pipelines_with(component.id, config).values()
            for processor in (config.processors[name] for name in pipeline.processors)
            if isinstance(found := processor.config, batch_processor.Config)
        ]
    if not sizes:
        return Cut()
    return Cut(
        records_min=min(size[0] for size in sizes),
        records_max=min((size[1] for size in sizes if size[1]), default=RECORDS_MAX),
        linger_s=min(size[2] for size in sizes),
    )


def memories_of(receiver: str, config: Config, site: Site) -> list[Memory]:
    """The process's own bound, and the `memory_limiter`s of pipelines that the receiver feeds, over connectors too."""
    pipelines = config.service.pipelines
    names = {name for pipeline in reached(config, receiver) for name in pipelines[pipeline].processors}
    return [memory for name, memory in site.memories.items() if name in names or name == PROCESS]


PROCESS: Final = "memory"
"""Under which the process's own bound stands among the `memory_limiter`s."""
LOOK_EVERY_S: Final = 0.1
SHARE_PERCENT: Final = 90
IN_FLIGHT_SHARE: Final = 8
"""What is in flight may be such a part of the process's memory: one of these."""


def memory_of(config: Config) -> Memory:
    """The process's own bound."""
    limit_mib = config.service.memory_limit_mib
    share = 0 if limit_mib else SHARE_PERCENT
    limits = memory_limiter.Config(check_interval=LOOK_EVERY_S, limit_mib=limit_mib, limit_percentage=share)
    return Memory(limits, log_of("service"))


def in_flight_bytes(config: Config, memory: Memory) -> int:
    """`service.in_flight_mib`, but at most an eighth of the process's memory.

    Senders are asked to come again above four fifths of it: what they sent before then comes yet, and becomes records.
    """
    return min(config.service.in_flight_mib << 20, memory.limits.limits_bytes(memory.total())[1] // IN_FLIGHT_SHARE)


def at_python(config: Config) -> "set[Endpoint]":
    """The endpoints that Python serves, since one of those who share it cannot be served by the native server."""
    listening = {**config.receivers, **config.extensions}
    return served_by_python({name: component.config for name, component in listening.items()})


def is_limiter(component: Component) -> bool:
    """Whether a processor is a `memory_limiter`."""
    return component.type == memory_limiter.__name__.rpartition(".")[2]
