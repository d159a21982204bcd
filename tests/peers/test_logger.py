"""`logger` of util-linux: the command that scripts log with."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.daemons import environment, unpacked
from tests.peers.sending import LOOPBACK, config, written
from tests.service.logloom_process import Logloom

pytestmark = pytest.mark.needs("deb:bsdutils")


@pytest.fixture
def logloom(tmp_path: Path) -> Iterator[Logloom]:
    ways = {way: {"listen_address": f"{LOOPBACK}:0"} for way in ("tcp", "udp")}
    with Logloom(config(tmp_path, syslog=ways), tmp_path) as running:
        yield running


def log(*arguments: str, lines: str) -> None:
    command = [unpacked("usr/bin/logger"), "--tag", "shop", "--id=42", "--priority", "local3.err", *arguments]
    subprocess.run(command, input=lines, env=environment(), check=True, text=True, timeout=30)


@pytest.mark.parametrize("way", ["udp", "tcp"])
@pytest.mark.parametrize("layout", ["--rfc3164", "--rfc5424"])
@pytest.mark.parametrize("framing", ["", "--octet-count"])
def test_lines_by_both_layouts(logloom: Logloom, tmp_path: Path, way: str, layout: str, framing: str) -> None:
    """Counted octets also over UDP: `logger` counts there too, where nobody asks for it."""
    lines = [f"order {number}: über {'x' * number * 10}" for number in range(50)]
    flags = [f"--{way}", layout, *([framing] if framing else [])]
    log("--server", LOOPBACK, "--port", str(logloom.port("syslog", way)), *flags, lines="\n".join(lines) + "\n")
    found = written(logloom, tmp_path, 50)
    assert [record.body for record in found] == lines
    assert {record.severity for record in found} == {17}
    assert {record.attributes["syslog.facility.code"] for record in found} == {19}
    assert {record.attributes["process.executable.name"] for record in found} == {"shop"}
    assert {record.attributes["process.pid"] for record in found} == {42}


def test_structured_data(logloom: Logloom, tmp_path: Path) -> None:
    data = ["--sd-id", "order@32473", "--sd-param", 'id="4711"', "--sd-param", 'city="K\\"öln"', "--msgid", "ORDER"]
    way = ["--server", LOOPBACK, "--port", str(logloom.port("syslog", "tcp")), "--tcp", "--rfc5424"]
    log(*way, *data, lines="placed\n")
    (record,) = written(logloom, tmp_path, 1)
    assert (record.body, record.attributes["syslog.msg.id"]) == ("placed", "ORDER")
    assert record.attributes["syslog.structured_data.order@32473.id"] == "4711"
    assert record.attributes["syslog.structured_data.order@32473.city"] == 'K"öln'
    assert record.observed - record.time < 3600 * 1_000_000_000, "RFC 5424 has the zone"


def test_a_unix_socket(tmp_path: Path) -> None:
    socket = tmp_path / "log.sock"
    tcp = {"listen_address": f"unix://{socket}"}
    with Logloom(config(tmp_path, syslog={"tcp": tcp}), tmp_path) as logloom:
        log("--socket", str(socket), "--tcp", "--socket-errors=on", lines="by a socket\nand again\n")
        assert [record.body for record in written(logloom, tmp_path, 2)] == ["by a socket", "and again"]
