"""What the command asks of a journal: done by the service that runs, or by itself."""

import stat
from pathlib import Path

import pytest

from logloom import errands
from logloom.commits import Commits
from logloom.errands import Errands
from logloom.errors import ServiceError
from logloom.journal import opened
from tests.unit.test_journal import ask, loaded, pending
from tests.unit.test_service import ONE, running


async def test_an_exporter_that_is_gone_is_kept_until_it_is_retired(tmp_path: Path) -> None:
    two = ONE.replace("exporters: {tout:", "exporters: {tout/old: {endpoint: 'b:1'}, tout:").replace(
        "exporters: [tout]", "exporters: [tout, tout/old]"
    )
    async with running(two.replace("shutdown_timeout: 5s", "shutdown_timeout: 100ms"), tmp_path) as run:
        run.exporter("tout/old").gate.clear()
        await run.receiver().text("one")
        assert "is running" in (await ask(tmp_path, {"what": "retire", "name": "tout/old"}))["error"]
        await run.stop()
    async with running(ONE, tmp_path) as run:
        await run.receiver().text("two")
        assert pending(tmp_path / "journal")["tout/old"] == 1
        answer = await ask(tmp_path, {"what": "retire", "name": "tout/old"})
        assert answer["retired"] == "tout/old"
        again = await ask(tmp_path, {"what": "retire", "name": "tout/old"})
        assert again == {"error": "no cursor 'tout/old': there are tout"}
        await run.stop()
    assert set(pending(tmp_path / "journal")) == {"tout"}


async def test_errands_that_cannot_be_done_say_why(tmp_path: Path) -> None:
    text = ONE + "journal: {kind: memory}\n"
    with opened(loaded(text), tmp_path) as journals:
        does = Errands(journals, Commits(journals.main))
        with pytest.raises(ServiceError, match="in memory, and keeps no dead letters"):
            await does.do({"what": "replay", "names": []})
        with pytest.raises(ServiceError, match="of different versions"):
            await does.do({"what": "dance"})
    with opened(loaded(ONE), tmp_path) as journals:
        does = Errands(journals, Commits(journals.main))
        with pytest.raises(ServiceError, match="no dead letters of 'other': there are some of tout"):
            await does.do({"what": "replay", "names": ["other"]})


async def test_nobody_who_answers_leaves_nothing_behind(tmp_path: Path) -> None:
    assert await errands.ask(tmp_path, {"what": "replay", "names": []}, 0.1) is None
    assert list((tmp_path / "errands").iterdir()) == []
    assert stat.S_IMODE((tmp_path / "errands").stat().st_mode) == 0o700


async def test_nonsense_is_answered_too(tmp_path: Path) -> None:
    async with running(ONE, tmp_path) as run:
        for request in ({}, {"what": "retire"}, {"what": "dance"}):
            answer = await ask(tmp_path, request)
            assert answer["error"]
        await run.stop()
