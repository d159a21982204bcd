"""syslog-ng, as it forwards: its drivers `network` and `syslog`, and `http`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from tests import otlp
from tests.peers.daemons import Daemon, unpacked
from tests.peers.sending import CERTS, LOOPBACK, TLS, config, fill, forwarding, free_port, written
from tests.service.logloom_process import Logloom
from tests.service.sinks import OtlpSink
from tests.service.waiting import wait_until

pytestmark = pytest.mark.needs("deb:syslog-ng-core")

WITH_TLS = f"""tls(ca-file("{CERTS}/ca.pem") cert-file("{CERTS}/client.pem") key-file("{CERTS}/client.key")
    peer-verify(required-trusted))"""


@contextmanager
def syslog_ng(folder: Path, to: str, *, library: bool = False) -> Iterator[TextIO]:
    """Sends to a destination each line that is written; the destination may be of its library."""
    (modules,) = unpacked("usr/lib/syslog-ng").glob("[0-9]*")
    conf, lines = folder / "syslog-ng.conf", folder / "lines.log"
    scl = unpacked("usr/share/syslog-ng/include/scl")
    conf.write_text(
        f"""
@version: {modules.name}
{f'@include "{scl}/*/*.conf"' if library else ""}
options {{ stats-freq(0); time-reopen(1); use-dns(no); log-fifo-size(100000); }};
source lines {{ file("{lines}" follow-freq(0.1) flags(no-parse) default-priority(err) default-facility(local3)
    program-override("shop") host-override("node-1")); }};
destination logloom {{ {to}; }};
log {{ source(lines); destination(logloom); }};
"""
    )
    names = {"persist-file": "persist", "control": "control", "pidfile": "pid"}
    options = [f"--{option}={folder / f'syslog-ng.{name}'}" for option, name in names.items()]
    command = [unpacked("usr/sbin/syslog-ng"), "--foreground", "--stderr", "--no-caps", f"--cfgfile={conf}", *options]
    with lines.open("w", buffering=1) as out, Daemon([*command, f"--module-path={modules}"], folder) as daemon:
        wait_until(lambda: "starting up" in daemon.output(), "syslog-ng to start", failed=daemon.ended)
        yield out


@pytest.mark.parametrize("way", ["udp", "tcp"])
@pytest.mark.parametrize("driver", ["network", "syslog"])
def test_both_drivers(tmp_path: Path, driver: str, way: str) -> None:
    """`network` sends RFC 3164, `syslog` RFC 5424, with counted octets over TCP."""
    ways = {name: {"listen_address": f"{LOOPBACK}:0"} for name in ("tcp", "udp")}
    with Logloom(config(tmp_path, syslog=ways), tmp_path) as logloom:
        to = f'{driver}("{LOOPBACK}" port({logloom.port("syslog", way)}) transport("{way}"))'
        with syslog_ng(tmp_path, to) as lines:
            lines.writelines(f"order {number}\n" for number in range(200))
            found = written(logloom, tmp_path, 200)
    assert [record.body for record in found] == [f"order {number}" for number in range(200)]
    assert {record.attributes["process.executable.name"] for record in found} == {"shop"}
    assert {record.attributes["host.name"] for record in found} == {"node-1"}
    assert {(record.severity, record.attributes["syslog.facility.code"]) for record in found} == {(17, 19)}
    if driver == "syslog":
        assert all(abs(record.observed - record.time) < 3600 * 1_000_000_000 for record in found)


@pytest.mark.parametrize("driver", ["network", "syslog"])
def test_tls_with_certificates_on_both_sides(tmp_path: Path, driver: str) -> None:
    tcp = {"listen_address": f"{LOOPBACK}:0", "tls": TLS}
    with Logloom(config(tmp_path, syslog={"tcp": tcp}), tmp_path) as logloom:
        to = f'{driver}("{LOOPBACK}" port({logloom.port("syslog", "tcp")}) transport("tls") {WITH_TLS})'
        with syslog_ng(tmp_path, to) as lines:
            lines.writelines(f"order {number}\n" for number in range(200))
            found = written(logloom, tmp_path, 200)
    assert [record.body for record in found] == [f"order {number}" for number in range(200)]


def test_a_full_journal_closes_the_window_and_nothing_is_lost(tmp_path: Path) -> None:
    """The destination is away: the journal fills, syslog-ng holds the rest, and sends it when there is room again."""
    port, count = free_port(), 2000
    with Logloom(forwarding(port, "syslog", tcp={"listen_address": f"{LOOPBACK}:0"}), tmp_path) as logloom:
        to = f'syslog("{LOOPBACK}" port({logloom.port("syslog", "tcp")}) transport("tcp"))'
        with syslog_ng(tmp_path, to) as lines:
            lines.writelines(f"{number} {os.urandom(1000).hex()}\n" for number in range(count))
            fill(logloom)
            with OtlpSink(port=port) as sink:
                found: list[int] = []

                def all_there(requests: list[bytes]) -> bool:
                    records = [record for one in requests for record in otlp.from_bytes(one)]
                    found[:] = [int(str(r.body).split()[0]) for r in records if "probe" not in r.attributes]
                    return len(found) >= count

                sink.wait_for(all_there, f"{count} records")
                assert found == list(range(count))


@pytest.mark.needs("deb:syslog-ng-mod-http")
def test_json_lines_over_http(tmp_path: Path) -> None:
    """In batches, as its users configure it for a webhook."""
    with Logloom(config(tmp_path, http={"endpoint": f"{LOOPBACK}:0"}), tmp_path) as logloom:
        to = (
            f'http(url("http://{logloom.endpoint("http", "http")}/") method("POST") batch-lines(50) batch-timeout(100) '
            'headers("Content-Type: application/x-ndjson") delimiter("\\n") '
            'body("$(format-json --scope rfc5424 --key ISODATE)"))'
        )
        with syslog_ng(tmp_path, to) as lines:
            lines.writelines(f"order {number}\n" for number in range(200))
            found = written(logloom, tmp_path, 200)
    assert [record.body for record in found] == [f"order {number}" for number in range(200)]
