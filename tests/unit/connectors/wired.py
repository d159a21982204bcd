"""What comes out of pipelines that connectors join, for lines of JSON that the receiver `tin` is given."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from logloom import config
from logloom._native import Journal
from logloom.intake import Push, intake_of
from tests.unit.components import installed

COMPONENTS = 'receivers: {tin: {}}\nexporters: {tout: {endpoint: "a:1"}}\n'


async def wired(
    text: str, *records: dict[str, Any], format_name: str = "json", data: bytes | None = None, **known: Any
) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """The bodies that each pipeline with an exporter journals, and the counters."""
    with installed(), ThreadPoolExecutor(1) as threads:
        loaded = config.loads(COMPONENTS + text)
        journal = Journal(bytes_max=1 << 20)
        pipelines = loaded.service.pipelines
        cursors = {name: journal.cursor(name, [name]) for name, one in pipelines.items() if "tout" in one.exporters}
        intake = intake_of(loaded, journal)
        push = Push("tin", intake, journal, threads)
        lines = b"".join(orjson.dumps(record) + b"\n" for record in records) if data is None else data
        delivery = await push(push.messages(format_name), lines, **known)
        assert delivery.kind == "done"
        journal.close()
        bodies = {}
        for name, cursor in cursors.items():
            step = cursor.next(100, 1 << 20, 0.0)
            bodies[name] = [record.body for record in step[0]] if step else []
        return bodies, intake.counters()
