"""File systems that fail: full, hung, and cut off from power. They need root and loop devices; elsewhere: NOT RUN."""

import fcntl
import os
import struct
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

__all__ = ["Disk", "Room"]

SHUTDOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN, as the kernel's own crash tests use it (fs/ext4/ext4.h)."""
WITHOUT_FLUSH = 2


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)


class _Mounted:
    def __init__(self, at: Path) -> None:
        self.at = at

    def __enter__(self) -> Self:
        self.at.mkdir(parents=True, exist_ok=True)
        if os.geteuid() != 0:
            pytest.skip("NOT RUN: only root may mount a file system to fail")
        try:
            self.mount()
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            why = error.stderr.decode().strip() if isinstance(error, subprocess.CalledProcessError) else error
            pytest.skip(f"NOT RUN: no file system to fail can be mounted here: {why}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _run("umount", "--lazy", self.at)

    def mount(self) -> None:
        raise NotImplementedError


class Room(_Mounted):
    """A file system in memory, of `mib`."""

    def __init__(self, at: Path, mib: int) -> None:
        super().__init__(at)
        self._mib = mib

    def mount(self) -> None:
        """At its place."""
        _run("mount", "-t", "tmpfs", "-o", f"size={self._mib}m,mode=0700", "tmpfs", self.at)

    @property
    def free_bytes(self) -> int:
        """What is left."""
        status = os.statvfs(self.at)
        return status.f_bavail * status.f_frsize

    def fill(self, *, but_bytes: int = 0) -> None:
        """Another program takes what is left."""
        with (self.at / "others").open("ab") as file:
            os.posix_fallocate(file.fileno(), file.tell(), max(self.free_bytes - but_bytes, 4096))

    def free(self) -> None:
        """And gives it back."""
        (self.at / "others").unlink()


class Disk(_Mounted):
    """An ext4 of its own, in a file beside its place."""

    def __init__(self, at: Path, mib: int = 256) -> None:
        super().__init__(at)
        self._image = at.with_name(f"{at.name}.img")
        self._mib = mib

    def __enter__(self) -> Self:
        self.at.parent.mkdir(parents=True, exist_ok=True)
        with self._image.open("wb") as image:
            image.truncate(self._mib << 20)
        return super().__enter__()

    def mount(self) -> None:
        """At its place; the first time it is made."""
        if self._image.stat().st_blocks == 0:
            _run("mkfs.ext4", "-q", self._image)
        _run("mount", "-o", "loop", self._image, self.at)

    def cut(self) -> None:
        """The power fails: what was not synced is gone, and each further call gives EIO until `repair`."""
        folder = os.open(self.at, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, struct.pack("I", WITHOUT_FLUSH))
        finally:
            os.close(folder)

    def repair(self) -> None:
        """The power is back: mounted again, its own log replayed. Nobody may have it open."""
        _run("umount", self.at)
        self.mount()

    def freeze(self) -> None:
        """Whoever writes, hangs."""
        _run("fsfreeze", "--freeze", self.at)

    def thaw(self) -> None:
        """They go on."""
        _run("fsfreeze", "--unfreeze", self.at)
