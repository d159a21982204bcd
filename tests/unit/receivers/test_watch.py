"""Files through rotations, cuts, deletions and restarts: each line once, whatever the names are."""

import gzip
import os
import random
from collections import Counter
from errno import EMFILE
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logloom.receivers import _feed, _tail
from tests.files import Followed, truncate


def test_a_file_is_read_as_it_grows(tmp_path: Path) -> None:
    files = Followed(tmp_path, "*.log")
    assert files.poll() == []
    files.write("a.log", "one\n")
    assert files.poll() == ["one"]
    files.write("a.log", "two")
    assert files.poll() == []
    files.write("a.log", "!\nthree\n")
    assert files.poll() == ["two!", "three"]
    lines = [f"{at} {'x' * 1000}" for at in range(3000)]
    files.write("a.log", "".join(f"{line}\n" for line in lines))
    assert files.poll() == lines
    assert files.poll() == []


def test_a_start_at_the_end_begins_with_the_next_whole_line(tmp_path: Path) -> None:
    files = Followed(tmp_path, "*.log", start_at="end")
    files.write("a.log", "old\nbegun")
    files.write("long.log", "x" * 100_000)
    files.write("half.log", "begun")
    assert files.poll() == []
    files.write("a.log", " and ended\n")
    files.write("half.log", " as well\n")
    files.write("long.log", "y\n")
    assert sorted(files.poll()) == ["begun and ended", "begun as well", "y"]
    files.write("later.log", "all of it\n")
    assert files.poll() == ["all of it"]


def test_a_restart_goes_on_where_it_was_delivered_to(tmp_path: Path) -> None:
    files = Followed(tmp_path, "*.log")
    files.write("a.log", "one\ntwo\n")
    assert files.poll() == ["one", "two"]
    files.write("a.log", "three\nfour\n")
    assert files.poll(deliver=False) == []
    files.kill()
    assert files.poll() == ["three", "four"]
    files.restart()
    assert files.poll() == []


@pytest.mark.parametrize("again", ["another file, and longer\n", "one\ntwo, and so on\n", "x\n"])
def test_a_file_that_was_replaced_while_it_was_down_is_read_from_its_beginning(tmp_path: Path, again: str) -> None:
    files = Followed(tmp_path, "a.log", fingerprint_size=16)
    files.write("a.log", "one\ntwo\n")
    files.poll()
    files.restart()
    truncate(tmp_path / "a.log")
    files.write("a.log", again)
    assert files.poll() == again.splitlines()


def test_files_with_equal_beginnings_are_told_apart_by_what_was_read_last(tmp_path: Path) -> None:
    banner = "".join(f"# {at}: this stands in every file of it\n" for at in range(100))
    for restart in (False, True):
        folder = tmp_path / str(restart)
        folder.mkdir()
        files = Followed(folder, "a.log")
        files.write("a.log", banner + "one\n")
        files.poll()
        if restart:
            files.restart()
        truncate(folder / "a.log")
        files.write("a.log", banner + "two\nthree\n")
        assert files.poll() == [*banner.splitlines(), "two", "three"]


@pytest.mark.parametrize("include", ["a.log", "a.log*"])
@pytest.mark.parametrize("restart", [False, True])
def test_a_renamed_file_is_read_to_its_end(tmp_path: Path, include: str, restart: bool) -> None:
    files = Followed(tmp_path, include, rotation_wait="100s")
    files.write("a.log", "one\n")
    assert files.poll() == ["one"]
    files.write("a.log", "two\n")
    (tmp_path / "a.log").rename(tmp_path / "a.log.1")
    files.write("a.log", "three\n")
    if restart:
        files.restart()
    assert sorted(files.poll()) == ["three", "two"]
    files.write("a.log.1", "late\n")  # its writer has not opened the new one yet
    assert files.poll() == ["late"]
    files.restart()
    assert files.poll() == []


@pytest.mark.parametrize("include", ["a.log", "a.log*"])
@pytest.mark.parametrize("restart", [False, True])
def test_a_file_that_is_copied_and_cut_is_read_once(tmp_path: Path, include: str, restart: bool) -> None:
    files = Followed(tmp_path, include)
    files.write("a.log", "one\n" * 500)
    files.poll()
    files.write("a.log", "two\n")
    (tmp_path / "a.log.1").write_bytes((tmp_path / "a.log").read_bytes())
    seen = []
    if restart:
        files.restart()
    elif include == "a.log*":
        seen = files.poll()  # between the copy and the cut
        assert seen == ["two"]
    truncate(tmp_path / "a.log")
    files.write("a.log", "three\n")
    assert sorted(seen + files.poll() + files.poll()) == ["three", "two"]
    files.write("a.log", "four\n")
    assert files.poll() == ["four"]


