"""How much memory the process holds, against the limits of `memory_limiter`: above them no more is taken."""

import asyncio
import contextlib
import ctypes
import gc
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from logloom._native import Brake
from logloom.errors import ConfigError
from logloom.logs import Log

__all__ = ["STATM", "Memory", "resident_bytes", "total_bytes"]

STATM: Final = Path("/proc/self/statm")
TOTAL_EVERY_S: Final = 10.0
"""How often it is looked how much memory there is, in seconds: that is a dozen files to read."""
RETRY_S: Final = 1.0
"""The delay asked of senders above the soft limit, in seconds."""


class Limits(Protocol):
    """The config of a `memory_limiter`."""

    @property
    def check_interval(self) -> float:
        """Seconds."""

    @property
    def min_gc_interval_when_soft_limited(self) -> float:
        """Seconds."""

    @property
    def min_gc_interval_when_hard_limited(self) -> float:
        """Seconds."""

    def limits_bytes(self, total_bytes: int) -> tuple[int, int]:
        """Soft and hard."""


@dataclass
class Memory:
    """One `memory_limiter`.

    Attributes:
        limits: Its config.
        log: Where it is told that more is not taken, and is taken again.
        used: How much memory the process holds, in bytes.
        total: How much there is, in bytes.
        give_back: Gives free memory back to the system.
        busy_s: When senders may ask again, in seconds; 0.0: more may be taken. Read from any thread.
        brake: Says the same to the native servers.
    """

    limits: Limits
    log: Log
    used: Callable[[], int] = field(default_factory=lambda: resident_bytes)
    total: Callable[[], int] = field(default_factory=lambda: total_bytes)
    give_back: Callable[[], None] = field(default_factory=lambda: give_back)
    busy_s: float = 0.0
    brake: Brake = field(default_factory=Brake)
    _gave_back_at: float = float("-inf")
    _limits_bytes: tuple[int, int] = (0, 0)
    _limits_at: float = float("-inf")

    async def run(self) -> None:
        """Look, at each interval, for ever."""
        while True:
            await self.look(asyncio.get_running_loop().time())
            await asyncio.sleep(self.limits.check_interval)

    async def look(self, now_s: float) -> None:
        """Compare once.

        Raises:
            ConfigError: This system does not tell.
        """
        if now_s - self._limits_at >= TOTAL_EVERY_S:
            self._limits_bytes, self._limits_at = self.limits.limits_bytes(self.total()), now_s
        soft, hard = self._limits_bytes
        used = self.used()
        if used > soft:
            every_s = self.limits.min_gc_interval_when_soft_limited
            if used > hard:
                every_s = self.limits.min_gc_interval_when_hard_limited
            if now_s - self._gave_back_at >= every_s:
                self._gave_back_at = now_s
                await asyncio.to_thread(self.give_back)
                used = self.used()
        was_busy, self.busy_s = self.busy_s > 0, RETRY_S if used > soft else 0.0
        self.brake.set(self.busy_s, "too much memory in use")
        told = {"used_mib": used >> 20, "soft_limit_mib": soft >> 20, "limit_mib": hard >> 20}
        if self.busy_s and not was_busy:
            self.log.warning("too much memory in use: senders are asked to come again", extra=told)
        elif was_busy and not self.busy_s:
            self.log.info("enough memory again", extra=told)


def resident_bytes() -> int:
    """What the process holds of memory, without what is mapped from files.

    Raises:
        ConfigError: This system does not tell.
    """
    try:
        file = os.open(STATM, os.O_RDONLY | os.O_CLOEXEC)  # without a file object: this is done ten times a second
        try:
            pages = os.read(file, 256).split()
        finally:
            os.close(file)
    except OSError as error:
        msg = f"memory_limiter: how much memory is used is not to be had on this system: {error.strerror}; remove it"
        raise ConfigError(msg) from None
    return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")


def total_bytes(root: Path = Path("/")) -> int:
    """The memory that there is: the least limit of the control groups that the process is in, or the machine's."""
    total = int(os.sysconf("SC_PHYS_PAGES")) * int(os.sysconf("SC_PAGE_SIZE"))
    for path in _limit_files(root):
        with contextlib.suppress(OSError, ValueError):  # "max" is no number, and no limit
            total = min(total, int(path.read_text(encoding="ascii")))
    return total


def _limit_files(root: Path) -> list[Path]:
    """Where the limits stand, of versions 1 and 2 of control groups; inside a container its own is at the top."""
    groups = root / "sys/fs/cgroup"
    files = [groups / "memory.max", groups / "memory/memory.limit_in_bytes"]
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            if match := re.fullmatch(r"\d+:(?:memory|):/(.*)", line):
                own = Path(match[1])
                below = groups if line.startswith("0::") else groups / "memory"
                name = "memory.max" if line.startswith("0::") else "memory.limit_in_bytes"
                files += [below / part / name for part in (own, *own.parents)]
    return files


def give_back() -> None:
    """Give what is free back to the system, where the C library can (glibc)."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
