"""Killed with SIGKILL at random points, logloom and its destinations lose nothing that was acknowledged."""

import asyncio
import random
import time
from pathlib import Path

import pytest

from tests.service.kill.accounts import accounts, check
from tests.service.kill.conftest import Tell
from tests.service.kill.killer import Victim, kill_at_random
from tests.service.kill.session import Load, Session, seed, session

KILLS = 80
RUN_S_MAX = 180.0


async def _kill(run: Session, kills: int) -> None:
    """Kills all of them, each at its own random points, until there were enough kills, a quarter of them logloom's."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for victim in run.victims.values():
            chance = random.Random(f"{run.seed} {victim.name}")
            away_s_max = 0.2 if victim.name == "logloom" else 1.0
            group.create_task(kill_at_random(victim, chance, stopping, life_s_max=5.0, away_s_max=away_s_max))
        until_s = time.monotonic() + RUN_S_MAX
        while _kills(run.victims) < kills or len(run.victims["logloom"].kills) < kills // 4:
            assert time.monotonic() < until_s, f"too few kills in {RUN_S_MAX} s"
            await asyncio.sleep(0.05)
        stopping.set()


def _kills(victims: dict[str, Victim]) -> int:
    return sum(len(victim.kills) for victim in victims.values())


@pytest.mark.timeout(400)
async def test_nothing_is_lost(tmp_path: Path, tell: Tell) -> None:
    number = seed()
    tell(f"LOGLOOM_KILL_SEED={number}")
    async with session(tmp_path, number, Load()) as run:
        async with run.loaded():
            await _kill(run, KILLS)
        outcome = await run.finish()
    tell(str(outcome))
    assert _kills(outcome.victims) >= 50
    outcome.hold()
    tell(check(outcome, accounts(tmp_path / "logloom" / "data")))


@pytest.mark.timeout(200)
async def test_the_same_run_shows_what_memory_loses(tmp_path: Path, tell: Tell) -> None:
    """With a journal in memory such a run must fail, or it would prove nothing."""
    async with session(tmp_path, seed(), Load(), {"kind": "memory"}) as run:
        async with run.loaded():
            await _kill(run, 6)
            await run.up()
            for name, victim in run.victims.items():
                if name != "logloom":
                    victim.kill()
            await run.acknowledged(50)
            run.victims["logloom"].kill()
            for victim in run.victims.values():
                victim.spawn()
        outcome = await run.finish(5.0)
    tell(f"in memory: {outcome}")
    assert outcome.verdicts["otlp"].missing
    assert outcome.verdicts["otlphttp"].missing
