"""The decision: who sends, for whom, and whether that is allowed. Every listener asks it, and no other.

A decision is made once and kept for a while, under a hash of all that it depends on; so a costly proof is made once,
and a wrong credential is refused from memory. Unknown ones cost the address that shows them (`guesses`).

A server outside of Python (`rust/server`) has a cache of its own, and calls `Door.decide_from_thread` on a miss:
`decide_from_thread(authorization, peer, cert_names, headers)` gives `(identity, tenant, ttl_s, limits)` or a `Refused`.
Its key is what stands in `Door.headers`, and the names; `Door.on_forget` tells it when to forget all.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Final, Literal

from logloom.access.guesses import Guesses, host_of
from logloom.access.names import AmbiguousNameError, identity_of
from logloom.access.rules import Rules
from logloom.access.secrets import fingerprint
from logloom.errors import RetryError
from logloom.identity import Sender

if TYPE_CHECKING:
    from logloom.identity import Authenticator

__all__ = ["Access", "Door", "Granted", "Limits", "Refused", "Shown"]

KEPT_MAX: Final = 4096
"""The most grants that are kept, and as many refusals, apart: who guesses drives out no grant."""
GRANTED_S: Final = 300.0
REFUSED_S: Final = 60.0
"""How long each is kept, in seconds."""
ANSWER_S: Final = 30.0
"""The longest that another thread waits for a decision, in seconds."""
AGAIN_S: Final = 1.0
"""The delay asked for where nothing better is known, in seconds."""

Kind = Literal["unauthenticated", "forbidden", "invalid", "later"]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request shows of who sends it.

    Attributes:
        headers: Looked up by lower-case names.
        peer: The address that it came from.
        names: Those in the certificate that it showed and that was verified (`names.identity_of`).
    """

    headers: Mapping[str, str] = field(repr=False)
    peer: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What an identity may send; the core holds it to that. 0: as much as it likes."""

    records_per_s: float
    bytes_per_s: float


@dataclass(frozen=True, slots=True)
class Granted:
    """It may be pushed.

    Attributes:
        identity: Who sends; empty where nobody asked.
        tenant: Whose the records are; empty for the default one.
        ttl_s: How long this holds for whoever shows the same, in seconds.
        limits: What the identity may send; None: as much as it likes.
    """

    identity: str = ""
    tenant: str = ""
    ttl_s: float = GRANTED_S
    limits: Limits | None = None

    def sender(self, peer: str) -> Sender:
        """The sender at `peer`."""
        return Sender(peer, self.identity, self.tenant)


@dataclass(frozen=True, slots=True)
class Refused:
    """It may not.

    Attributes:
        kind: `unauthenticated` (401), `forbidden` (403), `invalid` (400) or `later` (429, and when to come again).
        why: For the client; nothing that it showed stands in it.
        challenge: Of `unauthenticated`: what `WWW-Authenticate` says.
        retry_after_s: Of `later`.
        ttl_s: How long this holds for whoever shows the same, in seconds; 0.0: it is to be asked anew.
    """

    kind: Kind
    why: str
    challenge: str = ""
    retry_after_s: float = 0.0
    ttl_s: float = 0.0


_UNKNOWN: Final = "who are you? the credentials are missing, or not known here"


class Access:
    """What the doors of one service share."""

    def __init__(self, rules: Rules | None = None, clock: Callable[[], float] = monotonic) -> None:
        self.rules = rules or Rules()
        self.clock = clock
        self.guesses = Guesses(clock)

    def door(
        self, authenticator: "Authenticator | None" = None, receiver: str = "", tenant_headers: tuple[str, ...] = ()
    ) -> "Door":
        """That of one listener of `receiver`; `tenant_headers`: those that its protocol has, in lower case."""
        return Door(self, authenticator, receiver, (*tenant_headers, *self.rules.tenant_headers))


class Door:
    """Decides for one listener; on one event loop.

    Attributes:
        headers: The headers that a decision depends on, in lower case.
        asks: Whether a credential must be shown.
        is_plain: Whether nothing is asked and no rule holds: everybody is granted, as who the certificate says.
    """

    def __init__(
        self, access: Access, authenticator: "Authenticator | None", receiver: str, tenant_headers: tuple[str, ...]
    ) -> None:
        self._access = access
        self._authenticator = authenticator
        self._receiver = receiver
        self._tenant_headers = tuple(dict.fromkeys(tenant_headers))
        self._shows = authenticator.shows if authenticator is not None else ()
        self.headers = (*self._shows, *(name for name in self._tenant_headers if name not in self._shows))
        self.asks = authenticator is not None
        self.is_plain = not self.asks and not self._tenant_headers and not access.rules.identities
        self._granted: OrderedDict[bytes, tuple[float, Granted | Refused]] = OrderedDict()
        self._refused: OrderedDict[bytes, tuple[float, Granted | Refused]] = OrderedDict()
        self._forgetting: list[Callable[[], None]] = []
        self._since = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        if authenticator is not None:
            authenticator.doors.add(self)

    def forget(self) -> None:
        """Decide all anew: other credentials hold now."""
        self._granted.clear()
        self._refused.clear()
        self._since += 1
        for forget in self._forgetting:
            forget()

    def on_forget(self, forget: Callable[[], None]) -> None:
        """Call `forget` whenever all is to be decided anew."""
        self._forgetting.append(forget)

    def attach(self) -> None:
        """Decisions asked for by other threads are made on the loop that runs now."""
        self._loop = asyncio.get_running_loop()

    async def decide(self, shown: Shown) -> Granted | Refused:
        """What becomes of what shows this."""
        if self._authenticator is None:
            return self.known(shown)
        key = self._key(shown)
        if (kept := self._kept(key)) is not None:
            return kept
        if not any(shown.headers.get(name) for name in self._shows):
            return Refused("unauthenticated", _UNKNOWN, self._authenticator.challenge)
        since = self._since
        decision = await self._ask(self._authenticator, shown)
        if decision.ttl_s and since == self._since:
            self._keep(key, decision)
        return decision

    def known(self, shown: Shown) -> Granted | Refused:
        """The same where no credential is asked for: at once."""
        try:
            return self.settle(identity_of(shown.names) if shown.names else "", shown)
        except AmbiguousNameError as error:
            return Refused("unauthenticated", str(error), ttl_s=REFUSED_S)

    def settle(self, identity: str, shown: Shown) -> Granted | Refused:
        """What follows from `identity`, which is proven."""
        rules = self._access.rules
        name, asked = next(
            ((name, asked) for name in self._tenant_headers if (asked := shown.headers.get(name, ""))), ("", "")
        )
        who = identity or "nobody"
        try:
            tenant = rules.tenant(identity, asked)
        except ValueError as error:
            return Refused("invalid", f"{name}: {error}", ttl_s=REFUSED_S)
        except PermissionError as error:
            return Refused("forbidden", f"{who} {error}", ttl_s=REFUSED_S)
        if not rules.may_feed(identity, self._receiver):
            return Refused("forbidden", f"{who} may write to none of the pipelines of this receiver", ttl_s=REFUSED_S)
        rule = rules.rule(identity)
        is_bound = rule is not None and (rule.records_per_second or rule.bytes_per_second)
        limits = Limits(rule.records_per_second, rule.bytes_per_second) if rule is not None and is_bound else None
        return Granted(identity, tenant, limits=limits)

    def decide_from_thread(
        self, authorization: bytes, peer: str, cert_names: list[str], headers: Mapping[str, str]
    ) -> tuple[str, str, float, Limits | None] | Refused:
        """The same for a server that is not Python's, from a thread of its own; it waits for the decision.

        Args:
            authorization: The value of the header of that name; empty where it is not there.
            peer: As in `Shown`.
            cert_names: As in `Shown`.
            headers: Those of `Door.headers` that the request has, by lower-case names.
        """
        known = dict(headers)
        if authorization:
            known["authorization"] = authorization.decode("latin-1")
        shown = Shown(known, peer, tuple(cert_names))
        if self._loop is None or self._loop.is_closed():
            return Refused("later", "not ready", retry_after_s=AGAIN_S)
        waiting = asyncio.run_coroutine_threadsafe(self.decide(shown), self._loop)
        try:
            decision = waiting.result(ANSWER_S)
        except TimeoutError:
            waiting.cancel()
            return Refused("later", "this took too long", retry_after_s=AGAIN_S)
        if isinstance(decision, Refused):
            return decision
        return decision.identity, decision.tenant, decision.ttl_s, decision.limits

    async def _ask(self, authenticator: "Authenticator", shown: Shown) -> Granted | Refused:
        guesses, host = self._access.guesses, host_of(shown.peer)
        # What costs nothing is looked at in any case: no guesser at the same address can keep out who is known.
        if authenticator.is_costly and (wait_s := guesses.take(host)):
            return _slower(wait_s)
        try:
            identity = await authenticator.authenticate(shown.headers)
        except RetryError as error:
            if authenticator.is_costly:
                guesses.give_back(host)
            return Refused("later", str(error), retry_after_s=error.after_s or AGAIN_S)
        if identity is not None:
            if authenticator.is_costly:
                guesses.give_back(host)
            return self.settle(identity.name, shown)
        if not authenticator.is_costly and (wait_s := guesses.take(host)):
            return _slower(wait_s)
        return Refused("unauthenticated", _UNKNOWN, authenticator.challenge, ttl_s=REFUSED_S)

    def _key(self, shown: Shown) -> bytes:
        values = (shown.headers.get(name, "") for name in self.headers)
        # Each with its length, so that what stands in one cannot be taken for two.
        parts = (text.encode("utf-8", "surrogateescape") for text in (*values, *shown.names))
        return fingerprint(b"".join(b"%d:%b" % (len(part), part) for part in parts))

    def _kept(self, key: bytes) -> Granted | Refused | None:
        for kept in (self._granted, self._refused):
            if (found := kept.get(key)) is not None:
                until_s, decision = found
                if until_s > self._access.clock():
                    kept.move_to_end(key)
                    return decision
                del kept[key]
        return None

    def _keep(self, key: bytes, decision: Granted | Refused) -> None:
        kept = self._granted if isinstance(decision, Granted) else self._refused
        kept[key] = (self._access.clock() + decision.ttl_s, decision)
        if len(kept) > KEPT_MAX:
            kept.popitem(last=False)


def _slower(wait_s: float) -> Refused:
    return Refused("later", "too many unknown credentials came from this address", retry_after_s=wait_s)
