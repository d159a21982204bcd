"""What the kernel dropped of a socket's datagrams, because nobody had read the ones before in time."""

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from logloom.logs import Log

__all__ = ["Losses", "kernel_dropped"]

TABLES: Final = ("/proc/net/udp", "/proc/net/udp6")
"""A line for each socket; see proc_net_udp(5)."""
INODE_COLUMN: Final = 9
DROPS_COLUMN: Final = 12


def kernel_dropped(descriptor: int) -> int:
    """How many datagrams of the open socket `descriptor` the kernel dropped; 0 where it does not say."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        inode = str(os.fstat(descriptor).st_ino)
        for table in TABLES:
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                columns = line.split()
                if columns[INODE_COLUMN] == inode:
                    return int(columns[DROPS_COLUMN])
    return 0


class Losses:
    """Tells of a socket's datagrams that were lost, when there are more than were told of."""

    def __init__(self, log: "Log") -> None:
        self._log = log
        self._told = 0
        self._kernel_dropped = 0

    def tell(self, dropped: int, descriptor: int | None) -> None:
        """`dropped`: those that were read; `descriptor`: the socket's, while it is open."""
        if descriptor is not None:
            self._kernel_dropped = kernel_dropped(descriptor)
        if (lost := dropped + self._kernel_dropped) > self._told:
            told = {"dropped": dropped, "dropped_by_the_kernel": self._kernel_dropped}
            self._log.warning("datagrams were lost: UDP cannot be told to wait", extra=told)
            self._told = lost
