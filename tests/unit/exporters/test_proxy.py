"""Which proxy gRPC goes through."""

import asyncio
from pathlib import Path

import grpc.aio
import pytest

import logloom
from logloom.errors import RetryError
from logloom.exporters import otlp
from logloom.exporters._proxy import proxy_for
from tests.components import exporter


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"http_proxy": "http://p:3128"}, ("p", 3128, None)),
        ({"http_proxy": "p:3128"}, ("p", 3128, None)),
        ({"http_proxy": "http://p", "https_proxy": "http://s"}, ("s", 80, None)),
        ({"https_proxy": "http://s", "grpc_proxy": "http://g/"}, ("g", 80, None)),
        ({"https_proxy": "http://me:se%20cret@s:1"}, ("s", 1, "Basic bWU6c2UgY3JldA==")),
        ({"https_proxy": "socks5://s:1"}, None),
        ({"https_proxy": "http://s:port"}, None),
        ({"https_proxy": "http://s", "no_proxy": "a, .example"}, None),
        ({"https_proxy": "http://s", "no_proxy": "*"}, None),
        ({"https_proxy": "http://s", "no_proxy": "10.0.0.0/8,"}, ("s", 80, None)),
        ({"https_proxy": "http://s", "no_proxy": ".example", "no_grpc_proxy": "other"}, ("s", 80, None)),
    ],
)
def test_the_environment_names_it(environment: dict[str, str], proxy: tuple[str, int, str | None] | None) -> None:
    assert proxy_for("siem.example", environment) == proxy


def test_networks_are_spared() -> None:
    assert proxy_for("10.1.2.3", {"https_proxy": "http://s", "no_proxy": "10.0.0.0/8"}) is None
    assert proxy_for("11.1.2.3", {"https_proxy": "http://s", "no_proxy": "10.0.0.0/8"}) == ("s", 80, None)


async def test_requests_go_through_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def export(_request: bytes, _context: object) -> bytes:
        return b""

    server = grpc.aio.server()
    service, _, method = otlp.METHOD.strip("/").partition("/")
    handlers = {method: grpc.unary_unary_rpc_method_handler(export)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    asked: list[bytes] = []
    answers = [b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n"]

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer := answers.pop(0))
        if b" 200 " not in answer:
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(reader, back), copy(there, writer))

    async with await asyncio.start_server(tunnel, "127.0.0.1", 0) as proxy:
        at = proxy.sockets[0].getsockname()[1]
        for name in ("grpc_proxy", "no_grpc_proxy", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("grpc_proxy", f"http://me:you@127.0.0.1:{at}")
        text = "{endpoint: 'http://siem.example:4317', timeout: 30s}"  # a name that only the proxy knows
        batch = logloom.parse("one\n", format="text")
        async with exporter(otlp, text, tmp_path) as sender:
            with pytest.raises(RetryError, match="407 Proxy Authentication Required"):
                await sender.send(batch)
            assert (await sender.send(batch)).accepted == 1
    assert asked[1].splitlines()[0] == b"CONNECT siem.example:4317 HTTP/1.1"
    assert b"Proxy-Authorization: Basic bWU6eW91\r\n" in asked[1]
    await server.stop(0)
