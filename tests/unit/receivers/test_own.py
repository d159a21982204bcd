"""`logloom.receivers.own`: logloom's own log lines, as records."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from logloom._native import Delivery, Journal
from logloom.config import loads
from logloom.intake import Push, ReceiverContext, intake_of
from logloom.logs import LINES_MAX, log_of, show
from logloom.receivers.own import Config, create

CONFIG = """\
receivers: {own: {resource: {deployment.environment: test}}}
exporters: {nop: }
service: {pipelines: {logs: {receivers: [own], exporters: [nop]}}}
"""


class Rig:
    """The receiver, running, before a journal in memory."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(bytes_max=1 << 24)
        self.cursor = self.journal.cursor("nop", ["logs"], start="oldest")
        self.journal.all_attached()
        config = loads(CONFIG)
        self.stopping, self.is_up = asyncio.Event(), asyncio.Event()
        context = ReceiverContext(
            "own", self.stopping, log_of("own"), folder, lambda: True, lambda _listening: self.is_up.set()
        )
        own = config.receivers["own"].config
        assert isinstance(own, Config)
        self.push = Push("own", intake_of(config, self.journal), self.journal, ThreadPoolExecutor(1))
        self.receiver = create(own, context)

    def records(self) -> list[dict[str, object]]:
        found = []
        while (step := self.cursor.next(1000, 1 << 20, 0.0)) is not None:
            found += [record.to_dict() for record in step[0]]
            self.cursor.done(step[1])
        return found


@pytest.fixture(autouse=True)
def _logger() -> Iterator[None]:
    logger = logging.getLogger("logloom")
    before = logger.handlers[:], logger.propagate, logger.level
    show("info")
    yield
    logger.handlers[:], logger.propagate, logger.level = before


@pytest.mark.asyncio
async def test_what_is_told_is_a_record(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    running = asyncio.create_task(rig.receiver.run(rig.push))
    await rig.is_up.wait()
    log_of("otlp/siem").warning("not taken", extra={"why": "connection refused", "attempt": 4})
    from_thread = threading.Thread(target=lambda: log_of("journal").error("full"))
    from_thread.start()
    from_thread.join()
    log_of("own").debug("not shown, and not taken")
    rig.stopping.set()
    await running
    first, second = rig.records()
    assert (first["body"], first["severity_text"], first["severity_number"]) == ("not taken", "WARN", 13)
    assert first["attributes"] == {
        "logloom.component": "otlp/siem",
        "logloom.why": "connection refused",
        "logloom.attempt": 4,
    }
    assert first["resource"] == {"service.name": "logloom", "deployment.environment": "test"}
    assert first["time_unix_nano"]
    assert (second["body"], second["severity_text"]) == ("full", "ERROR")
    assert not [
        handler for handler in logging.getLogger("logloom").handlers if type(handler).__module__ == create.__module__
    ]


@pytest.mark.asyncio
async def test_it_cannot_feed_itself(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    running = asyncio.create_task(rig.receiver.run(rig.push))
    await rig.is_up.wait()
    for _ in range(LINES_MAX * 5):
        log_of("otlp/siem").warning("not taken")
    rig.stopping.set()
    await running
    assert len(rig.records()) == LINES_MAX


@pytest.mark.asyncio
async def test_what_is_not_taken_comes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(tmp_path)
    answers, push = [Delivery.retry(0.001), Delivery.retry(0.001)], rig.push.append
    asked = asyncio.Event()

    async def later(*arguments: object, **known: object) -> Delivery:
        if answers:
            return answers.pop()
        asked.set()
        return await push(*arguments, **known)  # type: ignore[arg-type]

    monkeypatch.setattr(rig.push, "append", later)
    running = asyncio.create_task(rig.receiver.run(rig.push))
    await rig.is_up.wait()
    log_of("otlp/siem").warning("first")
    log_of("otlp/siem").warning("second")
    await asyncio.wait_for(asked.wait(), 30)
    rig.stopping.set()
    await running
    assert [record["body"] for record in rig.records()] == ["first", "second"]


@pytest.mark.asyncio
async def test_other_logs_shown_otherwise_leave_it_in_place(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    running = asyncio.create_task(rig.receiver.run(rig.push))
    await rig.is_up.wait()
    show("warn", "json")
    log_of("service").info("below")
    log_of("service").warning("above")
    rig.stopping.set()
    await running
    assert [record["body"] for record in rig.records()] == ["above"]
