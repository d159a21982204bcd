"""An HTTP/1.1 server for messages in POST bodies, with bounds on everything that a client can send.

A route says which content types it takes and how it answers; here stands what is the same for all of them: limits on
size, time and connections, inflating within a bound, `/healthz` and `/readyz`.
"""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Final, Protocol, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from logloom.config import Endpoint
from logloom.receivers._body import RETRY_AFTER_S, Body, Refusal, peer_of
from logloom.receivers._bounded import Bounded
from logloom.receivers._net import Room, cannot_listen, ssl_context, warn_if_open

if TYPE_CHECKING:
    from logloom._native import Delivery, Messages
    from logloom.intake import Push, ReceiverContext
    from logloom.receivers._settings import HttpSettings

__all__ = ["HttpServer", "Route"]

IN_HAND_BODIES_MAX: Final = 8
"""The room for what is in hand, in bodies of the largest size."""
LINGER_S: Final = 2.0
"""How long the rest of a refused body is still read, so that the client gets to see why."""
STOP_S: Final = 5.0
"""How long a stop waits for the requests in hand."""
BACKLOG: Final = 1024
"""Connections that wait to be accepted."""

LOG: Final = logging.getLogger("logloom.receivers.http")
"""For what would be a bug of ours. aiohttp writes a stack trace also for what is no HTTP: no client may do that."""
LOG.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError)))


class Route(Protocol):
    """What is particular to one path."""

    def accepts(self, content_type: str) -> "Messages | None":
        """Where bodies of this type go; None where there is no such type here."""

    def taken(self, content_type: str, delivery: "Delivery") -> web.Response:
        """The answer to what was taken."""

    def refused(self, content_type: str, refusal: Refusal) -> web.Response:
        """The answer to what was not; the status and the headers are set by the server."""


class HttpServer:
    """One listening socket.

    Args:
        config: Where, and within which bounds.
        context: The receiver's.
        routes: By path.
        push: Where bodies go.
        pages: What is answered to a GET, by path.
    """

    def __init__(
        self,
        config: "HttpSettings",
        context: "ReceiverContext",
        routes: Mapping[str, Route],
        push: "Push",
        pages: Mapping[str, Callable[[web.BaseRequest], web.Response]] | None = None,
    ) -> None:
        self._config = config
        self._context = context
        self._routes = routes
        self._push = push
        self._pages = pages or {}
        self._body = Body(config.max_request_body_size, config.read_timeout)
        self._room = Room(IN_HAND_BODIES_MAX * config.max_request_body_size)
        self._runner: web.ServerRunner | None = None

    async def start(self) -> int:
        """Listen; the port is the real one.

        Raises:
            ConfigError: The files of `tls` are not as they must be.
            ServiceError: The endpoint cannot be bound.
        """
        config = self._config
        warn_if_open(self._context, config.endpoint, config.tls)
        server = Bounded(
            self._handle,
            connections_max=config.max_connections,
            auto_decompress=False,
            keepalive_timeout=config.idle_timeout,
            lingering_time=LINGER_S,
            access_log=None,
            logger=LOG,
        )
        self._runner = runner = web.ServerRunner(server, shutdown_timeout=STOP_S)
        await runner.setup()
        secured = ssl_context(config.tls) if config.tls else None
        host, port = config.endpoint.host or None, config.endpoint.port
        try:
            await web.TCPSite(runner, host, port, backlog=BACKLOG, ssl_context=secured, reuse_port=False).start()
        except OSError as error:
            await runner.cleanup()
            raise cannot_listen(config.endpoint, error.strerror or str(error)) from None
        return cast("int", runner.addresses[0][1])

    async def serve(self) -> None:
        """Listen until the service stops."""
        port = await self.start()
        try:
            self._context.up(http=str(Endpoint(self._config.endpoint.host, port)))
            await self._context.stopping.wait()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Take no more requests and finish those in hand."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        route = self._routes.get(request.path)
        content_type = request.content_type.lower()
        if route is None:
            response = self._elsewhere(request)
        else:
            try:
                response = await self._take(route, content_type, request)
            except Refusal as refusal:
                response = route.refused(content_type, refusal)
                response.set_status(refusal.status)
                response.headers.update(refusal.headers)
                if refusal.retry_after_s is not None:
                    response.headers["Retry-After"] = str(max(1, ceil(refusal.retry_after_s)))
        response.headers["Server"] = "logloom"
        if not request.content.is_eof():  # refused unread: what follows would be the rest of the body
            response.force_close()
        return response

    def _elsewhere(self, request: web.BaseRequest) -> web.Response:
        if (page := self._pages.get(request.path)) is not None and request.method == "GET":
            return page(request)
        if request.path == "/healthz":
            return web.Response(text="ok\n")
        if request.path == "/readyz":
            ready = self._context.ready()
            return web.Response(text="ready\n" if ready else "not ready\n", status=200 if ready else 503)
        return web.Response(text=f"nothing here; paths: {', '.join(self._routes)}, /healthz, /readyz\n", status=404)

    async def _take(self, route: Route, content_type: str, request: web.BaseRequest) -> web.Response:
        if request.method != "POST":
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "only POST", headers={"Allow": "POST"})
        if (messages := route.accepts(content_type)) is None:
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"cannot read content of type '{content_type[:100]}'")
        if self._context.stopping.is_set():
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "stopping", RETRY_AFTER_S)
        with self._room.guest() as guest:
            body = await self._body.read(request, guest)
            delivery = await self._push(messages, body, peer_of(request))
        if delivery.kind == "retry":
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the journal is full", delivery.retry_after_s)
        if delivery.kind == "refuse":
            raise Refusal(HTTPStatus.BAD_REQUEST, delivery.why)
        return route.taken(content_type, delivery)
