"""Another config while it runs: what is the same in both lives on, what is another stops and starts."""

from pathlib import Path

import orjson
import pytest

from tests.unit.running import ONE, Running, running, until

TWO = """
receivers: {tin: {}, tin/b: {mode: end}}
processors: {filter: {logs: {log_record: ['severity_number < 9']}}}
exporters:
  tout: {endpoint: "a:1", retry_on_failure: {initial_interval: 1ms, max_interval: 10ms}}
  tout/b: {endpoint: "b:1"}
service:
  shutdown_timeout: 5s
  pipelines:
    logs: {receivers: [tin, tin/b], exporters: [tout]}
    logs/b: {receivers: [tin/b], exporters: [tout/b]}
"""


def bodies(run: Running, exporter: str = "tout") -> list[str]:
    return [body for bodies in run.exporter(exporter).bodies for body in bodies]


async def test_nothing_changes_where_nothing_is_another(tmp_path: Path) -> None:
    async with running(TWO, tmp_path) as run:
        before = dict(run.made)
        await run.reload(TWO.replace("receivers:", "\n\nreceivers:", 1))  # on other lines
        assert run.made == before
        assert all(state.restarts == 0 for state in run.service.components())
        await run.stop()


async def test_only_what_is_another_starts_anew(tmp_path: Path) -> None:
    async with running(TWO, tmp_path) as run:
        before = dict(run.made)
        await run.receiver().text("one")
        await run.receiver("tin/b").text("two")
        await run.reload(TWO.replace("mode: end", "mode: beginning").replace('"b:1"', '"c:1"'))
        assert run.made["tin"] is before["tin"]
        assert run.made["tout"] is before["tout"]
        assert run.receiver("tin/b").config.mode == "beginning"
        assert str(run.exporter("tout/b").config.endpoint) == "c:1"
        assert before["tout/b"].closed
        assert run.service.ready()
        await run.receiver().text("three")
        await run.receiver("tin/b").text("four")
        await run.stop()
        assert bodies(run) == ["one", "two", "three", "four"]
        assert [*(body for bodies in before["tout/b"].bodies for body in bodies), *bodies(run, "tout/b")] == [
            "two",
            "four",
        ]


async def test_what_comes_and_goes(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        first = run.receiver()
        await first.text("one")
        await run.reload(TWO)
        assert run.receiver() is first
        assert orjson.loads((tmp_path / "listening.json").read_bytes()) == {
            "tin": {"test": "here"},
            "tin/b": {"test": "here"},
        }
        await run.receiver("tin/b").text("two")
        await run.reload(ONE)
        assert orjson.loads((tmp_path / "listening.json").read_bytes()) == {"tin": {"test": "here"}}
        await first.text("three")
        assert {state.id for state in run.service.components()} == {
            "tin",
            "tout",
            "journal",
            "errands",
            "processors",
            "memory",
        }
        await run.stop()
        assert bodies(run) == ["one", "two", "three"]
        assert bodies(run, "tout/b") in ([], ["two"])  # what it had not sent stays in the journal


@pytest.mark.parametrize("kind", ["disk", "memory"])
async def test_what_an_exporter_had_not_delivered_goes_to_the_one_that_follows_it(tmp_path: Path, kind: str) -> None:
    text = f"{ONE}journal: {{kind: {kind}}}\n".replace("shutdown_timeout: 5s", "shutdown_timeout: 100ms")
    async with running(text, tmp_path) as run:
        first = run.exporter()
        first.gate.clear()
        await run.receiver().text("one")
        await run.receiver().text("two")
        await run.reload(text.replace("a:1", "b:1").replace("100ms", "30s"))
        assert run.exporter() is not first
        await run.receiver().text("three")
        await run.stop()
        assert (first.bodies, bodies(run)) == ([], ["one", "two", "three"])


async def test_pipelines_are_others_from_then_on_and_no_receiver_starts_anew(tmp_path: Path) -> None:
    async with running(TWO, tmp_path) as run:
        before = dict(run.made)
        changed = TWO.replace("receivers: [tin, tin/b], exporters", "receivers: [tin], processors: [filter], exporters")
        await run.reload(changed)
        assert run.made == before
        await run.receiver().text("INFO one", "two")
        await run.receiver("tin/b").text("three")
        await run.stop()
        assert bodies(run, "tout/b") == ["three"]
        assert "three" not in bodies(run)


async def test_a_config_that_is_wrong_leaves_everything_as_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(ONE, tmp_path) as run:
        before = dict(run.made)
        await run.reload(ONE.replace("exporters: [tout]", "exporters: [toot]"), is_refused=True)
        line = "config:6: service.pipelines.logs.exporters[0]: no exporter 'toot': did you mean 'tout'?"
        assert run.service.config_error == line
        assert line in caplog.messages
        assert run.made == before
        assert run.service.ready()
        await run.receiver().text("one")
        await run.reload(ONE)
        assert run.service.config_error == ""
        await run.stop()
        assert bodies(run) == ["one"]


@pytest.mark.parametrize(
    ("config", "what"),
    [
        (f"{ONE}journal: {{max_mib: 1234}}\n", "journal"),
        (ONE.replace("exporters: [tout]}", "exporters: [tout], lossy: drop_oldest}"), "service.pipelines: lossy"),
    ],
)
async def test_what_cannot_change_while_it_runs_is_refused(tmp_path: Path, config: str, what: str) -> None:
    async with running(ONE, tmp_path) as run:
        await run.reload(config, is_refused=True)
        assert run.service.config_error.startswith(f"config: {what}: cannot change while logloom runs")
        assert run.service.ready()
        await run.stop()


async def test_what_cannot_start_then_is_tried_again_while_all_else_runs(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        run.refuse["tin/b"] = OSError(98, "Address already in use")
        await run.reload(TWO)
        assert not run.service.ready()
        assert run.state("tin/b").last_error == "[Errno 98] Address already in use"
        assert (await run.receiver().text("one")).kind == "done"
        run.refuse.clear()
        await until(run.service.ready)
        await run.receiver("tin/b").text("two")
        await run.stop()
        assert bodies(run) == ["one", "two"]


async def test_a_stop_does_not_wait_for_a_reload(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        await run.receiver().text("one")
        run.texts[:] = [TWO]
        run.service.reload()
        await run.stop()
        assert bodies(run) == ["one"]
