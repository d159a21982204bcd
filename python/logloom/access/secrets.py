"""Tokens, and what stands for a secret where the secret itself need not be."""

import hashlib
import re
import secrets
from typing import Final

__all__ = ["TOKEN_BITS", "fingerprint", "hash_of", "is_hash", "new_token"]

TOKEN_BITS: Final = 256
"""How much of a token is chance: so much that a plain hash of it cannot be turned back."""

_KEY: Final = secrets.token_bytes(32)
_HASH: Final = re.compile(r"sha256:[0-9a-f]{64}")


def fingerprint(secret: bytes) -> bytes:
    """What stands for a secret in memory: neither found from outside nor turned back.

    Its key is known to this process alone, so how long it takes to find one tells nothing of the secret.
    """
    return hashlib.blake2b(secret, key=_KEY, digest_size=32).digest()


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(TOKEN_BITS // 8)


def hash_of(token: str) -> str:
    """How a token is stored: `sha256:` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(token.encode('utf-8', 'surrogateescape')).hexdigest()}"


def is_hash(text: str) -> bool:
    """Whether it is what `hash_of` writes."""
    return _HASH.fullmatch(text) is not None
