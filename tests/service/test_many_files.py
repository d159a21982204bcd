"""Ten thousand files: all are read, few are open, and while nothing is written nothing is done."""

import os
import time
from pathlib import Path

import pytest

from tests.service.logloom_process import Logloom, read
from tests.service.waiting import wait_until

FILES = 10_000
OPEN_MAX = 100


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _share(pid: int) -> float:
    """Of a processor, over some seconds."""
    began_s, used_s = time.monotonic(), _cpu_s(pid)
    time.sleep(3)  # noqa: TID251 - idleness is seen in time alone
    return (_cpu_s(pid) - used_s) / (time.monotonic() - began_s)


def _rss_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _open_below(pid: int, folder: Path) -> int:
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    return sum(link.startswith(str(folder)) for link in links)


@pytest.mark.timeout(300)
def test_ten_thousand_files(tmp_path: Path) -> None:
    folder, out = tmp_path / "logs", tmp_path / "out.jsonl"
    folder.mkdir()
    files = [folder / f"{at}.log" for at in range(FILES)]
    config = {
        "receivers": {
            "filelog": {
                "include": [f"{folder}/*.log"],
                "start_at": "beginning",
                "format": "text",
                "max_concurrent_files": OPEN_MAX,
            }
        },
        "exporters": {"file": {"path": str(out)}},
        "service": {"pipelines": {"logs": {"receivers": ["filelog"], "exporters": ["file"]}}},
    }
    collector = Logloom(config, tmp_path / "logloom")
    with collector:
        before_bytes = _rss_bytes(collector.pid)
        for at, file in enumerate(files):
            file.write_text(f"{at} one\n{at} two\n")
        collector.wait_for(out, lambda found: len(found) >= 2 * FILES, "two lines of each file", timeout_seconds=200)
        assert _open_below(collector.pid, folder) <= OPEN_MAX
        assert _rss_bytes(collector.pid) - before_bytes < FILES * 16 * 1024
        wait_until(lambda: _share(collector.pid) < 0.02, "it to be idle")
        with files[-1].open("a") as log:
            log.write("the last\n")
        collector.wait_for(out, lambda found: len(found) > 2 * FILES, "what is written then")
    assert len({record.body for record in read(out)}) == 2 * FILES + 1
