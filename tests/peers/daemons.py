"""Programs out of the unpacked packages: run to their end, or in the background until the test is over."""

import os
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.peers.debian import root
from tests.peers.listed import cache

STOP_SECONDS = 20


def unpacked(path: str) -> Path:
    """`path` of a package: `usr/sbin/rsyslogd`."""
    return root(cache()) / path


def environment() -> dict[str, str]:
    """In which an unpacked program finds its libraries."""
    usr = unpacked("usr/lib")
    folders = [unpacked("lib"), usr, usr / "syslog-ng", *root(cache()).glob("lib/*-linux-*"), *usr.glob("*-linux-*")]
    return os.environ | {"LD_LIBRARY_PATH": ":".join(map(str, folders)), "LC_ALL": "C", "TZ": "UTC"}


class Daemon:
    """A program that runs until the context ends; by then it must still be alive."""

    def __init__(self, command: list[str | Path], folder: Path) -> None:
        self._command = command
        self._said = folder / f"{Path(command[0]).name}.out"
        self._folder = folder

    def __enter__(self) -> Self:
        with self._said.open("ab") as said:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=self._folder,
                env=environment(),
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ended = self.ended()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
        if error is not None:
            error.add_note(f"{self._said.name}: {self.output()}")
        else:
            assert ended is None, ended

    def ended(self) -> str | None:
        """What to say of it where it has ended by itself."""
        if self._process.poll() is None:
            return None
        return f"{self._command[0]} ended with {self._process.returncode}: {self.output()}"

    def output(self) -> str:
        """The end of what it printed."""
        return self._said.read_text(errors="replace")[-4000:]
