"""TLS contexts from a config, and new ones when the files change."""

import asyncio
import logging
import ssl
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from logloom.config import ClientTls, Secret, ServerTls
from logloom.errors import ConfigError
from logloom.tls import Pems, Reloaded, client_context, for_grpc, read_pems, roots, server_context
from tests.authority import Authority
from tests.components import log


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def server(authority: Authority, **more: Any) -> ssl.SSLContext:
    cert, key = authority.sign("server")
    tls = ServerTls(cert, key, **more)
    return server_context(tls, read_pems(tls))


def client(authority: Authority, **more: Any) -> ssl.SSLContext:
    tls = ClientTls(ca_file=authority.pem, **more)
    return client_context(tls, read_pems(tls))


def shaken(server: ssl.SSLContext, client: ssl.SSLContext) -> ssl.SSLObject:
    """The client's side of a connection, after the handshake."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    for _ in range(10):
        for side in (theirs, ours):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return theirs


def test_what_is_spoken(authority: Authority) -> None:
    assert shaken(server(authority), client(authority)).version() == "TLSv1.3"
    assert shaken(server(authority, max_version="1.2"), client(authority)).version() == "TLSv1.2"
    assert shaken(server(authority), client(authority, max_version="1.2")).version() == "TLSv1.2"
    with pytest.raises(ssl.SSLError):
        shaken(server(authority, min_version="1.3"), client(authority, max_version="1.2"))


def test_nothing_weak_is(authority: Authority) -> None:
    old = client(authority)
    with warnings.catch_warnings(action="ignore"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        shaken(server(authority), old)
    weak = client(authority, max_version="1.2")
    weak.set_ciphers("ECDHE-ECDSA-AES128-SHA256")
    with pytest.raises(ssl.SSLError):
        shaken(server(authority), weak)
    names = [each["name"] for each in server(authority).get_ciphers()]
    assert all(name.startswith(("TLS_", "ECDHE-")) and ("GCM" in name or "CHACHA20" in name) for name in names)


def test_the_suites_of_the_config(authority: Authority) -> None:
    named = {"cipher_suites": ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"], "max_version": "1.2"}
    cipher = shaken(server(authority, **named), client(authority)).cipher()
    assert cipher is not None
    assert cipher[0] == "ECDHE-ECDSA-AES128-GCM-SHA256"


def test_problems() -> None:
    def problems(tls: ServerTls | ClientTls) -> list[str]:
        return [key for key, _ in tls.problems()]

    pair = {"cert_pem": "x", "key_pem": Secret("x")}
    assert problems(ServerTls()) == ["cert_file"]
    assert problems(ServerTls(**pair)) == []
    assert problems(ServerTls(**pair, max_version="1.1")) == ["max_version"]
    assert problems(ServerTls(**pair, max_version="1.2", min_version="1.3")) == ["max_version"]
    weak = ["TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_AES_128_GCM_SHA256"]
    assert problems(ServerTls(**pair, cipher_suites=weak)) == ["cipher_suites"]
    assert problems(ServerTls(Path("a"), Path("b"), **pair)) == ["cert_pem", "key_pem"]
    assert problems(ClientTls(cert_pem="x")) == ["cert_file"]
    assert problems(ClientTls(key_pem=Secret("x"))) == ["key_file"]
    assert problems(ClientTls(ca_file=Path("a"), ca_pem="x")) == ["ca_pem"]
    for told in ({"min_version": "1.3"}, {"max_version": "1.2"}):
        with pytest.raises(ConfigError, match="cannot be had with gRPC"):
            for_grpc(ServerTls(**pair, **told))


def test_certificates_in_the_config_itself(authority: Authority) -> None:
    cert, key = authority.sign("server")
    tls = ServerTls(cert_pem=cert.read_text(), key_pem=Secret(key.read_text()))
    trusting = ClientTls(ca_pem=authority.pem.read_text())
    shaken(server_context(tls, read_pems(tls)), client_context(trusting, read_pems(trusting)))
    told = repr(tls) + repr(read_pems(tls))
    assert "PRIVATE" not in told
    assert key.read_text().splitlines()[1] not in told


def test_the_systems_authorities_beside_our_own(authority: Authority) -> None:
    both = ClientTls(ca_file=authority.pem, include_system_ca_certs_pool=True)
    pems = read_pems(both)
    shaken(server(authority), client_context(both, pems))
    known = roots(both, pems) or b""
    assert (pems.ca or b"") in known
    assert roots(ClientTls(ca_file=authority.pem), pems) == pems.ca
    assert len(client_context(both, pems).get_ca_certs()) >= 1


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - nothing tells of a file
            await asyncio.sleep(0.01)


async def test_a_bad_replacement_changes_nothing_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.sign("one", to="server")
    taken: list[Pems] = []

    def take(pems: Pems) -> None:
        server_context(tls, pems)
        taken.append(pems)

    def warnings_told() -> list[str]:
        return [str(record.why) for record in caplog.records if record.levelno == logging.WARNING]  # type: ignore[attr-defined]

    tls = ServerTls(cert, key, reload_interval=0.01)
    reloaded = Reloaded(tls, take, log())
    reloaded.start()
    try:
        right = key.read_bytes()
        key.write_text("no key")
        await until(lambda: len(warnings_told()) == 1)
        key.unlink()
        await until(lambda: len(warnings_told()) == 2)
        assert "are no certificate and its key" in warnings_told()[0]
        assert "cannot be read: No such file" in warnings_told()[1]
        key.write_bytes(right)
        authority.sign("two", to="server")
        await until(lambda: len(taken) == 2)
        assert taken[0].cert != taken[1].cert
        assert "no key" not in caplog.text
    finally:
        await reloaded.stop()


async def test_an_interval_of_0_looks_never(tmp_path: Path) -> None:
    cert, key = Authority(tmp_path).sign("server")
    reloaded = Reloaded(ServerTls(cert, key, reload_interval=0.0), lambda _pems: None, log())
    reloaded.start()
    assert reloaded._task is None
    await reloaded.stop()


def test_too_large_a_file(tmp_path: Path) -> None:
    path = tmp_path / "large.pem"
    path.write_bytes(b"x" * ((4 << 20) + 1))
    with pytest.raises(ConfigError, match="has more than"):
        read_pems(ServerTls(path, path))
