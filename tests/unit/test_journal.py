"""The journal of a running service: what it keeps over restarts, what it says of itself, and where dead letters go."""

import asyncio
import stat
from pathlib import Path
from typing import Any

import pytest

import logloom
from logloom import config, errands
from logloom._native import survey_journal, verify_journal
from logloom.commits import Commits
from logloom.errors import DataFolderError, RefuseError
from logloom.journal import DEAD_LETTERS, DeadLetters, key_of, opened
from tests.unit.components import installed
from tests.unit.test_service import ONE, running, until

DEAD = ONE.replace(
    "exporters: {tout:", "exporters: {tout/dead: {endpoint: 'b:1', retry_on_failure: {initial_interval: 1ms}}, tout:"
).replace(
    "  pipelines: {logs: {receivers: [tin], exporters: [tout]}}",
    "  dead_letter_pipeline: logs/dead\n"
    "  pipelines: {logs: {receivers: [tin], exporters: [tout]}, logs/dead: {exporters: [tout/dead]}}",
)


def loaded(text: str) -> config.Config:
    with installed():
        return config.loads(text)


def pending(folder: Path) -> dict[str, int]:
    """What waits for each exporter, as it lies on disk."""
    return {row["name"]: row["pending"] for row in survey_journal(str(folder))["cursors"]}


async def test_what_is_on_disk_belongs_to_its_owner_alone_and_cannot_be_read(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        run.exporter().gate.clear()
        await run.receiver().text("a secret that nobody reads")
        files = [path for path in (tmp_path / "journal").rglob("*") if path.is_file()]
        assert files
        assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in [*files, tmp_path / "journal.key"])
        assert all(b"a secret" not in path.read_bytes() for path in files)
        run.exporter().gate.set()
        await run.stop()


async def test_many_pushes_share_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    real = Commits.look

    def look(self: Commits) -> None:
        nonlocal looks
        looks += 1
        real(self)

    monkeypatch.setattr(Commits, "look", look)
    async with running(ONE + "journal: {fsync_delay_ms_max: 100}\n", tmp_path) as run:
        deliveries = await asyncio.gather(*(run.receiver().text(f"line {at}") for at in range(1000)))
        assert {delivery.kind for delivery in deliveries} == {"done"}
        await run.stop()
        assert sum(map(len, run.exporter().bodies)) == 1000
    assert looks < 200


