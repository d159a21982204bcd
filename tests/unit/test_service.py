"""The service on receivers and exporters of the tests': start, deliver, retry, drain, fail."""

import asyncio
import gc
import os
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from logloom import config
from logloom._native import Delivery
from logloom.errors import ComponentError, DataFolderError, RefuseError, RetryError, ServiceError
from logloom.service import Service
from tests.service.waiting import wait_until
from tests.unit.components import Exporter, Receiver, installed

ONE = """
receivers: {tin: {}}
exporters: {tout: {endpoint: "a:1", retry_on_failure: {initial_interval: 1ms, max_interval: 10ms}}}
service:
  shutdown_timeout: 5s
  pipelines: {logs: {receivers: [tin], exporters: [tout]}}
"""


async def until(condition: Callable[[], bool]) -> None:
    await asyncio.to_thread(wait_until, condition, "the condition")


@dataclass
class Running:
    service: Service
    made: dict[str, Any]
    task: asyncio.Task[None]

    def receiver(self, name: str = "tin") -> Receiver:
        return self.made[name]  # type: ignore[no-any-return]

    def exporter(self, name: str = "tout") -> Exporter:
        return self.made[name]  # type: ignore[no-any-return]

    async def stop(self) -> None:
        self.service.stop()
        await self.task


