"""`loki`: what Promtail, Alloy, Fluent Bit's and Docker's drivers push to Grafana Loki; each line is a record.

Labels and structured metadata are attributes, under their own names; the tenant (`X-Scope-OrgID`) is the record's. All
of a push is in the journal before the answer; a full journal answers 429, which every client takes for "later".

Specification: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from logloom.config import Endpoint, FormatOptions, format_problems
from logloom.receivers._body import Refusal
from logloom.receivers._http import Call, HttpServer, Page, Route
from logloom.receivers._settings import HttpSettings

if TYPE_CHECKING:
    from logloom._native import Delivery, Messages
    from logloom.intake import Push, ReceiverContext

PUSH: Final = "POST /loki/api/v1/push"
OLDER: Final = "POST /api/prom/push"
READY: Final = "GET /ready"
JSON: Final = "application/json"
PROTOBUF: Final = ("application/x-protobuf", "application/octet-stream")
"""Also what stands for no content type at all: Loki takes that for protobuf."""
TENANT_LEN_MAX: Final = 150
"""Loki's own bound on the name of a tenant, in characters."""
TENANT_SIGNS: Final = frozenset("!-_.*'()|")
"""What may stand in it beside letters and digits; the bar stands between several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(HttpSettings):
    """Loki's push endpoint.

    Attributes:
        endpoint: Where to listen.
        format: What the lines are: `text`, a format's name, or `auto`, which finds it from the lines of each stream.
        options: That format's options.
    """

    endpoint: Endpoint = Endpoint("127.0.0.1", 3100)  # noqa: RUF009 — frozen
    format: str = "text"
    options: FormatOptions = field(default_factory=dict)

    def problems(self) -> Iterator[tuple[str, str]]:
        """The format, and its options, must be there, and be made of lines."""
        yield from HttpSettings.problems(self)
        wrong = list(format_problems(self.format, self.options))
        yield from wrong or (("format", why) for _, why in format_problems("loki", self.lines()))

    def lines(self) -> dict[str, Any]:
        """What the format `loki` is told of the lines."""
        return {"inside": self.format, **self.options}

    def claims(self) -> list[str]:
        """The push, its older path, and whether it is up."""
        return [PUSH, OLDER, READY]


def create(config: Config, context: "ReceiverContext") -> "Loki":
    """The receiver; it listens when it runs."""
    return Loki(config, context)


class Loki:
    """Serves `POST /loki/api/v1/push`, `POST /api/prom/push` and `GET /ready`."""

    def __init__(self, config: Config, context: "ReceiverContext") -> None:
        self._config = config
        self._context = context

    async def run(self, push: "Push") -> None:
        """Listen until the service stops."""
        route = PushRoute(push, self._config.lines())
        routes: dict[str, Route | Page] = {PUSH: route, OLDER: route, READY: self._ready}
        later = HTTPStatus.TOO_MANY_REQUESTS
        await HttpServer(self._config, self._context, routes, push, later).serve()

    def _ready(self, _call: Call) -> web.Response:
        if self._context.ready():
            return web.Response(text="ready\n")
        return web.Response(text="not ready\n", status=HTTPStatus.SERVICE_UNAVAILABLE)


class PushRoute:
    """A push."""

    def __init__(self, push: "Push", lines: dict[str, Any]) -> None:
        self._json, self._proto = (push.messages("loki", serialization=name, **lines) for name in ("json", "proto"))

    def accepts(self, call: Call) -> "Messages | None":
        """JSON, or protobuf in a block of Snappy."""
        call.tenant = _tenant(call.header("X-Scope-OrgID"))
        if call.tenant:
            call.resource["loki.tenant.id"] = call.tenant
        if call.content_type == JSON:
            return self._json
        call.packed = "snappy"
        return self._proto if call.content_type in PROTOBUF else None

    def taken(self, _call: Call, _delivery: "Delivery") -> web.Response:
        """204; the lines that could not be read are kept as they came."""
        return web.Response(status=HTTPStatus.NO_CONTENT)

    def refused(self, _call: Call, refusal: Refusal) -> web.Response:
        """The reason, for people: clients log it."""
        return web.Response(text=f"{refusal}\n")


def _tenant(name: str) -> str:
    """The tenant's name, as Loki checks it."""
    if len(name) > TENANT_LEN_MAX or not all(c in TENANT_SIGNS or (c.isascii() and c.isalnum()) for c in name):
        told = (
            f"X-Scope-OrgID is no tenant: at most {TENANT_LEN_MAX} letters, digits and {''.join(sorted(TENANT_SIGNS))}"
        )
        raise Refusal(HTTPStatus.BAD_REQUEST, told)
    return name
