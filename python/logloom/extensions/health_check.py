"""`health_check`: whether logloom takes requests, over HTTP, as the Collector's extension of this name answers.

200 while it does, 503 while it starts and stops. `/healthz` and `/readyz` are on every HTTP receiver besides, and there
is gRPC's health service on every gRPC receiver.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, cast

import orjson
from aiohttp import web

from logloom.config import Endpoint
from logloom.extensions import ExtensionContext
from logloom.receivers._http import Call, HttpServer
from logloom.receivers._settings import HttpSettings

if TYPE_CHECKING:
    from logloom.intake import Push

_NOBODY: Final = cast("Push", None)
"""A page pushes nothing."""


@dataclass(frozen=True, slots=True)
class ResponseBody:
    """What is answered instead of the JSON.

    Attributes:
        healthy: With 200.
        unhealthy: With 503.
    """

    healthy: str = ""
    unhealthy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(HttpSettings):
    """Where it answers, and what.

    Attributes:
        endpoint: Where to listen; it may be that of a receiver.
        path: The path; `/` is every path.
        response_body: What is answered instead of the JSON.
        check_collector_pipeline: The Collector's own do nothing with it either.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        **HttpSettings.IGNORED,
        "use_v2": "there is one version of it here",
        "component_health": "while a component is down that failed, it is 503",
    }

    endpoint: Endpoint = Endpoint("localhost", 13133)  # noqa: RUF009 — frozen
    path: str = "/"
    response_body: ResponseBody = field(default_factory=ResponseBody)
    check_collector_pipeline: Any = None

    def claims(self) -> list[str]:
        """GET on the path."""
        return ["GET /{rest*}" if self.path == "/" else f"GET {self.path}"]


def create(config: Config, context: ExtensionContext) -> "HealthCheck":
    """The extension; it listens from when it is entered."""
    return HealthCheck(config, context)


class HealthCheck:
    """Serves one page."""

    def __init__(self, config: Config, context: ExtensionContext) -> None:
        self._config = config
        self._context = context
        self._since = datetime.now(UTC)
        (claim,) = config.claims()
        self._server = HttpServer(config, context.server, {claim: self._page}, _NOBODY)

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            ConfigError: The files of `tls` are not as they must be.
            ServiceError: The endpoint cannot be bound.
        """
        port = await self._server.start()
        self._context.log.info("listens", extra={"endpoint": str(Endpoint(self._config.endpoint.host, port))})
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Listen no more."""
        await self._server.stop()

    def _page(self, _call: Call) -> web.Response:
        ready = self._context.ready()
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        body = self._config.response_body
        if text := body.healthy if ready else body.unhealthy:
            return web.Response(text=text, status=status)
        said: dict[str, str] = {"status": "Server available" if ready else "Server not available"}
        if ready:
            said |= {"upSince": self._since.isoformat(), "uptime": str(datetime.now(UTC) - self._since)}
        return web.Response(body=orjson.dumps(said), status=status, content_type="application/json")
