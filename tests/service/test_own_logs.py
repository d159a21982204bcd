"""A collector that reads its own log into a destination that refuses everything does not feed itself."""

from pathlib import Path
from typing import Any

from logloom.logs import LINES_MAX
from tests.service.logloom_process import Logloom
from tests.service.upstream import Answer, Upstream

ROUNDS = 3 * LINES_MAX


def _config(folder: Path, port: int) -> dict[str, Any]:
    logs = {"include": [f"{folder}/**/*.err", f"{folder}/*.log"], "start_at": "beginning", "poll_interval": "5ms"}
    return {
        "receivers": {"filelog": {**logs, "format": "text"}},
        "exporters": {"otlphttp": {"endpoint": f"http://127.0.0.1:{port}", "compression": "none"}},
        "service": {"pipelines": {"logs": {"receivers": ["filelog"], "exporters": ["otlphttp"]}}},
    }


def test_own_logs_do_not_loop(tmp_path: Path) -> None:
    with Upstream(Answer(status=400)) as upstream:
        collector = Logloom(_config(tmp_path, upstream.port), tmp_path / "logloom")
        with collector, (tmp_path / "other.log").open("ab", buffering=0) as log:
            for number in range(ROUNDS):
                marked = f"round {number:04}".encode()
                log.write(marked + b"\n")
                upstream.wait_for(
                    lambda found, marked=marked: any(marked in request.body for request in found), "the line"
                )
        said = (tmp_path / "logloom" / "logloom.err").read_text().splitlines()
    refused = [line for line in said if "refused for good" in line]
    assert LINES_MAX <= len(refused) <= LINES_MAX + 1  # and at the end, how many there were
    assert "suppressed=" in refused[-1]
