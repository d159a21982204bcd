"""`filelog` with the real core behind it: records out, restarts without loss or repetition."""

import asyncio
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from logloom.receivers import filelog
from tests.components import Core, problems_of, read_config, running


@asynccontextmanager
async def reading(folder: Path, more: str = "", pattern: str = "*.log") -> AsyncIterator[Core]:
    text = f"{{include: ['{folder}/{pattern}'], format: text, poll_interval: 5ms{more}}}"
    with ThreadPoolExecutor(2) as threads:
        core = Core(threads)
        async with running(filelog, text, core.push, folder / "data"):
            yield core
            core.deliver()


def saved(folder: Path) -> dict[str, int]:
    document = orjson.loads((folder / "data" / "receivers" / "test" / "offsets.json").read_bytes())
    return {Path(entry["path"]).name: entry["offset"] for entry in document["files"]}


async def test_lines_become_records_and_the_place_is_saved_when_they_are_delivered(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("old\n")
    async with reading(tmp_path, ", force_flush_period: 0s, options: {multiline: 'off'}") as core:
        with (tmp_path / "a.log").open("a") as log:
            log.write("one\ntw")
            log.flush()
            assert await core.take(1) == ["one"]
            log.write("o\nhal")
            log.flush()
            assert await core.take(2) == ["one", "two"]
    assert saved(tmp_path) == {"a.log": len("old\none\ntwo\n")}
    async with reading(tmp_path) as core:
        with (tmp_path / "a.log").open("a") as log:
            log.write("f\nthree\n")
        assert await core.take(2) == ["half", "three"]


async def test_a_trace_is_one_record_and_its_place_is_saved_with_its_end(tmp_path: Path) -> None:
    head = "Error: no cart\n    at load (/app/cart.js:3:15)\n"
    async with reading(tmp_path, ", force_flush_period: 0s, start_at: beginning") as core:
        with (tmp_path / "a.log").open("a") as log:
            log.write("one\n" + head)
            log.flush()
            assert await core.take(1) == ["one"]
            log.write("    at main (/app/main.js:1:1)\ntwo\n")
        assert await core.take(2) == ["one", head + "    at main (/app/main.js:1:1)"]
    assert saved(tmp_path) == {"a.log": (tmp_path / "a.log").stat().st_size - len("two\n")}


async def test_encoding_and_multiline_as_the_collector_has_them(tmp_path: Path) -> None:
    text = "[a] café\r\n goes on\r\n[b]\r\n"
    (tmp_path / "a.log").write_bytes("old\r\n".encode("utf-16"))
    settings = ", encoding: utf-16le, multiline: {line_start_pattern: '^\\['}"
    async with reading(tmp_path, settings) as core:
        with (tmp_path / "a.log").open("ab") as log:
            log.write(text.encode("utf-16le"))
        assert await core.take(2) == ["[a] café\r\n goes on", "[b]"]


async def test_what_no_exporter_took_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("one\ntwo\n")
    with ThreadPoolExecutor(2) as threads:
        core = Core(threads)
        config = f"{{include: ['{tmp_path}/*.log'], format: text, start_at: beginning}}"
        async with running(filelog, config, core.push, tmp_path / "data") as runs:
            await core.take(2)
            runs.context.stopping.set()
            await asyncio.wait([runs.task], timeout=1)
            assert not runs.task.done()  # it waits for the exporters: until the service cancels it
            runs.task.cancel()
            await asyncio.wait([runs.task])
            runs.task = asyncio.create_task(asyncio.sleep(0))
    assert saved(tmp_path) == {"a.log": 0}
    async with reading(tmp_path) as core:
        assert await core.take(2) == ["one", "two"]


async def test_a_journal_that_is_full_loses_nothing(tmp_path: Path) -> None:
    lines = [f"{at} {'x' * 200}" for at in range(30_000)]
    (tmp_path / "a.log").write_text("".join(f"{line}\n" for line in lines))  # six times what the journal takes
    async with reading(tmp_path, ", start_at: beginning") as core:
        for count in range(2_000, 30_001, 2_000):
            await core.take(count)
            core.deliver()
        assert core.bodies == lines
    assert saved(tmp_path) == {"a.log": (tmp_path / "a.log").stat().st_size}


async def test_that_no_file_is_there_yet_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        async with reading(tmp_path) as core:
            (tmp_path / "late.log").write_text("one\n")
            assert await core.take(1) == ["one"]
        async with reading(tmp_path):
            pass
    told = [record.getMessage() for record in caplog.records if "include" in record.getMessage()]
    assert told == ["no file is there yet that 'include' names: one that comes is read from its beginning"]


async def test_many_files_are_read_to_their_ends(tmp_path: Path) -> None:
    for at in range(300):
        (tmp_path / f"{at}.log").write_text(f"{at} one\n{at} two\n")
    async with reading(tmp_path, ", start_at: beginning, max_concurrent_files: 10") as core:
        assert sorted(await core.take(600)) == sorted(f"{at} {word}" for at in range(300) for word in ("one", "two"))


def test_the_collectors_config_is_read() -> None:
    config = read_config(
        filelog,
        """
        include: [/var/log/pods/*/*/*.log]
        format: text
        exclude: [/var/log/pods/*/otel-collector/*.log]
        start_at: beginning
        include_file_path: true
        include_file_name: false
        poll_interval: 500ms
        max_log_size: 1MiB
        fingerprint_size: 1kb
        storage: file_storage
        retry_on_failure: {enabled: true}
        """,
    )
    assert (config.start_at, config.poll_interval, config.fingerprint_size) == ("beginning", 0.5, 1000)


def test_what_cannot_be_is_named_with_the_way_out() -> None:
    assert problems_of(filelog, "{include: [], format: text}") == {"include": "empty: name at least one file or glob"}
    assert set(problems_of(filelog, "{include: [a], format: json, operators: [{type: json_parser}]}")) == {"format"}
    assert set(problems_of(filelog, "{include: [a], format: nonsense}")) == {"format"}
    assert set(problems_of(filelog, "{include: [a], multiline: {start: x, omit_pattern: true}}")) == {
        "multiline.start",
        "multiline.omit_pattern",
    }
    assert set(problems_of(filelog, "{include: [a], format: text, header: {pattern: '^#'}}")) == {"header"}
    assert set(problems_of(filelog, "{include: [a], format: text, delete_after_read: true}")) == {"delete_after_read"}
    assert "is no encoding" in problems_of(filelog, "{include: [a], encoding: klingon}")["options"]
    assert set(problems_of(filelog, "{}")) == {""}
