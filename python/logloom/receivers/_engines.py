"""Which server serves: the native one, in the core, or the Python library's; the receivers are the same for both."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal, cast

from logloom.config import Endpoint
from logloom.receivers import _grpc, _http
from logloom.receivers._gate import Gate
from logloom.receivers._native_grpc import NativeGrpcServer
from logloom.receivers._native_http import NativeHttpServer
from logloom.receivers._net import warn_if_open
from logloom.receivers._settings import GrpcSettings, HttpSettings

if TYPE_CHECKING:
    from logloom.intake import Push, ReceiverContext

__all__ = ["GrpcEngineSettings", "HttpEngineSettings", "grpc_server", "http_server"]

AIOHTTP: Final = "aiohttp"
"""Under this the service tells its receivers at which endpoints Python serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcEngineSettings(GrpcSettings):
    """The same, where there are two servers to choose from.

    Attributes:
        engine: `native` serves on all cores, in the core; `grpcio` is the Python library, within one event loop.
    """

    engine: Literal["native", "grpcio"] = "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpEngineSettings(HttpSettings):
    """The same, where there are two servers to choose from.

    Attributes:
        engine: `native` serves on all cores, in the core; `aiohttp` is the Python library, within one event loop. It is
            what serves where a receiver that needs Python shares the endpoint.
    """

    engine: Literal["native", "aiohttp"] = "native"


def grpc_server(
    config: GrpcEngineSettings,
    context: "ReceiverContext",
    methods: Mapping[str, _grpc.Handler],
    tenant_headers: tuple[str, ...] = (),
) -> _grpc.GrpcServer | NativeGrpcServer:
    """The server that `engine` names, for `methods`; `tenant_headers`: where the protocol names the tenant."""
    warn_if_open(context, config.endpoint, config.tls)
    gate = Gate(context, config.auth, tenant_headers)
    if config.engine == "native":
        return NativeGrpcServer(methods, config, context.ready, gate, context.room)
    return _grpc.GrpcServer(
        methods,
        message_bytes_max=config.max_recv_msg_size_mib << 20,
        ready=context.ready,
        options=config.options(),
        gate=gate,
        within=context.room,
    )


def http_server(
    config: "HttpSettings",
    context: "ReceiverContext",
    routes: Mapping[str, _http.Route | _http.Page],
    push: "Push",
    later: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE,
    *,
    tenant_headers: tuple[str, ...] = (),
) -> _http.HttpServer | NativeHttpServer:
    """The server that `engine` names; Python's where one that shares the endpoint needs it."""
    if _is_native(config, context):
        warn_if_open(context, config.endpoint, config.tls)
        return NativeHttpServer(config, context, routes, push, later, tenant_headers=tenant_headers)
    return _http.HttpServer(config, context, routes, push, later, tenant_headers=tenant_headers)


def _is_native(config: "HttpSettings", context: "ReceiverContext") -> bool:
    """Whether the native server answers at this endpoint."""
    theirs = cast("set[Endpoint]", context.shared.get(AIOHTTP, set()))
    return getattr(config, "engine", AIOHTTP) == "native" and config.endpoint not in theirs
