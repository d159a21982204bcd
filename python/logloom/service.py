"""Builds everything from the config, last to first, runs it, and takes it down again. The only wiring there is."""

import asyncio
import importlib
import logging
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any, Final

from logloom._native import Journal
from logloom.access import Access, Rules
from logloom.commits import Commits
from logloom.config import Component, Config, PipelineConfig
from logloom.config.sharing import served_by_python
from logloom.config.wiring import reached
from logloom.errands import Errands
from logloom.errors import ComponentError, LogloomError, ServiceError
from logloom.exporters import Exporter, ExporterContext
from logloom.exporters._follow import RECORDS_MAX, Bookmark, Cut, Follower
from logloom.extensions import ExtensionContext
from logloom.folder import held, listening_file
from logloom.intake import Push, Receiver, ReceiverContext, intake_of
from logloom.journal import DeadLetters, Opened, opened, watch
from logloom.logs import log_of
from logloom.memory import Memory
from logloom.processors import batch as batch_processor
from logloom.processors import memory_limiter
from logloom.room import Room
from logloom.tailing import tailed
from logloom.telemetry.numbers import ExporterView, Parts
from logloom.telemetry.teller import Teller
from logloom.ticks import Ticks

__all__ = ["Listening", "Service"]

Listening = Mapping[str, Mapping[str, str]]
"""Where the receivers listen: by id, by protocol, the endpoint."""

PUSH_THREADS: Final = 4
"""Threads that read large messages; the core releases the GIL."""
SAVE_S: Final = 2.0
"""How long a stop waits for the exporters' places to be saved, in seconds."""
RECEIVERS_SHARE: Final = 0.8
"""The share of `service.shutdown_timeout` that receivers have to finish what is in hand."""


