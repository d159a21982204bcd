"""What systemd is told (`sd_notify`, watchdog): that logloom is up, reloads, stops, how it is, and that it gets on.

The protocol is a datagram of `NAME=value` lines to the socket that NOTIFY_SOCKET names; no library is needed for it.

Specification: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Final

from logloom._native import Journal

__all__ = ["Progress", "Systemd"]

LOOKS_A_PERIOD: Final = 4
"""How often the watchdog is told in its period, so that one late turn of a busy machine is no end."""


class Systemd:
    """The socket of the service manager; where there is none, nothing is told.

    Attributes:
        watchdog_s: Within how many seconds it wants to hear that all is well; 0.0: it does not.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """`environment`: where it says who it is."""
        self._address = environment.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # one without a file
            self._address = f"\0{self._address[1:]}"
        self.watchdog_s = 0.0
        if self._address and environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid()):
            with contextlib.suppress(ValueError):
                self.watchdog_s = max(0, int(environment.get("WATCHDOG_USEC", "0"))) / 1e6

    def ready(self, status: str) -> None:
        """It takes what comes; after a reload, too."""
        self._tell(READY="1", STATUS=status)

    def reloading(self) -> None:
        """It reads its config again; `ready` says that it has."""
        self._tell(RELOADING="1", MONOTONIC_USEC=str(time.monotonic_ns() // 1000), STATUS="reading the config again")

    def stopping(self) -> None:
        """It delivers what was accepted, and ends."""
        self._tell(STOPPING="1", STATUS="delivering what was accepted")

    def status(self, status: str) -> None:
        """How it is, in a line for people."""
        self._tell(STATUS=status)

    async def watch(self, gets_on: Callable[[], bool]) -> None:
        """Tell the watchdog, on the running event loop, as long as `gets_on` says that the rest does too."""
        while self.watchdog_s:
            if gets_on():
                self._tell(WATCHDOG="1")
            await asyncio.sleep(self.watchdog_s / LOOKS_A_PERIOD)

    def _tell(self, **values: str) -> None:
        if not self._address:
            return
        message = "".join(f"{name}={value}\n" for name, value in values.items()).replace("\0", "")
        # Who manages us may be gone, or its queue be full: nothing waits for that.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(0.0)
            sender.sendto(message.encode(), self._address)


class Progress:
    """Whether the journal gets on: what waits for the disk becomes durable.

    A disk that fails is told in the log, and tried again: that is to get on, too. One that hangs says nothing.
    """

    def __init__(self, journal: Journal, patience_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`patience_s`: how long nothing may become durable, in seconds, while something waits for that."""
        self._journal = journal
        self._patience_s = patience_s
        self._clock = clock
        self._durable = journal.durable
        self._moved_s = clock()

    def gets_on(self) -> bool:
        """Look."""
        durable, is_waiting = self._journal.durable, self._journal.queued_bytes > 0
        if not is_waiting or durable != self._durable or "writing" in self._journal.troubles():
            self._durable, self._moved_s = durable, self._clock()
        return self._clock() - self._moved_s < self._patience_s
