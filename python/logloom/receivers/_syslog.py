"""The ways in of `syslog`: their settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from logloom.config import Bound, Bytes, Endpoint, Seconds, ServerTls, StreamEndpoint
from logloom.receivers._datagram import DatagramSettings
from logloom.receivers._settings import StreamSettings

__all__ = ["Tcp", "Udp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tcp:
    """Syslog over TCP, and TLS.

    Attributes:
        listen_address: Where to listen: `host:port`, or `unix:///path`.
        tls: The certificate to show; plain text where not given.
        insecure: Listen beyond this machine without TLS, or without asking who sends; refused otherwise.
        max_connections: The most connections at once; further ones are closed.
        idle_timeout: A connection that is silent for so long is closed.
    """

    IGNORED: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (
            "add_attributes",
            "enable_octet_counting",
            "encoding",
            "max_log_size",
            "multiline",
            "one_log_per_packet",
            "preserve_leading_whitespaces",
            "preserve_trailing_whitespaces",
        ),
        "framing and encoding are found by their looks",
    )

    listen_address: StreamEndpoint
    tls: ServerTls | None = None
    insecure: bool = False
    max_connections: Annotated[int, Bound(1, 1_000_000)] = 16_384
    idle_timeout: Annotated[Seconds, Bound(1, 86400)] = 86_400.0

    def settings(self) -> StreamSettings:
        """Those of its server."""
        return StreamSettings(
            endpoint=self.listen_address,
            tls=self.tls,
            max_connections=self.max_connections,
            idle_timeout=self.idle_timeout,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Udp:
    """Syslog over UDP: a datagram is a message.

    Attributes:
        listen_address: Where to listen.
        insecure: Listen beyond this machine, though datagrams have no TLS; refused otherwise.
        socket_buffer_size: What the kernel is asked to hold of datagrams that were not read yet.
        queue_size: What waits here for the journal; datagrams beyond that are dropped, and counted.
        engine: `native` reads and pushes many at a time, in the core; `asyncio` is Python's, within one event loop.
    """

    IGNORED: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (
            "add_attributes",
            "async",
            "encoding",
            "multiline",
            "one_log_per_packet",
            "preserve_leading_whitespaces",
            "preserve_trailing_whitespaces",
        ),
        "a datagram is a message, in UTF-8 or what it looks like",
    )

    listen_address: Endpoint
    insecure: bool = False
    socket_buffer_size: Annotated[Bytes, Bound(1 << 12, 1 << 30)] = 8 << 20
    queue_size: Annotated[Bytes, Bound(1 << 16, 1 << 30)] = 16 << 20
    engine: Literal["native", "asyncio"] = "native"

    def settings(self) -> DatagramSettings:
        """Those of its server."""
        return DatagramSettings(
            endpoint=self.listen_address,
            socket_buffer_size=self.socket_buffer_size,
            queue_size=self.queue_size,
            engine=self.engine,
        )
