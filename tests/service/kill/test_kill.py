"""Killed with SIGKILL at random points, logloom and its destinations lose nothing that was acknowledged."""

import asyncio
import random
import time
from pathlib import Path

import pytest

from tests.service.kill.conftest import Tell
from tests.service.kill.killer import kill_at_random
from tests.service.kill.session import Load, Outcome, Session, seed, session

KILLS = 80
RUN_S_MAX = 180.0


async def _kill(run: Session, kills: int) -> None:
    """Kills all of them, each at its own random points, until there were enough kills."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for victim in run.victims.values():
            chance = random.Random(f"{run.seed} {victim.name}")
            away_s_max = 0.2 if victim.name == "logloom" else 1.0
            group.create_task(kill_at_random(victim, chance, stopping, life_s_max=5.0, away_s_max=away_s_max))
        until_s = time.monotonic() + RUN_S_MAX
        while sum(len(victim.kills) for victim in run.victims.values()) < kills:
            assert time.monotonic() < until_s, f"too few kills in {RUN_S_MAX} s"
            await asyncio.sleep(0.05)
        stopping.set()


async def _run(folder: Path, kills: int, number: int, tell: Tell) -> Outcome:
    tell(f"LOGLOOM_KILL_SEED={number}")
    async with session(folder, number, Load()) as run:
        async with run.loaded():
            await _kill(run, kills)
        outcome = await run.finish()
    tell(str(outcome))
    return outcome


@pytest.mark.timeout(400)
async def test_nothing_is_lost(tmp_path: Path, tell: Tell) -> None:
    outcome = await _run(tmp_path, KILLS, seed(), tell)
    assert sum(len(victim.kills) for victim in outcome.victims.values()) >= 50
    outcome.hold()


@pytest.mark.timeout(200)
async def test_the_same_run_shows_what_memory_loses(tmp_path: Path, tell: Tell) -> None:
    """With a journal in memory this very run must fail, or it would prove nothing."""
    outcome = await _run(tmp_path, 12, seed(), tell)
    assert outcome.verdicts["otlp"].missing or outcome.verdicts["otlphttp"].missing
