"""What is left to send of one batch: cut where it is too large for one request, and halved to find what is refused.

How much a destination takes at once is told by no protocol: what it calls too large is cut in two. Which record makes
it refuse a request is told by none either: the request is halved until the record stands alone. Of a half whose other
half was taken it is known, without asking, that the record is in it, so that one bad record among n costs at most
2 log2 n requests more; all of a batch's bad records together at most `REFUSALS_MAX`, and one for each piece then left.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from logloom._native import Batch

__all__ = ["Piece", "Pieces"]

TOO_LARGE_BYTES_MIN: Final = 128 << 10
"""What is called too large below this is cut by its records, until one stands alone, and not by its size."""
REFUSALS_MAX: Final = 500
"""After so many refused requests for one batch, what is refused is given up as it is, and halved no further."""


@dataclass(slots=True, eq=False)
class Piece:
    """Records that go into one request.

    Attributes:
        batch: The records.
        sibling: The other half, which comes after it, where this is the first half of what was refused.
        is_suspect: Whether what was refused must be in it: the other half was taken.
    """

    batch: Batch
    sibling: "Piece | None" = None
    is_suspect: bool = False


class Pieces:
    """The requests that one batch becomes, in the order of its records."""

    def __init__(self, batch: Batch, bytes_max: int | None) -> None:
        """`bytes_max`: what goes into one request, as OTLP, where one record is not larger; None: no bound."""
        self._left: deque[Piece] = deque()
        self._refusals = 0
        fits = bytes_max is None or batch.otlp_len <= bytes_max
        self._left.extend(map(Piece, [batch] if fits or bytes_max is None else batch.split(bytes_max)))

    def first(self) -> Batch | None:
        """What is to be sent now; None where all is settled."""
        while self._left and self._left[0].is_suspect and self._can_halve(self._left[0]):
            self._halve(self._left.popleft())
        return self._left[0].batch if self._left else None

    def taken(self) -> None:
        """The first was taken."""
        piece = self._left.popleft()
        if piece.sibling is not None and self._left and self._left[0] is piece.sibling:
            piece.sibling.is_suspect = True

    def too_large(self) -> int | None:
        """The first was called too large: the size that is tried instead; None where that is no way out."""
        batch = self._left[0].batch
        if len(batch) < 2 or batch.otlp_len < TOO_LARGE_BYTES_MIN:
            return None
        bytes_max = batch.otlp_len // 2
        self._left.popleft()
        self._push(map(Piece, batch.split(bytes_max)))
        return bytes_max

    def refused(self) -> Batch | None:
        """The first was refused: the records to be given up; None where it was halved to find out which."""
        self._refusals += 1
        piece = self._left.popleft()
        if self._can_halve(piece):
            self._halve(piece)
            return None
        return piece.batch

    def all_left(self) -> Iterable[Batch]:
        """Everything that is not settled; it is then."""
        while self._left:
            yield self._left.popleft().batch

    def _can_halve(self, piece: Piece) -> bool:
        return len(piece.batch) > 1 and self._refusals < REFUSALS_MAX

    def _halve(self, piece: Piece) -> None:
        middle = len(piece.batch) // 2
        second = Piece(piece.batch.slice(middle, len(piece.batch)))
        self._push([Piece(piece.batch.slice(0, middle), sibling=second), second])

    def _push(self, pieces: Iterable[Piece]) -> None:
        self._left.extendleft(reversed(list(pieces)))
