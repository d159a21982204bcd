"""The service on receivers and exporters of the tests': start, deliver, retry, drain, fail."""

import asyncio
import os
import stat
from pathlib import Path
from typing import Any

import orjson
import pytest

from logloom import config
from logloom._native import Delivery
from logloom.config import Retry
from logloom.errors import ComponentError, DataFolderError, RefuseError, RetryError, ServiceError
from logloom.service import Service
from tests.unit.components import installed
from tests.unit.running import ONE, running, until


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


async def test_a_receiver_that_fails_is_started_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running(ONE, tmp_path) as run:
        first = run.receiver()
        await first.text("one")
        assert first.fail is not None
        first.fail.set_exception(OSError(98, "Address already in use"))
        await until(lambda: run.receiver() is not first and run.service.ready())
        state = run.state("tin")
        assert (state.kind, state.state, state.restarts) == ("receiver", "running", 1)
        assert state.last_error == "[Errno 98] Address already in use"
        await run.receiver().text("two")
        await run.stop()
        assert [body for bodies in run.exporter().bodies for body in bodies] == ["one", "two"]
    (told,) = [record for record in caplog.records if record.message == "failed, and starts again"]
    assert (told.component, told.fields["why"]) == ("tin", "[Errno 98] Address already in use")


async def test_it_is_not_ready_while_a_component_is_down(tmp_path: Path) -> None:
    async with running(ONE, tmp_path, restart=Retry(initial_interval=3600.0, max_interval=3600.0)) as run:
        fail = run.receiver().fail
        assert fail is not None
        fail.set_result(None)
        await until(lambda: run.state("tin").state == "waiting")
        assert run.state("tin").last_error == "ended by itself, which none should"
        assert not run.service.ready()
        assert orjson.loads((tmp_path / "listening.json").read_bytes()) == {}
        await run.stop()  # which does not wait for the next attempt
        assert run.state("tin").state == "stopped"


async def test_an_exporter_that_fails_has_everything_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running(ONE, tmp_path) as run:
        first = run.exporter()
        first.answers = [ZeroDivisionError("a bug")]
        await run.receiver().text("one", "two")
        await until(lambda: run.exporter() is not first and run.exporter().bodies == [["one", "two"]])
        assert (first.bodies, first.closed, run.state("tout").restarts) == ([], True, 1)
        await run.receiver().text("three")
        await run.stop()
        assert run.exporter().bodies == [["one", "two"], ["three"]]
    assert "unexpected failure" in caplog.messages  # with its traceback


@pytest.mark.parametrize("kind", ["disk", "memory"])
async def test_an_exporter_fails_again_and_again_and_nothing_is_lost(tmp_path: Path, kind: str) -> None:
    async with running(f"{ONE}journal: {{kind: {kind}}}\n", tmp_path) as run:
        for number in range(1, 6):
            failing = run.exporter()
            failing.answers = [ZeroDivisionError("a bug")]
            await run.receiver().text(str(number))
            await until(lambda failing=failing: run.exporter() is not failing)
        await until(lambda: run.state("tout").state == "running")
        await run.stop()
        assert [body for bodies in run.exporter().bodies for body in bodies][-1] == "5"
        assert run.state("tout").restarts == 5


async def test_what_cannot_start_at_first_is_an_error(tmp_path: Path) -> None:
    with installed() as components:
        components.refuse["tin"] = ServiceError("no such device")
        with pytest.raises(ComponentError, match=r"^receiver tin: no such device$"):
            await Service(config.loads(ONE), tmp_path).run()
        components.refuse.clear()
        components.refuse["tout"] = OSError(13, "Permission denied")
        with pytest.raises(ComponentError, match=r"^exporter tout: \[Errno 13\] Permission denied$"):
            await Service(config.loads(ONE), tmp_path).run()


async def test_started_and_stopped_three_times_on_the_same_folder(tmp_path: Path) -> None:
    for number in range(3):
        async with running(ONE, tmp_path) as run:
            await run.receiver().text(f"line {number}")
            await run.stop()
            assert run.exporter().bodies == [[f"line {number}"]]
            assert {state.state for state in run.service.components()} == {"stopped"}


async def test_it_tells_how_its_components_are(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        await until(lambda: {state.state for state in run.service.components()} == {"running"})
        kinds = {(state.kind, state.id) for state in run.service.components()}
        assert {("receiver", "tin"), ("exporter", "tout"), ("service", "journal"), ("service", "errands")} < kinds
        await run.stop()


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
