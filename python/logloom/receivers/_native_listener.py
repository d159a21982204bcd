"""A listening socket of the native HTTP server, shared by the receivers whose endpoint it is."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from logloom import _native
from logloom.receivers._native import Fate, reader
from logloom.receivers._net import cannot_listen
from logloom.tls import Pems, Reloaded, not_only_1_2, server_context

if TYPE_CHECKING:
    from logloom.config import ServerTls
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
        self._reloaded: Reloaded | None = None

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
            self._sharers = max(0, self._sharers - 1)  # one that could not join leaves, too
            if self._sharers > 0 and self._server is not None:
                self._server.leave(routes)
            elif self._server is not None:
                server, self._server = self._server, None
                await self._reloaded_no_more()
                key = ("native http", self._config.endpoint)
                if self._context.shared.get(key) is self:  # who comes then may want another one
                    del self._context.shared[key]
                await asyncio.to_thread(server.stop, STOP_S)

    async def _reloaded_no_more(self) -> None:
        if self._reloaded is not None:
            await self._reloaded.stop()

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
                not_only_1_2(config.tls)
                self._reloaded = Reloaded(config.tls, partial(_take, server, config.tls), self._context.log)
                self._reloaded.start()
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


def _take(server: _native.HttpServer, tls: "ServerTls", pems: Pems) -> None:
    server_context(tls, pems)  # says what will not do in the words of the other servers
    server.tls(pems.cert or b"", pems.key or b"", pems.ca, only_1_3=tls.min_version == "1.3")
