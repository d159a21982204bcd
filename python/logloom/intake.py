"""The Python side of the data path: an Intake from its config, and what a receiver is given.

What happens to the bytes is the core's (`rust/intake`); here stands which receiver feeds which pipeline.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from logloom._native import Delivery, Intake, Journal, Messages, Source
from logloom.config import Config, OptionValue
from logloom.errors import DataFolderError

__all__ = ["Push", "Receiver", "ReceiverContext", "intake_of", "own_folder"]

SPAN_FORMATS: Final = frozenset({"jaeger", "otlp_traces", "otlp_traces_json", "zipkin"})
"""The formats whose records come from spans: what a `traces` pipeline takes."""

TRACES: Final = "\0traces"
"""Marks a receiver's spans within the core where `traces` pipelines take them; no id of a config holds it."""

INLINE_BYTES_MAX: Final = 64 << 10
"""A message up to this size is read on the event loop, in some 20 microseconds; a larger one on a thread, so that the
loop goes on answering."""


class Receiver(Protocol):
    """A way in."""

    async def run(self, push: "Push") -> None:
        """Receive until `context.stopping` is set; then take no more, finish what is in hand, and return.

        It calls `context.up` once it listens. Whatever it raises ends the process, with the receiver's id.
        """
        ...


@dataclass(frozen=True, slots=True)
class ReceiverContext:
    """What a receiver is given.

    Attributes:
        id: As in the config: `filelog/mesh`.
        stopping: Set when the service stops. Who is not back within `service.shutdown_timeout` is cancelled.
        log: Where it says what an operator must know: what happened, and fields in `extra`.
        data: The data folder.
        ready: Whether the service is up and takes more: for `/readyz` and the gRPC health service.
        on_up: What `up` calls.
    """

    id: str
    stopping: asyncio.Event
    log: logging.LoggerAdapter[Any]
    data: Path
    ready: Callable[[], bool]
    on_up: Callable[[Mapping[str, str]], None]

    def folder(self) -> Path:
        """This receiver's own folder below the data folder, made with rights for its owner alone."""
        return own_folder(self.data, "receivers", self.id)

    def up(self, **listening: str) -> None:
        """Say that it listens, and where, as in `up(grpc="127.0.0.1:4317")`, with the real ports."""
        self.on_up(listening)


class Push:
    """What one receiver pushes to."""

    def __init__(self, receiver: str, intake: Intake, journal: Journal, threads: Executor, *, traces: bool) -> None:
        """`traces`: whether `traces` pipelines take this receiver's spans, and they alone."""
        self.receiver = receiver
        self._intake = intake
        self._journal = journal
        self._threads = threads
        self._traces = traces

    def messages(self, format_name: str, *, keep_original: bool = True, **options: OptionValue) -> Messages:
        """What whole messages of one format are pushed to (request bodies, datagrams); usable from any thread.

        Raises:
            ConfigError: No such format or option.
        """
        return self._intake.messages(self._source_of(format_name), format_name, keep_original=keep_original, **options)

    def source(
        self,
        format_name: str,
        *,
        peer: str = "",
        resource: Mapping[str, str] | None = None,
        offset: int = 0,
        keep_original: bool = True,
        **options: OptionValue,
    ) -> Source:
        """What the bytes of one source (a file, a connection) are pushed to, in order.

        Args:
            format_name: How the bytes are read.
            peer: Where they come from: a path, an address.
            resource: Attributes of the resource, known from the channel.
            offset: The offset in bytes at which the source is read on.
            keep_original: Whether each record keeps its original line.
            options: The format's.

        Raises:
            ConfigError: No such format or option.
        """
        receiver = self._source_of(format_name)
        return self._intake.source(
            receiver, format_name, peer=peer, resource=resource, offset=offset, keep_original=keep_original, **options
        )

    async def __call__(self, to: Messages | Source, data: "bytes | bytearray | memoryview", peer: str = "") -> Delivery:
        """Push without holding up the event loop: small messages here, larger ones on a thread."""
        arguments = (data, peer) if isinstance(to, Messages) else (data,)
        if len(data) <= INLINE_BYTES_MAX:
            return to.push(*arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads, to.push, *arguments)

    async def flush(self, source: Source) -> Delivery:
        """The source is at its end: what waits for more bytes becomes records."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, source.flush)

    async def settled(self, position: int, timeout_s: float) -> bool:
        """Whether all exporters are done with the entry at `position`, waiting at most `timeout_s` seconds for it."""
        if self._journal.settled() >= position:
            return True
        return await asyncio.to_thread(self._journal.wait_settled, position, timeout_s)

    def _source_of(self, format_name: str) -> str:
        return self.receiver + TRACES if self._traces and format_name in SPAN_FORMATS else self.receiver


def span_receivers(config: Config) -> frozenset[str]:
    """The receivers whose spans belong to `traces` pipelines alone: those that one names."""
    return frozenset(
        receiver
        for name, pipeline in config.service.pipelines.items()
        if name.partition("/")[0] == "traces"
        for receiver in pipeline.receivers
    )


def intake_of(config: Config, journal: Journal) -> Intake:
    """The core's Intake for this config, appending to `journal`."""
    pipelines = []
    for name, pipeline in config.service.pipelines.items():
        mark = TRACES if name.partition("/")[0] == "traces" else ""
        receivers = [receiver + mark for receiver in pipeline.receivers]
        pipelines.append({"name": name, "receivers": receivers, "when": pipeline.when})
    return Intake(journal, pipelines, default_pipeline=config.service.default_pipeline)


def own_folder(data: Path, section: str, identifier: str) -> Path:
    """The folder of one component below the data folder, 0700, made where it is not there.

    Raises:
        DataFolderError: It cannot be made.
    """
    safe = "".join(c if c.isalnum() or c in "._-" else f"%{ord(c):02x}" for c in identifier.replace("/", "+"))
    folder = data / section / safe
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        msg = f"{folder}: cannot be made: {error.strerror}"
        raise DataFolderError(msg) from error
    return folder
