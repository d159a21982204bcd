"""What the receivers that listen have in common: TLS, and words for what goes wrong."""

import asyncio
import os
import re
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from logloom.access.names import names_of_peercert
from logloom.config.exposed import is_loopback
from logloom.errors import ServiceError
from logloom.tls import Pems, Reloaded, for_grpc, server_context, swapping

if TYPE_CHECKING:
    import grpc

    from logloom.config import Endpoint, ServerTls
    from logloom.intake import ReceiverContext
    from logloom.logs import Log

__all__ = ["GrpcSecured", "Secured", "cannot_listen", "names_of", "warn_if_open"]

_NUMBERED: Final = re.compile(r" \(os error \d+\)$")
_WAYS_OUT: Final[Mapping[str, str]] = {
    "in use": "stop what listens there, or give another endpoint",
    "ermission denied": "a port below 1024 needs a right to it (CAP_NET_BIND_SERVICE): give another endpoint",
}
"""By what the system says."""


class Secured:
    """The TLS of a listening socket: each new connection gets what the files of `tls` hold by then."""

    def __init__(self, tls: "ServerTls", log: "Log") -> None:
        self._tls = tls
        self._now: ssl.SSLContext | None = None
        self._reloaded = Reloaded(tls, self._take, log)

    def start(self) -> ssl.SSLContext:
        """What to listen with.

        Raises:
            ConfigError: The files are not as they must be.
        """
        self._reloaded.start()
        return swapping(self._current(), self._current)

    async def stop(self) -> None:
        """Look at the files no more."""
        await self._reloaded.stop()

    def _take(self, pems: Pems) -> None:
        self._now = server_context(self._tls, pems)
        # Tickets would lie unread at a client that only writes; as it goes, its kernel would reset the connection,
        # and ours forget what it sent last.
        self._now.num_tickets = 0

    def _current(self) -> ssl.SSLContext:
        return cast("ssl.SSLContext", self._now)


class GrpcSecured:
    """The same for a gRPC server, as credentials."""

    def __init__(self, tls: "ServerTls", log: "Log") -> None:
        self._tls = tls
        self._now: Any = None
        self._given: Any = None
        self._reloaded = Reloaded(tls, self._take, log)

    def start(self) -> "grpc.ServerCredentials":
        """What to bind with.

        Raises:
            ConfigError: The files are not as they must be, or more is asked than gRPC can.
        """
        import grpc

        for_grpc(self._tls)
        self._reloaded.start()
        self._given = self._now
        wants = self._tls.client_ca_file is not None
        return grpc.dynamic_ssl_server_credentials(self._now, self._fetch, wants)

    async def stop(self) -> None:
        """Look at the files no more."""
        await self._reloaded.stop()

    def _take(self, pems: Pems) -> None:
        import grpc

        server_context(self._tls, pems)  # says what will not do, where gRPC would only fail
        self._now = grpc.ssl_server_certificate_configuration([(pems.key or b"", pems.cert or b"")], pems.ca)

    def _fetch(self) -> Any:
        """Asked at each handshake, by a thread of gRPC's: another certificate, where there is one."""
        now = self._now
        if now is self._given:
            return None
        self._given = now
        return now


def names_of(transport: asyncio.BaseTransport | None) -> tuple[str, ...]:
    """The names in the certificate that the client at the other end showed."""
    secured = transport.get_extra_info("ssl_object") if transport is not None else None
    return names_of_peercert(secured.getpeercert()) if isinstance(secured, ssl.SSLObject | ssl.SSLSocket) else ()


def warn_if_open(context: "ReceiverContext", endpoint: "Endpoint", tls: "ServerTls | None") -> None:
    """Say it where plain text comes in over the network."""
    if not is_loopback(endpoint.host) and tls is None:
        context.log.warning(
            "listens beyond this machine without TLS: whoever reaches it can read and write; "
            "give 'tls', or an endpoint of 127.0.0.1",
            extra={"endpoint": str(endpoint)},
        )


def cannot_listen(endpoint: object, why: str | OSError) -> ServiceError:
    """The error where `endpoint` cannot be bound, with the way out."""
    if isinstance(why, OSError):  # asyncio puts its own words before the system's
        why = os.strerror(why.errno) if why.errno and why.errno > 0 else why.strerror or str(why)
    why = _NUMBERED.sub("", why)
    out = next(
        (out for said, out in _WAYS_OUT.items() if said in why), "give an address of this machine as its endpoint"
    )
    return ServiceError(f"cannot listen on {endpoint}: {why}: {out}")
