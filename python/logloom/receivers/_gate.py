"""The gate of a receiver: nobody's body is read before it is known who sends it, where `auth` asks for that."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from logloom.errors import RetryError

if TYPE_CHECKING:
    from logloom.config import Auth
    from logloom.identity import Identity
    from logloom.intake import ReceiverContext
    from logloom.logs import Log

__all__ = ["Decider", "Gate", "UnauthenticatedError"]

DECIDE_S: Final = 10.0
"""How long a decision may take that a native server waits for, in seconds."""
KEPT_S: Final = 1.0
"""How long a native server goes by a decision, in seconds; the authenticator may know others then."""
AGAIN_S: Final = 1.0
"""When a client may come again whom it took too long to know, in seconds."""

Decider = Callable[[dict[str, str], str, list[str]], tuple[str, str, float] | str]
"""By headers, the peer's address and the names in its certificate: who sends, whose records these are (empty: the
default tenant's) and for how many seconds that may be kept; or what a refused client is told in `WWW-Authenticate`."""


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

    @property
    def log(self) -> "Log":
        """The receiver's."""
        return self._context.log

    @property
    def reads(self) -> tuple[str, ...]:
        """The headers that decide, by lower-case names."""
        reads: tuple[str, ...] = getattr(self._authenticator, "reads", ("authorization",))
        return reads

    def decider(self, loop: asyncio.AbstractEventLoop) -> Decider:
        """The same decision as `admit`, for native servers: called on their threads, made on `loop`."""
        authenticator = self._authenticator
        if authenticator is None:
            return lambda _headers, _peer, _names: ("", "", KEPT_S)

        def decide(headers: dict[str, str], peer: str, _names: list[str]) -> tuple[str, str, float] | str:
            try:
                identity = asyncio.run_coroutine_threadsafe(authenticator.authenticate(headers), loop).result(DECIDE_S)
            except TimeoutError:
                msg = "who you are cannot be told now"
                raise RetryError(msg, AGAIN_S) from None
            if identity is None:
                loop.call_soon_threadsafe(self.tell, peer)
                return authenticator.challenge
            return identity.name, "", KEPT_S

        return decide

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
