"""What the kernel tells is read at once; where it cannot tell, files are looked at, and that is said."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from errno import EMFILE, ENOSPC
from pathlib import Path
from typing import Any

import pytest

from logloom._native import Notices
from logloom.receivers import _notice, filelog
from logloom.receivers._notice import Folders
from tests.components import Core, running


@asynccontextmanager
async def reading(folder: Path, pattern: str, interval: str, more: str = "") -> AsyncIterator[Core]:
    """With an hour as the interval nothing is read but what the kernel tells of."""
    text = f"{{include: ['{folder}/{pattern}'], format: text, poll_interval: {interval}, start_at: beginning{more}}}"
    with ThreadPoolExecutor(2) as threads:
        core = Core(threads)
        async with running(filelog, text, core.push, folder / "state"):
            yield core
            core.deliver()


async def test_what_is_written_is_read_without_looking(tmp_path: Path) -> None:
    with (tmp_path / "a.log").open("w", buffering=1) as log:
        async with reading(tmp_path, "*.log*", "1h") as core:
            for at in range(20):
                log.write(f"{at}\n")
                assert (await core.take(at + 1))[-1] == str(at)
            (tmp_path / "a.log").rename(tmp_path / "a.log.1")
            log.write("after the rename\n")
            assert (await core.take(21))[-1] == "after the rename"
            (tmp_path / "a.log").write_text("a new file\n")
            assert (await core.take(22))[-1] == "a new file"
            (tmp_path / "a.log").write_text("cut back\n")
            assert (await core.take(23))[-1] == "cut back"


async def test_folders_that_come_later_are_watched_too(tmp_path: Path) -> None:
    async with reading(tmp_path, "pods/*/*/*.log", "1h") as core:
        for at in range(5):
            folder = tmp_path / "pods" / f"pod{at}" / "app"
            folder.mkdir(parents=True)
            (folder / "0.log").write_text(f"{at}\n")
            assert (await core.take(2 * at + 1))[-1] == str(at)
            with (folder / "0.log").open("a") as log:
                log.write(f"{at} more\n")
            assert (await core.take(2 * at + 2))[-1] == f"{at} more"


async def test_where_links_lead_is_watched_and_a_link_may_lead_elsewhere(tmp_path: Path) -> None:
    for name in ("containers", "pods0", "pods1"):
        (tmp_path / name).mkdir()
    (tmp_path / "pods0" / "0.log").write_text("one\n")
    (tmp_path / "containers" / "a.log").symlink_to("../pods0/0.log")
    async with reading(tmp_path, "containers/*.log", "1h") as core:
        await core.take(1)
        with (tmp_path / "pods0" / "0.log").open("a") as log:
            log.write("two\n")
        await core.take(2)
        (tmp_path / "pods1" / "0.log").write_text("three\n")
        (tmp_path / "containers" / "new").symlink_to("../pods1/0.log")
        (tmp_path / "containers" / "new").rename(tmp_path / "containers" / "a.log")
        await core.take(3)
        with (tmp_path / "pods1" / "0.log").open("a") as log:
            log.write("four\n")
        assert await core.take(4) == ["one", "two", "three", "four"]


class Failing:
    """Notices that are none, in one way or another."""

    def __init__(self, watch: Any = True, lost: bool = False) -> None:
        self._notices = Notices()
        self._watch = watch
        self._lost = lost
        self.fileno = self._notices.fileno
        self.watched = self._notices.watched
        self.forget = self._notices.forget

    def watch(self, folder: str) -> bool:
        if isinstance(self._watch, OSError):
            raise self._watch
        self._notices.watch(folder)
        return bool(self._watch)

    def take(self) -> tuple[list[str], bool, bool]:
        paths, _, _ = self._notices.take()
        return [], False, bool(paths)


def none() -> Notices:
    raise OSError(EMFILE, "Too many open files")


SAID = {
    "no queue": (none, "the kernel gives no notice (Too many open files; see fs.inotify.max_user_instances)", "5ms"),
    "too many": (lambda: Failing(OSError(ENOSPC, "No space left")), "raise fs.inotify.max_user_watches", "5ms"),
    "shared": (lambda: Failing(watch=False), "other machines may write here", "5ms"),
    "lost": (lambda: Failing(lost=True), "more happened than the kernel keeps notice of", "1h"),
}


@pytest.mark.parametrize("kind", SAID)
async def test_where_the_kernel_does_not_tell_files_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    notices, said, interval = SAID[kind]
    monkeypatch.setattr(_notice, "Notices", notices)
    (tmp_path / "a.log").write_text("one\n")
    async with reading(tmp_path, "*.log", interval) as core:
        await core.take(1)
        with (tmp_path / "a.log").open("a") as log:
            log.write("two\n")
        (tmp_path / "b.log").write_text("three\n")
        assert sorted(await core.take(3)) == ["one", "three", "two"]
    assert caplog.text.count(said) == 1


async def test_none_is_asked_where_the_config_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_notice, "Notices", None)
    (tmp_path / "a.log").write_text("one\n")
    async with reading(tmp_path, "*.log", "5ms", ", watch: poll") as core:
        assert await core.take(1) == ["one"]


def test_folders_are_watched_while_they_are_wanted(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    folders = Folders("auto", "1 s", lambda *said: told.append(said))
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert folders.cover([str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path / "none")])
    assert not folders.cover([str(tmp_path / "a")])
    assert folders.is_covered
    (tmp_path / "b" / "x").write_text("not told")
    (tmp_path / "a" / "x").write_text("told")
    assert folders.take() == ([str(tmp_path / "a" / "x")], False)
    (tmp_path / "a" / "x").unlink()
    (tmp_path / "a").rmdir()
    assert folders.take()[1]
    (tmp_path / "a").mkdir()
    assert folders.cover([str(tmp_path / "a")])
    assert told == []
