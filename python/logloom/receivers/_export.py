"""gRPC methods whose messages are pushed: how what became of one is answered."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from grpc import StatusCode

from logloom.receivers._grpc import RETRY_AFTER_S, Handler, Refusal

if TYPE_CHECKING:
    from logloom._native import Delivery, Messages
    from logloom.intake import Push, ReceiverContext

__all__ = ["exporting"]


def exporting(
    context: "ReceiverContext", push: "Push", to: "Messages", answer: "Callable[[Delivery], bytes]"
) -> Handler:
    """The handler of a method whose messages are pushed; `answer` is to what was taken."""

    async def export(data: bytes, peer: str) -> bytes:
        if context.stopping.is_set():
            raise Refusal(StatusCode.UNAVAILABLE, "stopping", RETRY_AFTER_S)
        delivery = await push(to, data, peer)
        if delivery.kind == "retry":
            raise Refusal(StatusCode.UNAVAILABLE, "the journal is full", delivery.retry_after_s)
        if delivery.kind == "refuse":
            raise Refusal(StatusCode.INVALID_ARGUMENT, delivery.why)
        return answer(delivery)

    return export
