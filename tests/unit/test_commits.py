"""Who waits for an entry is woken when it is decided: in any order, by one descriptor."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from logloom.commits import Commits


class Journal:
    """Decides what the test says; its descriptor is a real one."""

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_NONBLOCK)
        self.decided = 0
        self.withdrawn: set[int] = set()
        self.untold: list[int] = []
        self.polls = 0

    def notify_fd(self) -> int:
        return self.fd

    def fate(self, position: int) -> str:
        if position in self.withdrawn:
            return "withdrawn"
        return "durable" if position <= self.decided else "waiting"

    def poll(self) -> tuple[int, list[int]]:
        self.polls += 1
        os.eventfd_read(self.fd)
        untold, self.untold = self.untold, []
        return self.decided, untold

    def decide(self, to: int, withdrawn: set[int]) -> None:
        self.withdrawn |= withdrawn
        self.untold += sorted(withdrawn)
        self.decided = max(self.decided, to)
        os.eventfd_write(self.fd, 1)


@asynccontextmanager
async def watched() -> AsyncIterator[tuple[Journal, Commits]]:
    journal: Any = Journal()
    commits = Commits(journal)
    try:
        with commits.watched():
            yield journal, commits
    finally:
        os.close(journal.fd)


async def test_one_commit_wakes_all_that_wait() -> None:
    async with watched() as (journal, commits):
        waiting = [asyncio.create_task(commits.durable(position)) for position in range(1, 1001)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting)
        journal.decide(1000, {17, 900})
        fates = await asyncio.wait_for(asyncio.gather(*waiting), 30)
        assert [position for position, fate in enumerate(fates, 1) if not fate] == [17, 900]
        assert journal.polls == 1


async def test_what_was_decided_before_is_not_waited_for() -> None:
    async with watched() as (journal, commits):
        journal.decide(5, {3})
        assert await asyncio.wait_for(commits.durable(5), 30)
        assert not await asyncio.wait_for(commits.durable(3), 30)


async def test_who_is_cancelled_holds_up_nobody() -> None:
    async with watched() as (journal, commits):
        first, second = (asyncio.create_task(commits.durable(position)) for position in (1, 2))
        await asyncio.sleep(0)
        first.cancel()
        journal.decide(2, set())
        assert await asyncio.wait_for(second, 30)


@settings(max_examples=50, deadline=None)
@given(st.permutations(range(1, 40)), st.sets(st.integers(1, 39)), st.lists(st.integers(1, 39), max_size=8))
async def test_in_any_order(order: list[int], withdrawn: set[int], commits_to: list[int]) -> None:
    async with watched() as (journal, commits):
        tasks = {position: asyncio.create_task(commits.durable(position)) for position in order}
        decided = 0
        for to in [*sorted(commits_to), 39]:
            await asyncio.sleep(0)
            journal.decide(to, {position for position in withdrawn if decided < position <= to})
            decided = to
            due = [tasks[position] for position in range(1, to + 1)]
            await asyncio.wait_for(asyncio.gather(*due), 30)
            assert not any(tasks[position].done() for position in range(to + 1, 40))
        assert {position for position, task in tasks.items() if not task.result()} == withdrawn
