"""What tells one file from another."""

from pathlib import Path

import pytest

from logloom._native import LogFile
from logloom.receivers._find import is_related
from logloom.receivers._fingerprint import Fingerprint, Head
from logloom.receivers._tail import Tail, last_line_end


def test_a_fingerprint_fits_what_begins_so_and_the_empty_one_nothing() -> None:
    print_of = Fingerprint.of(b"2026-11-21 one")
    assert print_of.begins(Head(b"2026-11-21 one\nand more"))
    assert not print_of.begins(Head(b"2026-11-21 on"))
    assert not print_of.begins(Head(b"2026-11-21 two\nand more"))
    assert not Fingerprint.of(b"").begins(Head(b"anything"))


@pytest.mark.parametrize(
    "other",
    [
        *("a.log.1", "a.log-20261121", "a-20261121.log", "a.log.2026-11-21T10:00:00", "a.log.old"),
        *("a.log.1.gz", "a-20261121.log.gz", "a.log.zst", "a.log.20261121-100000.gz"),
    ],
)
def test_names_that_a_rotation_makes_are_related(other: str) -> None:
    assert is_related("/var/log/a.log", f"/var/log/{other}")
    assert is_related(f"/elsewhere/{other}", "/var/log/a.log")


@pytest.mark.parametrize("other", ["b.log", "ab.log", "access.log.1", "la.log", "b.log.gz"])
def test_others_are_not(other: str) -> None:
    assert not is_related("/var/log/a.log", f"/var/log/{other}")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0),
        (b"one", 0),
        (b"one\n", 4),
        (b"one\ntwo", 4),
        (b"x" * 70_000, 70_000),
        (b"one\n" + b"x" * 70_000, 70_004),
    ],
)
def test_the_end_of_the_last_whole_line(tmp_path: Path, data: bytes, expected: int) -> None:
    (tmp_path / "a.log").write_bytes(data)
    assert last_line_end(LogFile(str(tmp_path / "a.log")), len(data)) == expected


def test_a_closed_file_is_opened_again_only_as_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\ntwo\n")
    file = LogFile(str(path))
    tail = Tail(str(path), file.facts()[:2], file, fingerprint=Fingerprint.of(b"one\ntwo\n"), offset=4, mark=None)
    assert tail.settle()
    tail.close()
    assert tail.mark == Fingerprint.of(b"one\n")
    assert tail.reopen("auto")
    assert tail.settle()
    tail.close()
    path.write_bytes(b"another\n")
    assert tail.reopen("auto")
    assert tail.settle() is None
    tail.close()
    path.rename(tmp_path / "b.log")
    path.write_bytes(b"one\ntwo\n")
    assert not tail.reopen("auto")