@pytest.mark.parametrize("again", ["two and so on\n", "two\n", "t\n", ""])
def test_a_cut_file_is_noticed_whatever_its_size_is_now(tmp_path: Path, again: str) -> None:
    files = Followed(tmp_path, "a.log")
    files.write("a.log", "one\n")
    files.poll()
    truncate(tmp_path / "a.log")
    files.write("a.log", again)
    os.utime(tmp_path / "a.log", ns=(0, 1))  # a coarse clock must not hide it from this test
    assert files.poll() == again.splitlines()
    files.write("a.log", "more\n")
    assert files.poll() == ["more"]


def test_a_line_that_was_begun_is_not_joined_with_what_came_after_a_cut(tmp_path: Path) -> None:
    files = Followed(tmp_path, "a.log")
    files.write("a.log", "one\nbegun")
    assert files.poll() == ["one"]
    truncate(tmp_path / "a.log")
    files.write("a.log", "two, which is longer\n")
    assert sorted(files.poll()) == ["begun", "two, which is longer"]


def test_a_deleted_file_is_read_to_its_end_and_left(tmp_path: Path) -> None:
    files = Followed(tmp_path, "a.log")
    with (tmp_path / "a.log").open("wb", buffering=0) as writer:
        writer.write(b"one\n")
        files.poll()
        writer.write(b"two\n")
        (tmp_path / "a.log").unlink()
        assert files.poll() == ["two"]
    files.poll()
    assert (files.watch.tails, files.descriptors, files.told) == ({}, 0, [])


@pytest.mark.parametrize("include", ["a.log", "a.log*"])
@pytest.mark.parametrize("when", ["unread", "read", "stopped", "killed"])
def test_a_file_that_is_packed_is_read_once(tmp_path: Path, include: str, when: str) -> None:
    files = Followed(tmp_path, include)
    files.write("a.log", "one\n" * 500)
    files.poll()
    files.write("a.log", "two\nthree\n")
    got = files.poll() if when == "read" else []
    if when == "stopped":
        files.restart()
    elif when == "killed":
        files.kill()
    (tmp_path / "a.log").rename(tmp_path / "a.log.1")
    files.write("a.log", "four\n")
    os.utime(tmp_path / "a.log.1", (0, 0))
    files.pack("a.log.1")
    for _ in range(3):
        got += files.poll()
    assert sorted(got) == ["four", "three", "two"]
    files.restart()
    assert files.poll() == []


def test_two_files_that_are_alike_are_both_read(tmp_path: Path) -> None:
    files = Followed(tmp_path, "*.log")
    for name in ("a.log", "b.log"):
        files.write(name, "the same line\n" * 200)
    assert files.poll() == ["the same line"] * 400


def test_links_to_one_file_are_one_file(tmp_path: Path) -> None:
    files = Followed(tmp_path, "*.log")
    files.write("real", "one\n")
    (tmp_path / "a.log").symlink_to(tmp_path / "real")
    (tmp_path / "b.log").hardlink_to(tmp_path / "real")
    (tmp_path / "dangling.log").symlink_to(tmp_path / "nothing")
    assert files.poll() == ["one"]
    (tmp_path / "real").rename(tmp_path / "real.1")
    (tmp_path / "a.log").unlink()
    files.write("other", "two\n")
    (tmp_path / "a.log").symlink_to(tmp_path / "other")
    assert files.poll() == ["two"]
    assert files.told == []


def test_a_link_that_leads_elsewhere_now(tmp_path: Path) -> None:
    """As Kubernetes does it: containers/NAME.log leads to the log of the container that runs now."""
    files = Followed(tmp_path, "containers/*.log", rotation_wait="100s")
    for folder in ("containers", "pods"):
        (tmp_path / folder).mkdir()
    files.write("pods/0.log", "one\n")
    (tmp_path / "containers" / "a.log").symlink_to(tmp_path / "pods" / "0.log")
    assert files.poll() == ["one"]
    files.write("pods/0.log", "last words\n")
    files.write("pods/1.log", "two\n")
    (tmp_path / "containers" / "new").symlink_to(tmp_path / "pods" / "1.log")
    (tmp_path / "containers" / "new").rename(tmp_path / "containers" / "a.log")
    assert sorted(files.poll()) == ["last words", "two"]
    files.write("pods/0.log", "really the last\n")
    files.write("pods/1.log", "three\n")
    assert sorted(files.poll()) == ["really the last", "three"]
    files.restart()
    assert files.poll() == []


