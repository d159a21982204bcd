"""The Journal as the config describes it: opened, what happens to it told in plain words; and dead letters."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from logloom._native import Batch, Journal
from logloom.commits import Commits
from logloom.config import Config
from logloom.errors import DataFolderError, LogloomError, RetryError
from logloom.logs import log_of

__all__ = [
    "DEAD_LETTERS",
    "DeadLetters",
    "Opened",
    "dead_place",
    "folder_of",
    "key_of",
    "opened",
    "tell_policy",
    "watch",
]

MIB: Final = 1 << 20
DEAD_LETTERS: Final = "dead-letter"
"""The folder, below the journal's own, of what destinations refuse."""
MARK: Final = "logloom.dead_letter.exporter"
"""The attribute that tells a dead letter, which is not put into the pipeline of dead letters again."""
FULL_RETRY_S: Final = 1.0
REFUSING: Final = {"writing", "free", "full"}
"""Troubles in which nothing is taken."""
LOOK_EVERY_S: Final = 1.0
"""How often it is looked at what does not work."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The journal of a running service.

    Attributes:
        main: Where what was accepted lies.
        dead: Where what destinations refuse lies; None where the journal is in memory.
    """

    main: Journal
    dead: Journal | None


def folder_of(config: Config, data: Path) -> Path:
    """Where the journal lies."""
    return config.journal.path or data / "journal"


def key_of(config: Config, data: Path) -> dict[str, Any]:
    """What the journal is encrypted under, as the core takes it."""
    key = config.journal.key
    if key.provider == "passphrase":
        return {"passphrases": [key.passphrase.reveal(), *(older.reveal() for older in key.older_passphrases)]}
    return {"key_file": str(key.path or data / "journal.key")}


@contextlib.contextmanager
def opened(config: Config, data: Path) -> Iterator[Opened]:
    """Open the journal, and tell what a crash left; this takes a while where there is much, so call it on a thread.

    Raises:
        DataFolderError: It cannot be opened: another process has it, the disk or the key is not as it must be.
    """
    if config.journal.kind == "memory":
        if (folder_of(config, data) / "state").exists():
            left = f"journal {folder_of(config, data)}: what lies there would be left behind by journal.kind: memory"
            msg = f"{left}; let 'disk' deliver it, then move the folder away"
            raise DataFolderError(msg)
        main = Journal(bytes_max=config.service.journal.bytes_max)
        try:
            yield Opened(main, None)
        finally:
            main.end()
        return
    with contextlib.ExitStack() as stack:
        main = _open(config, data, is_main=True)
        stack.callback(main.end)
        dead = _open(config, data, is_main=False)
        stack.callback(dead.end)
        for exporter in config.exporters:
            dead_place(dead, exporter)
        yield Opened(main, dead)


def tell_policy(journal: Journal, config: Config) -> None:
    """The files that are begun from now on tell the policy."""
    journal.set_policy(bytes.fromhex(config.policy.sha256) if config.policy is not None else None)


def dead_place(dead: Journal, exporter: str) -> None:
    """A place of its own keeps what an exporter cannot deliver."""
    dead.cursor(exporter, [exporter], start="oldest")


def _open(config: Config, data: Path, *, is_main: bool) -> Journal:
    settings, path = config.journal, folder_of(config, data)
    disk_bytes_max = settings.max_mib * MIB
    bounds: dict[str, Any] = {
        "accounts": str(data / "accounts"),
        "age_max_s": settings.max_age_h * 3600,
        "lossy": [name for name, pipeline in config.service.pipelines.items() if pipeline.lossy],
    }
    what = "journal"
    if not is_main:
        what, path, disk_bytes_max, bounds = "dead letters", path / DEAD_LETTERS, settings.dead_letter_max_mib * MIB, {}
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        journal, found = Journal.open(
            str(path),
            disk_bytes_max=disk_bytes_max,
            file_bytes_max=settings.file_mib * MIB,
            free_bytes_min=settings.free_mib_min * MIB,
            fsync_delay_max_s=settings.fsync_delay_ms_max / 1000,
            **bounds,
            **key_of(config, data),
        )
    except (LogloomError, OSError) as error:
        msg = f"{what} {path}: {error}"
        raise DataFolderError(msg) from error
    tell_policy(journal, config)
    _tell_found(what, path, found)
    return journal


