"""The Collector's settings of the servers that receivers listen with, under its names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from logloom.config import Auth, Bound, Bytes, Endpoint, Seconds, ServerTls, StreamEndpoint
from logloom.receivers._cors import Cors

__all__ = ["GrpcSettings", "HttpSettings", "StreamSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """The Collector's settings of an HTTP server.

    Receivers whose `endpoint` is the same share one server: `tls`, `idle_timeout` and `max_connections` are the same
    for them, the other settings each one's own.

    Attributes:
        endpoint: Where to listen.
        tls: The certificate to show; plain text where not given.
        auth: Who may send; everybody where not given.
        insecure: Listen beyond this machine without TLS, or without asking who sends; refused otherwise.
        max_request_body_size: The largest body, as sent and inflated; a larger one is answered with 413.
        read_timeout: How long a request may take to arrive; then it is answered with 408.
        idle_timeout: How long a connection may stay without a request, or take for the headers of one.
        max_connections: The most connections at once; further ones are closed.
        cors: Which pages may send from a browser; none of other sites where not given.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "dialer": "nothing is dialled",
        "response_headers": "answers have the headers that they need",
        "transport": "TCP is used",
        "compression_algorithms": "gzip, deflate and zstd are always taken",
        "include_metadata": "no metadata of a request is kept",
        "keep_alives_enabled": "connections are kept for idle_timeout",
        "read_header_timeout": "idle_timeout bounds it",
        "write_timeout": "answers are small",
    }
    LACKING: ClassVar[Mapping[str, str]] = {"middlewares": "a request goes through 'auth' and nothing else"}
    SAME: ClassVar[tuple[str, ...]] = ("tls", "idle_timeout", "max_connections")

    endpoint: Endpoint
    tls: ServerTls | None = None
    auth: Auth | None = None
    insecure: bool = False
    max_request_body_size: Annotated[Bytes, Bound(1 << 10, 1 << 30)] = 20 << 20
    read_timeout: Annotated[Seconds, Bound(0.01, 3600)] = 30.0
    idle_timeout: Annotated[Seconds, Bound(0.01, 3600)] = 60.0
    max_connections: Annotated[int, Bound(1, 1_000_000)] = 4096
    cors: Cors | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """Nothing can be wrong between these."""
        yield from ()

    def claims(self) -> list[str]:
        """What it answers, as the keys of its routes: `POST /api/{name}`."""
        return []


@dataclass(frozen=True, slots=True)
class KeepaliveServer:
    """How connections are probed and ended.

    Attributes:
        time: A connection that is silent for so long is probed.
        timeout: And closed when the probe has no answer for so long.
        max_connection_idle: A connection without a request for so long is closed; 0: never.
        max_connection_age: A connection is closed after so long, so that clients spread over several servers; 0: never.
        max_connection_age_grace: How long its requests may go on then.
    """

    time: Annotated[Seconds, Bound(1, 86400)] = 60.0
    timeout: Annotated[Seconds, Bound(1, 3600)] = 20.0
    max_connection_idle: Annotated[Seconds, Bound(0, 365 * 86400)] = 0.0
    max_connection_age: Annotated[Seconds, Bound(0, 365 * 86400)] = 0.0
    max_connection_age_grace: Annotated[Seconds, Bound(0, 86400)] = 10.0


@dataclass(frozen=True, slots=True)
class KeepaliveEnforcement:
    """How often clients may probe; one that does so more often is disconnected.

    Attributes:
        min_time: The least time between two probes.
        permit_without_stream: Whether they may while they have no request open.
    """

    min_time: Annotated[Seconds, Bound(0, 86400)] = 10.0
    permit_without_stream: bool = True


@dataclass(frozen=True, slots=True)
class Keepalive:
    """The life of gRPC connections.

    Attributes:
        server_parameters: How connections are probed and ended.
        enforcement_policy: How often clients may probe.
    """

    server_parameters: KeepaliveServer = field(default_factory=KeepaliveServer)
    enforcement_policy: KeepaliveEnforcement = field(default_factory=KeepaliveEnforcement)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcSettings:
    """The Collector's settings of a gRPC server.

    Attributes:
        endpoint: Where to listen.
        transport: Only TCP.
        tls: The certificate to show; plain text where not given.
        auth: Who may send; everybody where not given.
        insecure: Listen beyond this machine without TLS, or without asking who sends; refused otherwise.
        max_recv_msg_size_mib: The largest message, in MiB, also inflated.
        max_concurrent_streams: The most requests at once on one connection.
        max_connections: The most connections at once.
        keepalive: The life of connections.
    """

    LACKING: ClassVar[Mapping[str, str]] = {"middlewares": "a request goes through 'auth' and nothing else"}
    IGNORED: ClassVar[Mapping[str, str]] = {
        "dialer": "nothing is dialled",
        "include_metadata": "no metadata of a request is kept",
        "read_buffer_size": "the core reads as much as is there",
        "write_buffer_size": "answers are small",
    }

    endpoint: Endpoint
    transport: Literal["tcp"] = "tcp"
    tls: ServerTls | None = None
    auth: Auth | None = None
    insecure: bool = False
    max_recv_msg_size_mib: Annotated[int, Bound(1, 1024)] = 4
    max_concurrent_streams: Annotated[int, Bound(1, 1_000_000)] = 100
    max_connections: Annotated[int, Bound(1, 1_000_000)] = 4096
    keepalive: Keepalive = field(default_factory=Keepalive)

    def options(self) -> list[tuple[str, Any]]:
        """The settings as gRPC's channel arguments."""
        server, policy = self.keepalive.server_parameters, self.keepalive.enforcement_policy
        times = {
            "grpc.keepalive_time_ms": server.time,
            "grpc.keepalive_timeout_ms": server.timeout,
            "grpc.max_connection_idle_ms": server.max_connection_idle,
            "grpc.max_connection_age_ms": server.max_connection_age,
            "grpc.max_connection_age_grace_ms": server.max_connection_age_grace if server.max_connection_age else 0,
            "grpc.http2.min_recv_ping_interval_without_data_ms": policy.min_time,
        }
        return [
            ("grpc.max_concurrent_streams", self.max_concurrent_streams),
            ("grpc.max_allowed_incoming_connections", self.max_connections),
            ("grpc.keepalive_permit_without_calls", int(policy.permit_without_stream)),
            *((name, round(seconds * 1000)) for name, seconds in times.items() if seconds),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """The settings of a server for a protocol of its own on connections.

    Attributes:
        endpoint: Where to listen.
        tls: The certificate to show; plain text where not given.
        insecure: Listen beyond this machine without TLS, or without asking who sends; refused otherwise.
        max_message_size: The largest message, as sent and inflated; the connection of a larger one is closed.
        max_connections: The most connections at once; further ones are closed.
        idle_timeout: A connection that is silent for so long is closed.
        read_timeout: So is one that stays silent for so long in the middle of a message.
    """

    endpoint: StreamEndpoint
    tls: ServerTls | None = None
    insecure: bool = False
    max_message_size: Annotated[Bytes, Bound(1 << 10, 1 << 30)] = 16 << 20
    max_connections: Annotated[int, Bound(1, 1_000_000)] = 16_384
    idle_timeout: Annotated[Seconds, Bound(1, 86400)] = 3600.0
    read_timeout: Annotated[Seconds, Bound(1, 3600)] = 30.0
