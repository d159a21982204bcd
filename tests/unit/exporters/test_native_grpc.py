"""What `engine: native` alone does; what both do stands in test_otlp.py."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

import logloom
from logloom.errors import ConfigError, DestinationError, RetryError
from logloom.exporters import otlp
from logloom.receivers import otlp as otlp_receiver
from logloom.tls import Pems
from tests.authority import Authority
from tests.components import Core, exporter, running


class Takes(grpc.GenericRpcHandler):
    """Takes all; keeps who showed a certificate."""

    def __init__(self) -> None:
        self.names: list[bytes] = []

    def service(self, _details: Any) -> Any:
        async def take(_data: bytes, context: Any) -> bytes:
            self.names += context.auth_context().get("x509_common_name", [])
            return b""

        return grpc.unary_unary_rpc_method_handler(take)


@asynccontextmanager
async def serving(credentials: grpc.ServerCredentials | None = None) -> AsyncIterator[tuple[int, Takes]]:
    takes, server = Takes(), grpc.aio.server()
    server.add_generic_rpc_handlers((takes,))
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    yield port, takes
    await server.stop(0)


def batch() -> logloom.Batch:
    return logloom.parse("one\ntwo\n", format="text")


@pytest.mark.parametrize(("compression", "level"), [("gzip", 1), ("gzip", 9), ("zstd", 1), ("zstd", 19), ("none", 1)])
async def test_each_compression_is_read_by_another_logloom(tmp_path: Path, compression: str, level: int) -> None:
    sent = logloom.parse(b"the same again and again\n" * 500, format="text")
    with ThreadPoolExecutor(2) as threads:
        core = Core(threads)
        async with running(
            otlp_receiver, "{protocols: {grpc: {endpoint: '127.0.0.1:0'}}}", core.push, tmp_path
        ) as runs:
            text = f"endpoint: 'http://{runs.listening['grpc']}', compression: {compression}, timeout: 30s"
            text = f"{{{text}, compression_params: {{level: {level}}}}}"
            async with exporter(otlp, text, tmp_path) as sender:
                assert (await sender.send(sent)).accepted == 500
            assert await core.take(500) == ["the same again and again"] * 500


async def test_a_compression_that_the_destination_has_not_costs_no_records(tmp_path: Path) -> None:
    async with serving() as (port, _):
        text = f"{{endpoint: 'http://127.0.0.1:{port}', compression: zstd, timeout: 30s}}"
        async with exporter(otlp, text, tmp_path) as sender:
            with pytest.raises(DestinationError, match="grpc-encoding"):
                await sender.send(batch())


@pytest.mark.parametrize("version", ["min_version: '1.3'", "max_version: '1.2'"])
async def test_one_version_of_tls_alone(tmp_path: Path, version: str) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.sign("server")
    credentials = grpc.ssl_server_credentials([(key.read_bytes(), cert.read_bytes())])
    async with serving(credentials) as (port, _):
        text = f"{{endpoint: 'localhost:{port}', timeout: 20s, tls: {{ca_file: {authority.pem}, {version}}}}}"
        async with exporter(otlp, text, tmp_path) as sender:
            assert (await sender.send(batch())).accepted == 2


async def test_new_certificates_hold_for_the_next_request(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.sign("server")
    pair = [(key.read_bytes(), cert.read_bytes())]
    wanted = grpc.ssl_server_credentials(pair, authority.pem.read_bytes(), require_client_auth=True)
    authority.sign("before")
    after = authority.sign("after")
    async with serving(wanted) as (port, takes):
        tls = f"ca_file: {authority.pem}, cert_file: {tmp_path}/before.pem, key_file: {tmp_path}/before.key"
        text = f"{{endpoint: 'localhost:{port}', timeout: 20s, tls: {{{tls}}}}}"
        async with exporter(otlp, text, tmp_path) as sender:
            await sender.send(batch())
            sender._caller.take(Pems(after[0].read_bytes(), after[1].read_bytes(), authority.pem.read_bytes()))
            await sender.send(batch())
    assert takes.names == [b"before", b"after"]


async def test_why_there_is_no_connection_is_told(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    cert, key = authority.sign("server")
    pair = [(key.read_bytes(), cert.read_bytes())]
    async with serving(grpc.ssl_server_credentials(pair)) as (port, _):
        for tls, told in (
            (f"ca_file: {other.pem}", "invalid peer certificate: UnknownIssuer"),
            (f"ca_file: {authority.pem}, server_name_override: siem.example", "certificate not valid for name"),
        ):
            text = f"{{endpoint: 'localhost:{port}', timeout: 20s, tls: {{{tls}}}}}"
            async with exporter(otlp, text, tmp_path) as sender:
                with pytest.raises(RetryError, match=told):
                    await sender.send(batch())
    wanted = grpc.ssl_server_credentials(pair, authority.pem.read_bytes(), require_client_auth=True)
    async with serving(wanted) as (port, _):
        text = f"{{endpoint: 'localhost:{port}', timeout: 20s, tls: {{ca_file: {authority.pem}}}}}"
        async with exporter(otlp, text, tmp_path) as sender:
            with pytest.raises(RetryError, match="UNAVAILABLE"):
                await sender.send(batch())


async def test_a_key_that_is_not_the_certificates_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    (cert, _), (_, key) = authority.sign("one"), authority.sign("two")
    text = f"{{endpoint: 'localhost:1', tls: {{cert_file: {cert}, key_file: {key}}}}}"
    with pytest.raises(ConfigError, match=r"one\.pem and .*two\.key are no certificate and its key"):
        await exporter(otlp, text, tmp_path).__aenter__()


async def test_binary_headers_are_coded(tmp_path: Path) -> None:
    seen: dict[str, Any] = {}

    class Keeps(grpc.GenericRpcHandler):
        def service(self, details: Any) -> Any:
            seen.update(details.invocation_metadata)
            return Takes().service(details)

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Keeps(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    headers = "headers: {X-Trace-Bin: 'a b', X-Two: '2'}"
    text = f"{{endpoint: 'http://127.0.0.1:{port}', timeout: 20s, {headers}, authority: siem.example}}"
    async with exporter(otlp, text, tmp_path) as sender:
        assert (await sender.send(batch())).accepted == 2
    assert (seen["x-trace-bin"], seen["x-two"]) == (b"a b", "2")
    await server.stop(0)


async def test_a_destination_that_speaks_no_http2_is_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.sign("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        text = f"{{endpoint: 'localhost:{port}', timeout: 20s, tls: {{ca_file: {authority.pem}}}}}"
        async with exporter(otlp, text, tmp_path) as sender:
            with pytest.raises(RetryError, match="no HTTP/2"):
                await sender.send(batch())
