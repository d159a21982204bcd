"""What the native servers have in common: how they end, and words for it."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from logloom.errors import ServiceError

if TYPE_CHECKING:
    from logloom.logs import Log

__all__ = ["Fate", "reader", "until_stopped"]


class Fate:
    """What becomes of a native server: nothing, as long as it is stopped before it ends by itself.

    Attributes:
        ended: Done, with an error, where it ended by itself.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, log: "Log") -> None:
        self._loop = loop
        self._log = log
        self.ended: asyncio.Future[None] = loop.create_future()

    def tell(self, what: str, words: str) -> None:
        """From the core, on any thread."""
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._told, what, words)

    def _told(self, what: str, words: str) -> None:
        if what == "panicked":
            self._log.error("a request failed by a bug, and was not answered", extra={"why": words})
        elif not self.ended.done():
            self.ended.set_exception(ServiceError(f"the server ended by itself: {words}"))
            self.ended.exception()  # whoever waits hears it; nobody must


async def until_stopped(stopping: asyncio.Event, *servers: object) -> None:
    """Return when `stopping` is set.

    Raises:
        ServiceError: One of the servers, native ones, ended by itself before.
    """
    stop = asyncio.ensure_future(stopping.wait())
    fates = [fate.ended for fate in (getattr(server, "fate", None) for server in servers) if fate is not None]
    try:
        done, _ = await asyncio.wait([stop, *fates], return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        stop.cancel()


def reader(error: OSError) -> str:
    """Why an endpoint cannot be bound, in words."""
    return error.strerror or str(error)
