"""`logloom detect`, as a program."""

import gzip
from pathlib import Path

from tests.unit.cli.command import logloom


def test_files(tmp_path: Path) -> None:
    line = b'{"time":"2026-01-02T03:04:05Z","level":"warn","msg":"slow answer"}\n'
    (tmp_path / "a.json").write_bytes(line * 3)
    (tmp_path / "b.gz").write_bytes(gzip.compress(line * 3))
    (tmp_path / "c.txt").write_bytes(b"only words\n")
    done = logloom("detect", "a.json", "b.gz", "c.txt", "none", cwd=tmp_path)
    assert done.stdout == b"a.json: json\nb.gz: json\nc.txt: text\n"
    assert (done.returncode, done.stderr) == (2, b"logloom: none: No such file or directory\n")
