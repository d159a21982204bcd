"""A small file of secrets that is read again when it changes: Kubernetes and operators put new ones in its place."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from logloom.errors import ConfigError
from logloom.logs import Log

__all__ = ["FILE_BYTES_MAX", "WatchedFile"]

FILE_BYTES_MAX: Final = 1 << 20
"""The largest such file, in bytes."""
LOOK_EVERY_S: Final = 1.0
"""How often it is looked at, in seconds."""

_Stamp = tuple[int, int, int, int]


class WatchedFile:
    """One file, from `async with` on.

    Args:
        path: Where it is; links are followed.
        take: Called with what is in it, first on entering and then on each change; ConfigError where it will not do.
        log: Where it is told that a change was not taken; then what was there before holds.
        look_every_s: How often it is looked at, in seconds.
    """

    def __init__(self, path: Path, take: Callable[[str], None], log: Log, look_every_s: float = LOOK_EVERY_S) -> None:
        self._path = path
        self._take = take
        self._log = log
        self._look_every_s = look_every_s
        self._stamp: _Stamp | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Read it.

        Raises:
            ConfigError: It cannot be read, or what is in it will not do.
        """
        self._stamp, text = await asyncio.to_thread(self._read, None)
        self._take(text or "")
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._look_every_s)
            try:
                self._stamp, text = await asyncio.to_thread(self._read, self._stamp)
                if text is not None:
                    self._take(text)
                    self._log.info("read anew", extra={"path": self._path})
            except ConfigError as error:
                self._log.warning("what was there before holds on", extra={"why": str(error)})

    def _read(self, known: _Stamp | None) -> tuple[_Stamp, str | None]:
        """What the file's state is, and its text where that is not the `known` one."""
        try:
            with self._path.open("rb") as file:
                stat = os.fstat(file.fileno())
                stamp = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
                if stamp == known:
                    return stamp, None
                data = file.read(FILE_BYTES_MAX + 1)
        except OSError as error:
            msg = f"{self._path} cannot be read: {error.strerror}"
            raise ConfigError(msg) from None
        if len(data) > FILE_BYTES_MAX:
            msg = f"{self._path} has more than {FILE_BYTES_MAX} bytes"
            raise ConfigError(msg)
        try:
            return stamp, data.decode("utf-8-sig")
        except UnicodeDecodeError:
            msg = f"{self._path} is not UTF-8"
            raise ConfigError(msg) from None
