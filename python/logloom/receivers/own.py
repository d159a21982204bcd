"""`own`: logloom's own log lines, as records for any exporter.

What is shown on stderr comes in as well, in the same bounds: of one component and message at most ten lines a minute,
so that a destination that fails, which is told, does not feed itself. Lines from before it is up are not taken.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from logloom.logs import limited, line_of

if TYPE_CHECKING:
    from logloom.intake import Push, ReceiverContext

WAITING_MAX: Final = 1000
"""The most lines that wait to be taken; the oldest give way, and are counted in the next one's `suppressed`."""
AT_ONCE_MAX: Final = 100
RETRY_S_MIN: Final = 0.2


@dataclass(frozen=True, slots=True)
class Config:
    """What the lines are known by.

    Attributes:
        resource: Attributes of the resource, beside `service.name`.
    """

    resource: dict[str, str] = field(default_factory=dict)


def create(config: Config, context: "ReceiverContext") -> "Own":
    """The receiver; it listens to the log when it runs."""
    return Own(config, context)


class Own:
    """Takes what is told."""

    def __init__(self, config: Config, context: "ReceiverContext") -> None:
        self._resource: Mapping[str, str] = {"service.name": "logloom", **config.resource}
        self._context = context

    async def run(self, push: "Push") -> None:
        """Take lines until the service stops, and those that wait then."""
        messages = push.messages("json", keep_unreadable=True, keep_original=False)
        told = _Told(asyncio.get_running_loop())
        logger = logging.getLogger("logloom")
        logger.addHandler(told)
        stopping = asyncio.ensure_future(self._context.stopping.wait())
        try:
            self._context.up()
            while not stopping.done() or told.waiting:
                some = asyncio.ensure_future(told.some.wait())
                await asyncio.wait([stopping, some], return_when=asyncio.FIRST_COMPLETED)
                some.cancel()
                lines = told.take()
                if not lines:
                    continue
                delivery = await push(messages, b"".join(lines), resource=self._resource)
                if delivery.kind == "retry":
                    told.give_back(lines)
                    if stopping.done():
                        break
                    await asyncio.wait([stopping], timeout=max(delivery.retry_after_s, RETRY_S_MIN))
        finally:
            logger.removeHandler(told)
            stopping.cancel()


class _Told(logging.Handler):
    """Lines that wait; told from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.addFilter(limited(time.monotonic))
        self.some = asyncio.Event()
        self.waiting: deque[bytes] = deque(maxlen=WAITING_MAX)
        self._loop = loop

    def emit(self, record: logging.LogRecord) -> None:
        line: dict[str, Any] = line_of(record)
        flat = {f"logloom.{key}": value for key, value in line.pop("fields", {}).items()}
        flat["logloom.component"] = line.pop("component")
        self.waiting.append(orjson.dumps(line | flat, default=str) + b"\n")
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.some.set)

    def take(self) -> list[bytes]:
        """Some of them, in order."""
        lines = [self.waiting.popleft() for _ in range(min(AT_ONCE_MAX, len(self.waiting)))]
        if not self.waiting:
            self.some.clear()
        return lines

    def give_back(self, lines: list[bytes]) -> None:
        """They were not taken."""
        self.waiting.extendleft(reversed(lines))
        self.some.set()
