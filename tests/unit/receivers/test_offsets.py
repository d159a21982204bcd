"""The saved places: whole after any crash, nobody else's to read, nothing of the logs in them."""

import os
import stat
from pathlib import Path
from typing import Any

import orjson
import pytest

from logloom._native import LogFile
from logloom.errors import ServiceError
from logloom.receivers import _places
from logloom.receivers._fingerprint import Fingerprint, Head
from logloom.receivers._offsets import Offsets
from logloom.receivers._places import Place
from logloom.receivers._tail import Tail


def tail_of(path: Path, data: bytes, offset: int) -> Tail:
    path.write_bytes(data)
    file = LogFile(str(path))
    tail = Tail(str(path), file.facts()[:2], file, fingerprint=Fingerprint.of(data), offset=offset, mark=None)
    assert tail.settle()
    return tail


def claimed(offsets: Offsets, tail: Tail, head: bytes, size_bytes: int) -> Place | None:
    return offsets.claim(tail.key, tail.path, Head(head), size_bytes, lambda _: True)


@pytest.fixture
def offsets(tmp_path: Path) -> Offsets:
    return Offsets(tmp_path / "offsets.json")


def test_what_was_saved_is_known_after_a_restart(offsets: Offsets, tmp_path: Path) -> None:
    tail = tail_of(tmp_path / "a.log", b"secret of the log\n", 7)
    offsets.save([tail])
    assert stat.S_IMODE((tmp_path / "offsets.json").stat().st_mode) == 0o600
    assert b"secret" not in (tmp_path / "offsets.json").read_bytes()
    again = Offsets(tmp_path / "offsets.json")
    again.load()
    assert again.paths == {str(tmp_path / "a.log")}
    place = claimed(again, tail, b"secret of the log\nand more", 30)
    assert place is not None
    assert (place.offset, place.mark) == (7, Fingerprint.of(b"secret "))
    assert claimed(again, tail, b"secret of the log\nand more", 30) is None  # each only once


@pytest.mark.parametrize(
    ("head", "size"), [(b"other\n", 100), (b"one\n", 3), (b"", 0)], ids=["other", "cut back", "empty"]
)
def test_a_place_is_not_another_files(offsets: Offsets, tmp_path: Path, head: bytes, size: int) -> None:
    tail = tail_of(tmp_path / "a.log", b"one\n", 4)
    offsets.leave(tail, is_whole=False)
    assert claimed(offsets, tail, head, size) is None


def test_an_empty_file_has_no_place(offsets: Offsets, tmp_path: Path) -> None:
    tail = tail_of(tmp_path / "a.log", b"", 0)
    offsets.leave(tail, is_whole=False)
    offsets.save([tail])
    assert orjson.loads((tmp_path / "offsets.json").read_bytes())["files"] == []


def test_places_that_were_left_are_bounded(offsets: Offsets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_places, "PLACES_MAX", 10)
    tail = tail_of(tmp_path / "a.log", b"one\n", 4)
    for at in range(15):
        tail.offset = at
        offsets.leave(tail, is_whole=False)
    assert [place.offset for place in offsets.places] == list(range(5, 15))


def test_where_other_bytes_stand_before_it_a_place_is_not_claimed(offsets: Offsets, tmp_path: Path) -> None:
    tail = tail_of(tmp_path / "a.log", b"one\n", 4)
    offsets.leave(tail, is_whole=False)
    assert offsets.claim(tail.key, tail.path, Head(b"one\n"), 4, lambda _: False) is None
    assert claimed(offsets, tail, b"one\n", 4) is not None


def test_nothing_is_written_where_nothing_changed(offsets: Offsets, tmp_path: Path) -> None:
    tail = tail_of(tmp_path / "a.log", b"one\n", 4)
    assert offsets.save([tail])
    before = (tmp_path / "offsets.json").stat().st_ino
    offsets.save([tail])
    assert (tmp_path / "offsets.json").stat().st_ino == before


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_a_crash_at_any_step_leaves_the_old_file_whole(
    offsets: Offsets, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail = tail_of(tmp_path / "a.log", b"one\ntwo\n", 4)
    offsets.save([tail])
    before = (tmp_path / "offsets.json").read_bytes()

    def crash(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    tail.offset = 8
    with monkeypatch.context() as patch:
        patch.setattr(Path if step == "replace" else os, step, crash)
        with pytest.raises(OSError, match="No space"):
            offsets.save([tail])
    assert (tmp_path / "offsets.json").read_bytes() == before
    offsets.save([tail])
    assert (tmp_path / "offsets.json").read_bytes() != before


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff",
        b'{"version":2,"files":[]}',
        b'{"version":1,"files":[{}]}',
        b'{"version":1,"files":[{"path":"a","device":1,"inode":1,"begins":[4,"x"],"offset":-1}]}',
    ],
)
def test_a_damaged_file_stops_the_start_and_names_the_way_out(offsets: Offsets, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "offsets.json").write_bytes(data)
    with pytest.raises(ServiceError, match=r"offsets\.json: cannot be read .*delete it to begin anew"):
        offsets.load()
