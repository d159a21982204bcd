"""What the system may deny a process while it runs."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.service.kill.killer import Destination
from tests.service.logloom_process import Logloom
from tests.service.waiting import wait_until

__all__ = ["limited", "open_files", "stopped"]


@contextmanager
def limited(pid: int, what: int, value: int) -> Iterator[None]:
    """Inside, that limit (`resource.RLIMIT_*`) is `value`; the hard limit stays."""
    before = resource.prlimit(pid, what)
    resource.prlimit(pid, what, (value, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, what, before)


def open_files(pid: int) -> int:
    """How many descriptors it has."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def _all_stopped(pid: int) -> bool:
    """Also those that were in the middle of a system call: it has returned."""
    told = (path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat"))
    return all(one.rpartition(")")[2].split()[0] == "T" for one in told)


@contextmanager
def stopped(process: Logloom | Destination) -> Iterator[None]:
    """Inside, it does not run at all."""
    process.signal(signal.SIGSTOP)
    try:
        wait_until(lambda: _all_stopped(process.pid), "all its threads to stop")
        yield
    finally:
        process.signal(signal.SIGCONT)
