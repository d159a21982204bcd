"""Killed with SIGKILL at random points, logloom and its destinations lose nothing that was acknowledged."""

import asyncio
import random
import time
from pathlib import Path
from typing import Any

import pytest

from tests.service.kill.accounts import accounts, check
from tests.service.kill.conftest import Tell
from tests.service.kill.killer import Victim, kill_at_random
from tests.service.kill.session import QUIET_S, Load, Outcome, Session, seed, session

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


async def _run(
    folder: Path, kills: int, tell: Tell, journal: dict[str, Any] | None = None, quiet_s: float = QUIET_S
) -> Outcome:
    number = seed()
    tell(f"LOGLOOM_KILL_SEED={number}")
    async with session(folder, number, Load(), journal) as run:
        async with run.loaded():
            await _kill(run, kills)
        outcome = await run.finish(quiet_s)
    tell(str(outcome))
    return outcome


@pytest.mark.timeout(400)
async def test_nothing_is_lost(tmp_path: Path, tell: Tell) -> None:
    outcome = await _run(tmp_path, KILLS, tell)
    assert _kills(outcome.victims) >= 50
    outcome.hold()
    tell(check(outcome, accounts(tmp_path / "logloom" / "data")))


@pytest.mark.timeout(200)
async def test_the_same_run_shows_what_memory_loses(tmp_path: Path, tell: Tell) -> None:
    """With a journal in memory this very run must fail, or it would prove nothing."""
    outcome = await _run(tmp_path, 12, tell, {"kind": "memory"}, quiet_s=5.0)
    assert outcome.verdicts["otlp"].missing or outcome.verdicts["otlphttp"].missing
