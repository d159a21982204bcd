"""A Follower and a destination that answers as the test says: what becomes of each record, and in which order."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from logloom._native import Batch, Delivery
from logloom.config import Retry
from logloom.errors import DestinationError, RefuseError, RetryError
from logloom.exporters import ExporterContext, TooLargeError, _follow
from logloom.exporters._follow import Bookmark, Cut, Follower
from tests.components import Core, log, unsaved

QUICK = Retry(initial_interval=0.001, max_interval=0.002)


@dataclass
class Run:
    """A Follower, what was sent and what was put aside."""

    core: Core
    answer: Callable[[list[str]], Any] = lambda _bodies: None
    taken: list[str] = field(default_factory=list)
    aside: list[tuple[list[str], str]] = field(default_factory=list)
    no_room: int = 0
    requests: int = 0
    only_counts: bool = False
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    follower: Follower = field(init=False)
    task: "asyncio.Task[None]" = field(init=False)

    async def send(self, batch: Batch) -> Delivery:
        self.requests += 1
        self.asked.set()
        bodies = [record.body for record in batch]
        answer = self.answer(bodies)
        if isinstance(answer, BaseException):
            raise answer
        if answer is None:
            answer = Delivery.done(len(batch))
        refused = {record for record, _ in answer.refused}
        if answer.kind == "done":
            self.taken += [body for at, body in enumerate(bodies) if at not in refused]
        return answer

    async def dead_letters(self, exporter: str, batch: Batch, why: str) -> bool:
        assert exporter == "test"
        if self.no_room:
            self.no_room -= 1
            raise RetryError("full")
        self.aside.append(([record.body for record in batch], why))
        return True

    async def lines(self, *lines: str) -> None:
        delivery = await self.core.push(self.core.push.messages("text"), "\n".join(lines).encode())
        async with asyncio.timeout(30):
            while not await self.core.push.settled(delivery.entry, 0.5):
                pass


@asynccontextmanager
async def following(
    tmp_path: Path,
    answer: Callable[[list[str]], Any],
    retry: Retry = QUICK,
    *,
    may_leave: bool = False,
    only_counts: bool = False,
) -> AsyncIterator[Run]:
    with ThreadPoolExecutor(4) as threads:
        core = Core(threads)
        run = Run(core, answer, only_counts=only_counts)
        context = ExporterContext("test", log(), tmp_path, unsaved)  # type: ignore[arg-type]
        run.follower = Follower(
            run,
            Bookmark(core.journal, core.cursor),
            threads,
            retry=retry,
            cut=Cut(),
            context=context,
            dead_letters=run.dead_letters,
            may_leave=may_leave,
        )
        run.task = asyncio.create_task(run.follower.run())
        try:
            yield run
        finally:
            run.follower.closed()
            core.journal.close()
            await asyncio.wait_for(run.task, 30)


def bad(*which: str, error: Exception | None = None) -> Callable[[list[str]], Any]:
    return lambda bodies: (error or RefuseError("malformed")) if set(which) & set(bodies) else None


async def test_a_poison_record_is_put_aside_and_the_rest_delivered_in_order(tmp_path: Path) -> None:
    lines = [str(at) for at in range(100)]
    async with following(tmp_path, bad("17", "18", "99")) as run:
        await run.lines(*lines)
        await run.lines("after")
    assert run.taken == [line for line in lines if line not in ("17", "18", "99")] + ["after"]
    assert run.aside == [(["17"], "malformed"), (["18"], "malformed"), (["99"], "malformed")]
    assert (run.follower.counts.delivered, run.follower.counts.dead_lettered) == (98, 3)


async def test_what_is_only_counted_is_not_read(tmp_path: Path) -> None:
    async with following(tmp_path, bad("1"), only_counts=True) as run:
        await run.lines("1", "2")
        await run.lines("3")
    assert (run.follower.counts.delivered, run.follower.counts.dropped, run.requests) == (3, 0, 0)


@pytest.mark.parametrize("enabled", [True, False])
async def test_nothing_is_lost_for_a_wrong_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, enabled: bool
) -> None:
    wrong = iter([DestinationError("UNAUTHENTICATED")] * 7)
    retry = Retry(enabled=enabled, initial_interval=0.001, max_interval=0.002, max_elapsed_time=0.001)
    async with following(tmp_path, lambda _: next(wrong, None), retry) as run:
        await run.lines("one", "two")
    assert (run.taken, run.aside, run.follower.counts.dropped) == (["one", "two"], [], 0)
    assert _follow.NOT_FROM_US in caplog.messages
    assert {record.levelname for record in caplog.records} == {"ERROR"}


async def test_an_answer_that_does_not_tell_is_tried_again_before_it_is_believed(tmp_path: Path) -> None:
    unsure = RefuseError("500", is_sure=False)
    async with following(tmp_path, bad("3", error=unsure)) as run:
        await run.lines("before")  # it takes others: then the records are to blame
        await run.lines("1", "2", "3", "4")
    assert run.taken == ["before", "1", "2", "4"]
    assert run.aside == [(["3"], "500")]
    assert run.requests >= _follow.UNSURE_ATTEMPTS


async def test_a_destination_that_is_broken_for_all_is_waited_for(tmp_path: Path) -> None:
    broken = iter([RefuseError("500", is_sure=False)] * 50)
    async with following(tmp_path, lambda _: next(broken, None)) as run:
        await run.lines("one", "two")
    assert (run.taken, run.aside) == (["one", "two"], [])


async def test_of_what_is_refused_within_a_taken_request_the_known_is_put_aside(tmp_path: Path) -> None:
    answers = [
        Delivery.done(2, [(1, "too old")]),  # says which
        Delivery.done(0, [(0, "no"), (1, "no")]),  # all
        Delivery.done(1, [(3, "too many")]),  # two of three, not which: the number is no record's
    ]
    async with following(tmp_path, lambda _: answers.pop(0)) as run:
        for lines in ("abc", "de", "fgh"):
            await run.lines(*lines)
    counts = run.follower.counts
    assert run.aside == [(["b"], "too old"), (["d", "e"], "no")]
    assert (counts.delivered, counts.dead_lettered, counts.refused) == (3, 3, 2)


async def test_without_room_among_the_dead_letters_it_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with following(tmp_path, bad("bad")) as run:
        run.no_room = 1
        run.follower.stopping()  # waits are short then
        await run.lines("bad", "good")
    assert (run.taken, run.aside) == (["good"], [(["bad"], "malformed")])
    assert "refused for good, and there is no room among the dead letters: waits" in caplog.messages


async def test_a_stop_does_not_wait_for_a_destination_that_is_down(tmp_path: Path) -> None:
    slow = Retry(initial_interval=3000, max_interval=3000)
    async with following(tmp_path, lambda _: RetryError("down"), slow, may_leave=True) as run:
        push = run.core.push
        await push(push.messages("text"), b"one")
        await asyncio.wait_for(run.asked.wait(), 30)
        run.follower.stopping()
        await asyncio.wait_for(run.task, 30)
    assert run.requests == 2  # once more, and no longer
    assert run.core.cursor.pending_records == 1


async def test_too_large_is_found_out_once(tmp_path: Path) -> None:
    def answer(bodies: list[str]) -> Any:
        return TooLargeError("larger than max") if len(bodies) > 1000 else None

    lines = [f"{at:04}" + "x" * 300 for at in range(3000)]
    async with following(tmp_path, answer) as run:
        await run.lines(*lines)
        found_out = run.requests
        await run.lines(*lines)
    assert run.taken == lines * 2
    assert run.requests - found_out < found_out


async def test_retries_go_on_where_they_were_left(tmp_path: Path) -> None:
    answers: dict[str, list[Exception]] = {"5": [RetryError("busy"), OSError(111, "refused"), TimeoutError()]}

    def answer(bodies: list[str]) -> Any:
        if "7" in bodies:
            return RefuseError("malformed")
        for body in bodies:
            if answers.get(body):
                return answers[body].pop(0)
        return None

    async with following(tmp_path, answer) as run:
        await run.lines(*map(str, range(10)))
    assert run.taken == [str(at) for at in range(10) if at != 7]
    assert run.aside == [(["7"], "malformed")]
    assert run.follower.counts.retries == 3
