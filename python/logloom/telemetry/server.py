"""`/metrics` for Prometheus, and `/livez`, `/readyz`, over HTTP."""

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import web

from logloom.config import Endpoint, PrometheusConfig
from logloom.errors import ServiceError
from logloom.telemetry import prometheus
from logloom.telemetry.snapshot import Snapshot

__all__ = ["MetricsServer"]

CONNECTIONS_MAX: Final = 64
"""The most requests that are answered at once."""
KEEP_ALIVE_S: Final = 30.0
STOP_S: Final = 1.0


class MetricsServer:
    """One listening socket."""

    def __init__(self, config: PrometheusConfig, snapshot: Callable[[], Snapshot], ready: Callable[[], bool]) -> None:
        """It does not listen yet."""
        self._endpoint = Endpoint(config.host, config.port)
        labels = config.with_resource_constant_labels
        self._naming = prometheus.Naming(
            config.without_units, config.without_type_suffix, tuple(labels.included), tuple(labels.excluded)
        )
        self._snapshot = snapshot
        self._ready = ready
        self._answering = 0
        self._runner: web.ServerRunner | None = None

    async def start(self) -> Endpoint:
        """Listen; where, with the real port.

        Raises:
            ServiceError: It cannot.
        """
        server = web.Server(self._handle, keepalive_timeout=KEEP_ALIVE_S, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=STOP_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._endpoint.host or None, self._endpoint.port, reuse_port=False).start()
        except OSError as error:
            await runner.cleanup()
            why = error.strerror or str(error)
            where = f"service.telemetry.metrics: cannot listen at {self._endpoint}"
            msg = f"{where}: {why}; give another port, or level: none"
            raise ServiceError(msg) from None
        self._runner = runner
        return Endpoint(self._endpoint.host, runner.addresses[0][1])

    async def stop(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        response = await self._answer(request)
        response.headers["Server"] = "logloom"
        return response

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        if request.method not in ("GET", "HEAD"):
            return web.Response(text="only GET, HEAD\n", status=405, headers={"Allow": "GET, HEAD"})
        if request.path in ("/livez", "/healthz"):
            return web.Response(text="ok\n")
        if request.path == "/readyz":
            is_ready = self._ready()
            return web.Response(text="ready\n" if is_ready else "not ready\n", status=200 if is_ready else 503)
        if request.path != "/metrics":
            return web.Response(text="nothing here; paths: /metrics, /livez, /readyz\n", status=404)
        if self._answering >= CONNECTIONS_MAX:
            return web.Response(text="too many at once\n", status=503)
        self._answering += 1
        try:
            snapshot = await asyncio.to_thread(self._snapshot)
        finally:
            self._answering -= 1
        is_openmetrics = "application/openmetrics-text" in request.headers.get("Accept", "")
        text = prometheus.text(snapshot, self._naming, is_openmetrics=is_openmetrics)
        kind = prometheus.OPENMETRICS_TYPE if is_openmetrics else prometheus.TEXT_TYPE
        response = web.Response(body=text.encode())
        response.headers["Content-Type"] = kind
        return response
