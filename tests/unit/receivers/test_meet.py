"""Where files are begun that are new: archives and history, what is too old, what may not be read."""

import gzip
import os
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import pytest

from logloom._native import LogFile, compress
from logloom.receivers import _meet
from tests.files import Followed


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_archives_are_read_once_from_their_beginning(tmp_path: Path, encoding: Literal["gzip", "zstd"]) -> None:
    lines = [f"{at} old line" for at in range(50_000)]
    packed = compress("".join(f"{line}\n" for line in lines).encode(), encoding)
    (tmp_path / "a.log.2.packed").write_bytes(packed)
    os.utime(tmp_path / "a.log.2.packed", (0, 0))
    files = Followed(tmp_path, "*")
    files.write("a.log", "new\n")
    assert Counter(files.poll()) == Counter([*lines, "new"])
    assert files.poll() == []
    files.restart()
    assert files.poll() == []
    assert (files.told, files.descriptors) == ([], 1)


def test_archives_are_history_where_it_starts_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.log.1.gz").write_bytes(gzip.compress(b"old\n"))
    os.utime(tmp_path / "a.log.1.gz", (0, 0))
    files = Followed(tmp_path, "*", start_at="end")
    assert files.poll() == []
    files.restart()
    assert files.poll() == []
    (tmp_path / "a.log.2.gz").write_bytes(gzip.compress(b"another\n"))
    os.utime(tmp_path / "a.log.2.gz", (0, 0))
    assert files.poll() == ["another"]


def test_an_archive_that_is_being_written_waits_until_it_is_whole(tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(b"%d\n" % at for at in range(10_000)))
    files = Followed(tmp_path, "*")
    files.write("a.gz", packed[:1000])
    assert files.poll() == []
    files.write("a.gz", packed[1000:])
    os.utime(tmp_path / "a.gz", (0, 0))
    assert files.poll() == [str(at) for at in range(10_000)]
    assert files.told == []


@pytest.mark.parametrize("open_files", [1, 512])
@pytest.mark.parametrize("begun", [0, 1])
def test_an_archive_that_was_met_before_it_began_is_no_text(tmp_path: Path, begun: int, open_files: int) -> None:
    """It is created empty, and for a moment it looks like a log file of nothing; it is a copy of one that was read."""
    files = Followed(tmp_path, "*", max_concurrent_files=2 * open_files)
    files.write("a.log", "one\ntwo\n")
    assert files.poll() == ["one", "two"]
    packed = gzip.compress(b"one\ntwo\n")
    files.write("a.log.1.gz", packed[:begun])
    files.write("b.log.gz", packed[:begun])
    files.write("c.log", "see\n")
    assert files.poll() == ["see"]
    files.write("a.log.1.gz", packed[begun:])
    files.write("b.log.gz", gzip.compress(b"other\n")[begun:])
    (tmp_path / "a.log").unlink()
    for name in ("a.log.1.gz", "b.log.gz"):
        os.utime(tmp_path / name, (0, 0))
    files.poll()
    files.poll()
    assert sorted(files.bodies) == ["one", "other", "see", "two"]
    assert files.told == []


def test_a_damaged_archive_gives_what_is_good_and_is_named(tmp_path: Path) -> None:
    files = Followed(tmp_path, "*")
    files.write("a.gz", gzip.compress(b"good\n") + b"\x1f\x8bgarbage")
    files.write("b.gz", gzip.compress(b"".join(b"half %d\n" % at for at in range(5000)))[:-200])
    for name in ("a.gz", "b.gz"):
        os.utime(tmp_path / name, (0, 0))
    got = files.poll()
    assert "good" in got
    assert "half 4000" in got
    said = {name: what for what, name in files.told}
    assert "damaged" in said["a.gz"] or "cannot be read" in said["a.gz"]
    assert "ends within what is compressed" in said["b.gz"]


def test_packed_files_are_lines_where_nothing_is_unpacked(tmp_path: Path) -> None:
    files = Followed(tmp_path, "*", compression="")
    files.write("a.gz", b"\x1f\x8bno archive\n")
    assert len(files.poll()) == 1


def test_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    files = Followed(tmp_path, "*.log")
    (tmp_path / "folder.log").mkdir()
    os.mkfifo(tmp_path / "pipe.log")
    files.write("a.log", "one\n")
    assert files.poll() == ["one"]
    assert files.told == []


def test_what_may_not_be_read_is_said_once_and_read_when_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Followed(tmp_path, "*.log")
    files.write("a.log", "one\n")
    files.write("b.log", "two\n")

    def refuses(path: str, *rest: Any) -> LogFile:
        if path.endswith("a.log"):
            raise PermissionError(13, "Permission denied")
        return LogFile(path, *rest)

    with monkeypatch.context() as patched:  # tests may run as root, whom no mode stops
        patched.setattr(_meet, "LogFile", refuses)
        assert files.poll() + files.poll() == ["two"]
    assert files.told == [("cannot be read: Permission denied", "a.log")]
    assert files.poll() == ["one"]


def test_old_files_are_not_begun_unless_they_are_written_to(tmp_path: Path) -> None:
    files = Followed(tmp_path, "*.log", exclude_older_than="1h")
    for name in ("a.log", "b.log"):
        files.write(name, "old\n")
        os.utime(tmp_path / name, (0, 0))
    assert files.poll() == []
    files.write("a.log", "new\n")
    assert files.poll() == ["old", "new"]
