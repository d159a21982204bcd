"""Syslog by Python's own handler, and frames by hand; `tests/peers` has rsyslog, syslog-ng and `logger`."""

import logging
import logging.handlers
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.otlp import Flat
from tests.service.logloom_process import Logloom

pytestmark = pytest.mark.peer

CERTS = Path(__file__).parent / "certs"
LOOPBACK = "127.0.0.1"
STRUCTURED = b'<165>1 2026-11-21T10:40:59.509123Z gate fw 42 ID47 [x@1 src="10.0.0.1"] denied'


def config(folder: Path, **settings: Any) -> dict[str, Any]:
    return {
        "receivers": {"syslog": settings},
        "exporters": {"file": {"path": str(folder / "out.jsonl")}},
        "service": {"pipelines": {"logs": {"receivers": ["syslog"], "exporters": ["file"]}}},
    }


@pytest.fixture
def engine() -> str:
    """Who serves datagrams; a test may choose."""
    return "native"


@pytest.fixture
def logloom(tmp_path: Path, engine: str) -> Iterator[Logloom]:
    ways = {name: {"listen_address": f"{LOOPBACK}:0"} for name in ("tcp", "udp")}
    ways["udp"]["engine"] = engine
    with Logloom(config(tmp_path, location="Europe/Berlin", **ways), tmp_path) as running:
        yield running


def written(logloom: Logloom, folder: Path, count: int) -> list[Flat]:
    return logloom.wait_for(folder / "out.jsonl", lambda found: len(found) >= count, f"{count} records")


@pytest.mark.parametrize(
    ("way", "kind", "engine"),
    [
        ("udp", socket.SOCK_DGRAM, "native"),
        ("udp", socket.SOCK_DGRAM, "asyncio"),
        ("tcp", socket.SOCK_STREAM, "native"),
    ],
)
def test_pythons_handler_sends_to_it(logloom: Logloom, tmp_path: Path, way: str, kind: socket.SocketKind) -> None:
    """What programs do that log to syslog; the handler ends a message with NUL on both."""
    handler = logging.handlers.SysLogHandler(
        (LOOPBACK, logloom.port("syslog", way)), logging.handlers.SysLogHandler.LOG_LOCAL3, kind
    )
    handler.ident = "shop[42]: "
    log = logging.Logger("tests.syslog", logging.INFO)  # noqa: LOG001 - it ends with the test
    log.addHandler(handler)
    for number in range(50):
        log.warning("slow query %d", number)
    handler.close()
    found = written(logloom, tmp_path, 50)
    assert [record.body for record in found] == [f"slow query {number}" for number in range(50)]
    assert {record.severity for record in found} == {13}


def test_lines_and_counted_octets_on_one_connection(logloom: Logloom, tmp_path: Path) -> None:
    """A connection that ends in the middle of a line: what is there is kept."""
    with socket.create_connection((LOOPBACK, logloom.port("syslog", "tcp")), timeout=20) as client:
        client.sendall(STRUCTURED + b"\n" + b"%d %s" % (len(STRUCTURED), STRUCTURED))
        client.sendall(b"<34>Nov 21 11:40:59 gate su: failed for lonvick\n<13>no end")
    found = written(logloom, tmp_path, 4)
    assert [record.body for record in found[:2]] == ["denied", "denied"]
    assert found[0].time == 1_795_257_659_509_123_000
    assert any(record.time == 1_795_257_659_000_000_000 for record in found[2:]), "Berlin is an hour ahead"
    assert any("no end" in str(record.body) for record in found)


def test_the_last_line_of_a_quiet_connection_does_not_wait_for_the_next(logloom: Logloom, tmp_path: Path) -> None:
    """A line may go on in the next one, so it is held; but not for as long as its sender has nothing to say.

    Half a line is not a line: it waits for its other half.
    """
    address = (LOOPBACK, logloom.port("syslog", "tcp"))
    with socket.create_connection(address, timeout=20) as slow, socket.create_connection(address, timeout=20) as other:
        slow.sendall(STRUCTURED + b"\n")
        assert len(written(logloom, tmp_path, 1)) == 1
        slow.sendall(STRUCTURED[:30])
        for count in (2, 3):
            other.sendall(STRUCTURED + b"\n")
            assert len(written(logloom, tmp_path, count)) == count
        slow.sendall(STRUCTURED[30:] + b"\n")
        assert [record.body for record in written(logloom, tmp_path, 4)] == ["denied"] * 4


def test_tls_with_its_clients_certificate(tmp_path: Path) -> None:
    """RFC 5425: octets are counted."""
    tls = {name: str(CERTS / file) for name, file in (("cert_file", "server.pem"), ("key_file", "server.key"))}
    tcp = {"listen_address": f"{LOOPBACK}:0", "tls": tls | {"client_ca_file": str(CERTS / "ca.pem")}}
    with Logloom(config(tmp_path, tcp=tcp), tmp_path) as logloom:
        context = ssl.create_default_context(cafile=str(CERTS / "ca.pem"))
        context.check_hostname = False
        context.load_cert_chain(CERTS / "client.pem", CERTS / "client.key")
        address = (LOOPBACK, logloom.port("syslog", "tcp"))
        with context.wrap_socket(socket.create_connection(address, timeout=20)) as client:
            client.sendall(b"%d %s" % (len(STRUCTURED), STRUCTURED) * 100)
        assert len(written(logloom, tmp_path, 100)) == 100


def test_who_sends_by_tls_and_goes_without_reading_is_heard_to_the_end(tmp_path: Path) -> None:
    """TLS 1.3's tickets would lie unread at the client: its kernel then resets the connection, and ours forgets.

    And asyncio hands over only one buffer's worth of what it holds when a connection ends.
    """
    tls = {name: str(CERTS / file) for name, file in (("cert_file", "server.pem"), ("key_file", "server.key"))}
    frame = STRUCTURED + b"x" * 900
    with Logloom(config(tmp_path, tcp={"listen_address": f"{LOOPBACK}:0", "tls": tls}), tmp_path) as logloom:
        context = ssl.create_default_context(cafile=str(CERTS / "ca.pem"))
        context.check_hostname = False
        address = (LOOPBACK, logloom.port("syslog", "tcp"))
        for _ in range(4):
            with context.wrap_socket(socket.create_connection(address, timeout=20)) as client:
                client.sendall(b"%d %s" % (len(frame), frame) * 700)
        assert len(written(logloom, tmp_path, 2800)) == 2800


def test_who_sends_and_goes_is_not_forgotten(logloom: Logloom, tmp_path: Path) -> None:
    """Many short connections: each is closed by its client before anything of it is in the journal."""
    address = (LOOPBACK, logloom.port("syslog", "tcp"))
    for number in range(200):
        with socket.create_connection(address, timeout=20) as client:
            client.sendall(b"<13>1 2026-11-21T10:40:59Z h a - - - m%d\n" % number)
    bodies = [record.body for record in written(logloom, tmp_path, 200)]
    assert sorted(bodies) == sorted(f"m{number}" for number in range(200))
