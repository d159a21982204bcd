"""Processors are asked for what is due, also at the end."""

import asyncio
import threading
from typing import Any

import pytest

from logloom import ticks
from logloom.logs import log_of
from logloom.ticks import Ticks


class Said:
    """An Intake that answers what the test says; the last answer for ever."""

    def __init__(self, *answers: tuple[int, bool, list[str]]) -> None:
        self.answers = list(answers)
        self.asked: list[bool] = []
        self.thrice = threading.Event()

    def tick(self, *, is_last: bool = False) -> tuple[int, bool, list[str]]:
        self.asked.append(is_last)
        if len(self.asked) == 3:
            self.thrice.set()
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def ticking(intake: Any) -> Ticks:
    made = Ticks(log_of("processors"))
    made.intake = intake
    return made


async def test_they_are_asked_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticks, "EVERY_S", 0.0)
    said = Said((0, False, []))
    task = asyncio.create_task(ticking(said).run())
    await asyncio.to_thread(said.thrice.wait)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not any(said.asked)


async def test_one_that_fails_is_named(caplog: pytest.LogCaptureFixture) -> None:
    assert await ticking(Said((0, False, ["dedup/a"]))).tick()
    assert [record.fields for record in caplog.records] == [{"processor": "dedup/a"}]  # type: ignore[attr-defined]


async def test_the_last_time_room_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticks, "AGAIN_S", 0.0)
    said = Said((0, True, []), (0, True, []), (2, False, []))
    await ticking(said).flush(60.0)
    assert said.asked == [True, True, True]


async def test_but_not_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    await ticking(Said((0, True, []))).flush(0.0)
    assert "they are lost" in caplog.text


async def test_nobody_is_asked_without_an_intake() -> None:
    said = Said((0, True, []))
    one = ticking(said)
    one.rest()
    assert await one.tick()
    assert not said.asked
