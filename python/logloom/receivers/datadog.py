"""`datadog`: logs that the Datadog Agent, its Lambda extension, tracers and API clients send to Datadog's intake.

Both APIs: `/api/v2/logs` and `/v1/input`. What the query says of all entries (`ddsource`, `ddtags`, `hostname`,
`service`) is theirs where they say nothing themselves. An API key is asked where `auth` names a `bearertokenauth` with
`header: DD-API-KEY`.

Specification: https://docs.datadoghq.com/api/latest/logs/#send-logs
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

import orjson
from aiohttp import web

from logloom.config import Bound, Bytes, Endpoint
from logloom.receivers._body import Refusal
from logloom.receivers._http import Call, HttpServer, Page, Route
from logloom.receivers._settings import HttpSettings

if TYPE_CHECKING:
    from logloom._native import Delivery, Messages
    from logloom.intake import Push, ReceiverContext

LOGS: Final = "POST /api/v2/logs"
OLDER: Final = ("POST /v1/input", "POST /v1/input/{key}", "POST /v1/input/")
VALIDATE: Final = "GET /api/v1/validate"
JSON: Final = ("application/json", "application/octet-stream")
"""Also what stands for no content type at all."""
TEXT: Final = "text/plain"
GIVEN: Final = ("ddsource", "ddtags", "hostname", "service")
"""What a query may say of all entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(HttpSettings):
    """Datadog's intake for logs.

    Attributes:
        endpoint: Where to listen.
        max_request_body_size: The largest body, as sent and inflated; a larger one is answered with 413, as by Datadog.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        **HttpSettings.IGNORED,
        "intake": "what is no log is not passed on to Datadog",
        "trace_id_cache_size": "no traces are taken",
    }

    endpoint: Endpoint = Endpoint("127.0.0.1", 8126)  # noqa: RUF009 — frozen
    max_request_body_size: Annotated[Bytes, Bound(1 << 10, 1 << 30)] = 5 << 20

    def claims(self) -> list[str]:
        """Both APIs, and the check of a key."""
        return [LOGS, *OLDER, VALIDATE]


def create(config: Config, context: "ReceiverContext") -> "Datadog":
    """The receiver; it listens when it runs."""
    return Datadog(config, context)


class Datadog:
    """Serves `POST /api/v2/logs`, `POST /v1/input` and `GET /api/v1/validate`."""

    def __init__(self, config: Config, context: "ReceiverContext") -> None:
        self._config = config
        self._context = context

    async def run(self, push: "Push") -> None:
        """Listen until the service stops."""
        older = LogsRoute(push, HTTPStatus.OK)
        routes: dict[str, Route | Page] = {LOGS: LogsRoute(push, HTTPStatus.ACCEPTED), VALIDATE: _valid}
        routes |= dict.fromkeys(OLDER, older)
        later = HTTPStatus.TOO_MANY_REQUESTS
        await HttpServer(self._config, self._context, routes, push, later).serve()


def _valid(_call: Call) -> web.Response:
    """The key is good: who has none that is was answered before."""
    return _json({"valid": True})


class LogsRoute:
    """Logs; `ok` is what is answered to what was taken."""

    def __init__(self, push: "Push", ok: HTTPStatus) -> None:
        self._ok = ok
        self._json, self._text = (push.messages("datadog", serialization=name) for name in ("json", "text"))

    def accepts(self, call: Call) -> "Messages | None":
        """JSON, or lines of text; in what the query says of them."""
        call.given = {name: text for name in GIVEN if (text := call.query(name))}
        if call.content_type in JSON:
            return self._json
        return self._text if call.content_type == TEXT else None

    def taken(self, _call: Call, _delivery: "Delivery") -> web.Response:
        """An empty object; the entries that could not be read are kept as they came."""
        return _json({}, self._ok)

    def refused(self, _call: Call, refusal: Refusal) -> web.Response:
        """The reason, as each API has it."""
        if self._ok == HTTPStatus.OK:
            return _json({"code": refusal.status.value, "message": str(refusal)})
        told = {"detail": str(refusal), "status": str(refusal.status.value), "title": refusal.status.phrase}
        return _json({"errors": [told]})


def _json(body: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
