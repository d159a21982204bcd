"""Tells how a service is, while it runs: to Prometheus, to destinations, to the command, in the log where it stalls."""

import asyncio
import os
import select
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from logloom._native import VERSION
from logloom.config import PrometheusConfig, TelemetryConfig
from logloom.errors import DataFolderError, ServiceError
from logloom.logs import log_of
from logloom.telemetry.catalog import Numbers
from logloom.telemetry.metric import Metric
from logloom.telemetry.numbers import Parts, put_all
from logloom.telemetry.pulse import Pulse, Work
from logloom.telemetry.push import Sender, push
from logloom.telemetry.server import MetricsServer
from logloom.telemetry.snapshot import Telemetry
from logloom.telemetry.status import StatusSocket, plain
from logloom.telemetry.works import Beat, works_of

__all__ = ["Teller", "resource_of"]


def resource_of(config: TelemetryConfig) -> dict[str, str]:
    """Whose metrics they are: the Collector's three attributes, and what the config says."""
    found: dict[str, Any] = {
        "service.name": "logloom",
        "service.version": VERSION,
        "service.instance.id": str(uuid.uuid4()),
    }
    given = dict(config.resource)
    given.pop("schema_url", None)
    if isinstance(listed := given.get("attributes"), list):  # the other form that the Collector has
        given.pop("attributes")
        given |= {str(one["name"]): one.get("value") for one in listed if isinstance(one, Mapping) and "name" in one}
    found |= given
    return {name: str(value) for name, value in found.items() if value is not None}


class Teller:
    """Tells how one service is.

    Attributes:
        telemetry: Who has numbers.
        listening: Where `/metrics` is to be had.
    """

    def __init__(self, config: TelemetryConfig, data: Path, ready: Callable[[], bool]) -> None:
        """`ready`: whether the service is up, whatever stalls."""
        self.telemetry = Telemetry(resource_of(config))
        self.listening: list[str] = []
        self._config = config
        self._data = data
        self._ready = ready
        self._parts: Parts | None = None
        self._beat: Beat | None = None
        self._pulse = Pulse(config.stall.timeout, self._works)
        self._log = log_of("telemetry")
        self.telemetry.sources.append(self._own)

    def ready(self) -> bool:
        """Whether the service is up, and nothing stalls that makes `/readyz` say no."""
        return self._ready() and self._pulse.is_well

    @asynccontextmanager
    async def telling(self, parts: Parts) -> AsyncIterator[None]:
        """Tell how these are.

        Raises:
            ConfigError: Files of a reader's TLS cannot be used.
            ServiceError: An endpoint that the config names cannot be listened at.
        """
        self._parts, self._beat = parts, Beat(asyncio.get_running_loop())
        async with AsyncExitStack() as left:
            left.callback(self._forget)
            thread = _Watch(self._data, self._pulse, self.document)
            left.push_async_callback(asyncio.to_thread, thread.end)
            thread.start()
            await self._serve(left)
            readers = self._config.metrics.readers or []
            for reader in readers if self._config.metrics.is_on else []:
                if reader.periodic is not None:
                    sender = await left.enter_async_context(Sender(reader.periodic.exporter.otlp))
                    task = asyncio.create_task(push(reader.periodic, sender, self.telemetry.snapshot))
                    left.push_async_callback(_ended, task)
            yield

    def _forget(self) -> None:
        """Hold the parts no longer: they hold the journal."""
        self._parts = self._beat = None

    async def _serve(self, left: AsyncExitStack) -> None:
        metrics = self._config.metrics
        if not metrics.is_on:
            return
        named = [reader.pull.exporter.prometheus for reader in metrics.readers or [] if reader.pull is not None]
        for config in named if metrics.readers is not None else [PrometheusConfig()]:
            server = MetricsServer(config, self.telemetry.snapshot, self.ready)
            try:
                endpoint = await server.start()
            except ServiceError as error:
                if metrics.readers is not None:
                    raise
                self._log.info("no /metrics: the default port is not free", extra={"why": str(error)})
                continue
            left.push_async_callback(server.stop)
            self.listening.append(str(endpoint))
            self._log.info("metrics are to be had", extra={"at": f"http://{endpoint}/metrics"})

    def document(self) -> dict[str, Any]:
        """How it is, as JSON has it. From any thread."""
        parts = self._parts
        components = [
            {name: getattr(it, name) for name in ("id", "kind", "state", "restarts", "last_error")}
            for it in (parts.components() if parts is not None else ())
        ]
        stalls = [{"what": stall.what, "why": stall.why} for stall in self._pulse.stalls]
        return {
            "process": os.getpid(),
            "version": VERSION,
            "ready": self.ready(),
            "stalls": stalls,
            "components": components,
            "metrics_at": self.listening,
            "snapshot": plain(self.telemetry.snapshot()),
        }

    def _works(self) -> Iterable[Work]:
        beat, parts = self._beat, self._parts
        if beat is not None and parts is not None and self._ready():
            yield beat.work()
            yield from works_of(parts, exporters_count=self._config.stall.exporters)

    def _own(self) -> Iterable[Metric]:
        numbers = Numbers()
        beat, parts = self._beat, self._parts
        if parts is not None:
            put_all(numbers, parts)
        numbers.put("logloom_ready", int(self.ready()))
        for stall in self._pulse.stalls:
            numbers.put("logloom_stalled", 1, what=stall.what)
        if beat is not None:
            numbers.put("logloom_event_loop_delay_seconds", beat.delay_s)
        return numbers.metrics()


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class _Watch(threading.Thread):
    """Looks whether all get on, and answers who asks at the socket: whatever the event loop does."""

    def __init__(self, data: Path, pulse: Pulse, document: Callable[[], Mapping[str, Any]]) -> None:
        super().__init__(name="pulse", daemon=True)
        self._pulse = pulse
        self._left = ExitStack()
        self._wake, self._end = os.pipe()
        self._left.callback(os.close, self._wake)
        self._socket: StatusSocket | None = None
        self._log = log_of("telemetry")
        try:
            self._socket = StatusSocket(data, document)
            self._left.callback(self._socket.close)
        except DataFolderError as error:
            self._log.warning("'logloom status' will not work", extra={"why": str(error)})

    def run(self) -> None:
        """Until `end`."""
        waits = select.poll()  # unlike select.select, it takes descriptors over 1,023
        waits.register(self._wake)
        if self._socket is not None:
            waits.register(self._socket, select.POLLIN)
        with self._left:
            while True:
                found = {descriptor for descriptor, _ in waits.poll(self._pulse.every_s * 1000)}
                if self._wake in found:
                    return
                asked = self._socket is not None and self._socket.fileno() in found
                for work in (self._pulse.look, *([self._socket.answer] if asked and self._socket else [])):
                    try:
                        work()
                    except Exception:  # noqa: BLE001 — it must go on looking
                        self._log.exception("unexpected failure")

    def end(self) -> None:
        """End, and wait for that."""
        os.close(self._end)
        if self.is_alive():
            self.join()
