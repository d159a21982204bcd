"""The native HTTP server: from the socket to the journal and back without Python, on all cores.

The same as `_http.HttpServer`, for receivers whose paths are all described (`_pages`); `engine: aiohttp` chooses the
other. Where a receiver that needs Python listens at the same endpoint, all that do are served by Python.
"""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from logloom import _native
from logloom._native import Messages, Reply
from logloom.config import Endpoint
from logloom.receivers._gate import Gate
from logloom.receivers._native import Fate, until_stopped
from logloom.receivers._native_listener import NativeListener
from logloom.receivers._pages import FixedPage, Pushes, ReadyPage
from logloom.receivers._routes import hold_claims

if TYPE_CHECKING:
    from logloom.intake import Push, ReceiverContext
    from logloom.receivers._settings import HttpSettings

__all__ = ["NativeHttpServer"]

_Serving = tuple[str, list[tuple[str, Any, str | None]]] | tuple[str, bytes] | tuple[Literal["ready"]]


class NativeHttpServer:
    """One receiver's part of a listening socket.

    Args:
        config: Where, and within which bounds.
        context: The receiver's.
        routes: By method and path, as `_http.HttpServer` has them; each is a page, or tells what it pushes (`pushes`).
        push: Where bodies go.
        later: The status that tells a client to come again when the journal is full.
        tenant_headers: The headers in which the protocol names the tenant, in lower case.
    """

    def __init__(
        self,
        config: "HttpSettings",
        context: "ReceiverContext",
        routes: Mapping[str, Any],
        push: "Push",
        later: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE,
        *,
        tenant_headers: tuple[str, ...] = (),
    ) -> None:
        hold_claims(config, routes)
        self._config = config
        self._context = context
        self._routes = routes
        self._push = push
        self._later = later
        self._gate = Gate(context, config.auth, tenant_headers)
        self._listener = NativeListener.at(config, context)

    @property
    def fate(self) -> Fate:
        """That of the socket that it shares."""
        return self._listener.fate

    async def start(self) -> int:
        """Listen; the port is the real one.

        Raises:
            ConfigError: The files of `tls` are not as they must be.
            ServiceError: The endpoint cannot be bound.
        """
        config, loop = self._config, asyncio.get_running_loop()
        gate = self._gate
        asks = not gate.door.is_plain or (config.tls is not None and config.tls.client_ca_file is not None)
        cors = config.cors if config.cors is not None and config.cors.allowed_origins else None

        def join(server: _native.HttpServer) -> None:
            server.join(
                [(key, self._serving(route, loop)) for key, route in self._routes.items()],
                body_bytes_max=config.max_request_body_size,
                read_max_s=config.read_timeout,
                later=self._later.value,
                brakes=getattr(self._push, "brakes", []),
                cors=(cors.allowed_origins, cors.allowed_headers, cors.max_age) if cors is not None else None,
                decide=gate.decider(loop) if asks else None,
                reads=list(gate.reads),
            )

        return await self._listener.join(join)

    async def serve(self) -> None:
        """Listen until the service stops."""
        port = await self.start()
        try:
            self._context.up(http=str(Endpoint(self._config.endpoint.host, port)))
            await until_stopped(self._context.stopping, self)
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Take no more requests and finish those in hand."""
        await self._listener.leave(list(self._routes))

    def _serving(self, route: Any, loop: asyncio.AbstractEventLoop) -> _Serving:
        if isinstance(route, FixedPage):
            return route.content_type, route.body
        if isinstance(route, ReadyPage):
            return ("ready",)
        pushes: Pushes = route.pushes()
        takes = [
            (kind, to if isinstance(to, Messages) else _pushed(self._push, to, loop), pushes.packed.get(kind))
            for kind, to in pushes.takes.items()
        ]
        return pushes.style, takes


def _pushed(
    push: "Push", to: Any, loop: asyncio.AbstractEventLoop
) -> Callable[[bytes, str, dict[str, Any], Reply], None]:
    """What the core calls where bodies go to something of Python's, from its threads."""
    running: set[asyncio.Task[None]] = set()

    async def answer(data: bytes, peer: str, known: dict[str, Any], reply: Reply) -> None:
        reply.deliver(await push(to, data, peer, **known))

    def begin(data: bytes, peer: str, known: dict[str, Any], reply: Reply) -> None:
        task = loop.create_task(answer(data, peer, known, reply))
        running.add(task)
        task.add_done_callback(running.discard)

    def call(data: bytes, peer: str, known: dict[str, Any], reply: Reply) -> None:
        loop.call_soon_threadsafe(begin, data, peer, known, reply)

    return call
