"""What a receiver answers over HTTP: its routes on a listening socket that it may share with others.

A route says which content types it takes and how it answers; here stands what is the same for all of them: bounds on
size and time, inflating within a bound, what becomes of what was pushed.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol

from aiohttp import web

from logloom.config import Endpoint
from logloom.receivers._body import RETRY_AFTER_S, Body, Encoding, Refusal, admit, peer_of
from logloom.receivers._cors import for_browsers
from logloom.receivers._gate import Gate
from logloom.receivers._listener import Listener
from logloom.receivers._net import warn_if_open
from logloom.receivers._routes import hold_claims

if TYPE_CHECKING:
    from logloom._native import Delivery, Messages
    from logloom.intake import Push, ReceiverContext
    from logloom.receivers._settings import HttpSettings

__all__ = ["Call", "HttpServer", "Page", "Route"]

GIVEN_CHARS_MAX: Final = 1024
"""The most that a request may say of its records beside its body."""


@dataclass(slots=True)
class Call:
    """One request, as its route sees it.

    Attributes:
        request: Its head: headers, method, query.
        content_type: What its body is said to be, in lower case, without parameters.
        names: What the names in the route's path stand for.
        body: The body, inflated, once it is there: not yet in `accepts`.
        tenant: Whose records these are.
        resource: Attributes of the resource that are known from the request; for `accepts` to say, as all that follows.
        identity: Who sent it, where that is asked.
        packed: How the content itself is coded, by its type.
        given: What else the request says of its records, under names that the format documents.
        began_s: When it came, by a clock that cannot be set.
    """

    request: web.BaseRequest
    content_type: str
    names: Mapping[str, str]
    body: bytes | bytearray = b""
    tenant: str = ""
    resource: dict[str, str] = field(default_factory=dict)
    identity: str = ""
    packed: Encoding | None = None
    given: dict[str, str] = field(default_factory=dict)
    began_s: float = field(default_factory=monotonic)

    def query(self, name: str) -> str:
        """A parameter of the query; empty where it is not there."""
        return self.request.rel_url.query.get(name, "")

    def header(self, name: str) -> str:
        """A header; empty where it is not there."""
        return self.request.headers.get(name, "")


class Route(Protocol):
    """A path to which bodies are sent that are pushed."""

    def accepts(self, call: Call) -> "Messages | None":
        """Where such a body goes; None where its content type is none that is known here. May raise `Refusal`."""

    def taken(self, call: Call, delivery: "Delivery") -> web.Response:
        """The answer to what was taken."""

    def refused(self, call: Call, refusal: Refusal) -> web.Response:
        """The answer to what was not; the status and the headers are set by the server."""


Page = Callable[[Call], web.Response]
"""A path that answers by itself: nothing is pushed."""


class HttpServer:
    """One receiver's part of a listening socket.

    Args:
        config: Where, and within which bounds.
        context: The receiver's.
        routes: By method and path: `POST /api/v2/spans`, `POST /{index}/_bulk` (`_routes.Routes`).
        push: Where bodies go.
        later: The status that tells a client to come again when the journal is full.
        tenant_headers: The headers in which the protocol names the tenant, in lower case.
    """

    def __init__(
        self,
        config: "HttpSettings",
        context: "ReceiverContext",
        routes: Mapping[str, Route | Page],
        push: "Push",
        later: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE,
        *,
        tenant_headers: tuple[str, ...] = (),
    ) -> None:
        hold_claims(config, routes)
        self._config = config
        self._context = context
        handlers = {key: functools.partial(self._handle, route) for key, route in routes.items()}
        self._handlers = for_browsers(config.cors, handlers)
        self._push = push
        self._later = later
        self._body = Body(config.max_request_body_size, config.read_timeout)
        self._gate = Gate(context, config.auth, tenant_headers)
        self._listener = Listener.at(config, context)

    async def start(self) -> int:
        """Listen; the port is the real one. What it raises: as `Listener.join`."""
        warn_if_open(self._context, self._config.endpoint, self._config.tls)
        return await self._listener.join(self._handlers, self._config.max_request_body_size)

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
        await self._listener.leave()

    async def _handle(self, route: Route | Page, request: web.BaseRequest, names: dict[str, str]) -> web.Response:
        call = Call(request, request.content_type.lower(), names)
        try:
            if request.method == "OPTIONS" and callable(route):
                return route(call)  # which methods there are is no secret, and who asks shows nothing
            sender = await admit(self._gate, request)
            call.identity, call.tenant = sender.identity, sender.tenant
            if callable(route):
                with self._listener.room.guest() as guest:
                    call.body = await self._body.read(request, guest) if request.body_exists else b""
                    return route(call)
            return await self._take(route, call)
        except Refusal as refusal:
            response = web.Response(text=f"{refusal}\n") if callable(route) else route.refused(call, refusal)
            response.set_status(refusal.status)
            response.headers.update(refusal.headers)
            if refusal.retry_after_s is not None:
                response.headers["Retry-After"] = str(max(1, ceil(refusal.retry_after_s)))
            return response

    async def _take(self, route: Route, call: Call) -> web.Response:
        if (messages := route.accepts(call)) is None:
            told = f"cannot read content of type '{call.content_type[:100]}'"
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, told)
        if self._context.stopping.is_set():
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "stopping", RETRY_AFTER_S)
        if sum(map(len, call.given.values())) > GIVEN_CHARS_MAX:  # it may stand in each record
            told = f"what the path and the query say has more than {GIVEN_CHARS_MAX} characters"
            raise Refusal(HTTPStatus.REQUEST_URI_TOO_LONG, told)
        with self._listener.room.guest() as guest:
            call.body = await self._body.read(call.request, guest, call.packed)
            said = {"identity": call.identity, "tenant": call.tenant, "resource": call.resource, "given": call.given}
            known: dict[str, Any] = {name: value for name, value in said.items() if value}
            delivery = await self._push(messages, call.body, peer_of(call.request), **known)
            if delivery.kind == "retry":
                raise Refusal(self._later, delivery.why, delivery.retry_after_s)
            if delivery.kind == "refuse":
                raise Refusal(HTTPStatus.BAD_REQUEST, delivery.why)
            return route.taken(call, delivery)
