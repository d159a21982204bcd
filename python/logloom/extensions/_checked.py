"""Costly proofs, each made once: what a header proved is kept, under a hash whose key only this process knows."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final

from logloom.access.secrets import fingerprint
from logloom.errors import RetryError

__all__ = ["Checked"]

KEPT_MAX: Final = 4096
"""The most proofs that are kept, and as many failures, apart: who guesses drives out no proof."""
WAITING_MAX: Final = 64
"""The most proofs that may wait for the threads; who comes then is asked to come again."""
AGAIN_S: Final = 1.0
"""When, in seconds."""


class Checked:
    """Proofs by what was shown, made on `threads`."""

    def __init__(self, threads: Executor) -> None:
        self._threads = threads
        self._proven: OrderedDict[bytes, str] = OrderedDict()
        self._failed: OrderedDict[bytes, str] = OrderedDict()
        self._waiting: dict[bytes, asyncio.Task[str]] = {}
        self._since = 0

    def forget(self) -> None:
        """What must be matched is another now."""
        self._proven.clear()
        self._failed.clear()
        self._waiting.clear()
        self._since += 1

    async def name(self, shown: bytes, prove: Callable[[], tuple[bool, Callable[[], str]]]) -> str:
        """The name that `shown` proves, or nothing.

        `prove` tells whether it costs much to find out, and what finds out.

        Raises:
            RetryError: Too many wait.
        """
        key = fingerprint(shown)
        for kept in (self._proven, self._failed):
            if (name := kept.get(key)) is not None:
                kept.move_to_end(key)
                return name
        if (task := self._waiting.get(key)) is None:
            is_costly, find_out = prove()
            if not is_costly:
                return self._keep(key, find_out())
            if len(self._waiting) >= WAITING_MAX:
                msg = "too many wait for their credentials to be checked"
                raise RetryError(msg, AGAIN_S)
            task = asyncio.create_task(self._on_a_thread(key, find_out))
            self._waiting[key] = task
        return await asyncio.shield(task)

    async def _on_a_thread(self, key: bytes, find_out: Callable[[], str]) -> str:
        since = self._since
        try:
            name = await asyncio.get_running_loop().run_in_executor(self._threads, find_out)
        finally:
            if since == self._since:
                self._waiting.pop(key, None)
        return self._keep(key, name) if since == self._since else name

    def _keep(self, key: bytes, name: str) -> str:
        kept = self._proven if name else self._failed
        kept[key] = name
        if len(kept) > KEPT_MAX:
            kept.popitem(last=False)
        return name
