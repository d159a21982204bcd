"""Waits until there is something to do: news from the kernel, the time, or the end."""

import asyncio
import contextlib
import time
from typing import Final, Self

__all__ = ["Bell"]

REST_S: Final = 0.005
"""News that comes so soon after the last is taken together with it."""
WAIT_S_MAX: Final = 3600.0


class Bell:
    """Rings when a descriptor is readable, or an event is set."""

    def __init__(self, stopping: asyncio.Event, fd: int | None) -> None:
        self._stopping = stopping
        self._fd = fd
        self._rings = asyncio.Event()
        self._woken_at_s = 0.0

    def __enter__(self) -> Self:
        self._waiting = asyncio.ensure_future(self._stopping.wait())
        self._waiting.add_done_callback(lambda _: self._rings.set())
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.cancel()

    async def wait(self, seconds: float) -> None:
        """Wait for it, at most so long."""
        if seconds <= 0 or self._stopping.is_set():
            return
        loop = asyncio.get_running_loop()
        self._rings.clear()
        if self._fd is not None:
            loop.add_reader(self._fd, self._rings.set)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(seconds, WAIT_S_MAX)):
                    await self._rings.wait()
        finally:
            if self._fd is not None:
                loop.remove_reader(self._fd)
        if (rest_s := self._woken_at_s + REST_S - time.monotonic()) > 0 and not self._stopping.is_set():
            await asyncio.sleep(rest_s)
        self._woken_at_s = time.monotonic()
