"""What the kernel dropped of a socket's datagrams, because nobody had read the ones before in time."""

import contextlib
import os
from pathlib import Path
from typing import Final

__all__ = ["kernel_dropped"]

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
