"""What systemd is told, as its own socket hears it."""

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from logloom.systemd import Progress, Systemd
from tests.unit.running import ONE, running, until


class Manager:
    """A datagram socket, as systemd's."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.setblocking(False)
        self.heard: list[dict[str, str]] = []

    def look(self) -> list[dict[str, str]]:
        while True:
            try:
                message = self._socket.recv(4096).decode()
            except BlockingIOError:
                return self.heard
            self.heard.append(dict(line.split("=", 1) for line in message.splitlines()))

    def has(self, name: str) -> bool:
        return any(name in told for told in self.look())

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(str(tmp_path / "notify"))
    yield manager
    manager.close()


def test_nobody_is_told_where_there_is_no_systemd() -> None:
    nobody = Systemd({})
    nobody.ready("up")
    assert nobody.watchdog_s == 0.0


def test_a_socket_that_is_gone_keeps_nothing_up(tmp_path: Path) -> None:
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "none")}).ready("up")


def test_an_address_without_a_file() -> None:
    name = f"logloom-{os.getpid()}-{time.monotonic_ns()}"
    manager = Manager(f"\0{name}")
    Systemd({"NOTIFY_SOCKET": f"@{name}"}).ready("3 receivers")
    assert manager.look() == [{"READY": "1", "STATUS": "3 receivers"}]
    manager.close()


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "often"}, 0.0),
    ],
)
def test_when_the_watchdog_wants_to_hear(more: dict[str, str], seconds: float) -> None:
    assert Systemd({"NOTIFY_SOCKET": "/run/none", **more}).watchdog_s == seconds


async def test_it_hears_of_a_start_a_reload_and_a_stop(tmp_path: Path, manager: Manager) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"})
    async with running(ONE, tmp_path / "data", systemd=systemd) as run:
        await until(lambda: manager.has("WATCHDOG"))
        assert manager.heard[0] == {"READY": "1", "STATUS": "1 receivers, 1 exporters"}
        before = time.monotonic_ns() // 1000
        await run.reload(ONE.replace("a:1", "b:1"))
        await until(lambda: sum("READY" in told for told in manager.look()) == 2)
        (reloading,) = [told for told in manager.heard if "RELOADING" in told]
        assert before <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
        # 'systemctl reload' waits for both words, whatever came of it.
        await run.reload("nonsense: 1", is_refused=True)
        await until(lambda: sum("READY" in told for told in manager.look()) == 3)
        assert [told["STATUS"] for told in manager.heard if told.keys() & {"READY", "RELOADING"}][-2:] == [
            "reading the config again",
            "the config is not in order, and the one before runs on: see the log",
        ]
        await run.reload(ONE)
        await until(lambda: sum("READY" in told for told in manager.look()) >= 4)
        assert [told["STATUS"] for told in manager.heard if "READY" in told][-1] == "1 receivers, 1 exporters"
        await run.stop()
    assert any(told.get("STOPPING") == "1" for told in manager.look())


async def test_the_watchdog_hears_nothing_while_the_rest_does_not_get_on(tmp_path: Path, manager: Manager) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "4000"})
    asked = []

    def gets_on() -> bool:
        asked.append(True)
        return len(asked) > 3

    watching = asyncio.create_task(systemd.watch(gets_on))
    await until(lambda: len(asked) >= 3)
    assert manager.look() == [] or len(asked) > 3
    await until(lambda: manager.has("WATCHDOG"))
    watching.cancel()


class Journal:
    """How far it is."""

    durable = 0
    queued_bytes = 0
    broken: dict[str, str] = {}  # noqa: RUF012

    def troubles(self) -> dict[str, str]:
        return self.broken


def test_a_journal_that_hangs_does_not_get_on() -> None:
    now_s = 0.0
    journal = Journal()
    progress = Progress(journal, 10.0, lambda: now_s)  # type: ignore[arg-type]
    now_s = 100.0
    assert progress.gets_on()  # it has nothing to do
    journal.queued_bytes = 7
    now_s = 109.0
    assert progress.gets_on()
    now_s = 111.0
    assert not progress.gets_on()
    journal.durable = 5
    assert progress.gets_on()
    now_s = 130.0
    assert not progress.gets_on()
    journal.broken = {"writing": "no space"}
    assert progress.gets_on()  # that is told, and tried again
