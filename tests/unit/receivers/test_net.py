"""TLS, the bound on what is in hand, and the warning of an open port."""

import logging
import ssl
import subprocess
import warnings
from pathlib import Path

import aiohttp
import grpc
import grpc.aio
import pytest

from logloom.config import Endpoint, ServerTls
from logloom.errors import ConfigError
from logloom.receivers import otlp
from logloom.receivers._net import ssl_context, warn_if_open
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
    with pytest.raises(ConfigError, match=told):
        ssl_context(ServerTls(pems / cert, pems / key, pems / ca if ca else None))


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
