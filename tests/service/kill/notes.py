"""What the senders know: which records there are, which were acknowledged, and how often each was sent."""

import time
import zlib
from dataclasses import dataclass, field

__all__ = ["Note", "Notes", "digest"]


def digest(body: str) -> int:
    """What a body is compared by."""
    return zlib.crc32(body.encode())


@dataclass(slots=True)
class Note:
    """One record, as its sender knows it.

    Attributes:
        digest: Of its body.
        is_line: Whether it stands in a file: then it is owed from the moment that it was written.
        attempts: How often it was sent; for a record in a file, 1.
        began_s: When it was first sent, or began to be written, by the monotonic clock.
        owed_at_s: When it was acknowledged or written; None while it was not.
    """

    digest: int
    began_s: float
    is_line: bool = False
    attempts: int = 0
    owed_at_s: float | None = None


@dataclass
class Notes:
    """All records, by id.

    Attributes:
        requests: Requests that were acknowledged.
        failed: Attempts that were not.
    """

    records: dict[str, Note] = field(default_factory=dict)
    requests: int = 0
    failed: int = 0

    def sending(self, bodies: dict[str, str]) -> None:
        """They are about to be sent, for the first time or again."""
        now = time.monotonic()
        for identifier, body in bodies.items():
            self.records.setdefault(identifier, Note(digest(body), now)).attempts += 1

    def acknowledged(self, bodies: dict[str, str]) -> None:
        """The answer was the one that promises."""
        self.requests += 1
        now = time.monotonic()
        for identifier in bodies:
            self.records[identifier].owed_at_s = now

    def written(self, identifier: str, body: str, began_s: float) -> None:
        """All of its lines are in a file; they began to be written at `began_s`."""
        self.records[identifier] = Note(digest(body), began_s, is_line=True, attempts=1, owed_at_s=time.monotonic())

    def owed(self) -> set[str]:
        """The ids that must arrive."""
        return {identifier for identifier, note in self.records.items() if note.owed_at_s is not None}
