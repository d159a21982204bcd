"""`fluentforward`: what Fluentd and Fluent Bit send with their `forward` outputs, and the `fluent-logger` libraries.

Message, Forward, PackedForward and CompressedPackedForward (gzip, zstd) modes, `EventTime`, acknowledgements of chunks,
the handshake with a shared key and users, and heartbeats; over TCP, TLS or a Unix socket.

Specification: https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1
"""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from logloom._native import Wire
from logloom.config import Secret, StreamEndpoint
from logloom.receivers._settings import StreamSettings
from logloom.receivers._stream import StreamServer

if TYPE_CHECKING:
    from logloom.intake import Push, ReceiverContext


@dataclass(frozen=True, slots=True)
class User:
    """Who may send.

    Attributes:
        username: The name, which is the identity that `service.identities` has rules for.
        password: The password.
    """

    username: str
    password: Secret

    def problems(self) -> Iterator[tuple[str, str]]:
        """Who has no name is nobody."""
        if not self.username:
            yield "username", "empty: give a name, which says who sends"


@dataclass(frozen=True, slots=True)
class Security:
    """Fluentd's `<security>` section: clients must prove that they know the key.

    Attributes:
        shared_key: What both sides know.
        self_hostname: What this server calls itself; the machine's name where not given.
        users: Names and passwords, one of which a client must give as well; none: the key is enough.
    """

    shared_key: Secret
    self_hostname: str = ""
    users: list[User] = field(default_factory=list)

    def problems(self) -> Iterator[tuple[str, str]]:
        """No key is no security."""
        if not self.shared_key.reveal():
            yield "shared_key", "empty: give a key, or remove 'security'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(StreamSettings):
    """Fluentd's `in_forward`, under the Collector's name.

    Attributes:
        endpoint: Where to listen: `host:port`, or `unix:///path`.
        security: What clients must prove; nothing where not given.
    """

    endpoint: StreamEndpoint = StreamEndpoint("127.0.0.1", 24224)  # noqa: RUF009 — frozen
    security: Security | None = None


def create(config: Config, context: "ReceiverContext") -> "FluentForward":
    """The receiver; it listens when it runs."""
    return FluentForward(config, context)


class FluentForward:
    """Serves the protocol on one endpoint."""

    def __init__(self, config: Config, context: "ReceiverContext") -> None:
        self._config = config
        self._context = context

    async def run(self, push: "Push") -> None:
        """Listen until the service stops."""
        messages = push.messages("fluentforward", keep_unreadable=True)
        security = self._config.security
        server = StreamServer(
            self._config,
            self._context,
            push,
            lambda _sender: messages,
            self._wire,
            has_users=security is not None and bool(security.users),
        )
        listening = await server.start()
        heartbeats = await _heartbeats(listening)
        try:
            self._context.up(forward=listening)
            await self._context.stopping.wait()
        finally:
            if heartbeats is not None:
                heartbeats.close()
            await server.stop()

    def _wire(self) -> Wire:
        arguments: dict[str, Any] = {}
        if (security := self._config.security) is not None:
            arguments = {
                "shared_key": security.shared_key.reveal(),
                "users": [(user.username, user.password.reveal()) for user in security.users],
                "hostname": security.self_hostname or socket.gethostname(),
            }
        return Wire.fluentforward(message_bytes_max=self._config.max_message_size, **arguments)


class _Heartbeats(asyncio.DatagramProtocol):
    """Old Fluentd asks by UDP whether the server lives: one byte, answered with one."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not of that class before Python 3.12, but with its methods.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, _data: bytes, addr: tuple[Any, ...]) -> None:
        self._transport.sendto(b"\0", addr)


async def _heartbeats(listening: str) -> asyncio.BaseTransport | None:
    """Answer heartbeats on the same port where that is free; who needs them falls back to TCP otherwise."""
    if listening.startswith("unix:"):
        return None
    host, _, port = listening.rpartition(":")
    try:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(_Heartbeats, (host.strip("[]") or "0.0.0.0", int(port)))  # noqa: S104 - as TCP does
    except OSError:
        return None
    return transport
