"""A file that is read again when it changes, however it is changed."""

import asyncio
from pathlib import Path

import pytest

from logloom.errors import ConfigError
from logloom.extensions._watched import FILE_BYTES_MAX, WatchedFile
from tests.components import log


class Seen:
    """What was taken, and a way to wait for more."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.changed = asyncio.Event()
        self.refused = asyncio.Semaphore(0)

    def take(self, text: str) -> None:
        if "bad" in text:
            self.refused.release()
            raise ConfigError("this will not do")
        self.texts.append(text)
        self.changed.set()

    async def until(self, text: str) -> None:
        async with asyncio.timeout(30):
            while self.texts[-1] != text:
                self.changed.clear()
                await self.changed.wait()


async def test_changes_are_taken(tmp_path: Path) -> None:
    """Written anew, put in its place, a link that points elsewhere (as Kubernetes does), gone and back."""
    path, seen = tmp_path / "token", Seen()
    path.write_text("one")
    async with WatchedFile(path, seen.take, log(), 0.01):
        assert seen.texts == ["one"]
        path.write_text("two!")
        await seen.until("two!")
        (tmp_path / "new").write_text("abcd")
        (tmp_path / "new").rename(path)
        await seen.until("abcd")
        (tmp_path / "other").write_text("dcba")
        path.unlink()
        path.symlink_to(tmp_path / "other")
        await seen.until("dcba")


async def test_what_will_not_do_leaves_what_was_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, seen = tmp_path / "token", Seen()
    path.write_text("good")
    async with WatchedFile(path, seen.take, log(), 0.01):
        path.write_text("bad one")
        await seen.refused.acquire()
        path.write_text("good again")
        await seen.until("good again")
    assert seen.texts == ["good", "good again"]
    assert "what was there before holds on" in caplog.text
    assert "bad one" not in caplog.text


@pytest.mark.parametrize(
    ("data", "why"),
    [(None, "cannot be read: No such file"), (b"\xff\xfe", "not UTF-8"), (b"x" * (FILE_BYTES_MAX + 1), "more than")],
)
async def test_at_the_start_it_must_be_there(tmp_path: Path, data: bytes | None, why: str) -> None:
    path = tmp_path / "token"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ConfigError, match=why):
        async with WatchedFile(path, Seen().take, log()):
            raise AssertionError
