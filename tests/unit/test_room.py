"""The bound on what is in hand: who finds room, who waits for it, and who gives way."""

import time

import pytest

from logloom import room
from logloom.room import Guest, Room


def arriving(where: Room, size_bytes: int, gone: list[str], name: str) -> Guest:
    """A guest that holds so much, and is still arriving."""
    guest = where.guest(lambda: gone.append(name))
    assert guest.take(size_bytes)
    return guest


@pytest.fixture(autouse=True)
def looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LOOK_EVERY_S", 0.0)


def test_a_room_has_what_it_was_given_and_gets_it_back() -> None:
    here = Room(10)
    with here.guest() as first, here.guest() as second:
        assert first.take(4)
        assert second.take(6)
        assert not first.take(1)
    with here.guest() as third:
        assert third.take(10)
    with pytest.raises(ZeroDivisionError), here.guest() as fourth:
        assert fourth.take(10) / 0
    assert (here.held_bytes, here.free_bytes) == (0, 10)


def test_who_is_alone_may_have_more_than_there_is() -> None:
    """Else a message that is larger than the room would wait for ever."""
    here = Room(10)
    with here.guest() as one:
        assert one.take(8)
        assert one.take(8)
        assert not here.guest().take(1)
    assert here.guest().take(1)


def test_all_rooms_of_a_process_lie_within_one() -> None:
    process = Room(10)
    one, other = Room(8, process), Room(8, process)
    with one.guest() as first, one.guest() as small, other.guest() as second:
        assert small.take(1)
        assert first.take(7)
        assert not first.take(1)  # here
        assert second.take(2)
        assert not second.take(1)  # in the process
        assert (one.free_bytes, other.free_bytes) == (0, 0)
    assert (process.held_bytes, one.held_bytes, other.held_bytes) == (0, 0, 0)


def test_who_held_most_for_longest_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    here, gone, now_s = Room(100), list[str](), 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    slow = arriving(here, 50, gone, "slow")
    now_s = 130.0
    arriving(here, 40, gone, "newer")
    now_s = 131.0
    assert here.guest().take(30)
    assert (gone, slow.bytes, here.held_bytes) == (["slow"], 0, 70)


def test_nobody_gives_way_to_one_that_took_more_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    here, gone, now_s = Room(100), list[str](), 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    slow = arriving(here, 60, gone, "slow")
    now_s = 110.0
    arriving(here, 30, gone, "newer")
    now_s = 111.0
    assert not slow.take(20)
    assert gone == []


def test_nobody_gives_way_while_it_is_the_journal_that_is_slow() -> None:
    """What arrived waits for the journal, and goes when that goes on: to end others would help nobody."""
    here, gone = Room(100), list[str]()
    whole = arriving(here, 60, gone, "whole")
    whole.arrived()
    arriving(here, 40, gone, "arriving")
    assert not here.guest().take(1)
    assert gone == []


def test_one_that_holds_nothing_any_more_begins_anew() -> None:
    here, gone = Room(100), list[str]()
    one = arriving(here, 60, gone, "one")
    one.arrived()
    one.leave()
    assert one.take(60)
    time.sleep(0.001)  # noqa: TID251 - time itself is what is weighed
    assert here.guest().take(50)
    assert gone == ["one"]


def test_who_waits_is_woken_when_there_is_room_and_no_more_than_have_it() -> None:
    process = Room(4 * room.READ_BYTES)
    here, woken = Room(4 * room.READ_BYTES, process), list[int]()
    full = here.guest()
    assert full.take(4 * room.READ_BYTES)
    for number in range(5):
        here.wait(lambda number=number: woken.append(number))  # type: ignore[misc]
    assert woken == []
    full.count(2 * room.READ_BYTES)
    assert woken == [0, 1]
    full.leave()
    assert woken == [0, 1, 2, 3, 4]


def test_what_is_in_memory_already_is_counted_room_or_not() -> None:
    here = Room(10)
    one, other = here.guest(), here.guest()
    assert one.count(8)
    assert not other.count(8)
    assert (here.held_bytes, here.free_bytes) == (16, 0)
    other.leave()
    assert here.free_bytes == 2
