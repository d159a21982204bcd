"""Who sends, and as whom we send: what receivers and exporters ask of an authenticator, whichever it is.

What turns a credential into an identity is `Authenticator.authenticate`: headers in, an `Identity` or None out; an
extension of the config does it (`logloom.extensions`). What is made of that, is decided by `logloom.access`.
"""

from collections.abc import Mapping, MutableSet
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Authenticator", "Credentials", "Forgets", "Identity", "Sender"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request is from, proven.

    Attributes:
        authenticator: The id of the extension that knows it: `basicauth/agents`.
        name: The user; of a token, its name, or which one it is: `token 2`.
    """

    authenticator: str
    name: str


@dataclass(frozen=True, slots=True)
class Sender:
    """Where a message came from.

    Attributes:
        peer: The address.
        identity: Who sent it; empty where nobody asked.
        tenant: Whose the records are; empty for the default one.
    """

    peer: str = ""
    identity: str = ""
    tenant: str = ""

    def known(self) -> dict[str, str]:
        """What is known beside the address, as `Push` takes it."""
        facts = {"identity": self.identity, "tenant": self.tenant}
        return {name: value for name, value in facts.items() if value}


class Forgets(Protocol):
    """What keeps what an authenticator said."""

    def forget(self) -> None:
        """Other credentials hold now."""
        ...


class Authenticator(Protocol):
    """What tells who a request is from.

    Attributes:
        challenge: What a refused client is told in `WWW-Authenticate`.
        shows: The headers that it looks at, in lower case.
        is_costly: Whether to find out may cost milliseconds of a processor.
        doors: Those who are told to forget when other credentials hold; held weakly.
    """

    challenge: str
    shows: tuple[str, ...]
    is_costly: bool
    doors: MutableSet[Forgets]

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