def test_few_files_stay_open_and_none_is_forgotten(tmp_path: Path) -> None:
    files = Followed(tmp_path, "*.log*", max_concurrent_files=3)
    names = [f"{at}.log" for at in range(20)]
    for turn in range(3):
        for name in names:
            files.write(name, f"{name} {turn}\n")
        assert sorted(files.poll()) == sorted(f"{name} {turn}" for name in names)
        assert files.descriptors <= 3
    for name in names:  # also of those that are closed
        (tmp_path / name).rename(tmp_path / f"{name}.1")
        files.write(f"{name}.1", "last\n")
    assert files.poll() == ["last"] * 20
    assert files.told == []


def test_a_file_that_cannot_be_opened_for_a_while_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Followed(tmp_path, "*.log", max_concurrent_files=1)
    files.write("a.log", "one\nbegun")
    files.poll()
    files.write("b.log", "two\n")
    files.poll()
    files.write("a.log", " and ended\n")
    with monkeypatch.context() as patched:
        patched.setattr(_tail, "LogFile", _refused)
        assert files.poll() + files.poll() == []
    assert files.told == [("cannot be read: Too many open files", "a.log")]
    assert files.poll() == ["begun and ended"]


def _refused(*_: object) -> None:
    raise OSError(EMFILE, "Too many open files")


def test_a_closed_file_whose_inode_is_used_again_is_read_from_its_beginning(tmp_path: Path) -> None:
    files = Followed(tmp_path, "*.log", max_concurrent_files=1)
    files.write("a.log", "one\n")
    files.poll()
    files.write("b.log", "two\n")
    files.poll()
    truncate(tmp_path / "a.log")  # the same inode, which is what a new file may get
    files.write("a.log", "another one, and longer\n")
    assert files.poll() + files.poll() == ["another one, and longer"]


