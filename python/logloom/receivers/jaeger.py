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

from logloom.config import Bound, Endpoint
from logloom.receivers import _grpc, _http
from logloom.receivers._datagram import DatagramSettings
from logloom.receivers._engines import GrpcEngineSettings, HttpEngineSettings, grpc_server, http_server
from logloom.receivers._export import Export
from logloom.receivers._native import until_stopped
from logloom.receivers._native_datagram import datagram_server
from logloom.receivers._pages import FixedPage
from logloom.receivers._spans import SpansRoute

if TYPE_CHECKING:
    from logloom.identity import Sender
    from logloom.intake import Push, ReceiverContext
    from logloom.receivers._native_grpc import NativeGrpcServer

POST_SPANS: Final = "/jaeger.api_v2.CollectorService/PostSpans"
SAMPLING: Final = "/jaeger.api_v2.SamplingManager/GetSamplingStrategy"
TRACES: Final = "POST /api/traces"
SAMPLE: Final = "GET /sampling"
THRIFT: Final = ("application/x-thrift", "application/vnd.apache.thrift.binary")
STOP_S: Final = 5.0
"""How long a stop waits for the requests in hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grpc(GrpcEngineSettings):
    """Jaeger's collector over gRPC.

    Attributes:
        endpoint: Where to listen.
    """

    endpoint: Endpoint = Endpoint("127.0.0.1", 14250)  # noqa: RUF009 — frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class ThriftHttp(HttpEngineSettings):
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
        protocols, servers, listening = self._config.protocols, list[object](), dict[str, str]()
        async with contextlib.AsyncExitStack() as opened:
            if (grpc := protocols.grpc) is not None:
                server = self._grpc_server(grpc, push)
                listening["grpc"] = str(Endpoint(grpc.endpoint.host, server.bind(grpc.endpoint, grpc.tls)))
                opened.push_async_callback(server.stop, STOP_S)
                await server.start()
                servers.append(server)
            if (http := protocols.thrift_http) is not None:
                thrift = push.messages("jaeger", serialization="thrift")
                spans = SpansRoute(dict.fromkeys(THRIFT, thrift))
                routes: dict[str, _http.Route | _http.Page] = {TRACES: spans, SAMPLE: self._sampling()}
                web_server = http_server(http, self._context, routes, push)
                listening["thrift_http"] = str(Endpoint(http.endpoint.host, await web_server.start()))
                opened.push_async_callback(web_server.stop)
                servers.append(web_server)
            for name, udp in (("compact", protocols.thrift_compact), ("thrift", protocols.thrift_binary)):
                if udp is not None:
                    messages = push.messages("jaeger", serialization=name, keep_unreadable=True)
                    datagrams = datagram_server(udp, self._context, push, messages)
                    servers.append(datagrams)
                    which = "thrift_compact" if name == "compact" else "thrift_binary"
                    listening[which] = str(Endpoint(udp.endpoint.host, await datagrams.start()))
                    opened.push_async_callback(datagrams.stop)
            self._context.up(**listening)
            await until_stopped(self._context.stopping, *servers)

    def _sampling(self) -> FixedPage:
        """What the agent's `/sampling?service=NAME` answers."""
        strategy = {"samplingRate": self._config.sampling_rate}
        body = orjson.dumps({"strategyType": "PROBABILISTIC", "probabilisticSampling": strategy})
        return FixedPage("application/json", body)

    def _grpc_server(self, config: Grpc, push: "Push") -> "_grpc.GrpcServer | NativeGrpcServer":
        # PostSpansResponse has no fields.
        post_spans = Export(self._context, push, push.messages("jaeger", serialization="proto"))

        async def sampling(_data: bytes, _sender: "Sender") -> bytes:
            return _probabilistic(self._config.sampling_rate)

        return grpc_server(config, self._context, {POST_SPANS: post_spans, SAMPLING: sampling})


def _probabilistic(rate: float) -> bytes:
    """`SamplingStrategyResponse {probabilisticSampling: {samplingRate}}`; the strategy's type 0 is that."""
    inner = b"\x09" + struct.pack("<d", rate)
    return b"\x12" + bytes([len(inner)]) + inner
