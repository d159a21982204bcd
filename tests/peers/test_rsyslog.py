"""rsyslog, as it forwards: `omfwd` in each of its ways."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.otlp import Flat
from tests.peers.daemons import Daemon, unpacked
from tests.peers.sending import CERTS, LOOPBACK, TLS, config, free_port, written
from tests.service.logloom_process import Logloom
from tests.service.waiting import wait_until

TRADITIONAL, NEW = "RSYSLOG_TraditionalForwardFormat", "RSYSLOG_SyslogProtocol23Format"
QUEUE = 'queue.type="LinkedList" action.resumeRetryCount="-1" action.resumeInterval="1"'
MESSAGE = '<155>1 2026-11-21T10:40:59.123456+01:00 node-1 shop 42 ORDER [o@32473 id="%d"] order %d\n'
"""What a program says to rsyslog, which says it on."""


@contextmanager
def rsyslog(folder: Path, to: str, before: str = "") -> Iterator[socket.socket]:
    """Sends on `to` what comes on the connection; `before` is what the config says first."""
    (modules,) = unpacked("usr/lib").glob("*/rsyslog")
    port = folder / "rsyslog.port"
    port.unlink(missing_ok=True)
    conf = folder / "rsyslog.conf"
    conf.write_text(
        f"""
global(workDirectory="{folder}" defaultNetstreamDriverCAFile="{CERTS}/ca.pem"
       defaultNetstreamDriverCertFile="{CERTS}/client.pem" defaultNetstreamDriverKeyFile="{CERTS}/client.key")
module(load="imtcp")
{before}
input(type="imtcp" address="{LOOPBACK}" port="0" listenPortFileName="{port}")
action({to})
"""
    )
    with Daemon([unpacked("usr/sbin/rsyslogd"), "-n", "-iNONE", "-f", conf, "-M", modules], folder) as daemon:
        wait_until(lambda: port.exists() and port.read_text().strip(), "rsyslog to listen", failed=daemon.ended)
        with socket.create_connection((LOOPBACK, int(port.read_text())), timeout=20) as client:
            yield client


def say(client: socket.socket, numbers: range) -> None:
    client.sendall("".join(MESSAGE % (number, number) for number in numbers).encode())


def check(found: list[Flat], count: int, layout: str) -> None:
    assert sorted(record.body for record in found) == sorted(f"order {number}" for number in range(count))
    for record in found:
        has = record.attributes
        assert (record.severity, has["syslog.facility.code"], has["host.name"]) == (17, 19, "node-1")
        if layout == NEW:
            assert record.time == 1_795_254_059_123_456_000
            assert (has["process.executable.name"], has["syslog.msg.id"]) == ("shop", "ORDER")
            assert has["syslog.structured_data.o@32473.id"] == str(record.body).removeprefix("order ")
        else:
            assert record.time == 1_795_254_059_000_000_000, "as its head says, in Berlin"


@pytest.mark.needs("deb:rsyslog")
@pytest.mark.parametrize("layout", [TRADITIONAL, NEW])
@pytest.mark.parametrize("way", ["udp", "tcp", 'tcp" TCP_Framing="octet-counted'])
def test_both_layouts_by_each_way(tmp_path: Path, way: str, layout: str) -> None:
    ways = {name: {"listen_address": f"{LOOPBACK}:0"} for name in ("tcp", "udp")}
    with Logloom(config(tmp_path, syslog={**ways, "location": "Europe/Berlin"}), tmp_path) as logloom:
        port = logloom.port("syslog", way[:3])
        to = f'type="omfwd" target="{LOOPBACK}" port="{port}" protocol="{way}" template="{layout}"'
        with rsyslog(tmp_path, to) as client:
            say(client, range(200))
            check(written(logloom, tmp_path, 200), 200, layout)


@pytest.mark.parametrize(
    "driver",
    [
        pytest.param("gtls", marks=pytest.mark.needs("deb:rsyslog", "deb:rsyslog-gnutls")),
        pytest.param("ossl", marks=pytest.mark.needs("deb:rsyslog", "deb:rsyslog-openssl")),
    ],
)
def test_tls_with_certificates_on_both_sides(tmp_path: Path, driver: str) -> None:
    tcp = {"listen_address": f"{LOOPBACK}:0", "tls": TLS}
    with Logloom(config(tmp_path, syslog={"tcp": tcp}), tmp_path) as logloom:
        to = (
            f'type="omfwd" target="{LOOPBACK}" port="{logloom.port("syslog", "tcp")}" protocol="tcp" template="{NEW}" '
            f'TCP_Framing="octet-counted" StreamDriver="{driver}" StreamDriverMode="1" '
            f'StreamDriverAuthMode="x509/certvalid" {QUEUE}'
        )
        with rsyslog(tmp_path, to) as client:
            say(client, range(500))
            check(written(logloom, tmp_path, 500), 500, NEW)


@pytest.mark.needs("deb:rsyslog")
def test_what_it_holds_over_a_restart_arrives(tmp_path: Path) -> None:
    """Syslog has no acknowledgement: what rsyslog had handed to the kernel when we went was read before."""
    port = free_port()
    settings = {"tcp": {"listen_address": f"{LOOPBACK}:{port}"}}
    to = f'type="omfwd" target="{LOOPBACK}" port="{port}" protocol="tcp" template="{NEW}" {QUEUE}'
    logloom = Logloom(config(tmp_path, syslog=settings), tmp_path)
    with logloom, rsyslog(tmp_path, to) as client:
        say(client, range(300))
        written(logloom, tmp_path, 300)
        logloom.stop()
        say(client, range(300, 600))
        logloom.start()
        say(client, range(600, 900))
        check(written(logloom, tmp_path, 900), 900, NEW)
