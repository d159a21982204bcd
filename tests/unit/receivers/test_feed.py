"""What is read of a file gets to the core whole and in order, also where the journal is full."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from logloom._native import Delivery
from logloom.receivers import filelog
from tests.components import Pushed, Running, running


def config(folder: Path, more: str = "") -> str:
    fast = "poll_interval: 5ms, start_at: beginning, format: text, force_flush_period: 0s"
    return f"{{include: ['{folder}/*.log'], {fast}{more}}}"


@pytest.fixture
def pushed() -> Pushed:
    return Pushed()


@pytest.fixture
async def reading(tmp_path: Path, pushed: Pushed) -> AsyncIterator[Running]:
    async with running(filelog, config(tmp_path), pushed, tmp_path / "data") as runs:
        yield runs


async def test_a_full_journal_gets_the_same_bytes_again(tmp_path: Path) -> None:
    pushed = Pushed(Delivery.retry(0.01), Delivery.retry(0.0))
    (tmp_path / "a.log").write_bytes(b"one\n")
    async with running(filelog, config(tmp_path), pushed, tmp_path / "data"):
        await pushed.until(lambda: bool(pushed.taken))
    assert [data for _, data, _ in pushed.taken] == [b"one\n"]


async def test_what_is_refused_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pushed = Pushed(Delivery.refuse("no"))
    (tmp_path / "a.log").write_bytes(b"one\n")
    async with running(filelog, config(tmp_path), pushed, tmp_path / "data"):
        await pushed.until(lambda: not pushed.answers)
        (tmp_path / "b.log").write_bytes(b"two\n")
        await pushed.until(lambda: bool(pushed.taken))
    assert [data for _, data, _ in pushed.taken] == [b"two\n"]
    assert "passed over what cannot be read" in caplog.text


async def test_a_stop_does_not_wait_for_a_journal_that_stays_full(tmp_path: Path) -> None:
    pushed = Pushed(answer=lambda _data: Delivery.retry(60.0))
    (tmp_path / "a.log").write_bytes(b"one\n")
    async with running(filelog, config(tmp_path), pushed, tmp_path / "data") as reads:
        await pushed.until(lambda: bool(pushed.sources))
        await asyncio.wait_for(reads.stop(), 20)
    assert pushed.taken == []


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ("", {"log.file.name"}),
        (", include_file_name: false", set()),
        (", include_file_path: true", {"log.file.name", "log.file.path"}),
        (", include_file_name_resolved: true", {"log.file.name", "log.file.name_resolved"}),
        (", include_file_path_resolved: true, resource: {k: v}", {"log.file.name", "log.file.path_resolved", "k"}),
    ],
)
async def test_a_source_has_the_attributes_of_its_file(tmp_path: Path, more: str, names: set[str]) -> None:
    pushed = Pushed()
    (tmp_path / "real").write_bytes(b"one\n")
    (tmp_path / "a.log").symlink_to("real")
    async with running(filelog, config(tmp_path, more), pushed, tmp_path / "data"):
        await pushed.until(lambda: bool(pushed.taken))
    source = pushed.sources[0]
    values = {
        "log.file.name": "a.log",
        "log.file.path": f"{tmp_path}/a.log",
        "log.file.name_resolved": "real",
        "log.file.path_resolved": f"{tmp_path}/real",
        "k": "v",
    }
    assert source.resource == {name: values[name] for name in names}
    assert (source.peer, source.format, source.options["keep_original"]) == (f"{tmp_path}/a.log", "text", True)


async def test_a_name_that_is_no_text_is_read_all_the_same(tmp_path: Path, reading: Running, pushed: Pushed) -> None:
    Path(f"{tmp_path}/\udcff.log").write_bytes(b"one\n")
    await pushed.until(lambda: bool(pushed.taken))
    assert pushed.sources[0].resource == {"log.file.name": "\ufffd.log"}


async def test_a_last_line_without_its_end_is_taken_after_a_while_and_once(tmp_path: Path) -> None:
    pushed: Any = Pushed()
    (tmp_path / "a.log").write_bytes(b"one\ntwo")
    text = config(tmp_path).replace("force_flush_period: 0s", "force_flush_period: 20ms")
    async with running(filelog, text, pushed, tmp_path / "data"):
        await pushed.until(lambda: bool(pushed.sources) and pushed.sources[0].flushes == 1)
        (tmp_path / "b.log").write_bytes(b"three")
        await pushed.until(lambda: len(pushed.sources) == 2 and pushed.sources[1].flushes == 1)
    assert [source.flushes for source in pushed.sources] == [1, 1]


async def test_without_that_it_waits_for_its_end_or_the_files(tmp_path: Path, reading: Running, pushed: Pushed) -> None:
    (tmp_path / "a.log").write_bytes(b"one\ntwo")
    await pushed.until(lambda: bool(pushed.taken))
    (tmp_path / "a.log").write_bytes(b"new\n")  # it was cut back: nothing more of the old comes
    await pushed.until(lambda: len(pushed.sources) == 2 and pushed.sources[0].flushes == 1)
    assert pushed.sources[1].flushes == 0
