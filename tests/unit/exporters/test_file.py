"""OTLP JSON lines on disk: complete, acknowledged only then, found again after crashes, rotation and full disks."""

import asyncio
import errno
import os
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logloom.errors import RetryError, ServiceError
from logloom.exporters import file
from tests.components import exporter


class Lines:
    """In place of a Batch: its line is what it is made of."""

    def __init__(self, line: bytes) -> None:
        self.line = line

    def __len__(self) -> int:
        return 1

    def to_otlp_json(self) -> bytes:
        return self.line


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "here" / "logs.jsonl"


@pytest.fixture
async def writer(path: Path, tmp_path: Path) -> AsyncIterator[Any]:
    async with exporter(file, f"{{path: {path}, rotation: {{max_megabytes: 1, max_backups: 3}}}}", tmp_path) as opened:
        yield opened


async def test_a_batch_is_a_line_and_only_its_owner_reads_it(writer: Any, path: Path) -> None:
    for line in (b"one", b"two"):
        assert (await writer.send(Lines(line))).accepted == 1
    assert path.read_bytes() == b"one\ntwo\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700


async def test_without_a_path_it_lies_in_the_data_folder(tmp_path: Path) -> None:
    async with exporter(file, "{}", tmp_path) as writer:
        await writer.send(Lines(b"one"))
    assert [found.read_bytes() for found in tmp_path.rglob("*.jsonl")] == [b"one\n"]


async def test_it_appends_to_what_is_there(writer: Any, path: Path, tmp_path: Path) -> None:
    await writer.send(Lines(b"one"))
    await writer.__aexit__()
    async with exporter(file, f"path: {path}", tmp_path) as again:
        await again.send(Lines(b"two"))
    assert path.read_bytes() == b"one\ntwo\n"


