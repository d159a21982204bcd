"""Guesses of an address: a few at once, then slowly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logloom.access.guesses import BURST, HOSTS_MAX, PER_S, Guesses, host_of


def test_a_few_and_then_slowly() -> None:
    now = [0.0]
    guesses = Guesses(lambda: now[0])
    assert [guesses.take("a") for _ in range(int(BURST))] == [0.0] * int(BURST)
    assert guesses.take("a") == 1 / PER_S
    assert guesses.take("b") == 0.0
    guesses.give_back("a")
    assert guesses.take("a") == 0.0
    now[0] += 1 / PER_S
    assert guesses.take("a") == 0.0
    assert guesses.take("a") > 0


def test_addresses_are_bounded() -> None:
    guesses = Guesses(lambda: 0.0)
    for n in range(HOSTS_MAX + 100):
        guesses.take(str(n))
    assert len(guesses._left) == HOSTS_MAX


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("127.0.0.1:53216", "127.0.0.1"),
        ("[2001:db8:1:2:3::1]:5", "2001:db8:1:2::/64"),
        ("[fe80::1%eth0]:5", "fe80::/64"),
        ("[::ffff:192.0.2.1]:5", "192.0.2.1"),
        ("", ""),
        ("somewhere", "somewhere"),
    ],
)
def test_whose_they_are(peer: str, host: str) -> None:
    assert host_of(peer) == host


@given(st.text(max_size=60))
def test_any_peer(peer: str) -> None:
    assert isinstance(host_of(peer), str)
