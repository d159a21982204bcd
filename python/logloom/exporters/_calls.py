"""A call of gRPC and what it came to, the same whichever library makes it."""

from enum import IntEnum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logloom._native import Batch
    from logloom.tls import Pems

__all__ = ["ANSWER_BYTES_MAX", "CallError", "Caller", "Code"]

ANSWER_BYTES_MAX: Final = 64 << 10
"""The largest answer that is read."""


class Code(IntEnum):
    """What gRPC calls them."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16

    @classmethod
    def of(cls, code: int) -> "Code":
        """A number that came from a destination; what is none of gRPC's is UNKNOWN."""
        return cls(code) if 0 <= code <= cls.UNAUTHENTICATED else cls.UNKNOWN


class CallError(Exception):
    """It was not taken, or nobody knows whether it was.

    Attributes:
        code: gRPC's code.
        message: Why, in the destination's words or the library's.
        details: The `google.rpc.Status` that came along; empty where none did.
    """

    def __init__(self, code: Code, message: str, details: bytes = b"") -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.message = message
        self.details = details


class Caller(Protocol):
    """What sends batches to one destination over one connection, which it makes when there is something to send."""

    def take(self, pems: "Pems") -> None:
        """TLS with these from the next connection on, which the next call makes.

        Raises:
            ConfigError: They will not do.
        """
        ...

    async def call(self, batch: "Batch", headers: "Sequence[tuple[str, str]]") -> bytes:
        """Send it, and return the answer's message.

        Raises:
            CallError: It was not taken.
            RetryError: The connection could not even be begun.
        """
        ...

    async def close(self) -> None:
        """End the connection."""
        ...
