"""`jaeger`: spans of Jaeger's clients and agents; each becomes records.

The four ways that Jaeger's collector and agent have: gRPC (api_v2), thrift over HTTP, and thrift over UDP, compact and
binary. Clients that ask how to sample are told to send everything, or the share that the config says.

Specification: https://www.jaegertracing.io/docs/latest/architecture/apis/
"""

import contextlib
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

import orjson
from aiohttp import web

from logloom.config import Bound, Endpoint
from logloom.receivers import _grpc, _http
from logloom.receivers._datagram import DatagramServer, DatagramSettings
from logloom.receivers._export import exporting
from logloom.receivers._gate import Gate
from logloom.receivers._net import warn_if_open
from logloom.receivers._settings import GrpcSettings, HttpSettings
from logloom.receivers._spans import SpansRoute

if TYPE_CHECKING:
    from logloom.intake import Push, ReceiverContext

POST_SPANS: Final = "/jaeger.api_v2.CollectorService/PostSpans"
SAMPLING: Final = "/jaeger.api_v2.SamplingManager/GetSamplingStrategy"
TRACES: Final = "POST /api/traces"
SAMPLE: Final = "GET /sampling"
THRIFT: Final = ("application/x-thrift", "application/vnd.apache.thrift.binary")
STOP_S: Final = 5.0
"""How long a stop waits for the requests in hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grpc(GrpcSettings):
    """Jaeger's collector over gRPC.

    Attributes:
        endpoint: Where to listen.
    """

    endpoint: Endpoint = Endpoint("127.0.0.1", 14250)  # noqa: RUF009 — frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class ThriftHttp(HttpSettings):
    """Jaeger's collector over HTTP.

    Attributes:
        endpoint: Where to listen.
    """

    endpoint: Endpoint = Endpoint("127.0.0.1", 14268)  # noqa: RUF009 — frozen

    def claims(self) -> list[str]:
        """Spans, and how to sample."""
        return [TRACES, SAMPLE]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThriftCompact(DatagramSettings):
    """Jaeger's agent, the compact protocol.

    Attributes:
        endpoint: Where to listen.
    """

    endpoint: Endpoint = Endpoint("127.0.0.1", 6831)  # noqa: RUF009 — frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class ThriftBinary(DatagramSettings):
    """Jaeger's agent, the binary protocol.

    Attributes:
        endpoint: Where to listen.
    """

    endpoint: Endpoint = Endpoint("127.0.0.1", 6832)  # noqa: RUF009 — frozen


@dataclass(frozen=True, slots=True)
class Protocols:
    """The ways in; one that is not named is not served.

    Attributes:
        grpc: Jaeger's collector over gRPC.
        thrift_http: Jaeger's collector over HTTP.
        thrift_compact: Jaeger's agent, the compact protocol.
        thrift_binary: Jaeger's agent, the binary protocol.
    """

    grpc: Grpc | None = None
    thrift_http: ThriftHttp | None = None
    thrift_compact: ThriftCompact | None = None
    thrift_binary: ThriftBinary | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """One is needed."""
        if not any((self.grpc, self.thrift_http, self.thrift_compact, self.thrift_binary)):
            yield "", "names no protocol: give 'grpc:', 'thrift_http:', 'thrift_compact:' or 'thrift_binary:'"


@dataclass(frozen=True, slots=True)
class Config:
    """Jaeger's collector and agent.

    Attributes:
        protocols: The ways in.
        sampling_rate: The share of traces that clients are told to send when they ask, from 0 to 1.
    """

    LACKING: ClassVar[Mapping[str, str]] = {"remote_sampling": "clients that ask are told sampling_rate"}

    protocols: Protocols
    sampling_rate: Annotated[float, Bound(0, 1)] = 1.0


def create(config: Config, context: "ReceiverContext") -> "Jaeger":
    """The receiver; it listens when it runs."""
    return Jaeger(config, context)


class Jaeger:
    """Serves the protocols that the config names."""

    def __init__(self, config: Config, context: "ReceiverContext") -> None:
        self._config = config
        self._context = context

    async def run(self, push: "Push") -> None:
        """Listen until the service stops."""
        protocols, listening = self._config.protocols, {}
        async with contextlib.AsyncExitStack() as opened:
            if (grpc := protocols.grpc) is not None:
                warn_if_open(self._context, grpc.endpoint, grpc.tls)
                server = self._grpc_server(grpc, push)
                listening["grpc"] = str(Endpoint(grpc.endpoint.host, server.bind(grpc.endpoint, grpc.tls)))
                await server.start()
                opened.push_async_callback(server.stop, STOP_S)
            if (http := protocols.thrift_http) is not None:
                thrift = push.messages("jaeger", serialization="thrift")
                spans = SpansRoute(dict.fromkeys(THRIFT, thrift))
                routes: dict[str, _http.Route | _http.Page] = {TRACES: spans, SAMPLE: self._sampling}
                web_server = _http.HttpServer(http, self._context, routes, push)
                listening["thrift_http"] = str(Endpoint(http.endpoint.host, await web_server.start()))
                opened.push_async_callback(web_server.stop)
            for name, udp in (("compact", protocols.thrift_compact), ("thrift", protocols.thrift_binary)):
                if udp is not None:
                    messages = push.messages("jaeger", serialization=name, keep_unreadable=True)
                    datagrams = DatagramServer(udp, self._context, push, messages)
                    which = "thrift_compact" if name == "compact" else "thrift_binary"
                    listening[which] = str(Endpoint(udp.endpoint.host, await datagrams.start()))
                    opened.push_async_callback(datagrams.stop)
            self._context.up(**listening)
            await self._context.stopping.wait()

    def _sampling(self, _call: _http.Call) -> web.Response:
        """What the agent's `/sampling?service=NAME` answers."""
        strategy = {"samplingRate": self._config.sampling_rate}
        body = orjson.dumps({"strategyType": "PROBABILISTIC", "probabilisticSampling": strategy})
        return web.Response(body=body, content_type="application/json")

    def _grpc_server(self, config: Grpc, push: "Push") -> _grpc.GrpcServer:
        # PostSpansResponse has no fields.
        post_spans = exporting(self._context, push, push.messages("jaeger", serialization="proto"), lambda _taken: b"")

        async def sampling(_data: bytes, _peer: str) -> bytes:
            return _probabilistic(self._config.sampling_rate)

        return _grpc.GrpcServer(
            {POST_SPANS: post_spans, SAMPLING: sampling},
            message_bytes_max=config.max_recv_msg_size_mib << 20,
            ready=self._context.ready,
            options=config.options(),
            gate=Gate(self._context, config.auth),
            within=self._context.room,
        )


def _probabilistic(rate: float) -> bytes:
    """`SamplingStrategyResponse {probabilisticSampling: {samplingRate}}`; the strategy's type 0 is that."""
    inner = b"\x09" + struct.pack("<d", rate)
    return b"\x12" + bytes([len(inner)]) + inner
