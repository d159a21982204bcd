"""gRPC methods of raw bytes: what serves each."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from logloom.receivers._gated import Refusal, peer_of
from logloom.receivers._health import Health

if TYPE_CHECKING:
    from logloom.receivers._grpc import GrpcServer

__all__ = ["Handler", "Methods", "StreamHandler"]

Handler = Callable[[bytes, str], Awaitable[bytes]]
"""Takes a message and the peer's address; returns the answer or raises `Refusal`."""
StreamHandler = Callable[[AsyncIterator[bytes], str], Awaitable[bytes]]
"""Takes the messages of a stream and the peer's address; returns the answer at its end or raises `Refusal`. The next
message is read when it is asked for: until then the client has its window, and no more."""


class Methods(grpc.GenericRpcHandler):
    """Finds what serves a method, by its full name."""

    def __init__(self, server: "GrpcServer") -> None:
        health = Health(server.ready)
        self._found = {name: self._unary(server, handler) for name, handler in server.methods.items()}
        self._found |= {name: self._stream(server, handler) for name, handler in server.streams.items()}
        self._found |= {
            "/grpc.health.v1.Health/Check": grpc.unary_unary_rpc_method_handler(health.check),
            "/grpc.health.v1.Health/Watch": grpc.unary_stream_rpc_method_handler(health.watch),
        }

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        return self._found.get(details.method)

    @staticmethod
    def _unary(server: "GrpcServer", handler: Handler) -> Any:
        async def take(data: bytes, context: "grpc.aio.ServicerContext[Any, Any]") -> bytes:
            try:
                return await server.take(handler, data, peer_of(context))
            except Refusal as refusal:
                await refusal.end(context)

        return grpc.unary_unary_rpc_method_handler(take)

    @staticmethod
    def _stream(server: "GrpcServer", handler: StreamHandler) -> Any:
        async def messages(context: "grpc.aio.ServicerContext[Any, Any]") -> AsyncIterator[bytes]:
            while (data := await context.read()) is not grpc.aio.EOF:
                yield await server.inflate(data) if data[:2] == b"\x1f\x8b" else data

        async def take(_: object, context: "grpc.aio.ServicerContext[Any, Any]") -> bytes:
            try:
                return await handler(messages(context), peer_of(context))
            except Refusal as refusal:
                await refusal.end(context)

        return grpc.stream_unary_rpc_method_handler(take)
