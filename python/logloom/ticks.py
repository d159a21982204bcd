"""Lets the processors say what is due: the counts of windows that closed, for instance.

The core asks them (`rust/intake/src/tick.rs`); here stands when. What they say goes through the rest of their pipeline
and is journalled. While the journal has no room nobody is asked.
"""

import asyncio
from typing import Final

from logloom._native import Intake
from logloom.logs import Log

__all__ = ["Ticks"]

EVERY_S: Final = 0.5
"""How often processors are asked."""
AGAIN_S: Final = 0.1
"""How soon they are asked again at the end, where the journal had no room."""


class Ticks:
    """Asks the processors of an Intake.

    Attributes:
        intake: Whose; None: of nobody yet. Who sets another one flushes first.
    """

    def __init__(self, log: Log) -> None:
        """`log`: where failures are told."""
        self.intake: Intake | None = None
        self._log = log

    def rest(self) -> None:
        """Hold no Intake any longer: it holds its journal."""
        self.intake = None

    async def run(self) -> None:
        """Ask again and again, until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.tick()

    async def tick(self, *, is_last: bool = False) -> bool:
        """Ask now; `is_last`: for all that they hold. False: the journal had no room."""
        if self.intake is None:
            return True
        _, is_postponed, failed = await asyncio.to_thread(self.intake.tick, is_last=is_last)
        for processor in failed:
            self._log.error(
                "failed at what it had to say; that is lost, and it goes on", extra={"processor": processor}
            )
        return not is_postponed

    async def flush(self, timeout_s: float) -> None:
        """Ask for all that they hold, within `timeout_s` seconds where the journal has no room for it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        while not await self.tick(is_last=True):
            if loop.time() >= until:
                self._log.warning("the journal had no room for the last words of processors; they are lost")
                return
            await asyncio.sleep(AGAIN_S)
