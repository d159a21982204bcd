"""The Python side of the data path: an Intake from its config, and what a receiver is given.

What happens to the bytes is the core's (`rust/intake`); here stands which receiver feeds which pipeline.
"""

import asyncio
import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from logloom._native import Brake, Delivery, Intake, Journal, Messages, Processor, Source, WireMessage
from logloom.access import Access, Rules
from logloom.commits import Commits
from logloom.config import Config, OptionValue, PipelineConfig
from logloom.config.wiring import behind, signal_of, signals_into
from logloom.folder import component_folder
from logloom.identity import Authenticator, Sender
from logloom.logs import Log
from logloom.memory import Memory
from logloom.room import Room
from logloom.telemetry import Source as Metrics
from logloom.telemetry import Telemetry

__all__ = [
    "Made",
    "Push",
    "Receiver",
    "ReceiverContext",
    "condition_of",
    "intake_of",
    "pipelines_of",
    "processors_of",
    "routing_of",
]

SPAN_FORMATS: Final = frozenset({"jaeger", "otlp_traces", "otlp_traces_json", "zipkin"})
"""The formats whose records come from spans: what a `traces` pipeline takes."""

INLINE_BYTES_MAX: Final = 256 << 10
"""A message up to this size is read on the event loop, in some 20 microseconds; a larger one on a thread, so that the
loop goes on answering."""


IN_FLIGHT_BYTES_MAX: Final = 256 << 20
"""`service.in_flight_mib` as it is by default."""
SETTLED_STEP_S: Final = 0.5
"""The longest that a thread waits at a time for exporters to be done, in seconds."""
WITHDRAWN_RETRY_S: Final = 1.0
"""The delay asked of a sender whose message the disk did not take."""


Made = dict[tuple[str, str], tuple[Any, Processor, Metrics | None]]
"""Processors by pipeline and id: each with its type and config, and who tells its metrics."""


class Receiver(Protocol):
    """A way in."""

    async def run(self, push: "Push") -> None:
        """Receive until `context.stopping` is set; then take no more, finish what is in hand, and return.

        It calls `context.up` once it listens. Where it raises, one like it is made and run after a while; if it never
        was up since the service started, that ends the process, with the receiver's id.
        """
        ...


@dataclass(frozen=True, slots=True)
class ReceiverContext:
    """What a receiver is given.

    Attributes:
        id: As in the config: `filelog/mesh`.
        stopping: Set when the receiver is to stop. Who is not back within `service.shutdown_timeout` is cancelled.
        log: Where it says what an operator must know: what happened, and fields in `extra`.
        data: The data folder.
        ready: Whether the service is up and takes more: for `/readyz` and the gRPC health service.
        on_up: What `up` calls.
        shared: What the receivers of one service share, such as a listening socket: by what tells one from another.
        authenticators: By the ids of the extensions that tell who sends.
        access: What decides who may send what, for all receivers of the service.
        room: The process's bound on what is in hand; each server has a part of it.
    """

    id: str
    stopping: asyncio.Event
    log: Log
    data: Path
    ready: Callable[[], bool]
    on_up: Callable[[Mapping[str, str]], None]
    shared: dict[object, object] = field(default_factory=dict)
    authenticators: Mapping[str, Authenticator] = field(default_factory=dict)
    room: Room = field(default_factory=lambda: Room(IN_FLIGHT_BYTES_MAX))
    access: Access = field(default_factory=Access)

    def folder(self) -> Path:
        """This receiver's own folder below the data folder, made with rights for its owner alone."""
        return component_folder(self.data, "receivers", self.id)

    def up(self, **listening: str) -> None:
        """Say that it listens, and where, as in `up(grpc="127.0.0.1:4317")`, with the real ports."""
        self.on_up(listening)


