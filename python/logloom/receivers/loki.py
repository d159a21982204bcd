"""`loki`: what Promtail, Alloy, Fluent Bit's and Docker's drivers push to Grafana Loki; each line is a record.

Over HTTP, as protobuf and as JSON, and over gRPC. Labels and structured metadata are attributes, under their own names;
the tenant (`X-Scope-OrgID`) is the record's. All of a push is in the journal before the answer; a full journal answers
429, which every client takes for "later".

Specification: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final

from aiohttp import web

from logloom.config import Endpoint, FormatOptions, format_problems
from logloom.receivers._body import Refusal
from logloom.receivers._engines import GrpcEngineSettings, HttpEngineSettings, grpc_server, http_server
from logloom.receivers._export import Export
from logloom.receivers._grpc import GrpcServer
from logloom.receivers._http import Call, Page, Route
from logloom.receivers._native import until_stopped
from logloom.receivers._pages import Pushes, ReadyPage

if TYPE_CHECKING:
    from logloom._native import Delivery, Messages
    from logloom.intake import Push, ReceiverContext
    from logloom.receivers._native_grpc import NativeGrpcServer

PUSH: Final = "POST /loki/api/v1/push"
OLDER: Final = "POST /api/prom/push"
READY: Final = "GET /ready"
GRPC: Final = "/logproto.Pusher/Push"
STOP_S: Final = 5.0
"""How long a stop waits for the requests in hand."""
JSON: Final = "application/json"
PROTOBUF: Final = ("application/x-protobuf", "application/octet-stream")
"""Also what stands for no content type at all: Loki takes that for protobuf."""
TENANT_HEADERS: Final = ("x-scope-orgid",)
"""Where clients name the tenant; a bar stands between several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grpc(GrpcEngineSettings):
    """Pushes over gRPC.

    Attributes:
        endpoint: Where to listen.
    """

    endpoint: Endpoint = Endpoint("127.0.0.1", 3600)  # noqa: RUF009 — frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Http(HttpEngineSettings):
    """Pushes over HTTP.

    Attributes:
        endpoint: Where to listen.
    """

    endpoint: Endpoint = Endpoint("127.0.0.1", 3500)  # noqa: RUF009 — frozen

    def claims(self) -> list[str]:
        """The push, its older path, and whether it is up."""
        return [PUSH, OLDER, READY]


@dataclass(frozen=True, slots=True)
class Protocols:
    """The ways in; one that is not named is not served.

    Attributes:
        grpc: Pushes over gRPC.
        http: Pushes over HTTP.
    """

    grpc: Grpc | None = None
    http: Http | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """One is needed."""
        if self.grpc is None and self.http is None:
            yield "", "names no protocol: give 'http:', 'grpc:' or both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Loki's push endpoint.

    Attributes:
        protocols: The ways in.
        format: What the lines are: `text`, a format's name, or `auto`, which finds it from the lines of each stream.
        options: That format's options.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {"use_incoming_timestamp": "a line's own time always counts"}

    protocols: Protocols
    format: str = "text"
    options: FormatOptions = field(default_factory=dict)

    def problems(self) -> Iterator[tuple[str, str]]:
        """The format, and its options, must be there, and be made of lines."""
        wrong = list(format_problems(self.format, self.options))
        yield from wrong or (("format", why) for _, why in format_problems("loki", self.lines()))

    def lines(self) -> dict[str, Any]:
        """What the format `loki` is told of the lines."""
        return {"inside": self.format, **self.options}


def create(config: Config, context: "ReceiverContext") -> "Loki":
    """The receiver; it listens when it runs."""
    return Loki(config, context)


class Loki:
    """Serves `POST /loki/api/v1/push`, `POST /api/prom/push`, `GET /ready`, and `logproto.Pusher/Push`."""

    def __init__(self, config: Config, context: "ReceiverContext") -> None:
        self._config = config
        self._context = context

    async def run(self, push: "Push") -> None:
        """Listen until the service stops."""
        protocols, servers, listening = self._config.protocols, list[object](), dict[str, str]()
        async with contextlib.AsyncExitStack() as opened:
            if (grpc := protocols.grpc) is not None:
                server = self._grpc_server(grpc, push)
                listening["grpc"] = str(Endpoint(grpc.endpoint.host, server.bind(grpc.endpoint, grpc.tls)))
                opened.push_async_callback(server.stop, STOP_S)
                await server.start()
                servers.append(server)
            if (http := protocols.http) is not None:
                route = PushRoute(push, self._config.lines())
                routes: dict[str, Route | Page] = {PUSH: route, OLDER: route, READY: ReadyPage(self._context.ready)}
                web_server = http_server(
                    http, self._context, routes, push, HTTPStatus.TOO_MANY_REQUESTS, tenant_headers=TENANT_HEADERS
                )
                listening["http"] = str(Endpoint(http.endpoint.host, await web_server.start()))
                opened.push_async_callback(web_server.stop)
                servers.append(web_server)
            self._context.up(**listening)
            await until_stopped(self._context.stopping, *servers)

    def _grpc_server(self, config: Grpc, push: "Push") -> "GrpcServer | NativeGrpcServer":
        messages = push.messages("loki", serialization="proto", **self._config.lines())
        # PushResponse has no fields.
        return grpc_server(config, self._context, {GRPC: Export(self._context, push, messages)}, TENANT_HEADERS)


class PushRoute:
    """A push."""

    def __init__(self, push: "Push", lines: dict[str, Any]) -> None:
        self._json, self._proto = (push.messages("loki", serialization=name, **lines) for name in ("json", "proto"))

    def pushes(self) -> Pushes:
        """The same for the native server."""
        takes = {JSON: self._json, **dict.fromkeys(PROTOBUF, self._proto)}
        return Pushes("loki", takes, dict.fromkeys(PROTOBUF, "snappy"))

    def accepts(self, call: Call) -> "Messages | None":
        """JSON, or protobuf in a block of Snappy."""
        if tenant := call.header("X-Scope-OrgID"):
            call.resource["loki.tenant.id"] = tenant
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
