"""Which records of which receiver a pipeline takes."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from logloom import config
from logloom._native import Batch, Journal
from logloom.intake import Push, ReceiverContext, intake_of
from logloom.logs import log_of
from tests.unit.components import installed

ZIPKIN = b'[{"traceId":"000000000000000a","id":"000000000000000b","name":"get","timestamp":1,"duration":1}]'


async def routed(pipelines: str) -> dict[str, list[str]]:
    """What each pipeline makes of a line and of a span, both of the receiver `tin`."""
    components = 'receivers: {tin: {}, tin/other: {}}\nexporters: {tout: {endpoint: "a:1"}}'
    text = f"{components}\nservice:\n  pipelines: {pipelines}"
    with installed(), ThreadPoolExecutor(1) as threads:
        loaded = config.loads(text)
        journal = Journal(bytes_max=1 << 20)
        cursors = {name: journal.cursor(name, [name]) for name in loaded.service.pipelines}
        push = Push("tin", intake_of(loaded, journal), journal, threads)
        await push(push.messages("text"), b"line")
        await push(push.messages("zipkin"), ZIPKIN)
        journal.close()

        def bodies(step: tuple[Batch, int] | None) -> list[str]:
            return [record.body for record in step[0]] if step else []

        return {name: bodies(cursor.next(100, 1 << 20, 0.0)) for name, cursor in cursors.items()}


async def test_a_logs_pipeline_takes_the_spans_that_no_traces_pipeline_does() -> None:
    got = await routed("{logs: {receivers: [tin], exporters: [tout]}}")
    assert got == {"logs": ["line", "get"]}


async def test_a_traces_pipeline_takes_the_spans_of_its_receivers_and_they_go_nowhere_else() -> None:
    got = await routed("{logs: {receivers: [tin], exporters: [tout]}, traces: {receivers: [tin], exporters: [tout]}}")
    assert got == {"logs": ["line"], "traces": ["get"]}


async def test_a_traces_pipeline_says_nothing_of_other_receivers() -> None:
    got = await routed(
        "{logs: {receivers: [tin], exporters: [tout]}, traces: {receivers: [tin/other], exporters: [tout]}}"
    )
    assert got == {"logs": ["line", "get"], "traces": []}


async def test_conditions_hold_besides() -> None:
    got = await routed(
        '{logs: {receivers: [tin], exporters: [tout], when: \'body == "x" or body == "line"\'},'
        ' traces: {receivers: [tin], exporters: [tout], when: \'body == "x" or body == "line"\'}}'
    )
    assert got == {"logs": ["line"], "traces": []}


def test_folders_of_components(tmp_path: Path) -> None:
    context = ReceiverContext("filelog/a b/../ü", asyncio.Event(), log_of("x"), tmp_path, lambda: True, lambda _: None)
    folder = context.folder()
    assert folder.parent == tmp_path / "receivers"
    assert folder.name == "filelog+a%20b+..+%c3%bc"
    assert folder.stat().st_mode & 0o777 == 0o700
