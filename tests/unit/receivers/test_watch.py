"""Files through rotations, cuts, deletions and restarts: each byte once, whatever the names are."""

import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logloom.receivers._find import Rules, Troubles
from logloom.receivers._offsets import Offsets
from logloom.receivers._watch import Watch


class Source:
    """Keeps what is pushed; whole lines count as delivered, and a restart forgets what is held of a cut one."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.data = b""
        self.delivered: int | None = None

    @property
    def durable_to(self) -> int:
        whole = self.start + self.data.rfind(b"\n") + 1
        return whole if self.delivered is None else self.delivered

    def forget(self) -> None:
        self.data = self.data[: self.durable_to - self.start]


class Reading:
    """A Watch over a folder, driven by hand; `sources` have all that was read."""

    def __init__(self, folder: Path, *include: str, **rules: Any) -> None:
        self.folder = folder
        given: dict[str, Any] = {"exclude": [], "start_at_end": False, "open_files_max": 100, "fingerprint_bytes": 1000}
        self.rules = Rules([str(folder / name) for name in include], **(given | {"rotation_wait_s": 0.0} | rules))
        self.told: list[tuple[str, str]] = []
        self.sources: list[Source] = []
        self.start()

    def start(self) -> None:
        self.offsets = Offsets(self.folder / "state" / "offsets.json")
        (self.folder / "state").mkdir(exist_ok=True)
        self.offsets.load()
        self.watch = Watch(
            self.rules, self.offsets, Troubles(lambda what, path: self.told.append((what, Path(path).name)))
        )

    def restart(self) -> None:
        self.offsets.save(self.watch.tails.values())
        self.watch.close()
        for source in self.sources:
            source.forget()
        self.start()

    def poll(self, size_bytes_max: int = 1 << 20) -> bytes:
        """One look, and what it brought."""
        got = b""
        self.watch.scan()
        while chunks := self.watch.read(size_bytes_max):
            for tail, data in chunks:
                if tail.source is None:
                    self.sources.append(Source(tail.offset))
                    tail.source = self.sources[-1]  # type: ignore[assignment]
                tail.source.data += data  # type: ignore[union-attr]
                tail.advance(len(data))
                got += data
        return got

    def write(self, name: str, data: bytes) -> None:
        with (self.folder / name).open("ab") as file:
            file.write(data)

    @property
    def descriptors(self) -> int:
        return sum(tail.is_open for tail in self.watch.tails.values())


def test_a_file_is_read_as_it_grows(tmp_path: Path) -> None:
    reading = Reading(tmp_path, "*.log")
    assert reading.poll() == b""
    for data in (b"one\n", b"two", b"\nthree\n", b"x" * 3_000_000):
        reading.write("a.log", data)
        assert reading.poll() == data
        assert reading.poll() == b""


def test_a_start_at_the_end_begins_with_the_next_whole_line(tmp_path: Path) -> None:
    reading = Reading(tmp_path, "*.log", start_at_end=True)
    reading.write("a.log", b"old\nbegun")
    reading.write("long.log", b"x" * 100_000)
    reading.write("half.log", b"begun")
    assert reading.poll() == b"begun" * 2  # a.log's last line, and half.log's only one
    reading.write("a.log", b" and ended\n")
    reading.write("long.log", b"y\n")
    assert reading.poll() == b" and ended\ny\n"
    reading.write("later.log", b"all of it\n")
    assert reading.poll() == b"all of it\n"


def test_a_restart_goes_on_where_it_was_delivered_to(tmp_path: Path) -> None:
    reading = Reading(tmp_path, "*.log", start_at_end=True)
    reading.poll()
    reading.write("a.log", b"one\ntwo\n")
    reading.poll()
    reading.sources[0].delivered = 4
    reading.restart()
    reading.write("a.log", b"three\n")
    assert reading.poll() == b"two\nthree\n"


def test_a_file_that_was_replaced_while_it_was_down_is_read_from_its_beginning(tmp_path: Path) -> None:
    reading = Reading(tmp_path, "a.log", start_at_end=True)
    reading.poll()
    reading.write("a.log", b"one\n")
    reading.poll()
    reading.restart()
    (tmp_path / "a.log").unlink()
    reading.write("a.log", b"another file, and longer\n")
    assert reading.poll() == b"another file, and longer\n"


@pytest.mark.parametrize("include", ["a.log", "a.log*"])
@pytest.mark.parametrize("restart", [False, True])
def test_a_renamed_file_is_read_to_its_end(tmp_path: Path, include: str, restart: bool) -> None:
    reading = Reading(tmp_path, include, rotation_wait_s=100.0)
    reading.write("a.log", b"one\n")
    assert reading.poll() == b"one\n"
    reading.write("a.log", b"two\n")
    (tmp_path / "a.log").rename(tmp_path / "a.log.1")
    reading.write("a.log", b"three\n")
    if restart:
        reading.restart()
    assert sorted(reading.poll().splitlines()) == [b"three", b"two"]
    reading.write("a.log.1", b"late\n")  # its writer has not opened the new one yet
    assert reading.poll() == b"late\n"
    reading.restart()
    assert reading.poll() == b""


@pytest.mark.parametrize("include", ["a.log", "a.log*"])
@pytest.mark.parametrize("restart", [False, True])
def test_a_file_that_is_copied_and_cut_is_read_once(tmp_path: Path, include: str, restart: bool) -> None:
    reading = Reading(tmp_path, include)
    reading.write("a.log", b"one\n" * 500)
    reading.poll()
    reading.write("a.log", b"two\n")
    (tmp_path / "a.log.1").write_bytes((tmp_path / "a.log").read_bytes())
    if restart:
        reading.restart()
    elif include == "a.log*":
        assert reading.poll() == b"two\n"  # seen between the copy and the cut
        reading.write("a.log.1", b"")
    os.truncate(tmp_path / "a.log", 0)
    reading.write("a.log", b"three\n")
    got = reading.poll() + reading.poll()
    assert sorted(got.splitlines()) == ([b"three"] if include == "a.log*" and not restart else [b"three", b"two"])
    reading.write("a.log", b"four\n")
    assert reading.poll() == b"four\n"


def test_a_cut_file_that_grew_past_its_old_size_is_noticed(tmp_path: Path) -> None:
    reading = Reading(tmp_path, "a.log")
    reading.write("a.log", b"one\n")
    reading.poll()
    os.truncate(tmp_path / "a.log", 0)
    reading.write("a.log", b"two and so on\n")
    os.utime(tmp_path / "a.log", ns=(0, 1))  # a coarse clock must not hide it from this test
    assert reading.poll() == b"two and so on\n"
    assert len(reading.watch.ended) == 1


def test_a_deleted_file_is_read_to_its_end_and_left(tmp_path: Path) -> None:
    reading = Reading(tmp_path, "a.log")
    with (tmp_path / "a.log").open("wb", buffering=0) as writer:
        writer.write(b"one\n")
        reading.poll()
        writer.write(b"two\n")
        (tmp_path / "a.log").unlink()
        assert reading.poll() == b"two\n"
    reading.poll()
    assert (reading.watch.tails, len(reading.watch.ended), reading.told) == ({}, 1, [])


def test_two_files_that_are_alike_are_both_read(tmp_path: Path) -> None:
    reading = Reading(tmp_path, "*.log")
    for name in ("a.log", "b.log"):
        reading.write(name, b"the same line\n" * 200)
    assert reading.poll() == b"the same line\n" * 400


def test_links_to_one_file_are_one_file(tmp_path: Path) -> None:
    reading = Reading(tmp_path, "*.log")
    reading.write("real", b"one\n")
    (tmp_path / "a.log").symlink_to(tmp_path / "real")
    (tmp_path / "b.log").hardlink_to(tmp_path / "real")
    (tmp_path / "dangling.log").symlink_to(tmp_path / "nothing")
    assert reading.poll() == b"one\n"
    (tmp_path / "real").rename(tmp_path / "real.1")
    (tmp_path / "a.log").unlink()
    reading.write("other", b"two\n")
    (tmp_path / "a.log").symlink_to(tmp_path / "other")
    assert reading.poll() == b"two\n"
    assert reading.told == []


def test_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    reading = Reading(tmp_path, "*.log")
    (tmp_path / "folder.log").mkdir()
    os.mkfifo(tmp_path / "pipe.log")
    reading.write("a.log", b"one\n")
    assert reading.poll() == b"one\n"
    assert reading.told == []


def test_a_compressed_file_is_not_read_and_that_is_said_once(tmp_path: Path) -> None:
    reading = Reading(tmp_path, "*")
    reading.write("a.log.1.gz", b"\x1f\x8b\x08\x00\x00\x00")
    assert reading.poll() + reading.poll() == b""
    assert reading.told == [("is compressed, and so not read: exclude it", "a.log.1.gz")]


def test_what_may_not_be_read_is_said_once_and_read_when_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = Reading(tmp_path, "*.log")
    reading.write("a.log", b"one\n")
    reading.write("b.log", b"two\n")
    real = os.open

    def refuses(path: Any, *rest: Any, **more: Any) -> int:
        if str(path).endswith("a.log"):
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **more)

    with monkeypatch.context() as patch:  # tests may run as root, whom no mode stops
        patch.setattr(os, "open", refuses)
        assert reading.poll() + reading.poll() == b"two\n"
    assert reading.told == [("cannot be read: Permission denied", "a.log")]
    assert reading.poll() == b"one\n"


def test_few_files_stay_open_and_none_is_forgotten(tmp_path: Path) -> None:
    reading = Reading(tmp_path, "*.log*", open_files_max=3)
    names = [f"{at}.log" for at in range(20)]
    for turn in range(3):
        for name in names:
            reading.write(name, f"{name} {turn}\n".encode())
        assert sorted(reading.poll().splitlines()) == sorted(f"{name} {turn}".encode() for name in names)
        assert reading.descriptors <= 3
    for name in names:  # also of those that are closed
        (tmp_path / name).rename(tmp_path / f"{name}.1")
        reading.write(f"{name}.1", b"last\n")
    assert reading.poll() == b"last\n" * 20
    assert reading.told == []


def test_a_closed_file_whose_inode_is_used_again_is_read_from_its_beginning(tmp_path: Path) -> None:
    reading = Reading(tmp_path, "*.log", open_files_max=0)
    reading.write("a.log", b"one\n")
    reading.poll()
    os.truncate(tmp_path / "a.log", 0)  # the same inode, which is what a new file may get
    reading.write("a.log", b"another one, and longer\n")
    assert reading.poll() + reading.poll() == b"another one, and longer\n"


def test_a_busy_file_does_not_hold_up_the_others(tmp_path: Path) -> None:
    reading = Reading(tmp_path, "*.log")
    reading.write("a.log", b"x" * 10_000_000)
    reading.write("b.log", b"y")
    reading.write("c.log", b"z")
    reading.watch.scan()
    order = []
    while chunks := reading.watch.read(1 << 20):
        for tail, data in chunks:
            order.append(Path(tail.path).name)
            tail.advance(len(data))
    assert set(order[:4]) == {"a.log", "b.log", "c.log"}
    assert order.count("a.log") >= 10


OPERATIONS = ["append", "append", "append", "poll", "poll", "rename", "copytruncate", "restart"]


class Rotating:
    """A log that is written, rotated and read; what is written is cut anywhere, also within lines."""

    def __init__(self, folder: Path, chance: random.Random, *, wide: bool, open_files_max: int) -> None:
        self.log = folder / "a.log"
        self.chance = chance
        self.wide = wide
        rules = {"open_files_max": open_files_max, "rotation_wait_s": 1000.0}
        self.reading = Reading(folder, "a.log*" if wide else "a.log", **rules)
        self.lines: list[bytes] = []
        self.waiting = b""
        self.is_seen = False

    def append(self) -> None:
        count = self.chance.choice((1, 3, 200))
        lines = [b"%d %d" % (len(self.lines) + at, self.chance.randrange(10**9)) for at in range(count)]
        self.lines += lines
        self.waiting += b"".join(line + b"\n" for line in lines)
        self.write(self.chance.randrange(len(self.waiting) + 1))

    def write(self, size: int) -> None:
        if size:
            self.is_seen &= self.log.exists() and self.log.stat().st_size > 0
            self.reading.write("a.log", self.waiting[:size])
            self.waiting = self.waiting[size:]

    def poll(self) -> None:
        self.reading.poll(self.chance.choice((7, 1000, 1 << 20)))
        self.is_seen = self.log.exists() and self.log.stat().st_size > 0

    def restart(self) -> None:
        self.reading.restart()

    def finish_line(self) -> None:
        """A writer ends its line before it lets go of a file."""
        if not self.log.read_bytes().endswith(b"\n"):
            self.write(self.waiting.find(b"\n") + 1)

    def rename(self) -> None:
        self.finish_line()
        self.log.rename(self.aside())
        self.is_seen = False

    def copytruncate(self) -> None:
        self.finish_line()
        self.aside().write_bytes(self.log.read_bytes())
        os.truncate(self.log, 0)
        self.is_seen = False

    def aside(self) -> Path:
        for path in sorted(self.log.parent.glob("a.log.*"), key=lambda path: -int(path.suffix[1:])):
            path.rename(path.with_suffix(f".{int(path.suffix[1:]) + 1}"))
        return self.log.with_name("a.log.1")

    def do(self, operation: str) -> None:
        """Where `include` names the rotated files too, any order goes; else a file must have been seen before."""
        if operation in ("rename", "copytruncate") and not (self.log.exists() and (self.wide or self.is_seen)):
            return
        getattr(self, operation)()
        if self.log.exists():  # so that no two changes share a time, as they would on a coarse clock
            os.utime(self.log, ns=(0, self.log.stat().st_mtime_ns + self.chance.randrange(10**6)))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(OPERATIONS), max_size=40), st.booleans(), st.integers(0, 2), st.integers(0, 2**32))
def test_whatever_happens_every_line_is_read_once(
    tmp_path_factory: pytest.TempPathFactory, operations: list[str], wide: bool, open_files_max: int, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("rotating")
    rotating = Rotating(folder, random.Random(seed), wide=wide, open_files_max=open_files_max)
    for operation in operations:
        rotating.do(operation)
    rotating.write(len(rotating.waiting))
    for _ in range(3):
        rotating.poll()
    got = Counter(line for source in rotating.reading.sources for line in source.data.splitlines(True))
    assert got == Counter(line + b"\n" for line in rotating.lines)
