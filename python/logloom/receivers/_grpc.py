"""A gRPC server whose methods take raw bytes, with bounds on everything that a client can send.

grpcio's asyncio server: a call whose message never comes holds no thread. Messages reach the handler as they were sent,
still compressed (`grpc.per_message_decompression`): grpcio would inflate without a bound on the way. The only
compression offered is gzip, whose first two bytes (1f 8b) begin no protobuf message: that would be field 3 with wire
type 7, which does not exist.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import grpc
import grpc.aio

from logloom._native import decompress
from logloom.errors import DataError, LimitError
from logloom.receivers._gate import Gate
from logloom.receivers._gated import RETRY_AFTER_S, Refusal
from logloom.receivers._methods import Handler, Methods, StreamHandler
from logloom.receivers._net import GrpcSecured, cannot_listen
from logloom.room import Room

if TYPE_CHECKING:
    from logloom.config import Endpoint, ServerTls
    from logloom.identity import Sender

__all__ = ["RETRY_AFTER_S", "GrpcServer", "Handler", "Refusal", "StreamHandler"]

IN_HAND_MESSAGES_MAX: Final = 32
"""The room for what is in hand, in messages of the largest size."""
HEADERS_BYTES_MAX: Final = 16 << 10
FRAME_BYTES: Final = 1 << 20
LOOKAHEAD_BYTES: Final = 4 << 20
"""Bigger frames and windows than usual: 18 % less work for a request of 450 KB."""
IDENTITY_AND_GZIP: Final = 0b101
"""The compressions offered, as a set of grpc_compression_algorithm."""
INLINE_BYTES_MAX: Final = 4 << 10
"""What is inflated on the loop; more goes to a thread."""


@dataclass
class GrpcServer:
    """Serves methods of raw bytes, and the health service beside them.

    Attributes:
        methods: A handler for each method, as in `/package.Service/Method`. One that is not here is UNIMPLEMENTED.
        message_bytes_max: The largest message, also inflated; a larger one is RESOURCE_EXHAUSTED, not to be retried.
        ready: Whether the health service says SERVING.
        options: Further channel arguments.
        gate: Asked who calls, before a message is read; not for the health service.
        within: The process's room for what is in hand, of which this server's is a part.
        streams: A handler for each method to which clients send a stream.
    """

    methods: Mapping[str, Handler]
    message_bytes_max: int
    ready: Callable[[], bool]
    options: list[tuple[str, Any]]
    gate: Gate
    within: Room | None = None
    streams: Mapping[str, StreamHandler] = field(default_factory=dict)
    _server: grpc.aio.Server = field(init=False, repr=False)
    _room: Room = field(init=False, repr=False)
    _secured: GrpcSecured | None = field(init=False, repr=False, default=None)

    def bind(self, endpoint: "Endpoint", tls: "ServerTls | None") -> int:
        """Bind; the port is the real one.

        Raises:
            ConfigError: The files of `tls` are not as they must be.
            ServiceError: The endpoint cannot be bound.
        """
        self._room = Room(IN_HAND_MESSAGES_MAX * self.message_bytes_max, self.within)
        self._server = grpc.aio.server(
            options=[
                ("grpc.per_message_decompression", 0),
                ("grpc.compression_enabled_algorithms_bitset", IDENTITY_AND_GZIP),
                ("grpc.max_receive_message_length", self.message_bytes_max),
                ("grpc.max_metadata_size", HEADERS_BYTES_MAX),
                ("grpc.absolute_max_metadata_size", HEADERS_BYTES_MAX),
                ("grpc.http2.max_frame_size", FRAME_BYTES),
                ("grpc.http2.lookahead_bytes", LOOKAHEAD_BYTES),
                ("grpc.so_reuseport", 0),  # or a second process would silently take half of what comes in
                *self.options,
            ],
        )
        self._server.add_generic_rpc_handlers([Methods(self)])
        address = str(endpoint) if endpoint.host else f"[::]:{endpoint.port}"
        try:
            if tls is None:
                port = self._server.add_insecure_port(address)
            else:
                self._secured = GrpcSecured(tls, self.gate.log)
                port = self._server.add_secure_port(address, self._secured.start())
        except RuntimeError:
            port = 0
        if not port:
            raise cannot_listen(endpoint, "it is in use, or no address of this machine")
        return port

    async def start(self) -> None:
        """Take requests from now on."""
        await self._server.start()

    async def stop(self, grace_s: float) -> None:
        """Take no more requests, and finish those in hand within `grace_s` seconds."""
        await self._server.stop(grace_s)
        if self._secured is not None:
            await self._secured.stop()

    async def take(self, handler: Handler, data: bytes, sender: "Sender") -> bytes:
        """One request: inflate it where it is compressed, keep the room's bound, hand it on."""
        with self._room.guest() as guest:
            if not guest.take(len(data)):
                raise Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "too much in hand, come again", RETRY_AFTER_S)
            if data[:2] == b"\x1f\x8b":
                data = await self.inflate(data)
                if not guest.take(len(data)):
                    raise Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "too much in hand, come again", RETRY_AFTER_S)
            return await handler(data, sender)

    async def inflate(self, data: bytes) -> bytes:
        """A message as it was before gzip."""
        try:
            if len(data) <= INLINE_BYTES_MAX:
                return decompress(data, "gzip", self.message_bytes_max)
            return await asyncio.to_thread(decompress, data, "gzip", self.message_bytes_max)
        except LimitError:
            said = f"message larger than max ({self.message_bytes_max} bytes, inflated): send fewer records at once"
            raise Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, said) from None
        except DataError as error:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, f"the gzip of the message is damaged: {error}") from None