def _tell_found(what: str, path: Path, found: dict[str, Any]) -> None:
    log = log_of(what)
    for torn in found["torn"]:
        log.warning("cut off an entry that a crash left unfinished: it was never acknowledged", extra=torn)
    for damaged in found["damaged"]:
        log.error("found damaged bytes, stepped over them and kept a copy", extra=damaged)
    for file, why in found["unreadable"]:
        log.error("cannot read a file: its records are not delivered", extra={"file": file, "why": why})
    if found["state_lost"]:
        told = "the places of its exporters are lost: they begin at the oldest record, and much comes twice"
        log.error(told, extra={"why": found["state_lost"], "kept": found["state_kept"]})
    if found["entries"]:
        log.info("opened", extra={"path": path, "files": found["files"], "entries": found["entries"]})


async def watch(journals: Opened) -> None:
    """Tell what does not work, and that it does again; and what a bound drops. Until it is cancelled."""
    log, before = log_of("journal"), dict[str, str]()
    while True:
        for journal in filter(None, (journals.main, journals.dead)):
            for name, fact in journal.facts():
                log.error("gave records up, as the config says", extra={"how": name, **orjson.loads(fact)})
        troubles = journals.main.troubles()
        for what, why in troubles.items():
            if what not in before:
                told = "takes nothing: senders are told to come again" if what in REFUSING else "does not work"
                log.error(told, extra={"what": what, "why": why})
        for what in before.keys() - troubles.keys():
            log.info("works again", extra={"what": what})
        before = troubles
        await asyncio.sleep(LOOK_EVERY_S)


class DeadLetters:
    """Keeps what destinations refuse for good: in a journal of its own, and for the pipeline that takes it."""

    def __init__(self, journals: Opened, main: Commits, dead: Commits, pipeline: Callable[[], str | None]) -> None:
        """`main`, `dead`: who waits for each journal, watched; `pipeline`: tells that of dead letters, if any."""
        self._journals = journals
        self._main = main
        self._dead = dead
        self._pipeline = pipeline
        self._log = log_of("dead letters")

    async def __call__(self, exporter: str, batch: Batch, why: str) -> bool:
        """Keep these records, which `exporter` could not deliver, with the reason; see `exporters._follow.DeadLetters`.

        Raises:
            RetryError: There is no room for them now.
        """
        dead = self._journals.dead
        if dead is not None:
            fact = {"exporter": exporter, "why": why, "records": len(batch), "first": batch.key(0)}
            said = orjson.dumps(fact).decode()
            if not await _is_kept(self._dead, dead.append(batch, [exporter], name="dead_letter", fact=said)):
                msg = (
                    "no room: replay them (logloom journal replay --dead-letter), or raise journal.dead_letter_max_mib"
                )
                raise RetryError(msg, FULL_RETRY_S)
        return await self._pass_on(exporter, batch, why) or dead is not None

    async def _pass_on(self, exporter: str, batch: Batch, why: str) -> bool:
        """To the pipeline of dead letters. No room is waited for: what fills the journal may be this exporter's."""
        if (pipeline := self._pipeline()) is None:
            return False
        fresh = batch.select([at for at, record in enumerate(batch) if MARK not in record.attributes])
        if not fresh:
            return False
        marked = fresh.stamped({MARK: exporter, "logloom.dead_letter.reason": why})
        if await _is_kept(self._main, self._journals.main.append(marked, [pipeline])):
            return True
        self._log.error("the journal has no room for them in their pipeline", extra={"records": len(fresh)})
        return False


async def _is_kept(commits: Commits, position: int | None) -> bool:
    return position is not None and await commits.durable(position)
