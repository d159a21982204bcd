"""What the system denies a running logloom: room, files, time.

It stops to acknowledge or goes on, honestly; nothing that it acknowledged is lost; it recovers by itself, and says what
happened.
"""

import asyncio
import resource
import time
from pathlib import Path

import pytest

from tests.service.kill.accounts import accounts, check
from tests.service.kill.conftest import Tell
from tests.service.kill.disks import Disk, Room
from tests.service.kill.limits import limited, open_files, stopped
from tests.service.kill.session import Load, Session, seed, session

LOAD = Load(
    senders={
        "grpc": 4,
        "proto": 3,
        "json": 1,
        "zipkin": 1,
        "jaeger": 1,
        "post": 1,
        "envoy": 1,
        "loki": 1,
        "bulk": 1,
        "hec": 1,
        "datadog": 1,
        "forward": 1,
        "beats": 1,
    },
    writers={"app": 1, "pod": 1},
    pause_s=0.05,
)
FAULT_S = 2.0
"""How long each fault lasts."""


async def _finish(run: Session, tell: Tell, what: str) -> None:
    outcome = await run.finish()
    tell(f"{what}: {outcome}")
    outcome.hold()
    tell(check(outcome, accounts(run.logloom.data)))


async def _refusing(run: Session, within_s: float = 60.0) -> None:
    """Waits until senders were refused, and for some time none was acknowledged."""
    failed, until_s = run.notes.failed, time.monotonic() + within_s
    while time.monotonic() < until_s:
        before = run.notes.requests
        await asyncio.sleep(1.0)
        if run.notes.failed > failed and run.notes.requests == before:
            return
    raise AssertionError(f"it goes on to acknowledge: {run.logloom.output()}")


async def test_a_hung_disk(tmp_path: Path, tell: Tell) -> None:
    with Disk(tmp_path / "logloom" / "data") as disk:
        async with session(tmp_path, seed(), LOAD) as run:
            await run.up()
            async with run.loaded():
                await run.acknowledged(50)
                disk.freeze()
                try:
                    await asyncio.sleep(0.5)  # what was synced before may still be answered
                    before = run.notes.requests
                    await asyncio.sleep(FAULT_S)
                    assert run.notes.requests == before, "acknowledged what is not on disk"
                    assert await asyncio.to_thread(run.logloom.get, "/healthz") == 200, "it hangs with its disk"
                finally:
                    disk.thaw()
                await run.acknowledged(50)
            await _finish(run, tell, "hung disk")


async def test_a_full_disk(tmp_path: Path, tell: Tell) -> None:
    """Another program fills it, and gives the room back; nothing is delivered meanwhile that would make some."""
    with Room(tmp_path / "logloom" / "data", 64) as room:
        async with session(tmp_path, seed(), LOAD) as run:
            await run.up()
            away = [victim for name, victim in run.victims.items() if name != "logloom"]
            async with run.loaded():
                for victim in away:
                    victim.kill()
                for but_bytes in (0, 100_000, 3_000_000):
                    await run.acknowledged(50)
                    room.fill(but_bytes=but_bytes)
                    await _refusing(run)
                    room.free()
                await run.acknowledged(50)
                for victim in away:
                    victim.spawn()
            await _finish(run, tell, "full disk")
        assert "No space left" in run.logloom.log()


async def test_torn_writes(tmp_path: Path, tell: Tell) -> None:
    """A limit on the size of files cuts a write in two, and fails the next ones."""
    async with session(tmp_path, seed(), LOAD) as run:
        await run.up()
        async with run.loaded():
            for size in (100_001, 4096, 300_007):
                await run.acknowledged(50)
                with limited(run.logloom.pid, resource.RLIMIT_FSIZE, size):
                    await _refusing(run)
            await run.acknowledged(50)
        await _finish(run, tell, "torn writes")


async def test_no_more_files(tmp_path: Path, tell: Tell) -> None:
    async with session(tmp_path, seed(), LOAD) as run:
        await run.up()
        async with run.loaded():
            await run.acknowledged(50)
            with limited(run.logloom.pid, resource.RLIMIT_NOFILE, open_files(run.logloom.pid)):
                await asyncio.sleep(FAULT_S)
            await run.acknowledged(50)
        await _finish(run, tell, "no more files")


@pytest.mark.parametrize("who", ["logloom", "otlp", "otlphttp"])
async def test_stopped_and_continued(who: str, tmp_path: Path, tell: Tell) -> None:
    async with session(tmp_path, seed(), LOAD) as run:
        await run.up()
        async with run.loaded():
            await run.acknowledged(50)
            with stopped(run.victims[who].process):
                await asyncio.sleep(FAULT_S)
            await run.acknowledged(50)
        await _finish(run, tell, f"{who} stopped and continued")
