"""The decision: made once, forgotten when it must be, and never to be had by guessing."""

import asyncio
from collections.abc import Mapping, MutableSet
from dataclasses import dataclass, field
from weakref import WeakSet

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logloom.access import Access, Door, Granted, Refused, Rules, Shown
from logloom.access.door import GRANTED_S, KEPT_MAX, REFUSED_S
from logloom.access.guesses import BURST
from logloom.config import IdentityConfig
from logloom.errors import RetryError
from logloom.identity import Forgets, Identity


@dataclass
class Clock:
    """A clock that is set by hand."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass(eq=False)
class Known:
    """Knows the users whose name is their header; counts how often it is asked."""

    users: set[str]
    is_costly: bool = True
    is_busy: bool = False
    asked: list[str] = field(default_factory=list)
    challenge: str = "Bearer"
    shows: tuple[str, ...] = ("authorization",)
    doors: MutableSet[Forgets] = field(default_factory=WeakSet)

    async def authenticate(self, headers: Mapping[str, str]) -> Identity | None:
        if self.is_busy:
            msg = "too many wait"
            raise RetryError(msg, 3.0)
        self.asked.append(headers["authorization"])
        await asyncio.sleep(0)
        return Identity("known", headers["authorization"]) if headers["authorization"] in self.users else None


def shown(user: str = "", peer: str = "192.0.2.1:5", names: tuple[str, ...] = (), **headers: str) -> Shown:
    return Shown(({"authorization": user} if user else {}) | headers, peer, names)


def refused(decision: Granted | Refused) -> tuple[str, bool]:
    assert isinstance(decision, Refused)
    return decision.kind, decision.retry_after_s > 0


async def test_each_credential_is_looked_at_once_and_for_a_while() -> None:
    clock, known = Clock(), Known({"ann"})
    door = Access(clock=clock).door(known)
    for _ in range(3):
        assert await door.decide(shown("ann")) == Granted("ann")
        assert refused(await door.decide(shown("eve"))) == ("unauthenticated", False)
    assert known.asked == ["ann", "eve"]
    clock.now_s += REFUSED_S + 1
    await door.decide(shown("ann"))
    await door.decide(shown("eve"))
    assert known.asked == ["ann", "eve", "eve"]
    clock.now_s += GRANTED_S
    await door.decide(shown("ann"))
    assert known.asked == ["ann", "eve", "eve", "ann"]


async def test_what_changed_holds_at_once_also_for_what_is_being_decided() -> None:
    known = Known({"ann"})
    door = Access().door(known)
    forgotten: list[int] = []
    door.on_forget(lambda: forgotten.append(1))
    assert isinstance(await door.decide(shown("ann")), Granted)
    known.users = set()
    waiting = asyncio.create_task(door.decide(shown("bob")))
    await asyncio.sleep(0)
    for each in list(known.doors):
        each.forget()
    known.users = {"bob"}
    assert isinstance(await door.decide(shown("ann")), Refused)
    await waiting
    assert isinstance(await door.decide(shown("bob")), Granted)
    assert forgotten == [1]


async def test_nothing_shown_is_no_guess() -> None:
    known = Known({"ann"})
    door = Access(clock=Clock()).door(known)
    for _ in range(100):
        assert refused(await door.decide(shown())) == ("unauthenticated", False)
    assert known.asked == []


@pytest.mark.parametrize("is_costly", [True, False])
async def test_who_guesses_gets_slow_and_nobody_else_does(is_costly: bool) -> None:
    clock, known = Clock(), Known({"ann", "bob"}, is_costly)
    door = Access(clock=clock).door(known)
    assert isinstance(await door.decide(shown("ann")), Granted)
    answers = [refused(await door.decide(shown(f"eve {n}"))) for n in range(int(BURST) + 5)]
    assert answers == [("unauthenticated", False)] * int(BURST) + [("later", True)] * 5
    assert isinstance(await door.decide(shown("ann")), Granted), "who was known stays known"
    assert isinstance(await door.decide(shown("bob", "192.0.2.2:5")), Granted), "another address is not touched"
    assert isinstance(await door.decide(shown("bob")), Granted)
    if is_costly:
        door.forget()
        assert refused(await door.decide(shown("bob"))) == ("later", True)
        clock.now_s += 2.5
        assert isinstance(await door.decide(shown("bob")), Granted)


async def test_who_shows_what_is_right_costs_nothing() -> None:
    known = Known({f"user {n}" for n in range(200)})
    door = Access(clock=Clock()).door(known)
    for n in range(200):
        assert isinstance(await door.decide(shown(f"user {n}")), Granted)


async def test_who_cannot_be_told_now_comes_again() -> None:
    known = Known({"ann"}, is_busy=True)
    door = Access(clock=Clock()).door(known)
    for _ in range(100):
        assert await door.decide(shown("ann")) == Refused("later", "too many wait", retry_after_s=3.0)
    known.is_busy = False
    assert isinstance(await door.decide(shown("ann")), Granted)


async def test_what_is_kept_is_bounded() -> None:
    clock, known = Clock(), Known(set(), is_costly=False)
    door = Access(clock=clock).door(known)
    for n in range(KEPT_MAX + 10):
        clock.now_s += 0.001
        await door.decide(shown(f"eve {n}", f"192.0.{n % 250}.1:1"))
    assert len(door._refused) <= KEPT_MAX
    assert not any(b"eve" in key for key in door._refused)


RULES = Rules(
    {
        "ann": IdentityConfig(tenant="shop", tenants=["web-*"], pipelines=["logs/shop"]),
        "spiffe://mesh/*": IdentityConfig(tenant="mesh", records_per_second=10),
        "*": IdentityConfig(pipelines=["logs"]),
    },
    ["X-Tenant"],
    {"otlp": ["logs", "logs/shop"], "web": ["logs"], "shop": ["logs/shop"]},
)


def door(receiver: str = "otlp", known: Known | None = None) -> Door:
    return Access(RULES).door(known, receiver)


async def test_the_tenant_is_the_identitys_or_a_headers() -> None:
    known = Known({"ann", "bob"})
    tenants = {}
    for user, asked in (("ann", ""), ("ann", "shop"), ("ann", "web-1"), ("bob", ""), ("bob", "x"), ("bob", "default")):
        decision = await door("otlp", known).decide(shown(user, **({"x-tenant": asked} if asked else {})))
        assert isinstance(decision, Granted)
        tenants[user, asked] = decision.tenant
    assert list(tenants.values()) == ["shop", "shop", "web-1", "", "x", ""]
    decision = await door("otlp", known).decide(shown("ann", **{"x-tenant": "other"}))
    assert isinstance(decision, Refused)
    assert (decision.kind, decision.why) == ("forbidden", "ann may not write for the tenant 'other'")
    assert refused(await door("otlp", known).decide(shown("ann", **{"x-tenant": "a b"})))[0] == "invalid"


async def test_one_pipeline_that_may_be_written_to_is_enough() -> None:
    known = Known({"ann", "bob"})
    assert isinstance(await door("otlp", known).decide(shown("ann")), Granted)
    assert isinstance(await door("shop", known).decide(shown("ann")), Granted)
    decision = await door("web", known).decide(shown("ann"))
    assert isinstance(decision, Refused)
    assert decision.kind == "forbidden"
    assert decision.why == "ann may write to none of the pipelines of this receiver"
    assert isinstance(await door("web", known).decide(shown("bob")), Granted)
    assert refused(await door("shop", known).decide(shown("bob")))[0] == "forbidden"
    assert refused(door("shop").known(shown()))[0] == "forbidden", "nor who does not say who it is"


def test_a_certificate_says_who_it_is() -> None:
    decision = door().known(shown(names=("a.example", "spiffe://mesh/ns/shop/sa/cart")))
    assert isinstance(decision, Granted)
    assert (decision.identity, decision.tenant) == ("spiffe://mesh/ns/shop/sa/cart", "mesh")
    assert decision.limits is not None
    assert decision.limits.records_per_s == 10
    assert refused(door().known(shown(names=("spiffe://a/b", "spiffe://a/c"))))[0] == "unauthenticated"


async def test_a_credential_counts_for_more_than_a_certificate() -> None:
    decision = await door("otlp", Known({"bob"})).decide(shown("bob", names=("spiffe://mesh/a",)))
    assert isinstance(decision, Granted)
    assert decision.identity == "bob"


async def test_from_another_thread() -> None:
    """As a server does that is not Python's."""
    open_door = door("otlp", Known({"ann", "bob"}))
    assert open_door.headers == ("authorization", "x-tenant")
    asked = (b"ann", "192.0.2.1:5", [], {"x-tenant": "web-1"})
    assert isinstance(await asyncio.to_thread(open_door.decide_from_thread, *asked), Refused), "nobody decides yet"
    open_door.attach()
    assert await asyncio.to_thread(open_door.decide_from_thread, *asked) == ("ann", "web-1", GRANTED_S, None)
    told = await asyncio.to_thread(open_door.decide_from_thread, b"eve\xff", "192.0.2.1:5", [], {})
    assert isinstance(told, Refused)
    assert told.kind == "unauthenticated"


async def test_nothing_shown_is_in_a_repr() -> None:
    known = Known({"geheim"})
    one = door("otlp", known)
    request = shown("geheim-not")
    told = [repr(request), repr(await one.decide(request)), repr(one.__dict__.keys()), repr(one._refused)]
    assert "geheim" not in "".join(told)


@given(st.text(max_size=40), st.text(max_size=40), st.lists(st.text(max_size=20), max_size=4))
def test_any_headers(authorization: str, tenant: str, names: list[str]) -> None:
    known = Known({"ann"})
    decision = asyncio.run(
        Access(RULES).door(known, "otlp").decide(shown(authorization, names=tuple(names), **{"x-tenant": tenant}))
    )
    assert isinstance(decision, Refused) or (authorization == "ann" and decision.identity == "ann")


@given(st.lists(st.text(max_size=3), min_size=2, max_size=3), st.lists(st.text(max_size=3), min_size=2, max_size=3))
def test_two_that_differ_are_never_taken_for_each_other(one: list[str], other: list[str]) -> None:
    door = Access(Rules(tenant_headers=["a"])).door(Known(set()))
    keys = [door._key(shown(x[0], names=tuple(x[2:]), a=x[1])) for x in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)
