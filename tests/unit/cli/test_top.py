"""`logloom top`: what it shows, and in a terminal."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from dataclasses import replace
from pathlib import Path

from logloom.cli import top
from logloom.cli._figures import ago, amount, size, sparkline, table
from tests.unit.cli.test_status import answering, document, snapshot

WAIT_S = 60.0


def test_rates_are_over_the_time_between_two_looks() -> None:
    before = snapshot(sent=100)
    now = replace(snapshot(sent=30_100), time_unix_nano=before.time_unix_nano + 2_000_000_000)
    long = document(stalls=[{"what": "exporter otlp/siem", "why": "x\x1b[2J" * 100}])
    lines = top.frame(long, before, now, [1.0, 2.0, 4.0], 80)
    assert all(len(line) <= 80 for line in lines)
    assert not any("\x1b" in line for line in lines)
    assert lines[2].endswith("▂▄█")
    row = next(line.split() for line in lines if line.startswith("otlp/siem"))
    assert row[1] == "15.0k"
    assert any(line.startswith("STALLED exporter otlp/siem: x") for line in lines)


def test_a_process_that_began_anew_has_no_rates_below_zero() -> None:
    before = snapshot(sent=100)
    now = replace(snapshot(sent=1), time_unix_nano=before.time_unix_nano + 1_000_000_000)
    lines = top.frame(document(), before, now, [], 80)
    assert next(line.split() for line in lines if line.startswith("otlp/siem"))[1] == "0"
    assert top.frame(document(), now, now, [], 80)


def test_figures() -> None:
    assert [amount(n) for n in (0, 999, 9999, 12_345, 4_500_000, 2e9)] == ["0", "999", "9999", "12.3k", "4.5M", "2.0G"]
    assert [size(n) for n in (0, 1023, 1 << 20)] == ["0 B", "1023 B", "1.0 MiB"]
    assert [ago(s) for s in (0, 1.5, 59, 200, 7500, 100_000)] == ["0s", "1.5s", "59s", "3m20s", "2h05m", "1d03h"]
    assert sparkline([0, 0], 4) == "    "
    assert sparkline([1, 8, 0.001], 2) == "█▁"
    assert table(("a", "b"), []) == []
    assert table(("name", "n"), [("x" * 100, "1")], 20) == ["", "name               n", f"{'x' * 16}…  1"]


def test_in_a_terminal(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(slave)
    command = [Path(sys.executable).with_name("logloom"), "top", "--data", tmp_path, "--interval", "0.05"]
    shown = b""
    with answering(tmp_path):
        process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave)
        try:
            deadline = time.monotonic() + WAIT_S
            while shown.count(top.HOME.encode()) < 3 and time.monotonic() < deadline:
                if select.select([master], [], [], 0.1)[0]:
                    shown += os.read(master, 1 << 16)
            os.write(master, b"q")
            while process.poll() is None and time.monotonic() < deadline:
                if select.select([master], [], [], 0.1)[0]:
                    shown += os.read(master, 1 << 16)
        finally:
            process.kill()
            process.wait()
    while select.select([master], [], [], 0)[0]:
        shown += os.read(master, 1 << 16)
    after = termios.tcgetattr(slave)
    os.close(master)
    os.close(slave)
    assert process.returncode == 0, shown
    text = shown.decode()
    assert text.startswith(top.BEGIN)
    assert text.endswith(top.END)
    assert "records/s" in text
    assert "otlp/siem" in text
    assert after == before


def test_nobody_is_there(tmp_path: Path) -> None:
    command = [Path(sys.executable).with_name("logloom"), "top", "--once", "--data", tmp_path]
    told = subprocess.run(command, capture_output=True, timeout=WAIT_S)
    assert told.returncode == 2
    assert b"no collector runs on" in told.stderr
