"""gRPC methods whose messages are pushed: how what became of one is answered."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grpc import StatusCode

from logloom import rpc
from logloom.receivers._gated import RETRY_AFTER_S, Refusal

if TYPE_CHECKING:
    from logloom._native import Delivery, Messages
    from logloom.identity import Sender
    from logloom.intake import Push, ReceiverContext

__all__ = ["Export"]


@dataclass(frozen=True)
class Export:
    """The handler of a method whose messages are pushed. The native server reads what it is made of, and does the same.

    Attributes:
        context: The receiver's.
        push: Where messages go,
        to: and as what.
        is_otlp: Whether the answer is OTLP's, with what was refused; else it is a message without fields.
    """

    context: "ReceiverContext"
    push: "Push"
    to: "Messages"
    is_otlp: bool = False

    async def __call__(self, data: bytes, sender: "Sender") -> bytes:
        """One message.

        Raises:
            Refusal: It was not taken.
        """
        if self.context.stopping.is_set():
            raise Refusal(StatusCode.UNAVAILABLE, "stopping", RETRY_AFTER_S)
        delivery = await self.push(self.to, data, sender.peer, **sender.known())
        if delivery.kind == "retry":
            raise Refusal(StatusCode.UNAVAILABLE, delivery.why, delivery.retry_after_s)
        if delivery.kind == "refuse":
            raise Refusal(StatusCode.INVALID_ARGUMENT, delivery.why)
        return rpc.partial_success(*rejected(delivery)) if self.is_otlp else b""


def rejected(delivery: "Delivery") -> tuple[int, str]:
    """How many records were refused, and why the first was."""
    refused = delivery.refused
    return len(refused), refused[0][1] if refused else ""