class Service:
    """Everything that a config describes, running."""

    def __init__(self, config: Config, data: Path) -> None:
        """Nothing is opened yet; `data` is the data folder."""
        self.config = config
        self.data = data
        self._log = log_of("service")
        self._stopping = asyncio.Event()
        self._ready = False
        self._listening: dict[str, Mapping[str, str]] = {}
        self._all_up = asyncio.Event()
        listening = {**config.receivers, **config.extensions}
        at_python = served_by_python({name: component.config for name, component in listening.items()})
        self._shared: dict[object, object] = {"aiohttp": at_python}
        self._extensions: dict[str, Any] = {}
        self._memories = {
            name: Memory(component.config, log_of(name))
            for name, component in config.processors.items()
            if component.type == memory_limiter.__name__.rpartition(".")[2]
        }
        self._room = Room(config.service.in_flight_mib << 20)
        self.teller = Teller(config.service.telemetry, data, lambda: self._ready)
        self._ticks = Ticks(log_of("processors"))
        self._access = Access(Rules.of(config.service))

    def ready(self) -> bool:
        """Whether every receiver is up, the service takes more, and nothing stalls."""
        return self.teller.ready()

    def stop(self) -> None:
        """Take no more, deliver what was accepted, and let `run` return."""
        self._stopping.set()

    async def run(self, on_ready: Callable[[Listening], None] = lambda _: None) -> None:
        """Run until `stop` is called, then deliver what was accepted, within `service.shutdown_timeout`.

        What is not delivered by then stays in the journal, for the next run.

        Args:
            on_ready: Called once all receivers are up, with where they listen.

        Raises:
            DataFolderError: The data folder cannot be used.
            ComponentError: A receiver or exporter cannot start, or failed; the others were stopped as by `stop`.
            ServiceError: The journal is in memory, and some records were not delivered in time.
        """
        async with AsyncExitStack() as last:
            stack = ExitStack()
            # Not on the event loop: a disk that hangs must not keep a second Ctrl-C from being heard.
            last.push_async_callback(asyncio.to_thread, stack.close)
            stack.enter_context(held(self.data))
            threads = stack.enter_context(ThreadPoolExecutor(PUSH_THREADS, "push"))
            waiters = stack.enter_context(ThreadPoolExecutor(len(self.config.exporters), "exporter"))
            journals = await asyncio.to_thread(stack.enter_context, opened(self.config, self.data))
            main, dead = Commits(journals.main), Commits(journals.dead or journals.main)
            last.enter_context(main.watched())
            if journals.dead is not None:
                last.enter_context(dead.watched())
            letters = DeadLetters(journals, main, dead, self.config.service.dead_letter_pipeline)
            async with AsyncExitStack() as left:
                # First those that others name by `auth`.
                for component in sorted(
                    self.config.extensions.values(), key=lambda it: not hasattr(it.config, "roles")
                ):
                    self._extensions[component.id] = await self._extension(component, left)
                followers = [
                    await self._follower(component, journals.main, waiters, letters, left)
                    for component in self.config.exporters.values()
                ]
                intake = self._ticks.intake = intake_of(self.config, journals.main, self.teller.telemetry)
                receivers = [
                    (
                        _create(component, "receiver", self._receiver_context(component)),
                        Push(
                            component.id, intake, journals.main, threads, main, memories=self._memories_of(component.id)
                        ),
                    )
                    for component in self.config.receivers.values()
                ]
                journals.main.all_attached()
                parts = Parts(journals.main, journals.dead, intake, self._room)
                parts.receivers = lambda: self.config.receivers
                parts.exporters = lambda: [ExporterView(it.id, it.counts, it.linger_s) for it in followers]
                await left.enter_async_context(self.teller.telling(parts))
                for work in (watch(journals), Errands(journals, main).run(self.data)):
                    left.push_async_callback(_ended, _task("journal", work))
                left.callback(self._ticks.rest)
                left.push_async_callback(_ended, _task("processors", self._ticks.run()))
                for name, memory in self._memories.items():
                    await memory.look(asyncio.get_running_loop().time())
                    left.push_async_callback(_ended, _task(f"processor {name}", memory.run()))
                await left.enter_async_context(tailed(self.data, intake, lambda: self.config))
                await self._run(followers, receivers, journals, on_ready)
            self._tell_counts(intake.counters(), followers)

    async def _run(
        self,
        followers: list[Follower],
        receivers: list[tuple[Receiver, Push]],
        journals: Opened,
        on_ready: Callable[[Listening], None],
    ) -> None:
        out = [_task(f"exporter {follower.id}", follower.run()) for follower in followers]
        into = [_task(f"receiver {push.receiver}", receiver.run(push)) for receiver, push in receivers]
        up = asyncio.create_task(self._all_up.wait())
        stop = asyncio.create_task(self._stopping.wait())
        try:
            done, _ = await asyncio.wait([up, stop, *into, *out], return_when=asyncio.FIRST_COMPLETED)
            if up in done and done <= {up, stop}:
                with listening_file(self.data, self._listening):
                    self._ready = True
                    on_ready(self._listening)
                    await asyncio.wait([stop, *into, *out], return_when=asyncio.FIRST_COMPLETED)
                    self._ready = False
            failed = None if self._stopping.is_set() else next(task for task in (*into, *out) if task.done())
            left = await self._drain(followers, into, out, journals.main)
            if failed is None:
                failed = next((task for task in (*into, *out) if _error_of(task) is not None), None)
            if failed is not None:
                raise _component_error(failed)
            if left and journals.dead is None:
                raise ServiceError(
                    f"not delivered within service.shutdown_timeout ({self.config.service.shutdown_timeout:g}s): {left}"
                )
            if left:
                self._log.info(f"stopped; in the journal, to be delivered after the next start: {left}")
        finally:
            for task in (up, stop, *into, *out):
                task.cancel()
            await asyncio.gather(up, stop, *into, *out, return_exceptions=True)

    async def _drain(
        self,
        followers: list[Follower],
        into: list[asyncio.Task[None]],
        out: list[asyncio.Task[None]],
        journal: Journal,
    ) -> str:
        """First the receivers, then the exporters; what is left undelivered, in words, or nothing."""
        self._ready = False
        self._stopping.set()
        loop = asyncio.get_running_loop()
        timeout_s = self.config.service.shutdown_timeout
        deadline = loop.time() + timeout_s
        for follower in followers:
            follower.stopping()
        _, late = await asyncio.wait(into, timeout=timeout_s * RECEIVERS_SHARE)
        for task in late:
            self._log.warning("did not stop in time, and is cut off", extra={"component": task.get_name()})
            task.cancel()
        await asyncio.gather(*into, return_exceptions=True)
        await self._ticks.flush(max(deadline - loop.time(), 0.0) / 2)
        for follower in followers:
            follower.closed()
        closing = asyncio.create_task(asyncio.to_thread(journal.close))
        await asyncio.wait([closing, *out], timeout=max(deadline - loop.time(), 0.0))
        # Whoever still holds the journal, such as a request that was cut off: the exporters' places are saved now.
        saving = asyncio.create_task(asyncio.to_thread(journal.save))
        await asyncio.wait([saving], timeout=SAVE_S)
        saving.add_done_callback(lambda done: done.cancelled() or done.exception())  # the journal's health tells
        left = [(follower.id, follower.pending.pending_records) for follower in followers]
        return ", ".join(f"{n} record{'s' * (n > 1)} of exporter {identifier}" for identifier, n in left if n)

    async def _extension(self, component: Component, left: AsyncExitStack) -> Any:
        server = self._server_context(component.id, lambda _listening: None)
        context = ExtensionContext(component.id, log_of(component.id), self.ready, server)
        extension = _create(component, "extension", context)
        await _enter(extension, component, "extension", left)
        return extension

    async def _follower(
        self,
        component: Component,
        journal: Journal,
        waiters: ThreadPoolExecutor,
        letters: DeadLetters,
        left: AsyncExitStack,
    ) -> Follower:
        named = {
            name: pipeline
            for name, pipeline in self.config.service.pipelines.items()
            if component.id in pipeline.exporters
        }
        bookmark = Bookmark(journal, journal.cursor(component.id, list(named), start=component.start))
        credentials = {name: extension for name, extension in self._extensions.items() if hasattr(extension, "headers")}
        context = ExporterContext(component.id, log_of(component.id), self.data, bookmark.save, credentials)
        exporter: Exporter = _create(component, "exporter", context)
        if hasattr(exporter, "restore"):
            exporter.restore(bookmark.cursor.state)
        if hasattr(exporter, "__aenter__"):
            await _enter(exporter, component, "exporter", left)
        retry = getattr(component.config, "retry_on_failure", None)
        cut = self._cut(component, list(named.values()))
        return Follower(
            exporter,
            bookmark,
            waiters,
            retry=retry,
            cut=cut,
            context=context,
            dead_letters=letters,
            may_leave=self.config.journal.kind == "disk",
        )

    def _cut(self, component: Component, pipelines: list[PipelineConfig]) -> Cut:
        """How its requests are cut: as `sending_queue.batch` says, or the `batch` processors of its pipelines."""
        batch = getattr(getattr(component.config, "sending_queue", None), "batch", None)
        if batch is not None:
            sizes = [(batch.min_size, batch.max_size, batch.flush_timeout)]
        else:
            sizes = [
                (config.send_batch_size, config.send_batch_max_size, config.timeout)
                for pipeline in pipelines
                for processor in (self.config.processors[name] for name in pipeline.processors)
                if isinstance(config := processor.config, batch_processor.Config)
            ]
        if not sizes:
            return Cut()
        return Cut(
            records_min=min(size[0] for size in sizes),
            records_max=min((size[1] for size in sizes if size[1]), default=RECORDS_MAX),
            linger_s=min(size[2] for size in sizes),
        )

    def _memories_of(self, receiver: str) -> list[Memory]:
        """Those of the pipelines that the receiver feeds, over connectors too."""
        pipelines = self.config.service.pipelines
        names = {name for pipeline in reached(self.config, receiver) for name in pipelines[pipeline].processors}
        return [memory for name, memory in self._memories.items() if name in names]

    def _receiver_context(self, component: Component) -> ReceiverContext:
        def on_up(listening: Mapping[str, str]) -> None:
            self._listening[component.id] = listening
            if len(self._listening) == len(self.config.receivers):
                self._all_up.set()

        return self._server_context(component.id, on_up)

    def _server_context(self, identifier: str, on_up: Callable[[Mapping[str, str]], None]) -> ReceiverContext:
        log = log_of(identifier)
        known = {name: extension for name, extension in self._extensions.items() if hasattr(extension, "authenticate")}
        return ReceiverContext(
            identifier,
            self._stopping,
            log,
            self.data,
            self.ready,
            on_up,
            self._shared,
            known,
            self._room,
            self._access,
        )

    def _tell_counts(self, intake: Mapping[str, Any], followers: list[Follower]) -> None:
        for identifier, counts in intake["receivers"].items():
            self._log.info("received", extra={"receiver": identifier, **counts})
        if intake["unrouted"]:
            self._log.warning("matched no pipeline", extra={"records": intake["unrouted"]})
        for follower in followers:
            counts = follower.counts
            told = {"exporter": follower.id, "records": counts.delivered, "dead_lettered": counts.dead_lettered}
            told |= {"refused": counts.refused, "dropped": counts.dropped, "retries": counts.retries}
            self._log.info("delivered", extra=told)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _create(component: Component, what: str, context: Any) -> Any:
    module = importlib.import_module(f"logloom.{what}s.{component.type}")
    try:
        return module.create(component.config, context)
    except LogloomError as error:
        raise ComponentError(f"{what} {component.id}: {error}") from error


async def _enter(made: Any, component: Component, what: str, left: AsyncExitStack) -> None:
    try:
        await left.enter_async_context(made)
    except (LogloomError, OSError) as error:
        raise ComponentError(f"{what} {component.id}: {error}") from error


def _task(name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    return asyncio.create_task(work, name=name)


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None


def _component_error(task: asyncio.Task[None]) -> ComponentError:
    """What to tell of a component that failed, or that ended though nobody stopped it."""
    error = _error_of(task)
    if error is None:
        return ComponentError(f"{task.get_name()}: ended by itself, which none should")
    if not isinstance(error, LogloomError | OSError):  # a bug: its place is needed
        logging.getLogger("logloom").error("unexpected failure", exc_info=error)
    told = ComponentError(f"{task.get_name()}: {str(error) or type(error).__name__}")
    told.__cause__ = error
    return told
