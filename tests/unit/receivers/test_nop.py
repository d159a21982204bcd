"""It takes nothing, and ends when the service does."""

import asyncio
from pathlib import Path

from logloom.intake import ReceiverContext
from logloom.logs import log_of
from logloom.receivers import nop


async def test_it_waits_for_the_end(tmp_path: Path) -> None:
    stopping, up = asyncio.Event(), asyncio.Event()
    context = ReceiverContext("nop", stopping, log_of("nop"), tmp_path, lambda: True, lambda _listening: up.set())
    running = asyncio.ensure_future(nop.create(nop.Config(), context).run(None))  # type: ignore[arg-type]  # never asked
    await asyncio.wait_for(up.wait(), 10)
    assert not running.done()
    stopping.set()
    await asyncio.wait_for(running, 10)