async def test_records_that_are_refused_are_kept_with_the_reason_and_can_be_sent_again(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        run.exporter().answers = [RefuseError("malformed")] * 3  # both, and each
        await run.receiver().text("one", "two")
        await run.stop()
        assert run.exporter().bodies == []
    assert pending(tmp_path / "journal" / DEAD_LETTERS) == {"tout": 2}
    async with running(ONE, tmp_path) as run:
        assert run.exporter().bodies == []
        answer = await ask(tmp_path, {"what": "replay", "names": []})
        assert answer == {"replayed": {"tout": 2}}
        await until(lambda: run.exporter().bodies == [["one", "two"]])
        await run.stop()
    assert pending(tmp_path / "journal" / DEAD_LETTERS) == {"tout": 0}
    assert verify_journal(str(tmp_path / "journal"), **key_of(loaded(ONE), tmp_path))["damaged"] == []


async def ask(data: Path, request: dict[str, Any]) -> Any:
    return await errands.ask(data, request, 30.0)


async def test_a_pipeline_takes_dead_letters_and_not_its_own(tmp_path: Path) -> None:
    async with running(DEAD, tmp_path) as run:
        run.exporter().answers = [RefuseError("malformed")]
        run.exporter("tout/dead").answers = [RefuseError("nor this")]
        await run.receiver().text("one")
        await until(lambda: run.exporter("tout/dead").attempts == 1)
        run.exporter().answers = [RefuseError("again")]
        await run.receiver().text("two")
        await until(lambda: run.exporter("tout/dead").bodies == [["two"]])
        await run.stop()
    # What the pipeline's own exporter refuses does not come back to it, but is kept.
    assert pending(tmp_path / "journal" / DEAD_LETTERS) == {"tout": 2, "tout/dead": 1}


async def test_a_full_journal_holds_up_no_dead_letter(tmp_path: Path) -> None:
    """Else an exporter would wait for room that it alone could make."""
    with opened(loaded(ONE), tmp_path) as journals:
        main, dead = Commits(journals.main), Commits(journals.dead or journals.main)
        letters = DeadLetters(journals, main, dead, lambda: "logs/dead")
        journals.main.close()  # it takes nothing any more
        with dead.watched():
            assert await asyncio.wait_for(letters("tout", logloom.parse("one\n", format="text"), "malformed"), 30)
    assert pending(tmp_path / "journal" / DEAD_LETTERS) == {"tout": 1}


async def test_a_new_exporter_begins_where_its_config_says(tmp_path: Path) -> None:
    async with running(ONE.replace("shutdown_timeout: 5s", "shutdown_timeout: 100ms"), tmp_path) as run:
        run.exporter().gate.clear()
        await run.receiver().text("before")
        await run.stop()
    more = "tout/new: {endpoint: 'b:1'}, tout/all: {endpoint: 'b:1', start: oldest}"
    text = ONE.replace("exporters: {tout:", f"exporters: {{{more}, tout:").replace(
        "exporters: [tout]", "exporters: [tout, tout/new, tout/all]"
    )
    async with running(text, tmp_path) as run:
        await run.receiver().text("after")
        await run.stop()
        bodies = {
            name: [body for bodies in run.exporter(name).bodies for body in bodies]
            for name in ("tout", "tout/new", "tout/all")
        }
    assert bodies == {"tout": ["before", "after"], "tout/new": ["after"], "tout/all": ["before", "after"]}


async def test_a_lost_key_is_told_and_not_replaced(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        await run.receiver().text("one")
        await run.stop()
    key = tmp_path / "journal.key"
    key.rename(tmp_path / "elsewhere")
    with pytest.raises(DataFolderError, match=r"journal\.key"), opened(loaded(ONE), tmp_path):
        pass
    assert not key.exists()


async def test_what_lies_on_disk_is_not_left_behind(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        await run.stop()
    memory = loaded(ONE + "journal: {kind: memory}\n")
    with pytest.raises(DataFolderError, match="would be left behind"), opened(memory, tmp_path):
        pass


async def test_what_a_crash_left_is_told_in_plain_words(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with running(ONE.replace("shutdown_timeout: 5s", "shutdown_timeout: 100ms"), tmp_path) as run:
        run.exporter().gate.clear()
        await run.receiver().text("one")
        await run.stop()
    state = tmp_path / "journal" / "state"
    state.write_bytes(state.read_bytes()[:-20])
    async with running(ONE, tmp_path) as run:
        await until(lambda: run.exporter().bodies == [["one"]])
        await run.stop()
    told = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.message.partition(":")[0] for record in told] == ["the places of its exporters are lost"]


async def test_a_passphrase_is_changed(tmp_path: Path) -> None:
    key = "journal: {{key: {{provider: passphrase, passphrase: {}, older_passphrases: [{}]}}}}\n"
    slow = ONE.replace("shutdown_timeout: 5s", "shutdown_timeout: 100ms")
    async with running(slow + key.format("the first of them", ""), tmp_path) as run:
        run.exporter().gate.clear()
        await run.receiver().text("before")
        await run.stop()
    async with running(slow + key.format("and the second", "the first of them"), tmp_path) as run:
        await run.receiver().text("after")
        await until(lambda: [body for bodies in run.exporter().bodies for body in bodies] == ["before", "after"])
        await run.stop()
    assert not (tmp_path / "journal.key").exists()


def kept_under(text: str, folder: Path) -> str:
    """Journals a record under the policy of this config, and lets go of everything; the policy's hash."""
    given = loaded(text)
    assert given.policy is not None
    with opened(given, folder) as journals:
        journals.main.cursor("tout", ["logs"])
        assert journals.main.append(logloom.parse(b"a line", "text"), ["logs"]) is not None
    return given.policy.sha256


def test_each_file_tells_the_policy_under_which_it_was_begun(tmp_path: Path) -> None:
    told = []
    for readers in ("a", "b"):
        classes = f"{{classes: {{ids: {{rules: [email], readers: [{readers}], log: plain, to: [outside]}}}}"
        policy = f"{classes}, roles: {{a: [x], b: [y]}}}}"
        told.append(kept_under(f"policy: {policy}\n{ONE}", tmp_path))
    files = survey_journal(str(tmp_path / "journal"))["files"]
    assert [file["policy"] for file in files] == told
