"""`otlp`: OpenTelemetry's own protocol, over gRPC and over HTTP; logs, and traces, whose spans become records.

The messages go to the core as they came. What cannot be read is refused whole, and nothing of it is taken; a full
journal asks the sender to come again.

Specification: https://opentelemetry.io/docs/specs/otlp/
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web
from grpc import StatusCode

from logloom import rpc
from logloom.config import Endpoint
from logloom.receivers import _grpc, _http
from logloom.receivers._body import Refusal
from logloom.receivers._engines import GrpcEngineSettings, HttpEngineSettings, grpc_server, http_server
from logloom.receivers._export import Export, rejected
from logloom.receivers._native import until_stopped
from logloom.receivers._pages import Pushes

if TYPE_CHECKING:
    from logloom._native import Delivery, Messages
    from logloom.identity import Sender
    from logloom.intake import Push, ReceiverContext
    from logloom.receivers._native_grpc import NativeGrpcServer

LOGS: Final = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
TRACES: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
METRICS: Final = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
STOP_S: Final = 5.0
"""How long a stop waits for the requests in hand."""

_CODES: Final = {400: 3, 401: 16, 403: 7, 408: 4, 413: 8, 429: 8, 503: 14}
"""HTTP statuses and what they are among gRPC's codes, for the body of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grpc(GrpcEngineSettings):
    """OTLP over gRPC.

    Attributes:
        endpoint: Where to listen.
    """

    endpoint: Endpoint = Endpoint("127.0.0.1", 4317)  # noqa: RUF009 — frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Http(HttpEngineSettings):
    """OTLP over HTTP.

    Attributes:
        endpoint: Where to listen.
        logs_url_path: The path for logs.
        traces_url_path: The path for traces.
        metrics_url_path: Read for the Collector's sake: nothing is there.
    """

    endpoint: Endpoint = Endpoint("127.0.0.1", 4318)  # noqa: RUF009 — frozen
    logs_url_path: str = "/v1/logs"
    traces_url_path: str = "/v1/traces"
    metrics_url_path: str = "/v1/metrics"

    def claims(self) -> list[str]:
        """Logs and traces."""
        return [f"POST {self.logs_url_path}", f"POST {self.traces_url_path}"]


@dataclass(frozen=True, slots=True)
class Protocols:
    """The ways in; one that is not named is not served.

    Attributes:
        grpc: OTLP over gRPC.
        http: OTLP over HTTP.
    """

    grpc: Grpc | None = None
    http: Http | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """One is needed."""
        if self.grpc is None and self.http is None:
            yield "", "names no protocol: give 'grpc:', 'http:' or both"


@dataclass(frozen=True, slots=True)
class Config:
    """OpenTelemetry's own protocol.

    Attributes:
        protocols: The ways in.
    """

    protocols: Protocols


def create(config: Config, context: "ReceiverContext") -> "Otlp":
    """The receiver; it listens when it runs."""
    return Otlp(config, context)


class Otlp:
    """Serves the protocols that the config names."""

    def __init__(self, config: Config, context: "ReceiverContext") -> None:
        self._protocols = config.protocols
        self._context = context

    async def run(self, push: "Push") -> None:
        """Listen until the service stops."""
        listening: dict[str, str] = {}
        grpc = http = None
        try:
            if (config := self._protocols.grpc) is not None:
                grpc = self._grpc_server(config, push)
                listening["grpc"] = str(Endpoint(config.endpoint.host, grpc.bind(config.endpoint, config.tls)))
                await grpc.start()
            if (http_config := self._protocols.http) is not None:
                routes = {
                    f"POST {http_config.logs_url_path}": OtlpRoute("logs", push),
                    f"POST {http_config.traces_url_path}": OtlpRoute("traces", push),
                }
                http = http_server(http_config, self._context, routes, push)
                listening["http"] = str(Endpoint(http_config.endpoint.host, await http.start()))
            self._context.up(**listening)
            await until_stopped(self._context.stopping, grpc, http)
        finally:
            await asyncio.gather(*([grpc.stop(STOP_S)] if grpc else []), *([http.stop()] if http else []))

    def _grpc_server(self, config: Grpc, push: "Push") -> "_grpc.GrpcServer | NativeGrpcServer":
        async def metrics(_data: bytes, _sender: "Sender") -> bytes:
            raise _grpc.Refusal(StatusCode.UNIMPLEMENTED, "logloom takes logs and traces, no metrics")

        methods: dict[str, _grpc.Handler] = {
            LOGS: Export(self._context, push, push.messages("otlp"), is_otlp=True),
            TRACES: Export(self._context, push, push.messages("otlp_traces"), is_otlp=True),
            METRICS: metrics,
        }
        return grpc_server(config, self._context, methods)


class OtlpRoute:
    """`/v1/logs` or `/v1/traces`: protobuf and JSON, each answered in kind."""

    def __init__(self, signal: rpc.Signal, push: "Push") -> None:
        self._signal = signal
        name = {"logs": "otlp", "traces": "otlp_traces"}[signal]
        self._messages = {PROTOBUF: push.messages(name), JSON: push.messages(f"{name}_json")}

    def pushes(self) -> Pushes:
        """The same for the native server."""
        return Pushes("otlp_logs" if self._signal == "logs" else "otlp_traces", self._messages)

    def accepts(self, call: _http.Call) -> "Messages | None":
        """Protobuf and JSON."""
        return self._messages.get(call.content_type)

    def taken(self, call: _http.Call, delivery: "Delivery") -> web.Response:
        """200, with what was refused of the request, if anything."""
        if call.content_type == JSON:
            return web.Response(body=rpc.partial_success_json(self._signal, *rejected(delivery)), content_type=JSON)
        return web.Response(body=rpc.partial_success(*rejected(delivery)), content_type=PROTOBUF)

    def refused(self, call: _http.Call, refusal: Refusal) -> web.Response:
        """A `google.rpc.Status`, in JSON or protobuf as the request was."""
        code = _CODES.get(refusal.status, 3 if refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR else 13)
        if call.content_type == JSON:
            return web.Response(body=rpc.status_json(code, str(refusal), refusal.retry_after_s), content_type=JSON)
        return web.Response(body=rpc.status(code, str(refusal), refusal.retry_after_s), content_type=PROTOBUF)
