"""TLS, the bound on what is in hand, and the warning of an open port."""

import asyncio
import logging
import socket
import ssl
import subprocess
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from socket import gaierror

import aiohttp
import grpc
import grpc.aio
import pytest

from logloom.access.names import names_of_peercert
from logloom.config import Endpoint, ServerTls
from logloom.errors import ConfigError
from logloom.receivers import otlp
from logloom.receivers._net import cannot_listen, warn_if_open
from logloom.tls import read_pems, server_context
from tests.authority import Authority
from tests.components import Pushed, running


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost, which is its own authority; a second one; and one that is locked."""
    folder = tmp_path_factory.mktemp("pems")
    for name in ("server", "client"):
        request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        named = f"-keyout {name}.key -out {name}.pem -subj /CN={name} -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
        subprocess.run(f"{request} {named}".split(), cwd=folder, check=True, capture_output=True)
    lock = "openssl ec -in server.key -aes256 -passout pass:secret -out locked.key"
    subprocess.run(lock.split(), cwd=folder, check=True, capture_output=True)
    (folder / "none.pem").write_text("nothing\n")
    return folder


@pytest.fixture(params=["native", "grpcio"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def config(pems: Path, engine: str, more: str = "") -> str:
    tls = f"tls: {{cert_file: {pems}/server.pem, key_file: {pems}/server.key{more}}}"
    grpc_config = f"grpc: {{endpoint: '127.0.0.1:0', engine: {engine}, {tls}}}"
    http_engine = "native" if engine == "native" else "aiohttp"
    return f"protocols: {{{grpc_config}, http: {{endpoint: '127.0.0.1:0', engine: {http_engine}, {tls}}}}}"


async def http_status(address: str, pems: Path, *, show: bool, old: bool = False) -> int:
    context = ssl.create_default_context(cafile=str(pems / "server.pem"))
    if show:
        context.load_cert_chain(str(pems / "client.pem"), str(pems / "client.key"))
    if old:
        with warnings.catch_warnings(action="ignore"):
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with aiohttp.ClientSession() as client, client.get(f"https://{address}/healthz", ssl=context) as response:
        return response.status


async def grpc_export(address: str, pems: Path, *, show: bool) -> bytes:
    pair = ((pems / "client.key").read_bytes(), (pems / "client.pem").read_bytes()) if show else (None, None)
    credentials = grpc.ssl_channel_credentials((pems / "server.pem").read_bytes(), *pair)
    async with grpc.aio.secure_channel(address, credentials) as channel:
        return bytes(await channel.unary_unary(otlp.LOGS)(b"", timeout=20))


async def test_both_protocols_are_served_over_tls(pems: Path, tmp_path: Path, engine: str) -> None:
    async with running(otlp, config(pems, engine), Pushed(), tmp_path) as server:
        assert await http_status(server.listening["http"], pems, show=False) == 200
        assert await grpc_export(server.listening["grpc"], pems, show=False) == b""
        with pytest.raises(aiohttp.ClientConnectionError):
            await http_status(server.listening["http"], pems, show=False, old=True)
        with pytest.raises(aiohttp.ClientError):  # the connection ends, or an alert of TLS comes
            async with aiohttp.ClientSession() as client:
                await client.get(f"http://{server.listening['http']}/healthz")


async def test_clients_must_show_a_certificate_where_that_is_asked_for(pems: Path, tmp_path: Path, engine: str) -> None:
    text = config(pems, engine, f", client_ca_file: {pems}/client.pem")
    async with running(otlp, text, Pushed(), tmp_path) as server:
        assert await http_status(server.listening["http"], pems, show=True) == 200
        assert await grpc_export(server.listening["grpc"], pems, show=True) == b""
        with pytest.raises((aiohttp.ClientConnectionError, aiohttp.ServerDisconnectedError)):
            await http_status(server.listening["http"], pems, show=False)
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await grpc_export(server.listening["grpc"], pems, show=False)
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("cert", "key", "ca", "told"),
    [
        ("gone.pem", "server.key", None, "gone.pem cannot be read: No such file"),
        ("none.pem", "server.key", None, "are no certificate and its key"),
        ("server.pem", "client.key", None, "are no certificate and its key"),
        ("server.pem", "locked.key", None, "without a password"),
        ("server.pem", "server.key", "none.pem", "none.pem holds no certificates"),
    ],
)
def test_files_that_do_not_fit_are_named(pems: Path, cert: str, key: str, ca: str | None, told: str) -> None:
    tls = ServerTls(pems / cert, pems / key, pems / ca if ca else None)
    with pytest.raises(ConfigError, match=told):
        server_context(tls, read_pems(tls))


@pytest.mark.parametrize(
    ("host", "tls", "warned"),
    [
        ("127.0.0.1", None, False),
        ("127.1.2.3", None, False),
        ("::1", None, False),
        ("localhost", None, False),
        ("0.0.0.0", None, True),  # noqa: S104
        ("", None, True),
        ("10.0.0.1", None, True),
        ("siem.example", None, True),
        ("0.0.0.0", ServerTls(), False),  # noqa: S104
    ],
)
def test_plain_text_over_the_network_is_warned_of(
    host: str, tls: ServerTls | None, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    class Context:
        log = logging.getLogger("tests.net")

    warn_if_open(Context, Endpoint(host, 4317), tls)  # type: ignore[arg-type]
    assert ("without TLS" in caplog.text) is warned


ENGINES = {"native": ("native", "native"), "python": ("grpcio", "aiohttp")}


def rotating(authority: Authority, engines: str, more: str = "") -> str:
    cert, key = authority.sign("first", to="server")
    tls = f"tls: {{cert_file: {cert}, key_file: {key}, reload_interval: 10ms{more}}}"
    grpc_engine, http_engine = ENGINES[engines]
    grpc_settings = f"{{endpoint: '127.0.0.1:0', engine: {grpc_engine}, {tls}}}"
    return f"protocols: {{grpc: {grpc_settings}, http: {{endpoint: '127.0.0.1:0', engine: {http_engine}, {tls}}}}}"


def shown_by(address: str, authority: Authority, pair: tuple[Path, Path] | None = None) -> str:
    """The name in the certificate that the server shows now, to who shows `pair`."""
    context = ssl.create_default_context(cafile=str(authority.pem))
    context.set_alpn_protocols(["h2", "http/1.1"])
    if pair is not None:
        context.load_cert_chain(*pair)
    host, _, port = address.rpartition(":")
    with (
        socket.create_connection((host, int(port)), 20) as plain,
        context.wrap_socket(plain, server_hostname=host) as it,
    ):
        return names_of_peercert(it.getpeercert())[-1]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await holds():  # noqa: ASYNC110 - nothing tells of a file
            await asyncio.sleep(0.02)


async def until_shown(address: str, authority: Authority, name: str) -> None:
    async def holds() -> bool:
        return await asyncio.to_thread(shown_by, address, authority) == name

    await until(holds)


@pytest.mark.parametrize("engines", ENGINES)
async def test_a_new_certificate_holds_for_new_connections_and_the_old_ones_live_on(
    tmp_path: Path, engines: str
) -> None:
    authority = Authority(tmp_path)
    context = ssl.create_default_context(cafile=str(authority.pem))
    async with running(otlp, rotating(authority, engines), Pushed(), tmp_path) as server:
        http, grpc_address = server.listening["http"], server.listening["grpc"]
        for address in (http, grpc_address):
            assert await asyncio.to_thread(shown_by, address, authority) == "first"
        host, _, port = http.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port), ssl=context)

        async def status() -> bytes:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            head = await asyncio.wait_for(reader.readuntil(b"ok\n"), 30)
            return head.split()[1]

        credentials = grpc.ssl_channel_credentials(authority.pem.read_bytes())
        async with grpc.aio.secure_channel(grpc_address, credentials) as channel:
            call = channel.unary_unary(otlp.LOGS)
            await call(b"", timeout=30)
            assert await status() == b"200"
            authority.sign("second", to="server")
            for address in (http, grpc_address):
                await until_shown(address, authority, "second")
            await call(b"", timeout=30)
            assert await status() == b"200"
        writer.close()


@pytest.mark.parametrize("engines", ENGINES)
async def test_another_authority_of_clients_holds_for_new_connections(tmp_path: Path, engines: str) -> None:
    authority, old, new = Authority(tmp_path), Authority(tmp_path, "old"), Authority(tmp_path, "new")
    trusted = tmp_path / "clients.pem"
    trusted.write_bytes(old.pem.read_bytes())
    pairs = {"old": old.sign("ann"), "new": new.sign("bob")}
    text = rotating(authority, engines, f", client_ca_file: {trusted}")

    async def works(address: str, which: str) -> bool:
        host, _, port = address.rpartition(":")
        context = ssl.create_default_context(cafile=str(authority.pem))
        context.load_cert_chain(*pairs[which])
        try:
            reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
        except (OSError, ConnectionError):
            return False
        return b" 200 " in answer

    async def exports(which: str) -> bool:
        cert, key = (path.read_bytes() for path in pairs[which])
        credentials = grpc.ssl_channel_credentials(authority.pem.read_bytes(), key, cert)
        async with grpc.aio.secure_channel(server.listening["grpc"], credentials) as channel:
            try:
                await channel.unary_unary(otlp.LOGS)(b"", timeout=30)
            except grpc.aio.AioRpcError:
                return False
            return True

    async with running(otlp, text, pushed := Pushed(), tmp_path) as server:
        http = server.listening["http"]
        assert [await works(http, "old"), await works(http, "new")] == [True, False]
        assert [await exports("old"), await exports("new")] == [True, False]
        assert pushed.known == [{"identity": "localhost"}]
        trusted.write_bytes(new.pem.read_bytes())
        await until(lambda: works(http, "new"))
        await until(lambda: exports("new"))
        assert [await works(http, "old"), await exports("old")] == [False, False]


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("Address already in use (os error 98)", "Address already in use: stop what listens there, or give another"),
        (OSError(98, "error while attempting to bind on address"), "Address already in use: stop what listens there"),
        (OSError(13, "x"), "Permission denied: a port below 1024 needs a right to it"),
        ("Cannot assign requested address (os error 99)", "Cannot assign requested address: give an address of"),
        (gaierror(-2, "Name or service not known"), "Name or service not known: give an address of this machine"),
    ],
)
def test_why_an_endpoint_cannot_be_had_and_the_way_out(why: str | OSError, told: str) -> None:
    assert str(cannot_listen("127.0.0.1:1", why)).startswith(f"cannot listen on 127.0.0.1:1: {told}")
