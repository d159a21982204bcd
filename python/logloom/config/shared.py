"""What several components' configs have in common, under the Collector's names."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from logloom.config.fields import Bound, FormatOptions, Seconds

__all__ = ["Auth", "QueueBatch", "Retry", "SendingQueue", "Unfit", "format_problems"]


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a component as it is configured has nothing to do here: it is left out whole. What `Config.unfit` says.

    Attributes:
        why: In an error's words.
        changes_nothing: Whether no log record would have met it in the Collector either.
    """

    why: str
    changes_nothing: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """When what a destination did not take is sent again: exponential backoff with jitter.

    A delay that the destination names (`RetryInfo`, `Retry-After`, at most an hour) is kept where it is longer. While
    it takes nothing from us at all (401, 403, 404, UNAUTHENTICATED, PERMISSION_DENIED, …), nothing is ever dropped.

    Attributes:
        enabled: Off: what was not taken at the first attempt is dropped, logged and counted.
        initial_interval: The wait after the first failure.
        randomization_factor: A wait is drawn from its length times 1 minus this to 1 plus this.
        multiplier: Each wait is so many times the one before.
        max_interval: The longest wait.
        max_elapsed_time: After so long the batch is dropped, logged and counted. 0, unlike the Collector's 5m: never.
    """

    enabled: bool = True
    initial_interval: Annotated[Seconds, Bound(0.001, 3600)] = 5.0
    randomization_factor: Annotated[float, Bound(0, 1)] = 0.5
    multiplier: Annotated[float, Bound(1, 100)] = 1.5
    max_interval: Annotated[Seconds, Bound(0.001, 86400)] = 30.0
    max_elapsed_time: Annotated[Seconds, Bound(0, 365 * 86400)] = 0.0

    def problems(self) -> Iterator[tuple[str, str]]:
        """The longest wait cannot be shorter than the first."""
        if self.max_interval < self.initial_interval:
            yield (
                "max_interval",
                f"shorter than initial_interval ({self.initial_interval:g}s): make it at least as long",
            )


@dataclass(frozen=True, slots=True)
class QueueBatch:
    """How an exporter's batches are cut, measured in records.

    Attributes:
        flush_timeout: The longest that a record waits for others.
        min_size: Send as soon as so many records are there.
        max_size: The most records in one request, but that what came in one message stays together; 0: as many as are
            there, up to 3.5 MB.
        sizer: How `min_size` and `max_size` are measured; only in records.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {"partition": "no metadata of a request is kept"}

    flush_timeout: Annotated[Seconds, Bound(0, 3600)] = 0.2
    min_size: Annotated[int, Bound(0, 10_000_000)] = 8192
    max_size: Annotated[int, Bound(0, 10_000_000)] = 0
    sizer: Literal["items"] = "items"

    def problems(self) -> Iterator[tuple[str, str]]:
        """The sizes must be in order."""
        if 0 < self.max_size < self.min_size:
            yield "max_size", f"less than min_size ({self.min_size}): make it at least as large, or 0"


@dataclass(frozen=True, slots=True)
class SendingQueue:
    """The Collector's queue before an exporter. Here that is the Journal; when full, it drops nothing: it refuses.

    Attributes:
        enabled: Read for the Collector's sake; the Journal is always there.
        batch: How batches are cut; `{}` for the defaults. Without it, whatever waits is sent at once.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "storage": "the journal is on disk",
        "block_on_overflow": "a full journal asks the senders to wait",
        "num_consumers": "one request at a time keeps the order",
        "queue_size": "the journal is the queue, and has its own bounds",
        "sizer": "the journal is measured in bytes",
        "wait_for_result": "receivers that need it wait for the exporters",
    }

    enabled: bool = True
    batch: QueueBatch | None = None


@dataclass(frozen=True, slots=True)
class Auth:
    """Who may send, or as whom to send.

    Attributes:
        authenticator: The id of an extension that decides it, such as `basicauth/agents`.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {"request_params": "credentials are read from headers alone"}

    authenticator: str

    def problems(self) -> Iterator[tuple[str, str]]:
        """It names one."""
        if not self.authenticator:
            yield "authenticator", "is needed: the id of an extension"


def format_problems(format_name: str, options: FormatOptions) -> Iterator[tuple[str, str]]:
    """What is wrong with a receiver's `format` and `options`, as its `problems()` yields it."""
    from logloom._native import ConfigError, Parser

    arguments: dict[str, Any] = dict(options)
    try:
        Parser(format_name, **arguments)
    except ConfigError as error:
        told = str(error)
        if (place := re.match(r"((?:operators|attributes|resource)\S*): ", told)) and format_name == "operators":
            yield place[1], told[place.end() :]  # what is wrong in an operator is told where it stands
        else:
            yield ("format" if told.startswith("unknown format") else "options"), told
