"""What runs, from the first component's start to the last one's end."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any, Final

from logloom.access import Access, Rules
from logloom.commits import Commits
from logloom.config import Config, Retry
from logloom.errands import Errands
from logloom.errors import ComponentError, ServiceError
from logloom.folder import held, listening_file, tell_listening
from logloom.intake import intake_of
from logloom.journal import DeadLetters, Opened, opened, watch
from logloom.logs import log_of
from logloom.memory import STATM, Memory
from logloom.room import Room
from logloom.service._crew import Crew
from logloom.service._reload import go_over
from logloom.service._supervise import RESTART, ComponentState, Kind, Unit
from logloom.service._units import (
    PROCESS,
    ExporterUnit,
    ExtensionUnit,
    ReceiverUnit,
    Site,
    WorkUnit,
    at_python,
    in_flight_bytes,
    is_limiter,
    memory_of,
)
from logloom.service._watch import ConfigWatch
from logloom.systemd import Progress, Systemd
from logloom.tailing import tailed
from logloom.telemetry.numbers import ExporterView, Parts
from logloom.telemetry.teller import Teller
from logloom.ticks import Ticks

__all__ = ["Listening", "Service"]

Listening = Mapping[str, Mapping[str, str]]
"""Where the receivers listen: by id, by protocol, the endpoint."""

PUSH_THREADS: Final = 4
"""Threads that read large messages; the core releases the GIL."""
EXPORTERS_MAX: Final = 4096
"""Threads that wait for the journal: as many as there can be exporters; one is made where it is needed."""
PROGRESS_S_MIN: Final = 5.0
"""A journal that makes nothing durable for less than this is not taken for one that hangs, in seconds."""
RECEIVERS_SHARE: Final = 0.8
"""The share of `service.shutdown_timeout` that receivers have to finish what is in hand."""


class Service:
    """Everything that a config describes, running.

    Attributes:
        config: What runs.
        data: The data folder.
        teller: Tells how it is, by numbers.
    """

    def __init__(
        self,
        config: Config,
        data: Path,
        *,
        reread: Callable[[], Config] | None = None,
        on_config: Callable[[Config], None] = lambda _: None,
        restart: Retry = RESTART,
        systemd: Systemd | None = None,
    ) -> None:
        """Nothing is opened yet.

        Args:
            config: What is to run.
            data: The data folder.
            reread: Reads the config again, on a thread: at `reload`, and when a file of it changes.
            on_config: Told of a config that was gone over to.
            restart: When a component that failed starts again.
            systemd: Who is told that it is up, reloads and stops; by default whoever the environment names.
        """
        self.config = config
        self.data = data
        self._restart = restart
        self._on_config = on_config
        self._log = log_of("service")
        self._stopping = asyncio.Event()
        self._ready = False
        self._crew = Crew()
        self._room = Room(in_flight_bytes(config, memory_of(config)))
        self._site: Site | None = None
        self._systemd = systemd or Systemd()
        self._beside: list[asyncio.Task[None]] = []
        self._watch = ConfigWatch(config, reread, self._go_over, refused=self._refused) if reread is not None else None
        self.teller = Teller(config.service.telemetry, data, lambda: self._ready)
        self._ticks = Ticks(log_of("processors"))

    def ready(self) -> bool:
        """Whether the service is up and takes more, nothing stalls, and none of its components failed and is down."""
        return self.teller.ready() and not self._crew.failed()

    def components(self) -> list[ComponentState]:
        """How each component is: receivers, exporters, extensions, and what works beside them."""
        return self._crew.states()

    def reload(self) -> None:
        """Read the config again, and go over to it where it is in order: what is the same in both lives on."""
        if self._watch is not None:
            self._watch.ask()

    @property
    def config_error(self) -> str:
        """What is wrong with the config's files as they are now; empty where it is what they say that runs."""
        return self._watch.error if self._watch is not None else ""

    def stop(self) -> None:
        """Take no more, deliver what was accepted, and let `run` return."""
        self._stopping.set()

    async def run(self, on_ready: Callable[[Listening], None] = lambda _: None) -> None:
        """Run until `stop` is called, then deliver what was accepted, within `service.shutdown_timeout`.

        What is not delivered by then stays in the journal, for the next run. A component that fails once it was up is
        started again, with back-off.

        Args:
            on_ready: Called once all receivers are up, with where they listen.

        Raises:
            DataFolderError: The data folder cannot be used.
            ComponentError: A component cannot start; the others were stopped as by `stop`.
            ServiceError: The journal is in memory, and some records were not delivered in time.
        """
        async with AsyncExitStack() as last:
            stack = ExitStack()
            # Not on the event loop: a disk that hangs must not keep a second Ctrl-C from being heard.
            last.push_async_callback(asyncio.to_thread, stack.close)
            stack.enter_context(held(self.data))
            threads = stack.enter_context(ThreadPoolExecutor(PUSH_THREADS, "push"))
            waiters = stack.enter_context(ThreadPoolExecutor(EXPORTERS_MAX, "exporter"))
            journals = await asyncio.to_thread(stack.enter_context, opened(self.config, self.data))
            main, dead = Commits(journals.main), Commits(journals.dead or journals.main)
            last.enter_context(main.watched())
            if journals.dead is not None:
                last.enter_context(dead.watched())
            letters = DeadLetters(journals, main, dead, lambda: self.config.service.dead_letter_pipeline)
            site = self._site = Site(
                data=self.data,
                journals=journals,
                commits=main,
                letters=letters,
                threads=threads,
                waiters=waiters,
                room=self._room,
                ready=self.ready,
                access=Access(Rules.of(self.config.service)),
                restart=self._restart,
                stopping=self._stopping,
                telemetry=self.teller.telemetry,
                on_listening=self._tell_listening,
                shared={"aiohttp": at_python(self.config)},
            )
            try:
                if await self._start(site, last):
                    await self._serve(site, on_ready)
            finally:
                for task in self._beside:
                    task.cancel()
                await asyncio.gather(*self._beside, return_exceptions=True)
                await self._crew.end()
                journals.main.close()  # wakes exporters' threads
                self._ticks.rest()
                self._ready = False
            self._tell_counts(site)

    async def _start(self, site: Site, left: AsyncExitStack) -> bool:
        """All but the receivers; False where the service is to stop already."""
        config, crew = self.config, self._crew
        extensions = [ExtensionUnit(one, site, must_start=True) for one in config.extensions.values()]
        # First those that others name by `auth`.
        for named in (True, False):
            units: list[Unit] = [unit for unit in extensions if hasattr(unit.component.config, "roles") == named]
            crew.start(units)
            if not await crew.up(units, self._stopping):
                return False
        exporters = [ExporterUnit(one, config, site, must_start=True) for one in config.exporters.values()]
        await asyncio.to_thread(_attach, exporters)
        crew.start(exporters)
        if not await crew.up(exporters, self._stopping):
            return False
        site.memories = {
            name: Memory(component.config, log_of(name))
            for name, component in config.processors.items()
            if is_limiter(component)
        }
        # Where the system does not tell how much it is (no /proc), only who asks for a bound is told so.
        if config.service.memory_limit_mib or STATM.exists():
            site.memories[PROCESS] = memory_of(config)
        site.intake = self._ticks.intake = intake_of(config, site.journals.main, self.teller.telemetry, site.made)
        await asyncio.to_thread(site.journals.main.all_attached)
        parts = Parts(site.journals.main, site.journals.dead, site.intake, self._room)
        parts.receivers = lambda: self.config.receivers
        parts.exporters = lambda: [ExporterView(it.id, it.counts, it.linger_s) for it in crew.of(ExporterUnit).values()]
        parts.components = self.components
        await left.enter_async_context(self.teller.telling(parts))
        errands = Errands(site.journals, site.commits)
        crew.start(
            [
                WorkUnit("service", "journal", site.restart, lambda: watch(site.journals)),
                WorkUnit("service", "errands", site.restart, lambda: errands.run(self.data)),
                WorkUnit("service", "processors", site.restart, self._ticks.run),
            ]
        )
        for name, memory in site.memories.items():
            await memory.look(asyncio.get_running_loop().time())
            kind: Kind = "service" if name == PROCESS else "processor"
            crew.start([WorkUnit(kind, name, site.restart, memory.run)])
        await left.enter_async_context(tailed(self.data, site.intake, lambda: self.config))
        return not self._stopping.is_set()

    async def _serve(self, site: Site, on_ready: Callable[[Listening], None]) -> None:
        crew = self._crew
        receivers = [ReceiverUnit(one, self.config, site, must_start=True) for one in self.config.receivers.values()]
        crew.start(receivers)
        failed: ComponentError | None = None
        try:
            if await crew.up(receivers, self._stopping):
                with listening_file(self.data, site.listening):
                    self._ready = True
                    on_ready(site.listening)
                    self._systemd.ready(self._words())
                    await self._until_stop(site)
                    self._ready = False
        except ComponentError as error:
            failed = error
        left, errors = await self._drain(site.journals)
        if failed := failed or next(iter(errors), None):
            raise failed
        if left and site.journals.dead is None:
            raise ServiceError(
                f"not delivered within service.shutdown_timeout ({self.config.service.shutdown_timeout:g}s): {left}"
            )
        if left:
            self._log.info(f"stopped; in the journal, to be delivered after the next start: {left}")

    async def _until_stop(self, site: Site) -> None:
        """Until somebody says so; meanwhile the config's files and the watchdog are looked after."""
        progress = Progress(site.journals.main, max(self._systemd.watchdog_s / 2, PROGRESS_S_MIN))
        self._beside = [asyncio.create_task(self._systemd.watch(progress.gets_on), name="watchdog")]
        if self._watch is not None:
            self._beside.append(asyncio.create_task(self._watch.run(), name="config"))
        await self._stopping.wait()
        for task in self._beside[1:]:  # a reload does not go on beside a stop
            task.cancel()
        await asyncio.gather(*self._beside[1:], return_exceptions=True)

    async def _go_over(self, config: Config) -> str:
        """To another config; what changed.

        Raises:
            ConfigError: It cannot be gone over to.
        """
        if self._site is None:
            return ""
        self._systemd.reloading()
        try:
            changes = await go_over(self._site, self._crew, self.config, config)
            self.config = config
            self._on_config(config)
            self._tell_listening()
            return changes.words()
        finally:
            self._systemd.ready(self._words())

    def _refused(self) -> None:
        """Who asked for a reload waits to hear that it is over, whatever came of it."""
        self._systemd.reloading()
        self._systemd.ready(self._words())

    def _words(self) -> str:
        """How it is, in a line."""
        if self._watch is not None and self._watch.error:
            return "the config is not in order, and the one before runs on: see the log"
        receivers, exporters = self._crew.of(ReceiverUnit), self._crew.of(ExporterUnit)
        failed = [f"{state.kind} {state.id} failed: {state.last_error}" for state in self._crew.failed()]
        return "; ".join([f"{len(receivers)} receivers, {len(exporters)} exporters", *failed])

    async def _drain(self, journals: Opened) -> tuple[str, list[ComponentError]]:
        """First the receivers, then the exporters; what is left undelivered, in words, or nothing; and what failed."""
        self._ready = False
        self._stopping.set()
        self._systemd.stopping()
        crew, loop = self._crew, asyncio.get_running_loop()
        receivers, exporters = crew.of(ReceiverUnit).values(), crew.of(ExporterUnit).values()
        timeout_s = self.config.service.shutdown_timeout
        deadline = loop.time() + timeout_s
        for exporter in exporters:
            exporter.stop()
        errors = await crew.stop([*receivers], timeout_s * RECEIVERS_SHARE)
        await self._ticks.flush(max(deadline - loop.time(), 0.0) / 2)
        for exporter in exporters:
            exporter.closed()
        closing = asyncio.create_task(asyncio.to_thread(journals.main.close))
        out = crew.tasks(exporters)
        await asyncio.wait([closing, *out], timeout=max(deadline - loop.time(), 0.0))
        errors += [error for task in out if isinstance(error := _error_of(task), ComponentError)]
        left = [(exporter.id, exporter.pending_records) for exporter in exporters]
        words = ", ".join(f"{n} record{'s' * (n > 1)} of exporter {identifier}" for identifier, n in left if n)
        return words, errors

    def _tell_listening(self) -> None:
        """A receiver was started again, perhaps at another port; or it is down."""
        if self._ready and self._site is not None:
            tell_listening(self.data, self._site.listening)

    def _tell_counts(self, site: Site) -> None:
        intake: Mapping[str, Any] = site.intake.counters() if site.intake else {"receivers": {}, "unrouted": 0}
        for identifier, counts in intake["receivers"].items():
            self._log.info("received", extra={"receiver": identifier, **counts})
        if intake["unrouted"]:
            self._log.warning("matched no pipeline", extra={"records": intake["unrouted"]})
        for exporter in self._crew.of(ExporterUnit).values():
            counts = exporter.counts
            told = {"exporter": exporter.id, "records": counts.delivered, "dead_lettered": counts.dead_lettered}
            told |= {"refused": counts.refused, "dropped": counts.dropped, "retries": counts.retries}
            self._log.info("delivered", extra=told)


def _attach(exporters: list[ExporterUnit]) -> None:
    for exporter in exporters:
        exporter.attach()


def _error_of(task: "asyncio.Task[None]") -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None
