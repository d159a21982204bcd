"""What is asked of a journal by the command, also while a service runs on it: to forget an exporter, to send again.

A service that runs holds the journal. It is asked through files: `errands/NAME.json` in the data folder is the request,
`NAME.answer` its answer. The folder is its owner's alone, and so are the journal's contents.
"""

import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from logloom._native import Journal
from logloom.commits import Commits
from logloom.errors import LogloomError, ServiceError
from logloom.journal import Opened
from logloom.logs import log_of

__all__ = ["Errands", "ask"]

FOLDER: Final = "errands"
LOOK_EVERY_S: Final = 0.25
"""How often a service looks for errands."""
DOCUMENT_BYTES_MAX: Final = 1 << 20
REPLAY_RECORDS_MAX: Final = 10_000
REPLAY_BYTES_MAX: Final = 4 << 20

Answer = dict[str, Any]


async def ask(data: Path, request: Mapping[str, Any], timeout_s: float) -> Answer | None:
    """Ask the service that runs on this data folder; None where it did not answer in time, and the request is gone.

    Raises:
        OSError: The request cannot be written.
    """
    name = secrets.token_hex(8)
    asked, answer = data / FOLDER / f"{name}.json", data / FOLDER / f"{name}.answer"
    _write(asked, request)
    deadline = time.monotonic() + timeout_s
    try:
        while time.monotonic() < deadline:
            with contextlib.suppress(FileNotFoundError):
                said: Answer = orjson.loads(_read(answer))
                return said
            await asyncio.sleep(LOOK_EVERY_S / 5)
        return None
    finally:
        _forget(asked, answer)


def _write(path: Path, document: Mapping[str, Any]) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    unfinished = path.with_suffix(".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(orjson.dumps(document))
    unfinished.replace(path)


class Errands:
    """Does what is asked."""

    def __init__(self, journals: Opened, commits: Commits) -> None:
        """`commits`: those who wait for the main journal, watched."""
        self._journals = journals
        self._commits = commits
        self._log = log_of("journal")

    async def run(self, data: Path) -> None:
        """Look for errands until it is cancelled. Those that were asked of the process before are not done."""
        folder = data / FOLDER
        _forget(*folder.glob("*"))
        while True:
            for path in sorted(folder.glob("*.json")):
                try:
                    await self._answer(path)
                except OSError as error:
                    self._log.warning("cannot answer what the command asked", extra={"why": error.strerror})
                    _forget(path)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _answer(self, path: Path) -> None:
        data = _read(path)
        _forget(path)
        try:
            answer = await self.do(orjson.loads(data))
        except (LogloomError, orjson.JSONDecodeError, AttributeError, KeyError) as error:
            answer = {"error": str(error)}
        await asyncio.to_thread(_write, path.with_suffix(".answer"), answer)

    async def do(self, request: Mapping[str, Any]) -> Answer:
        """Do it.

        Raises:
            ServiceError: It cannot be done; the text says why, and the way out.
        """
        if request["what"] == "retire":
            return await self.retire(str(request["name"]))
        if request["what"] == "replay":
            return await self.replay([str(name) for name in request["names"]])
        msg = "no such errand: the command and the service are of different versions"
        raise ServiceError(msg)

    async def retire(self, name: str) -> Answer:
        """Forget an exporter that is no longer there: what waits for it is given up, and counted as dropped.

        Raises:
            ServiceError: There is none, or it is in use.
        """
        found = {row["name"]: row for row in self._journals.main.cursors()}
        if name not in found:
            msg = f"no cursor '{name}': there are {', '.join(sorted(found)) or 'none'}"
            raise ServiceError(msg)
        if found[name]["in_use"]:
            msg = f"exporter '{name}' is running: remove it from the config first, and start anew"
            raise ServiceError(msg)
        fact: Answer = orjson.loads(await asyncio.to_thread(self._journals.main.retire, name))
        await asyncio.to_thread(self._journals.main.save)
        return {"retired": name, "fact": fact}

    async def replay(self, names: list[str]) -> Answer:
        """Give the dead letters of these exporters, of all where none is named, to their exporters once more.

        Raises:
            ServiceError: There is no such exporter, or the journal is full.
        """
        dead = self._journals.dead
        if dead is None:
            msg = "the journal is in memory, and keeps no dead letters"
            raise ServiceError(msg)
        have = [row["name"] for row in dead.cursors()]
        known = {row["name"] for row in self._journals.main.cursors()}
        for name in names or have:
            if name not in have:
                msg = f"no dead letters of '{name}': there are some of {', '.join(sorted(have)) or 'none'}"
                raise ServiceError(msg)
            if name not in known:
                msg = f"exporter '{name}' is gone: give the config one of this name, and replay again"
                raise ServiceError(msg)
        replayed = {name: await self._replay(dead, name) for name in names or have}
        self._log.info("gave dead letters to their exporters again", extra={"records": sum(replayed.values())})
        return {"replayed": replayed}

    async def _replay(self, dead: Journal, name: str) -> int:
        """Those that are there now: what is refused again meanwhile is left for another time."""
        records, last = 0, dead.durable
        cursor = dead.cursor(name, [name], start="oldest")
        while (step := await asyncio.to_thread(cursor.next, REPLAY_RECORDS_MAX, REPLAY_BYTES_MAX, 0.0)) is not None:
            batch, position = step
            appended = self._journals.main.append_to(name, batch)
            if appended is None or not await self._commits.durable(appended):
                msg = f"the journal takes no more now: replayed {records} of '{name}', the others stay; try again later"
                raise ServiceError(msg)
            cursor.done(position)
            records += len(batch)
            if position >= last:
                break
        await asyncio.to_thread(dead.save)
        return records


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(DOCUMENT_BYTES_MAX)


def _forget(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
