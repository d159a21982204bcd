"""The gRPC health service, as an orchestrator asks it: through a client generated from `proto/health.proto`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
import pytest

from logloom.config import Endpoint
from logloom.receivers._grpc import GrpcServer
from logloom.receivers._native_grpc import NativeGrpcServer
from logloom.receivers._settings import GrpcSettings
from tests.components import open_gate
from tests.protos import generated

health, stubs = generated("health")
State = health.HealthCheckResponse


@dataclass
class Asked:
    """A server and a client of its health service."""

    stub: Any
    channel: grpc.aio.Channel
    ready: bool = False


@pytest.fixture(params=["native", "grpcio"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@asynccontextmanager
async def asked(engine: str) -> AsyncIterator[Asked]:
    server: GrpcServer | NativeGrpcServer
    if engine == "native":
        settings = GrpcSettings(endpoint=Endpoint("127.0.0.1", 0))
        server = NativeGrpcServer({}, settings, lambda: it.ready, open_gate())
    else:
        server = GrpcServer({}, message_bytes_max=1000, ready=lambda: it.ready, options=[], gate=open_gate())
    port = server.bind(Endpoint("127.0.0.1", 0), None)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        it = Asked(stubs.HealthStub(channel), channel)
        yield it
    await server.stop(1)


async def test_check_and_watch_follow_the_state(engine: str) -> None:
    async with asked(engine) as server:
        call = server.stub.Watch(health.HealthCheckRequest())
        answers = aiter(call)
        assert (await anext(answers)).status == State.NOT_SERVING
        assert (await server.stub.Check(health.HealthCheckRequest())).status == State.NOT_SERVING
        server.ready = True
        assert (await server.stub.Check(health.HealthCheckRequest())).status == State.SERVING
        assert (await asyncio.wait_for(anext(answers), 10)).status == State.SERVING
        call.cancel()


async def test_a_service_that_is_not_there(engine: str) -> None:
    async with asked(engine) as server:
        other = health.HealthCheckRequest(service="other")
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await server.stub.Check(other)
        assert error.value.code() == grpc.StatusCode.NOT_FOUND
        call = server.stub.Watch(other)
        assert (await anext(aiter(call))).status == State.SERVICE_UNKNOWN
        call.cancel()


async def test_a_request_that_is_none(engine: str) -> None:
    async with asked(engine) as server:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await server.channel.unary_unary("/grpc.health.v1.Health/Check")(b"\x0a\x7f")
        assert error.value.code() == grpc.StatusCode.NOT_FOUND
