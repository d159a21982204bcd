"""What tells one file from another, whatever its name: hashes of its beginning, and of what was read of it last."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Self

__all__ = ["Fingerprint", "Head"]


class Head:
    """What a file begins with."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._digests: dict[int, str] = {}
        self.size_bytes = len(data)

    def digest(self, size_bytes: int) -> str:
        """BLAKE2b of so much of it, 128 bits, in hex."""
        if (digest := self._digests.get(size_bytes)) is None:
            digest = self._digests[size_bytes] = blake2b(self._data[:size_bytes], digest_size=16).hexdigest()
        return digest


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Some bytes of a file as a hash: names change at a rotation, inodes are used again; this tells files apart.

    Attributes:
        size_bytes: How many bytes it is of.
        digest: BLAKE2b, 128 bits, in hex.
    """

    size_bytes: int
    digest: str

    @classmethod
    def of(cls, data: bytes) -> Self:
        """The fingerprint of these bytes."""
        return cls(len(data), blake2b(data, digest_size=16).hexdigest())

    def begins(self, head: Head) -> bool:
        """Whether a file that begins with `head` has it; an empty file's fits every file, and so none."""
        return 0 < self.size_bytes <= head.size_bytes and head.digest(self.size_bytes) == self.digest
