"""Following the log of a real Envoy that rotates, over restarts of logloom: every line once, none lost."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.service import envoy, mesh
from tests.service.logloom_process import Logloom, read
from tests.service.upstream import Upstream

pytestmark = pytest.mark.peer

LINES = 41
"""A drive of 40 requests, and the one before them."""


def _config(folder: Path, out: Path) -> dict[str, Any]:
    return {
        "receivers": {
            "filelog": {"include": [f"{folder}/access.log*"], "start_at": "beginning", "format": "envoy"},
        },
        "exporters": {"file": {"path": str(out)}},
        "service": {"pipelines": {"logs": {"receivers": ["filelog"], "exporters": ["file"]}}},
    }


class _Rotating:
    """An Envoy whose log is moved away between drives."""

    def __init__(self, proxy: envoy.Envoy, upstream: Upstream, folder: Path) -> None:
        self._proxy = proxy
        self._upstream = upstream
        self._log = folder / "access.log"
        self._rotations = 0

    def drive(self, seed: int) -> None:
        mesh.drive(self._proxy.ports[mesh.LISTENER], self._upstream, mesh.traffic(LINES - 1, seed))

    def rotate(self) -> None:
        """As logrotate does it: rename, then tell the writer, which goes on in a new file."""
        self._rotations += 1
        self._log.rename(self._log.with_name(f"access.log.{self._rotations}"))
        self._proxy.ask("/reopen_logs", post=True)

    def lines(self) -> list[str]:
        files = sorted(self._log.parent.glob("access.log*"))
        return [line.decode() for file in files for line in file.read_bytes().split(b"\n")[:-1]]


def test_rotation_and_restarts(tmp_path: Path) -> None:
    folder, out = tmp_path / "logs", tmp_path / "out.jsonl"
    folder.mkdir()
    with Upstream() as upstream, mesh.closed_port() as dead:
        config = mesh.config(upstream, dead, [envoy.file_log(folder / "access.log")])
        with envoy.Envoy(config, tmp_path) as proxy:
            rotating = _Rotating(proxy, upstream, folder)
            rotating.drive(1)
            collector = Logloom(_config(folder, out), tmp_path / "logloom")
            with collector:
                rotating.drive(2)
                rotating.rotate()
                rotating.drive(3)
                collector.wait_for(out, lambda found: len(found) >= 3 * LINES, "three drives over a rotation")
            rotating.drive(4)
            rotating.rotate()
            rotating.drive(5)
            with collector:
                collector.wait_for(out, lambda found: len(found) >= 5 * LINES, "what was written while it was away")
        written = rotating.lines()
    found = [record.body for record in read(out)]
    assert len(written) == 5 * LINES
    assert Counter(found) == Counter(written)


def test_a_crash_loses_nothing(tmp_path: Path) -> None:
    """After SIGKILL a line may come twice, but each must come."""
    folder, out = tmp_path / "logs", tmp_path / "out.jsonl"
    folder.mkdir()
    with Upstream() as upstream, mesh.closed_port() as dead:
        config = mesh.config(upstream, dead, [envoy.file_log(folder / "access.log")])
        with envoy.Envoy(config, tmp_path) as proxy:
            rotating = _Rotating(proxy, upstream, folder)
            collector = Logloom(_config(folder, out), tmp_path / "logloom")
            for seed in range(3):
                collector.start()
                rotating.drive(seed)
                collector.kill()
            with collector:
                collector.wait_for(
                    out, lambda found: set(rotating.lines()) <= {record.body for record in found}, "every line"
                )
        written = rotating.lines()
    assert len(written) == 3 * LINES
    assert set(written) == {record.body for record in read(out)}
