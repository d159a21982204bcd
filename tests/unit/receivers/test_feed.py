"""What is read of a file gets to the core whole and in order, with what is known of the file."""

import asyncio
import grp
import os
import pwd
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from logloom.receivers import _feed, filelog
from tests.components import Core, running
from tests.files import Followed, truncate


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, {"log.file.name"}),
        ({"include_file_name": False}, set()),
        ({"include_file_path": True}, {"log.file.name", "log.file.path"}),
        ({"include_file_name_resolved": True}, {"log.file.name", "log.file.name_resolved"}),
        (
            {"include_file_path_resolved": True, "resource": {"k": "v"}},
            {"log.file.name", "log.file.path_resolved", "k"},
        ),
        ({"include_file_owner_name": True}, {"log.file.name", "log.file.owner.name"}),
        ({"include_file_owner_group_name": True}, {"log.file.name", "log.file.owner.group.name"}),
        ({"include_file_permissions": True}, {"log.file.name", "log.file.permissions"}),
    ],
)
def test_records_have_what_is_known_of_their_file(tmp_path: Path, settings: dict[str, object], names: set[str]) -> None:
    files = Followed(tmp_path, "*.log", **settings)
    files.write("real", "one\n").chmod(0o640)
    (tmp_path / "a.log").symlink_to("real")
    files.poll()
    values = {
        "log.file.name": "a.log",
        "log.file.path": f"{tmp_path}/a.log",
        "log.file.name_resolved": "real",
        "log.file.path_resolved": f"{tmp_path}/real",
        "log.file.owner.name": pwd.getpwuid(os.getuid()).pw_name,
        "log.file.owner.group.name": grp.getgrgid((tmp_path / "real").stat().st_gid).gr_name,
        "log.file.permissions": "640",
        "k": "v",
    }
    assert files.resources == [{name: values[name] for name in names}]


def test_a_name_that_is_no_text_is_read_all_the_same(tmp_path: Path) -> None:
    files = Followed(tmp_path, "*.log")
    files.write("\udcff.log", "one\n")
    assert files.poll() == ["one"]
    assert files.resources == [{"log.file.name": "\ufffd.log"}]


def test_a_last_line_without_its_end_is_taken_after_a_while_and_once(tmp_path: Path) -> None:
    files = Followed(tmp_path, "*.log", force_flush_period="1ms")
    files.write("a.log", "one\ntwo")
    while len(files.bodies) < 2:
        files.poll()
    files.write("a.log", " goes on\n")
    files.poll()
    while files.reading._feed.due_at_s < float("inf"):  # until nothing is waited for
        files.poll()
    assert files.bodies == ["one", "two", " goes on"]


def test_what_is_written_and_not_read_yet_is_no_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Followed(tmp_path, "*.log", force_flush_period="1ms", poll_interval="1h")
    files.write("a.log", "one\nbegun")
    monkeypatch.setattr(files.reading._feed, "flush", lambda: None)
    files.poll()
    monkeypatch.undo()
    files.write("a.log", " and ended\n")
    time.sleep(0.002)  # noqa: TID251 - it is silence that is tested
    files.reading.turn()  # which does not look
    while files.watch.grown:
        files.reading.turn()
    files.deliver()
    assert files.bodies == ["one", "begun and ended"]


def test_without_that_it_waits_for_its_end_or_the_files(tmp_path: Path) -> None:
    files = Followed(tmp_path, "*.log")
    files.write("a.log", "one\ntwo")
    assert files.poll() == ["one"]
    truncate(tmp_path / "a.log")  # nothing more of the old comes
    files.write("a.log", "new\n")
    assert sorted(files.poll()) == ["new", "two"]


def test_records_say_which_of_their_file_they_are_and_where_they_begin(tmp_path: Path) -> None:
    settings = {"include_file_record_number": True, "include_file_record_offset": True, "attributes": {"k": "v"}}
    files = Followed(tmp_path, "*.log", **settings)
    lines = [f"{at} {'x' * 300}" for at in range(3000)]  # more than one chunk
    files.write("a.log", "".join(f"{line}\n" for line in lines[:2000]))
    files.poll()
    files.write("a.log", lines[2000][:5])
    files.poll()
    files.restart()  # what was begun of a line is read again
    files.write("a.log", lines[2000][5:] + "\n" + "".join(f"{line}\n" for line in lines[2001:]))
    files.write("b.log", b"\xff is no UTF-8\n")
    files.poll()
    assert files.bodies[:3000] == lines
    at = 0
    for number, line in enumerate(lines, 1):
        expected = {"log.file.record_number": number, "log.file.record_offset": at, "k": "v"}
        assert files.attributes[number - 1] == expected
        at += len(line) + 1
    last = files.attributes[3000]
    assert (last["log.file.record_number"], last["log.file.record_offset"]) == (1, 0)


def test_a_line_that_is_too_long_is_kept_as_it_came(tmp_path: Path) -> None:
    files = Followed(tmp_path, "*.log", max_log_size="100B")
    files.write("a.log", "short\n" + "x" * 250 + "\nshort\n")
    first, *pieces, last = files.poll()
    assert (first, "".join(pieces), last) == ("short", "x" * 250, "short")
    assert files.intake.counters()["receivers"]["test"]["rejects"] == 1


def test_a_round_takes_a_chunk_of_each_file_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_feed, "CHUNK_BYTES", 8)
    monkeypatch.setattr(_feed, "ROUND_BYTES", 48)
    files = Followed(tmp_path, "*.log")
    for name in "abc":
        files.write(f"{name}.log", f"{name}......\n" * 4)
    files.reading.turn()
    files.deliver()
    assert files.bodies == [f"{name}......" for name in "abcabc"]


async def test_a_stop_does_not_wait_for_a_journal_that_stays_full(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"x" * 999 + b"\n")
    with (tmp_path / "a.log").open("ab") as log:
        log.truncate(1000)
        log.write((b"y" * 999 + b"\n") * 20_000)
    text = f"{{include: ['{tmp_path}/*.log'], format: text, start_at: beginning}}"
    with ThreadPoolExecutor(1) as threads:
        core = Core(threads)  # whose journal takes 1 MiB
        async with running(filelog, text, core.push, tmp_path / "data") as runs:
            await core.take(1000)
            runs.context.stopping.set()
            await asyncio.wait([runs.task], timeout=1)
            assert not runs.task.done()  # it waits for the exporters, and not for room
            core.deliver()
            while not runs.task.done():
                await core.take(len(core.bodies))
                core.deliver()
                await asyncio.sleep(0)
