"""The bound on what is in hand: who finds room, who waits for it, and who gives way."""

import asyncio
import threading

import pytest

from logloom import room
from logloom.room import Guest, Room


def arriving(where: Room, size_bytes: int, gone: list[str], name: str) -> Guest:
    """A guest that holds so much, and is still arriving."""
    guest = where.guest(lambda: gone.append(name))
    assert guest.take(size_bytes)
    return guest


def room_of(size_bytes: int, within: Room | None = None) -> Room:
    """One that looks at once who gives way."""
    return Room(size_bytes, within, look_every_s=0.0)


def test_a_room_has_what_it_was_given_and_gets_it_back() -> None:
    here = room_of(10)
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
    here = room_of(10)
    with here.guest() as one:
        assert one.take(8)
        assert one.take(8)
        assert not here.guest().take(1)
    assert here.guest().take(1)


def test_all_rooms_of_a_process_lie_within_one() -> None:
    process = room_of(10)
    one, other = room_of(8, process), room_of(8, process)
    with one.guest() as first, one.guest() as small, other.guest() as second:
        assert small.take(1)
        assert first.take(7)
        assert not first.take(1)  # here
        assert second.take(2)
        assert not second.take(1)  # in the process
        assert (one.free_bytes, other.free_bytes) == (0, 0)
    assert (process.held_bytes, one.held_bytes, other.held_bytes) == (0, 0, 0)


def test_who_held_most_for_longest_gives_way() -> None:
    here, gone = room_of(100), list[str]()
    slow = arriving(here, 50, gone, "slow")
    newer = arriving(here, 40, gone, "newer")
    assert here.guest().take(30)
    assert (gone, slow.bytes, newer.bytes, here.held_bytes) == (["slow"], 0, 40, 40)


def test_nobody_gives_way_to_one_that_took_more_itself() -> None:
    here, gone = room_of(100), list[str]()
    slow = arriving(here, 90, gone, "slow")
    newer = arriving(here, 10, gone, "newer")
    assert not slow.take(20)
    assert (gone, newer.bytes) == ([], 10)


async def test_what_a_room_calls_runs_on_the_loop_that_it_was_given_on() -> None:
    here, gone, threads = room_of(100), list[str](), list[int]()
    slow = here.guest(lambda: threads.append(threading.get_ident()))
    assert slow.take(90)
    asyncio.get_running_loop().call_soon(gone.append, "looped")
    other = here.guest()
    assert await asyncio.to_thread(other.take, 60)
    woken = asyncio.Event()
    assert not here.guest().take(60)
    here.wait(woken.set)
    await asyncio.to_thread(other.leave)
    await asyncio.wait_for(woken.wait(), 20)
    assert threads == [threading.get_ident()]


def test_nobody_gives_way_while_it_is_the_journal_that_is_slow() -> None:
    """What arrived waits for the journal, and goes when that goes on: to end others would help nobody."""
    here, gone = room_of(100), list[str]()
    whole = arriving(here, 60, gone, "whole")
    whole.arrived()
    late = arriving(here, 40, gone, "arriving")
    assert not here.guest().take(1)
    assert (gone, late.bytes) == ([], 40)


def test_one_that_holds_nothing_any_more_begins_anew() -> None:
    here, gone = room_of(100), list[str]()
    one = arriving(here, 60, gone, "one")
    one.arrived()
    one.leave()
    assert one.take(60)
    assert here.guest().take(50)
    assert gone == ["one"]


def test_who_waits_is_woken_when_there_is_room_and_no_more_than_have_it() -> None:
    process = room_of(4 * room.READ_BYTES)
    here, woken = room_of(4 * room.READ_BYTES, process), list[int]()
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
    here = room_of(10)
    one, other = here.guest(), here.guest()
    assert one.count(8)
    assert not other.count(8)
    assert (here.held_bytes, here.free_bytes) == (16, 0)
    other.leave()
    assert here.free_bytes == 2
