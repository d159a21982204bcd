"""The gate of a receiver: nobody's body is read before it is known who sends it, where `auth` asks for that."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logloom.config import Auth
    from logloom.identity import Identity
    from logloom.intake import ReceiverContext

__all__ = ["Gate", "UnauthenticatedError"]


class UnauthenticatedError(Exception):
    """Nobody that we know; `challenge` is what `WWW-Authenticate` says."""

    def __init__(self, challenge: str) -> None:
        super().__init__("who are you? the credentials are missing, or not known here")
        self.challenge = challenge


class Gate:
    """Admits those whom the authenticator of `auth` knows; without `auth` everybody, as nobody."""

    def __init__(self, context: "ReceiverContext", auth: "Auth | None") -> None:
        self._context = context
        self._authenticator = context.authenticators[auth.authenticator] if auth is not None else None

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked."""
        return self._authenticator is None

    async def admit(self, headers: Mapping[str, str], peer: str | None) -> "Identity | None":
        """Who sends, by these headers, looked up by lower-case names; None where nobody is asked.

        Args:
            headers: The request's.
            peer: The address that it came from; where it is not known yet, `tell` says it later.

        Raises:
            UnauthenticatedError: Nobody that we know.
            RetryError: Not to be told now.
        """
        if self._authenticator is None:
            return None
        identity = await self._authenticator.authenticate(headers)
        if identity is None:
            if peer is not None:
                self.tell(peer)
            raise UnauthenticatedError(self._authenticator.challenge)
        return identity

    def tell(self, peer: str) -> None:
        """Say in the log that `peer` was refused; what it showed is not said."""
        self._context.log.warning("refused: credentials missing, or not known here", extra={"peer": peer})
