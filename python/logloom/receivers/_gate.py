"""The gate of a receiver: nobody's body is read before it is known who sends it, where `auth` asks for that."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from logloom.access import Granted, Refused, Shown
from logloom.identity import Sender

if TYPE_CHECKING:
    from logloom.config import Auth
    from logloom.intake import ReceiverContext

__all__ = ["Decider", "Gate", "RefusedError"]

DECIDE_S: Final = 30.0
"""How long a decision may take that a native server waits for, in seconds."""
KEPT_S: Final = 1.0
"""How long a native server goes by a decision, in seconds: what the door keeps is asked again at little cost."""
AGAIN_S: Final = 1.0
"""When a client may come again whom it took too long to know, in seconds."""

Decider = Callable[[dict[str, str], str, list[str]], tuple[str, str, float] | Refused]
"""By headers, the peer's address and the names in its certificate: who sends, whose records these are (empty: the
default tenant's) and for how many seconds that may be kept; or why not."""


class RefusedError(Exception):
    """Who sends may not; `refused` says why, and what the client is told."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.why)
        self.refused = refused


class Gate:
    """Admits those whom the authenticator of `auth` knows, and that may send here; without `auth` whoever comes.

    Args:
        context: The receiver's.
        auth: Who may send; everybody where not given.
        tenant_headers: The headers in which its protocol names the tenant, in lower case.

    Attributes:
        door: What decides.
        log: Where a refusal is told; what was shown is not.
    """

    def __init__(self, context: "ReceiverContext", auth: "Auth | None", tenant_headers: tuple[str, ...] = ()) -> None:
        self.log = context.log
        authenticator = context.authenticators[auth.authenticator] if auth is not None else None
        self.door = context.access.door(authenticator, context.id, tenant_headers)

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked for a credential."""
        return not self.door.asks

    @property
    def reads(self) -> tuple[str, ...]:
        """The headers that decide, by lower-case names."""
        return self.door.headers

    def decider(self, loop: asyncio.AbstractEventLoop) -> Decider:
        """The same decision as `admit`, for native servers: called on their threads, made on `loop`."""

        def decide(headers: dict[str, str], peer: str, names: list[str]) -> tuple[str, str, float] | Refused:
            asked = Shown(headers, peer, tuple(names))
            waiting = asyncio.run_coroutine_threadsafe(self.door.decide(asked), loop)
            try:
                decision = waiting.result(DECIDE_S)
            except TimeoutError:
                waiting.cancel()
                return Refused("later", "who you are cannot be told now", retry_after_s=AGAIN_S)
            if isinstance(decision, Refused):
                loop.call_soon_threadsafe(self._tell, decision, peer)
                return decision
            return decision.identity, decision.tenant, min(decision.ttl_s, KEPT_S)

        return decide

    async def admit(self, headers: Mapping[str, str], peer: str, names: tuple[str, ...] = ()) -> Sender:
        """Who sends.

        Args:
            headers: The request's, looked up by lower-case names.
            peer: The address that it came from.
            names: Those in the certificate that the peer showed.

        Raises:
            RefusedError: It is nobody that we know, may not send here, or comes too often.
        """
        if self.door.is_plain and not names:
            return Sender(peer)
        return self._admitted(await self.door.decide(Shown(headers, peer, names)), peer)

    def admit_named(self, peer: str, names: tuple[str, ...]) -> Sender:
        """The same for a connection of a protocol without headers; for a gate that asks for no credential."""
        return self._admitted(self.door.known(Shown({}, peer, names)), peer)

    def admit_user(self, peer: str, user: str) -> Sender:
        """The same for one that the protocol's own handshake proved to be `user`."""
        return self._admitted(self.door.settle(user, Shown({}, peer)), peer)

    def _admitted(self, decision: Granted | Refused, peer: str) -> Sender:
        if isinstance(decision, Refused):
            self._tell(decision, peer)
            raise RefusedError(decision)
        return decision.sender(peer)

    def _tell(self, refused: Refused, peer: str) -> None:
        if refused.kind == "unauthenticated":
            self.log.warning("refused: credentials missing, or not known here", extra={"peer": peer})
        elif refused.kind != "later":
            self.log.warning("refused: not allowed here", extra={"peer": peer, "why": refused.why})
