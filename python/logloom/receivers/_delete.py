"""`delete_after_read`: files that were read to their end are deleted once nothing of them can be lost."""

import time
from pathlib import Path
from typing import Final

from logloom.receivers._find import Troubles
from logloom.receivers._tail import Tail
from logloom.receivers._watch import Watch

__all__ = ["Deleting"]

AGAIN_S: Final = 0.1
"""How often it is asked whether what was read is safe by now."""
NEVER: Final = float("inf")


class Deleting:
    """The files that were read to their end."""

    def __init__(self, watch: Watch, troubles: Troubles, wait_s: float) -> None:
        """`wait_s`: for how long nothing must have come to a file."""
        self._watch = watch
        self._troubles = troubles
        self._wait_s = wait_s
        self._tails: dict[Tail, None] = {}
        self._at_s = 0.0

    @property
    def due_at_s(self) -> float:
        """When there may be something to delete next, by the monotonic clock."""
        return max(min((tail.changed_at_s for tail in self._tails), default=NEVER) + self._wait_s, self._at_s)

    def add(self, tail: Tail) -> None:
        """It was read to its end."""
        self._tails[tail] = None

    def delete(self) -> None:
        """Delete those of which all is safe, and that were silent for long enough."""
        if not self._tails or (now_s := time.monotonic()) < self._at_s:
            return
        self._at_s = now_s + AGAIN_S
        for tail in [tail for tail in self._tails if tail.changed_at_s < now_s - self._wait_s]:
            if self._watch.tails.get(tail.key) is not tail or not tail.names:
                del self._tails[tail]
            elif not tail.is_unflushed and tail.durable[0] == tail.offset:
                self._troubles.attempt(tail.path, _delete, tail)
                del self._tails[tail]


def _delete(tail: Tail) -> None:
    status = Path(tail.path).stat()
    if (status.st_dev, status.st_ino) == tail.key and status.st_size == tail.size_bytes and tail.is_at_end:
        Path(tail.path).unlink()
