"""When the config is read again: when somebody asks (SIGHUP), and when one of its files is another one."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from logloom.config import Config
from logloom.errors import ConfigError, InvalidConfigError
from logloom.logs import log_of

__all__ = ["ConfigWatch"]

LOOK_EVERY_S: Final = 1.0
"""How often the files are looked at, in seconds; a change is taken once they were the same for two looks."""

Stamp = tuple[tuple[int, int, int, int] | None, ...]


class ConfigWatch:
    """Reads the config again, and hands on one that is in order.

    Attributes:
        error: What is wrong with the files as they are now; empty where what they say is what runs.
    """

    def __init__(
        self,
        config: Config,
        read: Callable[[], Config],
        take: Callable[[Config], Awaitable[str]],
        look_every_s: float = LOOK_EVERY_S,
        refused: Callable[[], None] = lambda: None,
    ) -> None:
        """`read` gives it anew; `take` goes over to it and says what changed, or raises ConfigError.

        `refused` is called where somebody asked, and what there is now is not taken.
        """
        self.error = ""
        self._files = config.files
        self._begun = _stamp(config.files)  # now: what changes while the service starts is another one, too
        self._read = read
        self._take = take
        self._look_every_s = look_every_s
        self._refused = refused
        self._asked = asyncio.Event()
        self._log = log_of("config")

    def ask(self) -> None:
        """Read it now."""
        self._asked.set()

    async def run(self) -> None:
        """Watch until it is cancelled."""
        taken = seen = self._begun
        while True:
            with contextlib.suppress(TimeoutError):  # not wait_for: it may swallow a cancellation
                async with asyncio.timeout(self._look_every_s):
                    await self._asked.wait()
            is_asked = self._asked.is_set()
            self._asked.clear()
            now = await asyncio.to_thread(_stamp, self._files)
            if not is_asked:
                if now != seen:  # it may be half written
                    seen = now
                    continue
                # A file that only the new one names, and that is what is wrong with it, is not watched: look anyway.
                if now == taken and not self.error:
                    continue
            files = self._files
            await self._again(is_asked=is_asked)
            taken = seen = now if files == self._files else await asyncio.to_thread(_stamp, self._files)

    async def _again(self, *, is_asked: bool) -> None:
        told = self.error
        try:
            config = await asyncio.to_thread(self._read)
            self.error = ""
            changed = await self._take(config)
        except (ConfigError, OSError) as error:
            if is_asked or str(error) != told:
                self._tell(error)
            self.error = str(error)
            if is_asked:
                self._refused()
            return
        self._files = config.files
        self._log.info("read again", extra={"changed": changed or "nothing"})

    def _tell(self, error: ConfigError | OSError) -> None:
        self._log.error("read again, and not taken: what was there before runs on")
        lines = str(error).split("\n")
        for line in lines if isinstance(error, InvalidConfigError) else [" ".join(lines)]:
            self._log.error(line)


def _stamp(files: tuple[str, ...]) -> Stamp:
    """What tells a state of the files from another; links are followed."""
    return tuple(map(_stamp_of, files))


def _stamp_of(file: str) -> tuple[int, int, int, int] | None:
    try:
        stat = Path(file).stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
