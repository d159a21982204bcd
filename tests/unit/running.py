"""A service on receivers and exporters of the tests', running in the test's event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logloom import config
from logloom.config import Config, Retry
from logloom.service import ComponentState, Service
from logloom.systemd import Systemd
from tests.service.waiting import wait_until
from tests.unit.components import Exporter, Receiver, installed

ONE = """
receivers: {tin: {}}
exporters: {tout: {endpoint: "a:1", retry_on_failure: {initial_interval: 1ms, max_interval: 10ms}}}
service:
  shutdown_timeout: 5s
  pipelines: {logs: {receivers: [tin], exporters: [tout]}}
"""


AT_ONCE = Retry(initial_interval=0.001, max_interval=0.01)


async def until(condition: Callable[[], bool]) -> None:
    await asyncio.to_thread(wait_until, condition, "the condition")


@dataclass
class Running:
    service: Service
    made: dict[str, Any]
    task: asyncio.Task[None]
    texts: list[str]
    taken: list[Config]
    refuse: dict[str, Exception]

    def receiver(self, name: str = "tin") -> Receiver:
        return self.made[name]  # type: ignore[no-any-return]

    def exporter(self, name: str = "tout") -> Exporter:
        return self.made[name]  # type: ignore[no-any-return]

    def state(self, name: str) -> ComponentState:
        return next(state for state in self.service.components() if state.id == name)

    async def reload(self, text: str, *, is_refused: bool = False) -> None:
        """Another config, and wait until it runs, or is refused."""
        before, self.texts[:] = len(self.taken), [text]
        self.service.reload()
        await until(lambda: bool(self.service.config_error) if is_refused else len(self.taken) > before)

    async def stop(self) -> None:
        self.service.stop()
        await self.task


@asynccontextmanager
async def running(
    text: str, data: Path, restart: Retry = AT_ONCE, systemd: Systemd | None = None
) -> AsyncIterator[Running]:
    with installed() as components:
        texts, taken = [text], list[Config]()
        service = Service(
            config.loads(text),
            data,
            reread=lambda: config.loads(texts[0]),
            on_config=taken.append,
            restart=restart,
            systemd=systemd,
        )
        ready = asyncio.Event()
        task = asyncio.create_task(service.run(lambda _: ready.set()))
        waiter = asyncio.create_task(ready.wait())
        await asyncio.wait([task, waiter], return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        try:
            yield Running(service, components.made, task, texts, taken, components.refuse)
        finally:
            if not task.done():
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
