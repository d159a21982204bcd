"""`insecure_skip_verify` over gRPC: any certificate will do, also another one later; without the word, none will."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

import logloom
from logloom.config import ClientTls, Endpoint
from logloom.errors import RetryError
from logloom.exporters import otlp
from logloom.exporters._pinned import presented
from tests.components import exporter

CERTS = Path(__file__).resolve().parents[2] / "service" / "certs"


@asynccontextmanager
async def serving(name: str, port: int = 0) -> AsyncIterator[int]:
    """A server that shows the certificate `name`, and takes all."""

    class Takes(grpc.GenericRpcHandler):
        def service(self, _details: Any) -> Any:
            async def take(_data: bytes, _context: Any) -> bytes:
                return b""

            return grpc.unary_unary_rpc_method_handler(take)

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Takes(),))
    pair = ((CERTS / f"{name}.key").read_bytes(), (CERTS / f"{name}.pem").read_bytes())
    port = server.add_secure_port(f"127.0.0.1:{port}", grpc.ssl_server_credentials([pair]))
    await server.start()
    yield port
    await server.stop(0)


def batch() -> logloom.Batch:
    return logloom.parse("one\n", format="text")


@pytest.mark.parametrize("engine", ["native", "grpcio"])
async def test_nobody_is_trusted_without_the_word(tmp_path: Path, engine: str) -> None:
    text = "{endpoint: '127.0.0.1:%d', engine: %s}"
    async with serving("server") as port, exporter(otlp, text % (port, engine), tmp_path) as sender:
        with pytest.raises(RetryError):
            await sender.send(batch())


@pytest.mark.parametrize("engine", ["native", "grpcio"])
async def test_whatever_is_shown_is_trusted_also_when_it_changes(tmp_path: Path, engine: str) -> None:
    config = "{endpoint: '127.0.0.1:%d', tls: {insecure_skip_verify: true}, timeout: 20s, engine: " + engine + "}"
    async with serving("server") as port:
        sender = exporter(otlp, config % port, tmp_path)
        await sender.__aenter__()
        assert (await sender.send(batch())).accepted == 1
    with pytest.raises(RetryError):
        await sender.send(batch())  # it is down
    async with serving("client", port):
        assert (await sender.send(batch())).accepted == 1
        assert (await sender.send(batch())).accepted == 1
    await sender.__aexit__(None, None, None)


@pytest.mark.parametrize("engine", ["native", "grpcio"])
async def test_what_shows_nothing_is_tried_again(tmp_path: Path, engine: str) -> None:
    config = "{endpoint: '127.0.0.1:1', tls: {insecure_skip_verify: true}, timeout: 1s, engine: " + engine + "}"
    async with exporter(otlp, config, tmp_path) as sender:
        with pytest.raises(RetryError, match=r"127\.0\.0\.1:1"):
            await sender.send(batch())


async def test_its_names() -> None:
    import asyncio

    async with serving("server") as port:
        pinned = await asyncio.to_thread(
            presented, Endpoint("127.0.0.1", port), ClientTls(insecure_skip_verify=True), 5
        )
    assert pinned.name == "localhost"
    assert pinned.pem.startswith(b"-----BEGIN CERTIFICATE-----")
