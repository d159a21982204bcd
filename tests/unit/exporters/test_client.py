"""TLS to a destination, and its `Retry-After`."""

import asyncio
import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

import logloom
from logloom.config import ClientTls
from logloom.errors import ConfigError, RetryError
from logloom.exporters import otlp, otlphttp
from logloom.exporters._client import retry_after_s
from logloom.tls import client_context, read_pems
from tests.components import exporter

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, 0.0),
        ("", 0.0),
        ("0", 0.0),
        ("120", 120.0),
        (" 5 ", 5.0),
        ("-5", 0.0),
        ("1.5", 0.0),
        ("soon", 0.0),
        ("²", 0.0),
        ("9" * 500, 999_999_999.0),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2026 12:00:30 -0000", 30.0),
        (f"Sat, 21 Nov {'9' * 30} 12:00:30 GMT", 0.0),
        (f"Sat, {'9' * 30} Nov 2026 12:00:30 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: float) -> None:
    assert retry_after_s(text, NOW) == seconds


@given(st.text(max_size=60))
def test_whatever_it_is_it_is_a_delay(text: str) -> None:
    assert retry_after_s(text, NOW) >= 0.0


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pems")
    for name in ("server", "client"):
        request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        named = f"-keyout {name}.key -out {name}.pem -subj /CN={name} -addext subjectAltName=DNS:siem.example"
        subprocess.run(f"{request} {named}".split(), cwd=folder, check=True, capture_output=True)
    (folder / "none.pem").write_text("nothing\n")
    return folder


TRUSTED = "ca_file: {pems}/server.pem, server_name_override: siem.example"
SHOWN = TRUSTED + ", cert_file: {pems}/client.pem, key_file: {pems}/client.key"
CASES = {
    "trusted, and shown who we are": (SHOWN, True),
    "not shown who we are": (TRUSTED, False),
    "another authority": (SHOWN.replace("ca_file: {pems}/server.pem", "ca_file: {pems}/client.pem"), False),
    "another name": (SHOWN.replace("siem.example", "other.example"), False),
    "the system's authorities": (SHOWN.replace("ca_file: {pems}/server.pem, ", ""), False),
}


@pytest.mark.parametrize("engine", ["native", "grpcio"])
@pytest.mark.parametrize("case", [*CASES, "no verification"])
async def test_grpc_over_tls(pems: Path, tmp_path: Path, case: str, engine: str) -> None:
    server = grpc.aio.server()
    pair = ((pems / "server.key").read_bytes(), (pems / "server.pem").read_bytes())
    wanted = grpc.ssl_server_credentials([pair], (pems / "client.pem").read_bytes(), require_client_auth=True)
    port = server.add_secure_port("127.0.0.1:0", wanted)

    async def export(_request: bytes, _context: object) -> bytes:
        return b""

    service, _, method = otlp.METHOD.strip("/").partition("/")
    handlers = {method: grpc.unary_unary_rpc_method_handler(export)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])
    await server.start()
    await delivers(otlp, f"endpoint: '127.0.0.1:{port}', engine: {engine}", pems, tmp_path, case)
    await server.stop(0)


@pytest.mark.parametrize("case", [*CASES, "no verification"])
async def test_https(pems: Path, tmp_path: Path, case: str) -> None:
    async def handle(request: web.BaseRequest) -> web.Response:
        await request.read()
        return web.Response()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(pems / "client.pem"))
    context.load_cert_chain(str(pems / "server.pem"), str(pems / "server.key"))
    context.verify_mode = ssl.CERT_REQUIRED
    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    await delivers(otlphttp, f"endpoint: 'https://127.0.0.1:{runner.addresses[0][1]}'", pems, tmp_path, case)
    await runner.cleanup()


async def delivers(component, endpoint: str, pems: Path, tmp_path: Path, case: str) -> None:
    no_check = (SHOWN.replace("ca_file: {pems}/server.pem, ", "insecure_skip_verify: true, "), True)
    tls, works = no_check if case == "no verification" else CASES[case]
    text = f"{{{endpoint}, timeout: 5s, tls: {{{tls.format(pems=pems)}}}}}"
    async with asyncio.timeout(30), exporter(component, text, tmp_path) as sender:
        if works:
            assert (await sender.send(logloom.parse("one\n", format="text"))).accepted == 1
        else:
            with pytest.raises(RetryError):
                await sender.send(logloom.parse("one\n", format="text"))


@pytest.mark.parametrize(
    ("tls", "told"),
    [
        ({"ca_file": "gone.pem"}, "gone.pem cannot be read: No such file"),
        ({"ca_file": "none.pem"}, "none.pem holds no certificates"),
        ({"cert_file": "client.pem", "key_file": "server.key"}, "are no certificate and its key"),
    ],
)
def test_files_that_do_not_fit_are_named(pems: Path, tls: dict[str, str], told: str) -> None:
    config = ClientTls(**{name: pems / file for name, file in tls.items()})
    with pytest.raises(ConfigError, match=told):
        client_context(config, read_pems(config))
