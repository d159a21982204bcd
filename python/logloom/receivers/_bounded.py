"""aiohttp's server with a bound on its connections."""

import asyncio
from typing import Any

from aiohttp import web

__all__ = ["Bounded"]


class Bounded(web.Server):
    """A server that closes the connections that are too many."""

    def __init__(self, handler: Any, *, connections_max: int, **options: Any) -> None:
        super().__init__(handler, **options)
        self._connections_max = connections_max
        self._open: set[web.RequestHandler] = set()

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self._open.add(handler)
        if len(self._open) > self._connections_max:
            asyncio.get_running_loop().call_soon(transport.abort)  # not before the handler has begun

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        self._open.discard(handler)
        super().connection_lost(handler, exc)
