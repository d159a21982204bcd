"""Sends a batch in as many requests as its size takes, each until it is settled, none twice.

How much a destination takes at once is not told by any protocol: where it says that a request was too large, that one
is cut in two, and later ones are cut so from the start.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from logloom._native import Batch, Delivery
from logloom.errors import RefuseError

if TYPE_CHECKING:
    import logging

    from logloom.rpc import PartialSuccess

__all__ = ["Pieces", "TooLargeError"]

PIECE_BYTES_MIN: Final = 64 << 10
"""What is refused as too large below this is not cut further."""


class TooLargeError(RefuseError):
    """The destination will not take so much at once."""


class Pieces:
    """The requests of one exporter. A batch that is sent again goes on where it was left."""

    def __init__(self, bytes_max: int, log: "logging.LoggerAdapter[Any]") -> None:
        """`bytes_max`: what goes into one request, as OTLP, where one record is not larger."""
        self._bytes_max = bytes_max
        self._log = log
        self._batch: Batch | None = None
        self._left: list[Batch] = []
        self._rejected = 0
        self._why = ""
        self._warning = ""

    async def send(self, batch: Batch, request: "Callable[[Batch], Awaitable[PartialSuccess]]") -> Delivery:
        """Send what is left of `batch` by `request`, which raises where a piece was not taken.

        Raises:
            RetryError: A piece was not taken; `batch` is to be sent again.
            RefuseError: No piece was taken, and none ever will be.
        """
        if batch is not self._batch:
            self._batch, self._rejected, self._why = batch, 0, ""
            self._left = batch.split(self._bytes_max) if batch.otlp_len > self._bytes_max else [batch]
        while self._left:
            piece = self._left[0]
            try:
                partial = await request(piece)
            except TooLargeError as error:
                if len(piece) > 1 and piece.otlp_len >= 2 * PIECE_BYTES_MIN:
                    self._bytes_max = piece.otlp_len // 2
                    self._log.info("sends less at once", extra={"bytes_max": self._bytes_max, "why": str(error)})
                    self._left[:1] = piece.split(self._bytes_max)
                    continue
                self._note(len(piece), str(error))
            except RefuseError as error:
                self._note(len(piece), str(error))
            else:
                self._note(min(partial.rejected, len(piece)), partial.message)
            del self._left[0]
        self._batch = None
        if 0 < len(batch) == self._rejected:
            raise RefuseError(self._why)
        return Delivery.done(len(batch) - self._rejected, [(0, self._why)] if self._rejected else [])

    def _note(self, rejected: int, why: str) -> None:
        """`why` with nothing rejected is a warning: logged once, until it is another one."""
        if rejected:
            self._rejected += rejected
            self._why = self._why or why or "no reason given"
        else:
            if why and why != self._warning:
                self._log.warning("the destination took all, and warns", extra={"why": why})
            self._warning = why
