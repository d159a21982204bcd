"""Which records of which receiver a pipeline takes."""

import asyncio
from pathlib import Path

from logloom.intake import ReceiverContext
from logloom.logs import log_of


def test_folders_of_components(tmp_path: Path) -> None:
    context = ReceiverContext("filelog/a b/../ü", asyncio.Event(), log_of("x"), tmp_path, lambda: True, lambda _: None)
    folder = context.folder()
    assert folder.parent == tmp_path / "receivers"
    assert folder.name == "filelog+a%20b+..+%c3%bc"
    assert folder.stat().st_mode & 0o777 == 0o700
