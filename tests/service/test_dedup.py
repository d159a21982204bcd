"""Windows of `dedup` over a real stop: what was counted is told, once, and nothing is counted again after a restart."""

from pathlib import Path
from typing import Any

from tests.service.logloom_process import Logloom, read
from tests.service.waiting import wait_until


def _config(folder: Path) -> dict[str, Any]:
    return {
        "receivers": {"filelog": {"include": [f"{folder}/in.log"], "start_at": "beginning", "format": "text"}},
        "processors": {"dedup": {"interval": "24h"}},
        "exporters": {"file": {"path": str(folder / "out" / "out.jsonl")}},
        "service": {"pipelines": {"logs": {"receivers": ["filelog"], "processors": ["dedup"], "exporters": ["file"]}}},
    }


def test_counts_of_open_windows_survive_a_stop_and_nothing_is_counted_twice(tmp_path: Path) -> None:
    out = tmp_path / "out" / "out.jsonl"

    def told(body: str) -> list[int | None]:
        """What `log_count` says in each record with this body; None: the first of a window."""
        return [record.attributes.get("log_count") for record in read(out) if record.body == body]

    def taken(lines: list[str]) -> None:
        """Appended, and all gone through: the last is there, and lines of a file keep their order."""
        with (tmp_path / "in.log").open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))
        wait_until(lambda: told(lines[-1]), f"'{lines[-1]}' at the exporter")

    collector = Logloom(_config(tmp_path), tmp_path / "logloom")
    with collector:
        taken(["again", "other", "again", "again", "other", "end of the first"])
        assert told("again") == [None], "its window is open"
    assert told("again") == [None, 2]
    assert told("other") == [None, 1]
    assert told("end of the first") == [None], "it came once"
    with collector:
        taken(["again", "again", "end of the second"])
        assert told("again") == [None, 2, None]
    assert told("again") == [None, 2, None, 1]
    assert told("other") == [None, 1], "what was told is not told again"
    with collector:
        taken(["end of the third"])
    lines = (tmp_path / "in.log").read_text().split("\n")
    for body in ("again", "other"):
        assert sum(count or 1 for count in told(body)) == lines.count(body)
