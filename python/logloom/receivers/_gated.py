"""How a gRPC call is refused, and who calls."""

from typing import Any, Final, NoReturn
from urllib.parse import unquote

import grpc
import grpc.aio

from logloom import rpc
from logloom.access.names import names_of_auth_context
from logloom.identity import Sender
from logloom.receivers._gate import Gate, RefusedError

__all__ = ["RETRY_AFTER_S", "Refusal", "admit", "peer_of"]

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


_REFUSED: Final = {
    "unauthenticated": grpc.StatusCode.UNAUTHENTICATED,
    "forbidden": grpc.StatusCode.PERMISSION_DENIED,
    "invalid": grpc.StatusCode.INVALID_ARGUMENT,
    "later": grpc.StatusCode.UNAVAILABLE,
}


async def admit(gate: Gate, context: "grpc.aio.ServicerContext[Any, Any]") -> Sender:
    """Who calls.

    Raises:
        Refusal: Nobody that we know, or that may send here; or not to be told now.
    """
    peer, names = peer_of(context), names_of_auth_context(context.auth_context())
    if gate.door.is_plain and not names:
        return Sender(peer)
    headers: dict[str, str] = {}
    for name, value in context.invocation_metadata() or ():
        if isinstance(value, str):
            headers.setdefault(name, value)  # of several the first, as over HTTP
    try:
        return await gate.admit(headers, peer, names)
    except RefusedError as error:
        refused = error.refused
        after_s = refused.retry_after_s if refused.kind == "later" else None
        raise Refusal(_REFUSED[refused.kind], str(error), after_s) from None


def peer_of(context: "grpc.aio.ServicerContext[Any, Any]") -> str:
    """`127.0.0.1:53216` of gRPC's `ipv4:127.0.0.1:53216`; `[::1]:53216` of `ipv6:%5B::1%5D:53216`."""
    return unquote(context.peer().partition(":")[2])
