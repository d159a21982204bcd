"""A listening socket that speaks HTTP/1.1, shared by the receivers whose endpoint it is."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from logloom.receivers._bounded import Bounded
from logloom.receivers._net import Secured, cannot_listen
from logloom.receivers._routes import Routes
from logloom.room import Room

if TYPE_CHECKING:
    from collections.abc import Mapping

    from logloom.intake import ReceiverContext
    from logloom.receivers._settings import HttpSettings

__all__ = ["Handler", "Listener"]

IN_HAND_BODIES_MAX: Final = 8
"""The room for what is in hand, in bodies of the largest size."""
LINGER_S: Final = 2.0
"""How long the rest of a refused body is still read, so that the client gets to see why."""
STOP_S: Final = 5.0
"""How long a stop waits for the requests in hand."""
BACKLOG: Final = 1024
"""Connections that wait to be accepted."""
PROBES: Final = ("/healthz", "/livez", "/readyz")
"""What is answered on every socket, unless a receiver has that very path."""

LOG: Final = logging.getLogger("logloom.receivers.http")
"""For what would be a bug of ours. aiohttp writes a stack trace also for what is no HTTP: no client may do that."""
LOG.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError)))

Handler = Callable[[web.BaseRequest, "dict[str, str]"], Awaitable[web.Response]]
"""Answers a request; the names in the route's path, and what they stand for."""


class Listener:
    """One socket, and the routes of all who share it.

    Attributes:
        room: How many bytes of requests may be in hand at once.
    """

    def __init__(self, config: "HttpSettings", context: "ReceiverContext") -> None:
        self.room = Room(0, context.room)
        self._body_bytes_max = 0
        self._key = ("http", config.endpoint)
        self._config = config
        self._context = context
        self._routes: Routes[Handler] = Routes()
        self._sharers = 0
        self._opening = asyncio.Lock()
        self._runner: web.ServerRunner | None = None
        self._secured = Secured(config.tls, context.log) if config.tls else None

    @classmethod
    def at(cls, config: "HttpSettings", context: "ReceiverContext") -> "Listener":
        """The one at this endpoint: that of the receiver that came first. A port of 0 is nobody else's."""
        if not config.endpoint.port:
            return cls(config, context)
        listener = cls(config, context)
        return cast("Listener", context.shared.setdefault(listener._key, listener))

    async def join(self, routes: "Mapping[str, Handler]", body_bytes_max: int) -> int:
        """Answer these routes, too; the port is the real one.

        Raises:
            ConfigError: The files of `tls` are not as they must be.
            ServiceError: The endpoint cannot be bound.
        """
        async with self._opening:
            if self._runner is None:
                await self._open()
            self._sharers += 1
            self._routes.add(routes)
            if (more := body_bytes_max - self._body_bytes_max) > 0:
                self._body_bytes_max = body_bytes_max
                self.room.grow(IN_HAND_BODIES_MAX * more)
            return cast("int", cast("web.ServerRunner", self._runner).addresses[0][1])

    async def leave(self) -> None:
        """Take no more requests and finish those in hand, when all who shared it have left.

        Until then who left answers, that it stops: one like it may take its place, and no client must take it for gone.
        """
        async with self._opening:
            self._sharers = max(0, self._sharers - 1)  # one that could not join leaves, too
            if not self._sharers and self._runner is not None:
                runner, self._runner = self._runner, None
                await self._close(runner)
                if self._context.shared.get(self._key) is self:  # who comes then may want another one
                    del self._context.shared[self._key]

    async def _close(self, runner: web.ServerRunner) -> None:
        await runner.cleanup()
        if self._secured is not None:
            await self._secured.stop()

    async def _open(self) -> None:
        config = self._config
        server = Bounded(
            self._handle,
            connections_max=config.max_connections,
            auto_decompress=False,
            keepalive_timeout=config.idle_timeout,
            lingering_time=LINGER_S,
            access_log=None,
            logger=LOG,
        )
        runner = web.ServerRunner(server, shutdown_timeout=STOP_S)
        await runner.setup()
        secured = self._secured.start() if self._secured else None
        host, port = config.endpoint.host or None, config.endpoint.port
        try:
            await web.TCPSite(runner, host, port, backlog=BACKLOG, ssl_context=secured, reuse_port=False).start()
        except OSError as error:
            await self._close(runner)
            raise cannot_listen(config.endpoint, error) from None
        self._runner = runner

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        methods, names = self._routes.find(request.rel_url.raw_path)
        if names and request.path in PROBES:  # a pattern fits whatever has the same shape
            methods = {}
        handler = methods.get(request.method) or (methods.get("GET") if request.method == "HEAD" else None)
        if handler is not None:
            response = await handler(request, names)
        elif methods:
            allowed = [*methods, *(["HEAD"] if "GET" in methods else [])]
            response = web.Response(text=f"only {', '.join(allowed)}\n", status=405)
            response.headers["Allow"] = ", ".join(allowed)
        else:
            response = self._elsewhere(request)
        response.headers["Server"] = "logloom"
        if not request.content.is_eof():  # refused unread: what follows would be the rest of the body
            response.force_close()
        return response

    def _elsewhere(self, request: web.BaseRequest) -> web.Response:
        ready = self._context.ready()
        if request.path in ("/healthz", "/livez"):
            return web.Response(text="ok\n")
        if request.path == "/readyz":
            return web.Response(text="ready\n" if ready else "not ready\n", status=200 if ready else 503)
        if not ready:  # whoever has this path may not be up yet: a client must not take it for gone
            return web.Response(text="not ready\n", status=503, headers={"Retry-After": "1"})
        paths = ", ".join(self._routes.paths())
        return web.Response(text=f"nothing here; paths: {paths}, /healthz, /readyz\n", status=404)