@pytest.mark.parametrize("torn", [b"t", b"torn" * 50_000])
@pytest.mark.parametrize("whole", [b"", b"one\ntwo\n", b"x" * 200_000 + b"\n"])
async def test_a_line_that_a_crash_cut_short_is_cut_off(
    path: Path, tmp_path: Path, whole: bytes, torn: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(whole + torn)
    async with exporter(file, f"path: {path}", tmp_path) as writer:
        await writer.send(Lines(b"next"))
    assert path.read_bytes() == whole + b"next\n"
    assert [record.__dict__["bytes"] for record in caplog.records] == [len(torn)]


async def test_a_full_disk_leaves_whole_lines_and_the_batch_can_be_sent_again(
    writer: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await writer.send(Lines(b"one"))
    real = os.write

    def full(fd: int, data: Any) -> int:
        if bytes(data) == b"\n":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(fd, data[: len(data) // 2 or 1])  # short writes are the rule before it

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(RetryError, match=f"{path}: No space left on device"):
        await writer.send(Lines(b"twotwotwo"))
    assert path.read_bytes() == b"one\n"
    monkeypatch.setattr(os, "write", real)
    await writer.send(Lines(b"twotwotwo"))
    assert path.read_bytes() == b"one\ntwotwotwo\n"


async def test_a_failed_fsync_is_no_delivery(writer: Any, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_fd: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        with pytest.raises(RetryError):
            await writer.send(Lines(b"one"))
    await writer.send(Lines(b"one"))
    assert path.read_bytes() == b"one\n"


async def test_rotation_keeps_every_line_and_the_newest_files(writer: Any, path: Path) -> None:
    lines = [b"%02d" % at + b"x" * 400_000 for at in range(14)]
    for line in lines:
        await writer.send(Lines(line))
    aside = sorted(found for found in path.parent.iterdir() if found != path)
    assert len(aside) == 3  # max_backups
    kept = [line for found in [*aside, path] for line in found.read_bytes().splitlines()]
    assert kept == lines[6:]
    assert all(found.stat().st_size <= 1_000_000 for found in [*aside, path])
    assert all(found.name.startswith("logs-20") and found.suffix == ".jsonl" for found in aside)
    assert all(stat.S_IMODE(found.stat().st_mode) == 0o600 for found in aside)


async def test_files_of_others_are_never_deleted_and_old_ones_of_ours_are(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir(parents=True)
    others = [path.with_name(name) for name in ("logs-old.jsonl", "logs-2020-01-01.jsonl", "other.jsonl")]
    old, new = (path.with_name(f"logs-{year}-01-01T00-00-00.000000.jsonl") for year in (2020, 2099))
    for name in (*others, old, new):
        name.write_bytes(b"kept\n")
    config = f"{{path: {path}, rotation: {{max_megabytes: 1, max_backups: 0, max_days: 30}}}}"
    async with exporter(file, config, tmp_path) as writer:
        for _ in range(2):
            await writer.send(Lines(b"x" * 999_999))
    assert all(name.exists() for name in (*others, new))
    assert not old.exists()


async def test_a_line_over_the_size_has_a_file_of_its_own(writer: Any, path: Path) -> None:
    for line in (b"one", b"x" * 3_000_000, b"two"):
        await writer.send(Lines(line))
    aside = sorted(found for found in path.parent.iterdir() if found != path)
    assert [len(found.read_bytes()) for found in aside] == [4, 3_000_001]
    assert path.read_bytes() == b"two\n"


@pytest.mark.parametrize("how", ["rename", "unlink"])
async def test_a_file_that_others_moved_is_made_anew(writer: Any, path: Path, how: str) -> None:
    await writer.send(Lines(b"one"))
    path.rename(path.with_name("moved")) if how == "rename" else path.unlink()
    await writer.send(Lines(b"two"))
    assert path.read_bytes() == b"two\n"


async def test_two_processes_cannot_write_one_file(writer: Any, path: Path, tmp_path: Path) -> None:
    assert path.exists()
    with pytest.raises(ServiceError, match="another process writes to it"):
        async with exporter(file, f"path: {path}", tmp_path):
            pass


async def test_a_path_that_cannot_be_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file, no folder")
    with pytest.raises(ServiceError, match="Not a directory: give another 'path'"):
        async with exporter(file, f"path: {tmp_path}/a/logs.jsonl", tmp_path):
            pass


# --- killed at any step: the journal, played here, knows the state that was saved with a place ---

STEPS = ("write", "fsync", "rename", "ftruncate", "open")


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed_at(step: int) -> Iterator[None]:
    """Ends in `Killed` at the so-manieth call of the system, in the middle of it where it writes."""
    left = [step]
    real = {name: getattr(os, name) for name in STEPS}

    def call(name: str, *args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            if name == "write":
                real["write"](args[0], bytes(args[1])[: len(args[1]) // 2])
            raise Killed
        if left[0] < 0:  # the process is gone: nothing happens any more
            raise Killed
        return real[name](*args, **kwargs)

    with mock.patch.multiple(
        os, **{name: lambda *args, name=name, **kwargs: call(name, *args, **kwargs) for name in STEPS}
    ):
        yield


class Journal:
    """What a journal does for its exporter: the state stands with the place, and is saved now and then."""

    def __init__(self, config: str, folder: Path, sizes: list[int], saves: list[bool]) -> None:
        self.config = config
        self.folder = folder
        self.sizes = sizes
        self.saves = saves
        self.saved: tuple[int, bytes | None] = (0, None)

    async def run(self) -> None:
        done = self.saved[0]

        async def save(state: bytes) -> None:
            self.saved = (done, state)

        writer = exporter(file, self.config, self.folder, save)
        writer.restore(self.saved[1])
        async with writer:
            while done < len(self.sizes):
                await writer.send(Lines(b"%06d" % done + b"x" * self.sizes[done]))
                done += 1
                if self.saves[done - 1]:
                    self.saved = (done, writer.checkpoint())

    def lines(self) -> list[int]:
        path = self.folder / "out" / "logs.jsonl"
        aside = sorted(found for found in path.parent.iterdir() if found != path)
        return [int(line[:6]) for found in [*aside, path] for line in found.read_bytes().splitlines()]


def run(journal: Journal) -> None:
    """Where it is killed, its descriptors are closed as the system does it."""
    before = set(Path("/proc/self/fd").iterdir())
    try:
        asyncio.run(journal.run())
    finally:
        for descriptor in set(Path("/proc/self/fd").iterdir()) - before:
            if descriptor.is_symlink() and journal.folder in descriptor.readlink().parents:
                os.close(int(descriptor.name))


@settings(max_examples=150, deadline=None)
@given(
    sizes=st.lists(st.sampled_from([10, 10, 300_000, 999_990, 1_200_000]), min_size=1, max_size=8),
    saves=st.lists(st.booleans(), min_size=8, max_size=8),
    kills=st.lists(st.integers(1, 60), max_size=5),
)
def test_each_line_once_whatever_step_it_is_killed_at(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], saves: list[bool], kills: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("crash")
    config = f"{{path: {folder}/out/logs.jsonl, rotation: {{max_megabytes: 1}}}}"
    journal = Journal(config, folder, sizes, saves)
    for step in kills:
        try:
            with killed_at(step):
                run(journal)
        except Killed:
            continue
    run(journal)
    assert journal.lines() == list(range(len(sizes)))


async def test_every_step_of_a_rotation(tmp_path: Path) -> None:
    def one(step: int) -> bool:
        folder = tmp_path / str(step)
        config = f"{{path: {folder}/out/logs.jsonl, rotation: {{max_megabytes: 1}}}}"
        journal = Journal(config, folder, [900_000, 200_000, 900_000], [False] * 3)
        folder.mkdir()
        try:
            with killed_at(step):
                run(journal)
        except Killed:
            run(journal)
            assert journal.lines() == [0, 1, 2], step
            return True
        return False

    steps = await asyncio.to_thread(lambda: next(step for step in range(1, 1000) if not one(step)))
    assert steps > 10
