"""The power fails under logloom, again and again: what was acknowledged was synced, and so is still there.

A file system of its own is shut down as the kernel's crash tests do it: what was not synced is gone, and until logloom
is killed each of its calls gives EIO, during which it must not acknowledge either.
"""

import asyncio
import random
from pathlib import Path

import pytest

from tests.service.kill.conftest import Tell
from tests.service.kill.disks import Disk
from tests.service.kill.limits import stopped
from tests.service.kill.session import Load, seed, session

CUTS = 10


@pytest.mark.timeout(300)
async def test_power_cuts(tmp_path: Path, tell: Tell) -> None:
    number = seed()
    tell(f"LOGLOOM_KILL_SEED={number}")
    chance = random.Random(number)
    with Disk(tmp_path / "logloom" / "data") as disk:
        async with session(tmp_path, number, Load()) as run:
            victim = run.victims["logloom"]
            async with run.loaded():
                for _ in range(CUTS):
                    await victim.ready()
                    await asyncio.sleep(chance.uniform(0.05, 3))
                    with stopped(run.logloom):  # a sync that races with the cut may be told that it was done
                        disk.cut()
                    await asyncio.sleep(chance.choice((0, 0.01, 0.1, 1.0)))
                    victim.kill()
                    disk.repair()
                    victim.spawn()
            outcome = await run.finish()
        tell(f"{CUTS} power cuts; {outcome}")
    outcome.hold()