@asynccontextmanager
async def running(text: str, data: Path) -> AsyncIterator[Running]:
    with installed() as components:
        service = Service(config.loads(text), data)
        ready = asyncio.Event()
        task = asyncio.create_task(service.run(lambda _: ready.set()))
        waiter = asyncio.create_task(ready.wait())
        await asyncio.wait([task, waiter], return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        try:
            yield Running(service, components.made, task)
        finally:
            if not task.done():
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            components.made.clear()  # who still holds the journal keeps it locked
            del task, service
            gc.collect()


async def test_what_is_pushed_is_delivered(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        assert run.service.ready()
        assert run.exporter().opened
        delivery = await run.receiver().text("one", "two")
        assert (delivery.kind, delivery.accepted) == ("done", 2)
        assert await run.receiver().push.settled(delivery.entry, 5.0)
        assert run.exporter().bodies == [["one", "two"]]
        await run.stop()
        assert run.exporter().closed
        assert not run.service.ready()


async def test_large_messages_are_read_off_the_event_loop(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        delivery = await run.receiver().text(*["x" * 100] * 10_000)
        assert delivery.accepted == 10_000
        await run.stop()
        assert sum(map(len, run.exporter().bodies)) == 10_000


async def test_a_stop_delivers_what_was_accepted(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        run.exporter().gate.clear()
        for i in range(50):
            await run.receiver().text(f"line {i}")
        run.service.stop()
        run.exporter().gate.set()
        await run.task
        assert [body for bodies in run.exporter().bodies for body in bodies] == [f"line {i}" for i in range(50)]


async def test_it_tries_again_until_the_destination_takes_it(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        run.exporter().answers = [
            Delivery.retry(0.0),
            RetryError("UNAVAILABLE"),
            OSError(111, "refused"),
            TimeoutError(),
        ]
        delivery = await run.receiver().text("one")
        assert await run.receiver().push.settled(delivery.entry, 5.0)
        assert run.exporter().bodies == [["one"]]
        assert run.exporter().attempts == 5
        await run.stop()


async def test_a_delay_that_the_destination_names_is_kept(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        run.exporter().answers = [RetryError("throttled", after_s=0.3)]
        began = asyncio.get_running_loop().time()
        delivery = await run.receiver().text("one")
        assert await run.receiver().push.settled(delivery.entry, 5.0)
        assert asyncio.get_running_loop().time() - began >= 0.3
        await run.stop()


@pytest.mark.parametrize("answer", [Delivery.refuse("malformed"), RefuseError("malformed")])
async def test_what_is_refused_for_good_is_told_and_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, answer: Any
) -> None:
    async with running(ONE, tmp_path) as run:
        run.exporter().answers = [answer]
        first = await run.receiver().text("one")
        assert await run.receiver().push.settled(first.entry, 5.0)
        await run.receiver().text("two")
        await run.stop()
        assert run.exporter().bodies == [["two"]]
    told = [record for record in caplog.records if record.message == "refused for good, and put aside"]
    assert [(r.component, r.fields) for r in told] == [("tout", {"records": 1, "why": "malformed"})]


async def test_retrying_ends_where_the_config_says(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = ONE.replace("max_interval: 10ms", "max_interval: 10ms, max_elapsed_time: 20ms")
    async with running(text, tmp_path) as run:
        run.exporter().answers = [RetryError("UNAVAILABLE")] * 1000
        delivery = await run.receiver().text("one")
        assert await run.receiver().push.settled(delivery.entry, 5.0)
        run.exporter().answers = []
        await run.stop()
        assert run.exporter().bodies == []
    assert "not taken, and retry_on_failure gives up" in caplog.messages


async def test_what_cannot_be_delivered_in_time_stays_in_the_journal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with running(ONE.replace("shutdown_timeout: 5s", "shutdown_timeout: 100ms"), tmp_path) as run:
        run.exporter().gate.clear()
        await run.receiver().text("one", "two")
        await run.stop()
        assert run.exporter().bodies == []
    told = "stopped; in the journal, to be delivered after the next start: 2 records of exporter tout"
    assert caplog.messages.count(told) == 1
    async with running(ONE, tmp_path) as run:
        await until(lambda: run.exporter().bodies == [["one", "two"]])
        await run.receiver().text("three")
        await run.stop()
        assert run.exporter().bodies == [["one", "two"], ["three"]]


async def test_in_memory_it_is_counted(tmp_path: Path) -> None:
    text = ONE.replace("shutdown_timeout: 5s", "shutdown_timeout: 100ms") + "journal: {kind: memory}\n"
    async with running(text, tmp_path) as run:
        run.exporter().gate.clear()
        await run.receiver().text("one", "two")
        with pytest.raises(ServiceError, match=r"shutdown_timeout \(0\.1s\): 2 records of exporter tout"):
            await run.stop()


async def test_a_slow_exporter_does_not_hold_up_another(tmp_path: Path) -> None:
    text = ONE.replace("exporters: {tout:", "exporters: {tout/slow: {endpoint: 'b:1'}, tout:").replace(
        "exporters: [tout]", "exporters: [tout, tout/slow]"
    )
    async with running(text, tmp_path) as run:
        run.exporter("tout/slow").gate.clear()
        delivery = await run.receiver().text("one")
        await until(lambda: run.exporter().bodies == [["one"]])
        assert not await run.receiver().push.settled(delivery.entry, 0.01)
        run.exporter("tout/slow").gate.set()
        assert await run.receiver().push.settled(delivery.entry, 5.0)
        await run.stop()


async def test_a_full_journal_asks_to_come_again_and_loses_nothing(tmp_path: Path) -> None:
    text = ONE.replace("pipelines:", "journal: {bytes_max: 1MiB}\n  pipelines:") + "journal: {kind: memory}\n"
    async with running(text, tmp_path) as run:
        run.exporter().gate.clear()
        accepted = 0
        while (delivery := await run.receiver().text(*["x" * 1000] * 100)).kind == "done":
            accepted += delivery.accepted
            assert accepted < 10_000
        assert delivery.kind == "retry"
        assert delivery.retry_after_s > 0
        run.exporter().gate.set()
        assert await run.receiver().push.settled(1, 5.0)
        assert (await run.receiver().text("last")).kind == "done"
        await run.stop()
        assert sum(map(len, run.exporter().bodies)) == accepted + 1


async def test_conditions_route_and_the_default_takes_the_rest(tmp_path: Path) -> None:
    text = """
receivers: {tin: {}}
exporters: {tout/a: {endpoint: "a:1"}, tout/b: {endpoint: "a:1"}, tout/rest: {endpoint: "a:1"}}
service:
  default_pipeline: logs/rest
  pipelines:
    logs/a: {receivers: [tin], exporters: [tout/a], when: 'body contains "a"'}
    logs/b: {receivers: [tin], exporters: [tout/b], when: 'body contains "b"'}
    logs/rest: {receivers: [tin], exporters: [tout/rest], when: 'body == "never"'}
"""
    async with running(text, tmp_path) as run:
        await run.receiver().text("a", "b", "ab", "c")
        await run.stop()
        got = {
            name: [b for bodies in run.exporter(name).bodies for b in bodies]
            for name in ("tout/a", "tout/b", "tout/rest")
        }
        assert got == {"tout/a": ["a", "ab"], "tout/b": ["b", "ab"], "tout/rest": ["c"]}


async def test_batches_linger_for_others(tmp_path: Path) -> None:
    batch = "endpoint: 'a:1', sending_queue: {batch: {min_size: 5, flush_timeout: 30s}}"
    async with running(ONE.replace('endpoint: "a:1"', batch), tmp_path) as run:
        for i in range(4):
            delivery = await run.receiver().text(str(i))
        assert not await run.receiver().push.settled(delivery.entry, 0.05)
        delivery = await run.receiver().text("4")
        assert await run.receiver().push.settled(delivery.entry, 5.0)
        assert run.exporter().bodies == [["0", "1", "2", "3", "4"]]
        await run.receiver().text("5")
        await run.stop()  # a stop waits for no others
        assert run.exporter().bodies[1:] == [["5"]]


async def test_batches_keep_their_bound(tmp_path: Path) -> None:
    batch = "endpoint: 'a:1', sending_queue: {batch: {min_size: 4, max_size: 4, flush_timeout: 30s}}"
    async with running(ONE.replace('endpoint: "a:1"', batch), tmp_path) as run:
        for lines in (["1", "2"], ["3", "4", "5"], ["6"]):
            delivery = await run.receiver().text(*lines)
        assert await run.receiver().push.settled(delivery.entry, 5.0)
        assert run.exporter().bodies == [["1", "2"], ["3", "4", "5", "6"]]
        await run.stop()


async def test_the_failure_of_a_receiver_ends_all_and_loses_nothing(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        await run.receiver().text("one")
        fail = run.receiver().fail
        assert fail is not None
        fail.set_exception(OSError(98, "Address already in use"))
        with pytest.raises(ComponentError, match=r"^receiver tin: \[Errno 98\] Address already in use$"):
            await run.task
        assert run.exporter().bodies == [["one"]]
        assert run.exporter().closed


async def test_the_failure_of_an_exporter_ends_all(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running(ONE, tmp_path) as run:
        run.exporter().answers = [ZeroDivisionError("a bug")]
        await run.receiver().text("one")
        with pytest.raises(ComponentError, match="exporter tout: a bug"):
            await run.task
    assert "unexpected failure" in caplog.messages  # with its traceback


async def test_a_receiver_that_ends_by_itself_is_a_failure(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        fail = run.receiver().fail
        assert fail is not None
        fail.set_result(None)
        with pytest.raises(ComponentError, match="receiver tin: ended by itself"):
            await run.task


async def test_where_it_listens_stands_in_a_file_while_it_does(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    async with running(ONE, data) as run:
        assert orjson.loads((data / "listening.json").read_bytes()) == {"tin": {"test": "here"}}
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        await run.stop()
        assert not (data / "listening.json").exists()


async def test_a_data_folder_belongs_to_one_process(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        other = Service(config.loads(ONE), tmp_path)
        with pytest.raises(DataFolderError, match=f"process {os.getpid()} uses it; stop that one, or give another"):
            await other.run()
        await run.stop()
    async with running(ONE, tmp_path) as run:  # and to the next one after it
        assert run.service.ready()
        await run.stop()
