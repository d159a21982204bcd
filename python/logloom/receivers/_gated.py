"""How a gRPC call is refused, and the gate that refuses one before its message is read."""

from typing import Any, Final, NoReturn
from urllib.parse import unquote

import grpc
import grpc.aio

from logloom import rpc
from logloom.errors import RetryError
from logloom.receivers._gate import Gate, UnauthenticatedError

__all__ = ["RETRY_AFTER_S", "Gated", "Refusal", "peer_of"]

HEALTH: Final = "/grpc.health.v1.Health/"
"""What probes ask, who show nothing."""
RETRY_AFTER_S: Final = 1.0
"""The delay asked for where nothing better is known."""


class Refusal(Exception):  # noqa: N818 — it ends a request, as it should
    """Ends a request with a status; with `retry_after_s`, the client is told when to send it again."""

    def __init__(self, code: grpc.StatusCode, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after_s = retry_after_s

    async def end(self, context: "grpc.aio.ServicerContext[Any, Any]") -> NoReturn:
        """End the request that `context` is of."""
        number: int = self.code.value[0]
        details = rpc.status(number, str(self), self.retry_after_s)
        await context.abort(self.code, str(self)[: rpc.MESSAGE_CHARS_MAX], ((rpc.STATUS_KEY, details),))


class Gated(grpc.aio.ServerInterceptor):
    """Asks who calls before there is a message: one that nobody may send is never read."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def intercept_service(self, continuation: Any, details: grpc.HandlerCallDetails) -> Any:
        if details.method.startswith(HEALTH):
            return await continuation(details)
        headers = {name: value for name, value in details.invocation_metadata if isinstance(value, str)}
        try:
            await self._gate.admit(headers, None)
        except UnauthenticatedError as error:
            return self._refusing(Refusal(grpc.StatusCode.UNAUTHENTICATED, str(error)))
        except RetryError as error:
            return self._refusing(Refusal(grpc.StatusCode.UNAVAILABLE, str(error), error.after_s))
        return await continuation(details)

    def _refusing(self, refusal: Refusal) -> Any:
        async def refuse(_messages: Any, context: "grpc.aio.ServicerContext[Any, Any]") -> bytes:
            if refusal.code is grpc.StatusCode.UNAUTHENTICATED:
                self._gate.tell(peer_of(context))
            await refusal.end(context)

        return grpc.stream_unary_rpc_method_handler(refuse)  # a stream is read when its handler asks for it


def peer_of(context: "grpc.aio.ServicerContext[Any, Any]") -> str:
    """`127.0.0.1:53216` of gRPC's `ipv4:127.0.0.1:53216`; `[::1]:53216` of `ipv6:%5B::1%5D:53216`."""
    return unquote(context.peer().partition(":")[2])
