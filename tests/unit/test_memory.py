"""When more is taken, by how much memory is in use."""

import asyncio
import os
from pathlib import Path

import pytest

from logloom.memory import Memory, resident_bytes, total_bytes
from logloom.processors.memory_limiter import Config
from tests.components import log

MIB = 1 << 20


class Machine:
    """A process whose memory the test says."""

    def __init__(self, config: Config) -> None:
        self.used = self.freed = 0
        self.given_back = 0
        self.memory = Memory(config, log(), lambda: self.used, lambda: 1000 * MIB, self.give_back)

    def give_back(self) -> None:
        self.given_back += 1
        self.used -= self.freed

    async def look(self, used_mib: int, now_s: float = 0.0) -> float:
        self.used = used_mib * MIB
        await self.memory.look(now_s)
        return self.memory.busy_s


async def test_over_the_soft_limit_senders_wait(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(Config(limit_mib=100, spike_limit_mib=30))
    for used_mib, busy_s in ((70, 0.0), (71, 1.0), (500, 1.0), (71, 1.0), (70, 0.0)):
        assert await machine.look(used_mib) == busy_s
    said = [(record.levelname, record.message) for record in caplog.records if record.levelname == "WARNING"]
    assert said == [("WARNING", "too much memory in use: senders are asked to come again")]


async def test_what_is_free_is_given_back_first() -> None:
    machine = Machine(Config(limit_mib=100, spike_limit_mib=30))
    machine.freed = 20 * MIB
    assert await machine.look(80) == 0.0
    assert machine.given_back == 1


async def test_how_often_it_is_given_back() -> None:
    """Above the soft limit at most every 10 s, above the limit at each look."""
    machine = Machine(Config(limit_mib=100, spike_limit_mib=30))
    for now_s, used_mib, times in ((0, 80, 1), (1, 80, 1), (2, 120, 2), (3, 120, 3), (4, 80, 3), (13, 80, 4)):
        await machine.look(used_mib, now_s)
        assert machine.given_back == times


async def test_how_much_there_is_is_looked_at_now_and_then() -> None:
    machine, totals_mib = Machine(Config(limit_percentage=50, spike_limit_percentage=10)), iter(range(1000, 1100))
    machine.memory.total = lambda: next(totals_mib) * MIB
    for now_s in (0.0, 0.1, 9.9, 10.0, 19.9, 100.0):
        assert await machine.look(450, now_s) == 1.0
    assert next(totals_mib) == 1003, "three looks in six"


@pytest.mark.parametrize(
    ("config", "limits"),
    [
        (Config(limit_mib=100), (80, 100)),
        (Config(limit_percentage=50), (400, 500)),
        (Config(limit_percentage=80, spike_limit_percentage=25), (550, 800)),
        (Config(limit_mib=100, limit_percentage=80), (80, 100)),
    ],
)
def test_limits(config: Config, limits: tuple[int, int]) -> None:
    assert config.limits_bytes(1000 * MIB) == (limits[0] * MIB, limits[1] * MIB)


def test_what_this_process_holds() -> None:
    """As the kernel tells it elsewhere, too."""
    before = resident_bytes()
    held = b"x" * (64 * MIB)
    assert 60 * MIB < resident_bytes() - before < 80 * MIB
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    assert abs(resident_bytes() - int(status["RssAnon"].split()[0]) * 1024) < 8 * MIB
    del held


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({}, None),
        ({"sys/fs/cgroup/memory.max": "max"}, None),
        ({"sys/fs/cgroup/memory.max": "1048576"}, MIB),
        ({"sys/fs/cgroup/memory/memory.limit_in_bytes": "2097152"}, 2 * MIB),
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/memory.max": "3145728",
                "sys/fs/cgroup/a/b/memory.max": "max",
            },
            3 * MIB,
        ),
        ({"proc/self/cgroup": "4:memory:/x\n", "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "1048576"}, MIB),
        (
            {
                "proc/self/cgroup": "4:memory:/x\n",
                "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "9223372036854771712",
            },
            None,
        ),
    ],
)
def test_how_much_there_is(tmp_path: Path, files: dict[str, str], limit: int | None) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert total_bytes(tmp_path) == (limit if limit is not None else machine)


async def test_it_looks_again_and_again() -> None:
    machine = Machine(Config(limit_mib=100, check_interval=0.01))
    machine.used = 90 * MIB
    task = asyncio.create_task(machine.memory.run())
    async with asyncio.timeout(30):
        while not machine.memory.busy_s:  # noqa: ASYNC110 — it is read from threads, without an event
            await asyncio.sleep(0.01)
        machine.used = 10 * MIB
        while machine.memory.busy_s:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    task.cancel()
