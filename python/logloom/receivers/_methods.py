"""gRPC methods of raw bytes: what serves each."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from logloom.identity import Sender
from logloom.receivers._gated import Refusal, admit
from logloom.receivers._health import Health

if TYPE_CHECKING:
    from logloom.receivers._grpc import GrpcServer

__all__ = ["Handler", "Methods", "StreamHandler"]

Handler = Callable[[bytes, Sender], Awaitable[bytes]]
"""Takes a message and who sent it; returns the answer or raises `Refusal`."""
StreamHandler = Callable[[AsyncIterator[bytes], Sender], Awaitable[bytes]]
"""Takes the messages of a stream and who sends them; returns the answer at its end or raises `Refusal`. The next
message is read when it is asked for: until then the client has its window, and no more."""


class Methods(grpc.GenericRpcHandler):
    """Finds what serves a method, by its full name."""

    def __init__(self, server: "GrpcServer") -> None:
        health = Health(server.ready)
        # A unary call's message is read before its handler is asked; a stream's when that asks for it, so that what
        # nobody may send is never read. On the wire the two are the same.
        unary = self._unary if server.gate.is_open else self._unread
        self._found = {name: unary(server, handler) for name, handler in server.methods.items()}
        self._found |= {name: self._stream(server, handler) for name, handler in server.streams.items()}
        self._found |= {
            "/grpc.health.v1.Health/Check": grpc.unary_unary_rpc_method_handler(health.check),
            "/grpc.health.v1.Health/Watch": grpc.unary_stream_rpc_method_handler(health.watch),
        }
        self._unknown = None if server.gate.is_open else self._nothing(server)

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        return self._found.get(details.method, self._unknown)

    @staticmethod
    def _unary(server: "GrpcServer", handler: Handler) -> Any:
        async def take(data: bytes, context: "grpc.aio.ServicerContext[Any, Any]") -> bytes:
            try:
                return await server.take(handler, data, await admit(server.gate, context))
            except Refusal as refusal:
                await refusal.end(context)

        return grpc.unary_unary_rpc_method_handler(take)

    @staticmethod
    def _unread(server: "GrpcServer", handler: Handler) -> Any:
        async def take(_: object, context: "grpc.aio.ServicerContext[Any, Any]") -> bytes:
            try:
                sender = await admit(server.gate, context)
                return await server.take(handler, await _message(context), sender)
            except Refusal as refusal:
                await refusal.end(context)

        return grpc.stream_unary_rpc_method_handler(take)

    @staticmethod
    def _nothing(server: "GrpcServer") -> Any:
        """A method that is not there: only who is known is told so."""

        async def refuse(_: object, context: "grpc.aio.ServicerContext[Any, Any]") -> bytes:
            try:
                await admit(server.gate, context)
            except Refusal as refusal:
                await refusal.end(context)
            await Refusal(grpc.StatusCode.UNIMPLEMENTED, "Method not found!").end(context)

        return grpc.stream_unary_rpc_method_handler(refuse)

    @staticmethod
    def _stream(server: "GrpcServer", handler: StreamHandler) -> Any:
        async def messages(context: "grpc.aio.ServicerContext[Any, Any]") -> AsyncIterator[bytes]:
            while (data := await context.read()) is not grpc.aio.EOF:
                yield await server.inflate(data) if data[:2] == b"\x1f\x8b" else data

        async def take(_: object, context: "grpc.aio.ServicerContext[Any, Any]") -> bytes:
            try:
                return await handler(messages(context), await admit(server.gate, context))
            except Refusal as refusal:
                await refusal.end(context)

        return grpc.stream_unary_rpc_method_handler(take)


async def _message(context: "grpc.aio.ServicerContext[Any, Any]") -> bytes:
    """The message of a call that has one."""
    data = await context.read()
    if not isinstance(data, bytes):
        raise Refusal(grpc.StatusCode.INTERNAL, "there is no message")
    return data
