"""A listening socket of the native HTTP server, shared by the receivers whose endpoint it is."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from logloom import _native
from logloom.receivers._native import Fate, reader
from logloom.receivers._net import cannot_listen, load_pems

if TYPE_CHECKING:
    from logloom.intake import ReceiverContext
    from logloom.receivers._settings import HttpSettings

__all__ = ["NativeListener"]

STOP_S: Final = 5.0
"""How long a stop waits for the requests in hand."""


class NativeListener:
    """One socket, shared by the receivers whose endpoint it is.

    Attributes:
        fate: What becomes of it.
    """

    fate: Fate

    def __init__(self, config: "HttpSettings", context: "ReceiverContext") -> None:
        self._config = config
        self._context = context
        self._sharers = 0
        self._opening = asyncio.Lock()
        self._port = 0
        self._server: _native.HttpServer | None = None

    @classmethod
    def at(cls, config: "HttpSettings", context: "ReceiverContext") -> "NativeListener":
        """The one at this endpoint: that of the receiver that came first. A port of 0 is nobody else's."""
        if not config.endpoint.port:
            return cls(config, context)
        found = context.shared.setdefault(("native http", config.endpoint), cls(config, context))
        return cast("NativeListener", found)

    async def join(self, join: Callable[[_native.HttpServer], None]) -> int:
        """Answer what `join` adds, too; the port is the real one.

        Raises:
            ConfigError: The files of `tls` are not as they must be.
            ServiceError: The endpoint cannot be bound.
        """
        async with self._opening:
            if self._server is not None:
                join(self._server)
            else:
                self._open(join)
            self._sharers += 1
            return self._port

    async def leave(self, routes: list[str]) -> None:
        """Answer these no more; when all who shared it have left, take no more requests and finish those in hand."""
        async with self._opening:
            self._sharers -= 1
            if self._sharers > 0 and self._server is not None:
                self._server.leave(routes)
            elif self._server is not None:
                server, self._server = self._server, None
                await asyncio.to_thread(server.stop, STOP_S)

    def _open(self, join: Callable[[_native.HttpServer], None]) -> None:
        config = self._config
        self.fate = Fate(asyncio.get_running_loop(), self._context.log)
        server = _native.HttpServer(
            self._context.room,
            ready=self._context.ready,
            tell=self.fate.tell,
            connections_max=config.max_connections,
            idle_max_s=config.idle_timeout,
        )
        try:
            if config.tls is not None:
                pems = load_pems(config.tls, grpc_library=False)
                server.tls(pems.cert, pems.key, pems.client_ca, only_1_3=config.tls.min_version == "1.3")
            join(server)
            try:
                self._port = server.bind(config.endpoint.host, config.endpoint.port)
            except OSError as error:
                raise cannot_listen(config.endpoint, reader(error)) from None
            server.start()
        except BaseException:
            server.stop(0)  # what it holds of the journal is let go
            raise
        self._server = server