def test_files_are_deleted_once_they_were_delivered(tmp_path: Path) -> None:
    files = Followed(tmp_path, "*", delete_after_read=True, force_flush_period="1ms")
    files.write("a.log", "one\nno newline")
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"two\n"))
    os.utime(tmp_path / "b.gz", (0, 0))
    files.poll(deliver=False)
    files.poll(deliver=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.log", "b.gz", "state"]
    while files.watch.tails:
        files.poll()
    assert sorted(files.bodies) == ["no newline", "one", "two"]
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_a_flooding_file_does_not_hold_up_the_others(tmp_path: Path) -> None:
    """While a file grows faster than it is read, lines of others come before so much more of it."""
    files = Followed(tmp_path, "*.log")
    line = "x" * 999 + "\n"
    files.write("flood.log", line * 10_000)
    files.reading.turn()
    for at in range(5):
        files.write("quiet.log", f"{at}\n")
        files.write("flood.log", line * (_feed.ROUND_BYTES // 1000))
        files.reading._look_at_s = 0.0
        files.reading.turn()
        assert files.watch.grown, "the flood was read to its end: it is none"
        before = len(files.bodies)
        files.deliver()
        assert str(at) in files.bodies[before:]


OPERATIONS = ["append"] * 4 + ["poll"] * 3 + ["rename", "rename", "copytruncate", "pack", "delete", "restart", "kill"]


class Rotating:
    """A log that is written, rotated and read; what is written is cut anywhere, also within lines.

    Attributes:
        lines: All that were written.
        contents: The numbers of those that were written to each file, until it was rotated.
        kills: How often it was killed: what was read then comes again.
    """

    def __init__(self, folder: Path, chance: random.Random, *, wide: bool, watch: str, open_files_max: int) -> None:
        self.log = folder / "a.log"
        self.chance = chance
        self.wide = wide
        rules = {"max_concurrent_files": open_files_max, "rotation_wait": "1000s", "watch": watch}
        self.files = Followed(folder, "a.log*" if wide else "a.log", **rules)
        self.lines: list[str] = []
        self.waiting = self.begun = b""
        self.contents: list[list[int]] = [[]]
        self.is_seen = False
        self.unseen = set[int]()
        self.kills = 0

    def append(self) -> None:
        count = self.chance.choice((1, 3, 200))
        lines = [f"{len(self.lines) + at} {self.chance.randrange(10**9)}" for at in range(count)]
        self.lines += lines
        self.waiting += "".join(f"{line}\n" for line in lines).encode()
        self.write(self.chance.randrange(len(self.waiting) + 1))

    def write(self, size: int) -> None:
        if size:
            self.is_seen &= self.log.exists() and self.log.stat().st_size > 0
            self.files.write("a.log", self.waiting[:size])
            *ended, self.begun = (self.begun + self.waiting[:size]).split(b"\n")
            self.contents[-1] += [int(line.split()[0]) for line in ended]
            self.waiting = self.waiting[size:]
            self.unseen.add(self.log.stat().st_ino)

    def poll(self) -> None:
        is_delivered = self.chance.random() < 0.8
        self.files.poll(deliver=is_delivered)
        if is_delivered:
            self.is_seen = self.log.exists() and self.log.stat().st_size > 0
            self.unseen.clear()

    def restart(self) -> None:
        self.files.restart()

    def kill(self) -> None:
        self.files.kill()
        self.kills += 1

    def finish_line(self) -> None:
        """A writer ends its line before it lets go of a file."""
        if not self.log.read_bytes().endswith(b"\n"):
            self.write(self.waiting.find(b"\n") + 1)

    def rename(self) -> None:
        self.finish_line()
        self.log.rename(self.aside())
        self.contents.append([])
        self.is_seen = False

    def copytruncate(self) -> None:
        self.finish_line()
        copy = self.aside()
        copy.write_bytes(self.log.read_bytes())
        self.unseen.add(copy.stat().st_ino)
        truncate(self.log)
        self.contents.append([])
        self.is_seen = False

    def pack(self) -> None:
        plain = [path for path in self.rotated() if path.suffix != ".gz"]
        if plain:
            path = self.chance.choice(plain)
            os.utime(path, (0, 0))
            is_unseen = path.stat().st_ino in self.unseen
            self.files.pack(path.name)
            if is_unseen:
                self.unseen.add(path.with_name(f"{path.name}.gz").stat().st_ino)

    def delete(self) -> None:
        """The oldest, if all of it was seen."""
        if (oldest := self.rotated()[:1]) and oldest[0].stat().st_ino not in self.unseen:
            oldest[0].unlink()

    def rotated(self) -> list[Path]:
        """The oldest first."""
        return sorted(self.log.parent.glob("a.log.*"), key=lambda path: -int(path.name.split(".")[2]))

    def aside(self) -> Path:
        for path in self.rotated():
            _, _, number, *packed = path.name.split(".")
            path.rename(path.with_name(".".join(["a", "log", str(int(number) + 1), *packed])))
        return self.log.with_name("a.log.1")

    def do(self, operation: str) -> None:
        """Where `include` names the rotated files too, any order goes; else a file must have been seen before."""
        if operation in ("rename", "copytruncate") and not (self.log.exists() and (self.wide or self.is_seen)):
            return
        getattr(self, operation)()
        if self.log.exists():  # so that no two changes share a time, as they would on a coarse clock
            os.utime(self.log, ns=(0, self.log.stat().st_mtime_ns + self.chance.randrange(10**6)))


HOW = st.tuples(st.booleans(), st.sampled_from(["poll", "auto"]), st.integers(1, 3), st.integers(0, 2**32))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(OPERATIONS), max_size=40), HOW)
@example(["append", "poll", "copytruncate", "append", "restart"], (False, "poll", 1, 1))
@example(["append", "copytruncate", "poll", "rename", "pack"], (True, "poll", 2, 87))
@example(["append", "poll", "copytruncate"], (True, "poll", 1, 0))
def test_whatever_happens_every_line_is_read(
    tmp_path_factory: pytest.TempPathFactory, operations: list[str], how: tuple[bool, str, int, int]
) -> None:
    """Once, where it was not killed; else at least once; and the lines of each file in their order."""
    wide, watch, open_files_max, seed = how
    folder, chance = tmp_path_factory.mktemp("rotating"), random.Random(seed)
    rotating = Rotating(folder, chance, wide=wide, watch=watch, open_files_max=open_files_max)
    with patch.object(_feed, "CHUNK_BYTES", chance.choice((7, 1000, 1 << 19))):
        for operation in operations:
            rotating.do(operation)
        rotating.write(len(rotating.waiting))
        for _ in range(3):
            rotating.files.poll()
    got = rotating.files.bodies
    if not rotating.kills:
        assert Counter(got) == Counter(rotating.lines)
    assert set(got) == set(rotating.lines)
    first = list(dict.fromkeys(int(line.split()[0]) for line in got))
    for numbers in rotating.contents:
        assert [at for at in first if at in set(numbers)] == numbers
