"""From a file's bytes to the core: sources with the attributes of their file, pushed until they are taken."""

import asyncio
import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from logloom._native import Delivery, Source
    from logloom.intake import Push, ReceiverContext
    from logloom.receivers._tail import Tail
    from logloom.receivers._watch import Watch
    from logloom.receivers.filelog import Config

__all__ = ["Feed"]

RETRY_S: Final = 0.1
"""The least wait before the same bytes are pushed again."""


class Feed:
    """Pushes what is read of files, one chunk at a time."""

    def __init__(self, config: "Config", context: "ReceiverContext", push: "Push") -> None:
        self._config = config
        self._context = context
        self._push = push
        self._entry = 0

    async def push(self, tail: "Tail", data: bytes) -> None:
        """Push until it is taken, or the service stops; what was not taken is read again at the next start."""
        if tail.source is None:
            tail.source = self._source(tail)
        while not self._context.stopping.is_set():
            delivery = await self._push(tail.source, data)
            if delivery.kind == "retry":
                await self.wait(max(delivery.retry_after_s, RETRY_S))
                continue
            if delivery.kind == "refuse":
                self._context.log.error(
                    "passed over what cannot be read", extra={"path": tail.path, "why": delivery.why}
                )
            tail.advance(len(data))
            self._note(delivery)
            return

    def _source(self, tail: "Tail") -> "Source":
        config, path, resolved = self._config, _text(tail.path), _text(str(Path(tail.path).resolve()))
        names = {
            "log.file.name": config.include_file_name and Path(path).name,
            "log.file.path": config.include_file_path and path,
            "log.file.name_resolved": config.include_file_name_resolved and Path(resolved).name,
            "log.file.path_resolved": config.include_file_path_resolved and resolved,
        }
        return self._push.source(
            config.format,
            peer=path,
            resource=config.resource | {key: name for key, name in names.items() if name},
            offset=tail.offset,
            keep_original=config.keep_original,
            **config.format_options(),
        )

    async def flush(self, watch: "Watch") -> None:
        """Take as they are the last lines of files that are at their end, or silent for `force_flush_period`."""
        before_s = time.monotonic() - self._config.force_flush_period
        silent = (tail for tail in watch.tails.values() if tail.changed_at_s < before_s)
        for tail in [*watch.ended, *(silent if self._config.force_flush_period else ())]:
            if tail.is_unflushed and tail.source is not None:
                delivery = await self._push.flush(tail.source)
                if delivery.kind == "retry":
                    return
                tail.is_unflushed = False
                self._note(delivery)
        watch.ended.clear()

    async def settle(self) -> None:
        """Wait until nothing of what was pushed can be lost any more."""
        await self._push.safe(self._entry)

    async def wait(self, seconds: float) -> None:
        """Wait so long, or until the service stops."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._context.stopping.wait(), max(0.0, seconds))

    def _note(self, delivery: "Delivery") -> None:
        self._entry = max(self._entry, delivery.entry)


def _text(path: str) -> str:
    """A path whose bytes are no UTF-8, as text."""
    return os.fsencode(path).decode("utf-8", "replace")
