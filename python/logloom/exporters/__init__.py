"""The ways out: one file each, named like its type in the config.

A file holds a docstring, `class Config`, `def create(config, context)` and one class with `send`.
"""

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from logloom._native import Batch, Delivery
from logloom.errors import RefuseError
from logloom.folder import component_folder
from logloom.identity import Credentials
from logloom.logs import Log

__all__ = ["Exporter", "ExporterContext", "TooLargeError"]

# Before grpc is imported, which reads it once: what it would write to stderr is told in our own log.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")


class Exporter(Protocol):
    """A destination.

    It may also be an async context manager: entered before the first receiver starts, left after the last batch.

    It may have `request_bytes_max`: what it takes in one request, as OTLP; larger batches come in pieces.

    It may have `only_counts`: whatever comes is delivered, without a look at it; `send` is not called then.

    It may have a state of its own, of at most 64 KiB, which is saved together with its place in the journal:
    `checkpoint() -> bytes` is asked for it after each batch, `restore(state: bytes | None)` is called with what was
    saved last, before it is entered. So a destination that can be cut back has each record once, also after a crash.
    """

    async def send(self, batch: Batch) -> Delivery:
        """Deliver one batch in one request; called again only when the call before has returned.

        Returns:
            `done`, with how many records were taken, and of those that were not each by its number, where the
            destination tells; or `retry` with the delay in seconds that it asked for (0.0: none; the config's
            `retry_on_failure` says when); or `refuse`: it never will take this.

        Raises:
            RetryError: As `retry`, with the reason; so do OSError and TimeoutError.
            DestinationError: It takes nothing from us as things stand; nothing is wrong with the records.
            TooLargeError: It will not take so much at once.
            RefuseError: As `refuse`.
        """
        ...


class TooLargeError(RefuseError):
    """The destination will not take so much at once."""


@dataclass(frozen=True, slots=True)
class ExporterContext:
    """What an exporter is given.

    Attributes:
        id: As in the config: `otlp/siem`.
        log: Where it says what an operator must know: what happened, and fields in `extra`.
        data: The data folder.
        save: Saves a state at once, with the place up to which all is delivered; OSError where that is not possible.
        credentials: By the ids of the extensions that say as whom to send.
    """

    id: str
    log: Log
    data: Path
    save: Callable[[bytes], Awaitable[None]]
    credentials: Mapping[str, Credentials] = field(default_factory=dict)

    def folder(self) -> Path:
        """This exporter's own folder below the data folder, made with rights for its owner alone."""
        return component_folder(self.data, "exporters", self.id)