class Push:
    """What one receiver pushes to."""

    def __init__(
        self,
        receiver: str,
        intake: Intake,
        journal: Journal,
        threads: Executor,
        commits: Commits | None = None,
        *,
        memories: Callable[[], Sequence[Memory]] = tuple,
    ) -> None:
        """`receiver` is its id; large messages are read on `threads`; `commits`: of `journal`, and watched.

        `memories`: asked for those that say whether there is memory for more.
        """
        self.receiver = receiver
        self._intake = intake
        self._journal = journal
        self._threads = threads
        self._commits = commits or Commits(journal)
        self._memories = memories
        self._waiting: ThreadPoolExecutor | None = None

    @property
    def brakes(self) -> list[Brake]:
        """What tells native servers the same as `busy_s`."""
        return [memory.brake for memory in self._memories()]

    def busy_s(self) -> float:
        """How long whoever wants to push is to wait, in seconds; 0.0: not at all. From any thread."""
        return max((memory.busy_s for memory in self._memories()), default=0.0)

    def messages(
        self,
        format_name: str,
        *,
        keep_original: bool = True,
        keep_unreadable: bool = False,
        keep_parts: bool = False,
        **options: OptionValue,
    ) -> Messages:
        """What whole messages of one format are pushed to (request bodies, datagrams); usable from any thread.

        `keep_unreadable`: a message of which nothing can be read is kept as a Reject instead of refused, for protocols
        whose clients would send it again for ever. `keep_parts`: only what cannot be taken apart is refused; its parts
        that cannot be read are kept as Rejects, and `Delivery.unreadable` tells which.

        Raises:
            ConfigError: No such format or option.
        """
        return self._intake.messages(
            self.receiver,
            format_name,
            keep_original=keep_original,
            keep_unreadable=keep_unreadable,
            keep_parts=keep_parts,
            **options,
        )

    def source(
        self,
        format_name: str,
        *,
        peer: str = "",
        sender: Sender | None = None,
        resource: Mapping[str, str] | None = None,
        attributes: Mapping[str, str] | None = None,
        offset: int = 0,
        records: int = 0,
        record_offset: bool = False,
        record_number: bool = False,
        keep_original: bool = True,
        frame_bytes_max: int | None = None,
        **options: OptionValue,
    ) -> Source:
        """What the bytes of one source (a file, a connection) are pushed to, in order.

        Args:
            format_name: How the bytes are read.
            peer: Where they come from: a path, an address.
            sender: Who sends them, instead of `peer`; None: nobody, as of a file.
            resource: Attributes of the resource, known from the channel.
            attributes: Attributes of each record.
            offset: The offset in bytes at which the source is read on.
            records: How many records there are before that.
            record_offset: Whether each record says where in the source it begins.
            record_number: Whether each record says which of the source it is.
            keep_original: Whether each record keeps its original line.
            frame_bytes_max: The longest line, in bytes, if that is less than the core's bound.
            options: The format's.

        Raises:
            ConfigError: No such format or option.
        """
        return self._intake.source(
            self.receiver,
            format_name,
            peer=sender.peer if sender else peer,
            identity=sender.identity if sender else None,
            tenant=sender.tenant if sender else "",
            resource=resource,
            attributes=attributes,
            offset=offset,
            records=records,
            record_offset=record_offset,
            record_number=record_number,
            keep_original=keep_original,
            frame_bytes_max=frame_bytes_max,
            **options,
        )

    async def __call__(
        self,
        to: Messages | Source,
        data: "bytes | bytearray | memoryview | WireMessage",
        peer: str = "",
        **known: Any,
    ) -> Delivery:
        """Push without holding up the event loop: small messages here, larger ones, and all that may wait, on a thread.

        What a message became is on disk when it is `done`: its sender may forget it. A source, which can be read again,
        is not waited for: `durable_to` tells how much of it may be forgotten. `known`: what else is known of who sent a
        message, as `Messages.push` takes it: `identity`, `tenant`, `resource`, `given`: what
        was said beside its bytes, such as in a request's path, under names that the format documents.
        """
        if after_s := self.busy_s():
            return Delivery.retry(after_s, "too much memory in use")
        if isinstance(to, Source):
            return await self._push(to, len(data), data)
        delivery = await self.append(to, data, peer, **known)
        if delivery.kind == "done" and not await self.durable(delivery.entry):
            return Delivery.retry(WITHDRAWN_RETRY_S, "the journal could not write it")
        return delivery

    async def append(
        self, to: Messages, data: "bytes | bytearray | memoryview | WireMessage", peer: str = "", **known: Any
    ) -> Delivery:
        """Push without waiting for the disk: whoever acknowledges it asks `durable` first."""
        return await self._push(to, len(data), data, peer, **known)

    async def durable(self, position: int) -> bool:
        """Wait until the entry at `position` is on disk; False: it was withdrawn, and must be pushed again.

        To be asked once for an entry. 0, where nothing was appended, is durable.
        """
        return not position or await self._commits.durable(position)

    async def _push(self, to: Messages | Source, size_bytes: int, *arguments: Any, **known: Any) -> Delivery:
        if size_bytes <= INLINE_BYTES_MAX and not self._intake.waits:
            return to.push(*arguments, **known)
        push = functools.partial(to.push, *arguments, **known)
        return await asyncio.get_running_loop().run_in_executor(self._executor(), push)

    def _executor(self) -> Executor:
        """Where pushes hold up nobody else: those that may wait for a user's function have a thread of the receiver's.

        That takes them one after the other, as the function does, so that each has the function's whole time.
        """
        if not self._intake.waits:
            return self._threads
        if self._waiting is None:
            self._waiting = ThreadPoolExecutor(1, thread_name_prefix=f"push {self.receiver}")
        return self._waiting

    async def flush(self, source: Source) -> Delivery:
        """The source is at its end: what waits for more bytes becomes records."""
        return await asyncio.get_running_loop().run_in_executor(self._executor(), source.flush)

    async def safe(self, position: int) -> None:
        """Wait until the entry at `position` cannot be lost: it is on disk (of a journal in memory, delivered)."""
        if self._journal.notify_fd() is not None:
            if position:
                await self._commits.durable(position)
            return
        while not await self.settled(position, SETTLED_STEP_S):
            pass

    async def settled(self, position: int, timeout_s: float) -> bool:
        """Whether all exporters are done with the entry at `position`, waiting at most `timeout_s` seconds for it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        while self._journal.settled() < position:
            if (left_s := until - loop.time()) <= 0:
                return False
            # In steps, so that a cancelled wait leaves its thread soon.
            await asyncio.to_thread(self._journal.wait_settled, position, min(left_s, SETTLED_STEP_S))
        return True


def intake_of(
    config: Config, journal: Journal, telemetry: Telemetry | None = None, made: "Made | None" = None
) -> Intake:
    """The core's Intake for this config, appending to `journal`; `telemetry` is told of processors' own metrics."""
    pipelines = pipelines_of(config, {} if made is None else made, telemetry)
    return Intake(journal, pipelines, **routing_of(config), senders=Rules.of(config.service).senders())


def routing_of(config: Config) -> dict[str, Any]:
    """What holds for all pipelines, as the core takes it."""
    return {
        "connectors": _connectors(config),
        "default_pipeline": config.service.default_pipeline,
        "dead_letter_pipeline": config.service.dead_letter_pipeline,
        "is_first": config.service.routing == "first",
    }


def _connectors(config: Config) -> list[dict[str, Any]]:
    """The connectors, as the core has them: one for each signal that is given it."""
    pipelines, made = config.service.pipelines, []
    for identifier, component in config.connectors.items():
        module = importlib.import_module(f"logloom.connectors.{component.type}")
        for signal in signals_into(pipelines, identifier):
            told = module.create(component.config, behind(pipelines, identifier, signal))
            made.append({"name": _core_name(config, identifier, signal), **told})
    return made


def _core_name(config: Config, connector: str, signal: str) -> str:
    """Its id; where it hands on two signals, each has its own, and is counted by itself."""
    both = len(signals_into(config.service.pipelines, connector)) > 1
    return f"{connector} ({signal})" if both else connector


def pipelines_of(config: Config, made: "Made", telemetry: Telemetry | None = None) -> list[dict[str, Any]]:
    """The pipelines as the core takes them.

    Args:
        config: The config.
        made: The processors that there are: those whose config is still the same go on, with what they know; it has
            those of this config afterwards, and is left as it is where one cannot be made.
        telemetry: It is told of processors' own metrics.
    """
    pipelines = config.service.pipelines
    now: Made = {}
    built = [
        {
            "name": name,
            "receivers": pipeline.receivers,
            "when": condition_of(config, name),
            "processors": _processors(config, pipeline, name, made, now),
            "connectors": [
                _core_name(config, to, signal_of(name)) for to in pipeline.exporters if to in config.connectors
            ],
            "is_passage": set(pipeline.exporters) <= config.connectors.keys(),
        }
        for name, pipeline in pipelines.items()
    ]
    if telemetry is not None:
        before, after = ({id(one): one for _, _, one in all_.values() if one} for all_ in (made, now))
        telemetry.sources[:] = [one for one in telemetry.sources if id(one) not in before or id(one) in after]
        telemetry.sources += [one for key, one in after.items() if key not in before]
    made.clear()
    made.update(now)
    return built


def _processors(
    config: Config, pipeline: PipelineConfig, name: str, made: "Made", now: "Made"
) -> list[tuple[str, Processor]]:
    """Its processors, by id, each one its own; those that shape no records (`batch`) are none for the core."""
    of = []
    for identifier in pipeline.processors:
        component = config.processors[identifier]
        module = importlib.import_module(f"logloom.processors.{component.type}")
        if not hasattr(module, "create"):
            continue
        as_configured = (component.type, component.config)
        known = made.get((name, identifier))
        if known is None or known[0] != as_configured:
            processor = module.create(component.config)
            metrics = getattr(module, "metrics", None)
            source = functools.partial(metrics, identifier, component.config, processor) if metrics else None
            known = (as_configured, processor, source)
        now[name, identifier] = known
        of.append((identifier, known[1]))
    return of


def processors_of(config: Config, pipeline: PipelineConfig) -> list[tuple[str, Processor]]:
    """The processors of a pipeline, made anew."""
    return _processors(config, pipeline, "", {}, {})


def _takes_spans(pipeline: str) -> bool:
    return signal_of(pipeline) == "traces"


def condition_of(config: Config, name: str) -> str | None:
    """The pipeline's own condition, and what its name says of spans: decided once a batch, by its origin."""
    pipelines = config.service.pipelines
    pipeline = pipelines[name]
    span_receivers = {
        receiver for other, one in pipelines.items() if _takes_spans(other) for receiver in one.receivers
    }.intersection(pipeline.receivers)
    spans = f"format in [{', '.join(map(_quoted, sorted(SPAN_FORMATS)))}]"
    own = [f"({pipeline.when})"] if pipeline.when is not None else []
    if _takes_spans(name):
        return " and ".join([spans, *own])
    if span_receivers:
        receivers = f"receiver in [{', '.join(map(_quoted, sorted(span_receivers)))}]"
        return " and ".join([f"not ({receivers} and {spans})", *own])
    return pipeline.when


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
