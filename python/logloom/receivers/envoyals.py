"""`envoyals`: Envoy's gRPC access log service. Each entry, of HTTP or TCP, becomes a record.

An Envoy opens a stream and sends for as long as it lives; who it is stands in the first message alone. The service has
no acknowledgement but the answer at the end: a client that closes its stream gets it once all that it sent is
journalled. While the journal is full nothing more is read, and Envoy holds back what it can.

Specification: https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/accesslog/v3/als.proto
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from grpc import StatusCode

from logloom.config import Bound, Endpoint, Seconds
from logloom.receivers._gate import Gate
from logloom.receivers._grpc import RETRY_AFTER_S, GrpcServer, Refusal
from logloom.receivers._inflow import Inflow
from logloom.receivers._net import warn_if_open
from logloom.receivers._settings import GrpcSettings
from logloom.room import Room

if TYPE_CHECKING:
    from logloom.identity import Sender
    from logloom.intake import Push, ReceiverContext

METHODS: Final = tuple(
    f"/envoy.service.accesslog.{version}.AccessLogService/StreamAccessLogs" for version in ("v3", "v2")
)
"""The messages of both versions are numbered alike."""
IN_HAND_MESSAGES_MAX: Final = 32
"""The room for what is in hand of all streams, in messages of the largest size."""
WINDOW_BYTES: Final = 64 << 10
"""What a stream may send ahead; thousands of them stay open, and most of the time say little."""
DRAIN_S: Final = 0.5
"""How long what is under way is still read at a stop, in seconds."""
STOP_S: Final = 5.0
"""How long a stop waits for what is in hand, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(GrpcSettings):
    """Envoy's access log service.

    Attributes:
        endpoint: Where to listen.
        max_streams: The most streams at once, over all connections; further ones are refused.
        idle_timeout: A stream that is silent for so long is ended; Envoy opens another when it has something to say.
    """

    endpoint: Endpoint = Endpoint("127.0.0.1", 19001)  # noqa: RUF009 — frozen
    max_streams: Annotated[int, Bound(1, 1_000_000)] = 16_384
    idle_timeout: Annotated[Seconds, Bound(1, 86400)] = 3600.0


def create(config: Config, context: "ReceiverContext") -> "EnvoyAls":
    """The receiver; it listens when it runs."""
    return EnvoyAls(config, context)


class EnvoyAls:
    """Serves the service on one endpoint."""

    def __init__(self, config: Config, context: "ReceiverContext") -> None:
        self._config = config
        self._context = context
        self._streams = 0
        self._working: set[asyncio.Future[object]] = set()

    async def run(self, push: "Push") -> None:
        """Listen until the service stops."""
        config = self._config
        warn_if_open(self._context, config.endpoint, config.tls)
        message_bytes_max = config.max_recv_msg_size_mib << 20
        room = Room(IN_HAND_MESSAGES_MAX * message_bytes_max, self._context.room)
        to = push.messages("envoy_als", keep_unreadable=True, serialization="proto")
        stopping: asyncio.Future[bool] = asyncio.ensure_future(self._stop())

        async def stream(messages: AsyncIterator[bytes], sender: "Sender") -> bytes:
            with room.guest() as guest:
                inflow = Inflow(push, to, sender, guest=guest, stopping=stopping, working=self._working)
                return await self._taken(messages, inflow, stopping)

        server = GrpcServer(
            {},
            message_bytes_max=message_bytes_max,
            ready=self._context.ready,
            options=[*config.options(), ("grpc.http2.lookahead_bytes", WINDOW_BYTES), ("grpc.http2.bdp_probe", 0)],
            gate=Gate(self._context, config.auth),
            streams=dict.fromkeys(METHODS, stream),
        )
        listening = str(Endpoint(config.endpoint.host, server.bind(config.endpoint, config.tls)))
        await server.start()
        try:
            self._context.up(grpc=listening)
            await stopping
        finally:
            stopping.cancel()
            await server.stop(STOP_S)
            if self._working:
                await asyncio.wait(self._working, timeout=STOP_S)

    async def _stop(self) -> bool:
        return await self._context.stopping.wait()

    async def _taken(self, messages: AsyncIterator[bytes], inflow: Inflow, stopping: "asyncio.Future[bool]") -> bytes:
        """Read a stream to its end; the answer has no fields."""
        if self._streams >= self._config.max_streams:
            raise Refusal(StatusCode.RESOURCE_EXHAUSTED, "too many streams, come again", RETRY_AFTER_S)
        self._streams += 1
        try:
            while (data := await self._next(messages, stopping)) is not None:
                await inflow.take(data)
            await inflow.safe()
        except asyncio.CancelledError:
            self._context.log.info("a stream broke off: what was still under way is lost", extra={"peer": inflow.peer})
            raise
        finally:
            self._streams -= 1
        return b""

    async def _next(self, messages: AsyncIterator[bytes], stopping: "asyncio.Future[bool]") -> bytes | None:
        """The next message; None where the client has closed the stream."""
        read = asyncio.ensure_future(anext(messages, None))
        try:
            await asyncio.wait((read, stopping), timeout=self._config.idle_timeout, return_when=asyncio.FIRST_COMPLETED)
            if stopping.done():
                await asyncio.wait((read,), timeout=DRAIN_S)
            if read.done():
                return read.result()
        finally:
            read.cancel()
        if stopping.done():
            raise Refusal(StatusCode.UNAVAILABLE, "stopping", RETRY_AFTER_S)
        raise Refusal(StatusCode.UNAVAILABLE, f"silent for {self._config.idle_timeout:g} s", RETRY_AFTER_S)
