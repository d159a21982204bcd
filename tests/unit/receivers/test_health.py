"""The gRPC health service, as an orchestrator asks it."""

import asyncio

import grpc
import grpc.aio
import pytest

from logloom.config import Endpoint
from logloom.receivers._grpc import GrpcServer

CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"


async def test_check_and_watch_follow_the_state() -> None:
    ready = False
    server = GrpcServer({}, message_bytes_max=1000, ready=lambda: ready, options=[])
    port = server.bind(Endpoint("127.0.0.1", 0), None)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as client:
        check, watch = client.unary_unary(CHECK), client.unary_stream(WATCH)(b"")
        answers = aiter(watch)
        assert await anext(answers) == b"\x08\x02"
        assert await check(b"") == b"\x08\x02"
        ready = True
        assert await check(b"") == b"\x08\x01"
        assert await asyncio.wait_for(anext(answers), 10) == b"\x08\x01"
        watch.cancel()
    await server.stop(1)


@pytest.mark.parametrize("request_bytes", [b"\x0a\x05other", b"\x0a\x7f"])
async def test_a_service_that_is_not_there(request_bytes: bytes) -> None:
    server = GrpcServer({}, message_bytes_max=1000, ready=lambda: True, options=[])
    port = server.bind(Endpoint("127.0.0.1", 0), None)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as client:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await client.unary_unary(CHECK)(request_bytes)
        assert error.value.code() == grpc.StatusCode.NOT_FOUND
        watch = client.unary_stream(WATCH)(request_bytes)
        assert await anext(aiter(watch)) == b"\x08\x03"
        watch.cancel()
    await server.stop(1)
