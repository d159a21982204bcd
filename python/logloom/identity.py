"""Who sends, and as whom we send: what receivers and exporters ask of an authenticator, whichever it is.

The one decision is `Authenticator.authenticate`: headers in, an `Identity` or None out. What decides it is an
extension of the config (`logloom.extensions`), and what asks it a receiver's gate (`logloom.receivers._gate`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Authenticator", "Credentials", "Identity"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request is from, proven.

    Attributes:
        authenticator: The id of the extension that knows it: `basicauth/agents`.
        name: The user; of a token, which one it is: `token 2`.
    """

    authenticator: str
    name: str


class Authenticator(Protocol):
    """What tells who a request is from.

    Attributes:
        challenge: What a refused client is told in `WWW-Authenticate`.
    """

    challenge: str

    async def authenticate(self, headers: Mapping[str, str]) -> Identity | None:
        """Who these headers prove to be; None where nobody.

        Args:
            headers: Of an HTTP request, or the metadata of a gRPC call; looked up by lower-case names.

        Raises:
            RetryError: Too many wait to be told; the client may come again.
        """
        ...


class Credentials(Protocol):
    """What proves to a destination who we are."""

    def headers(self) -> Mapping[str, str]:
        """What goes with the next request. The values are secrets: they belong in no log."""
        ...
