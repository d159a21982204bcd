"""`file`: OTLP JSON lines, one export request a line, as the Collector's exporter of this name writes them.

A batch is done when it is on disk (fsync). A line that a crash cut short was never acknowledged: it is cut off when the
file is opened again. The file is 0600, and so readable for its owner alone, in folders that are made 0700.
"""

import asyncio
import contextlib
import fcntl
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal, Self

from logloom._native import Delivery
from logloom.config import Bound
from logloom.errors import RetryError, ServiceError

if TYPE_CHECKING:
    from logloom._native import Batch
    from logloom.exporters import ExporterContext

SCAN_BYTES: Final = 64 << 10
"""How much is read at once when the end of the last whole line is looked for."""
STAMP: Final = "%Y-%m-%dT%H-%M-%S.%f"


@dataclass(frozen=True, slots=True)
class Rotation:
    """When a file is put aside and a new one begun. The name of one that was put aside has the time in it (UTC).

    Attributes:
        max_megabytes: Before a file would be larger than this.
        max_days: Files that were put aside longer ago are deleted; 0: no such bound.
        max_backups: The most files put aside; the oldest are deleted. 0: no such bound.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {"localtime": "names have UTC"}

    max_megabytes: Annotated[int, Bound(1, 1_000_000)] = 100
    max_days: Annotated[int, Bound(0, 36_500)] = 0
    max_backups: Annotated[int, Bound(0, 1_000_000)] = 100


@dataclass(frozen=True, slots=True)
class Config:
    """Where it is written.

    Attributes:
        path: The file; `exporters/file/logs.jsonl` in the data folder where not given.
        format: Only `json`.
        rotation: When a new file is begun.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "append": "it always appends",
        "create_directory": "folders are made, with rights for their owner alone",
        "directory_permissions": "folders are made with rights for their owner alone",
        "flush_interval": "a batch is on disk before it counts as delivered",
    }

    path: Path | None = None
    format: Literal["json"] = "json"
    rotation: Rotation = field(default_factory=Rotation)


def create(config: Config, context: "ExporterContext") -> "File":
    """The exporter; it opens its file when it is entered."""
    return File(config, context)


class File:
    """Appends to one file at a time."""

    def __init__(self, config: Config, context: "ExporterContext") -> None:
        self._config = config
        self._context = context
        self._path = Path()
        self._fd: int | None = None
        self._size_bytes = 0

    async def __aenter__(self) -> Self:
        """Open the file.

        Raises:
            ServiceError: It cannot be opened, or another process writes to it.
        """
        self._path = self._config.path or self._context.folder() / "logs.jsonl"
        try:
            await asyncio.to_thread(self._open)
        except OSError as error:
            msg = f"{self._path}: cannot be written: {error.strerror}: give another 'path', or the rights to this one"
            raise ServiceError(msg) from error
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close it; all of it is on disk."""
        self._close()

    async def send(self, batch: "Batch") -> Delivery:
        """Append the batch as one line, and see it onto the disk."""
        try:
            await asyncio.to_thread(self._append, batch)
        except OSError as error:
            msg = f"{self._path}: {error.strerror}"
            raise RetryError(msg) from error
        except ServiceError as error:  # it had to be opened anew, and cannot be yet
            raise RetryError(str(error)) from error
        return Delivery.done(len(batch))

    def _append(self, batch: "Batch") -> None:
        line = batch.to_otlp_json()
        fd = self._open() if self._fd is None or self._is_elsewhere(self._fd) else self._fd
        if self._size_bytes > 0 and self._size_bytes + len(line) >= self._config.rotation.max_megabytes * 1_000_000:
            fd = self._rotate()
        try:
            _write_all(fd, line)
            _write_all(fd, b"\n")
            os.fsync(fd)
        except OSError:
            # Nothing of it counts. After a failed fsync nobody knows what is on disk: the next open looks.
            with contextlib.suppress(OSError):
                os.ftruncate(fd, self._size_bytes)
            self._close()
            raise
        self._size_bytes += len(line) + 1

    def _is_elsewhere(self, fd: int) -> bool:
        """Whether the file was moved or deleted by others, so that what is written would not be found."""
        try:
            there, here = self._path.stat(), os.fstat(fd)
        except FileNotFoundError:
            return True
        return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)

    def _open(self) -> int:
        self._close()
        for folder in reversed([self._path.parent, *self._path.parent.parents]):
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                msg = f"{self._path}: another process writes to it: stop that, or give another 'path'"
                raise ServiceError(msg) from None
            size_bytes = os.fstat(fd).st_size
            whole_bytes = _whole_lines(fd, size_bytes)
            if whole_bytes < size_bytes:
                os.ftruncate(fd, whole_bytes)
                os.fsync(fd)
                self._context.log.warning(
                    "cut off a last line that was never finished: its batch is sent again",
                    extra={"path": str(self._path), "bytes": size_bytes - whole_bytes},
                )
            _sync_folder(self._path.parent)
        except BaseException:
            os.close(fd)
            raise
        self._fd, self._size_bytes = fd, whole_bytes
        return fd

    def _close(self) -> None:
        if self._fd is not None:
            fd, self._fd = self._fd, None
            with contextlib.suppress(OSError):
                os.close(fd)

    def _rotate(self) -> int:
        now = datetime.now(UTC)
        aside = self._aside(now)
        while aside.exists():
            now += timedelta(microseconds=1)
            aside = self._aside(now)
        self._path.rename(aside)
        fd = self._open()
        rotation = self._config.rotation
        backups = self._backups()
        doomed = backups[rotation.max_backups :] if rotation.max_backups else []
        if rotation.max_days:
            oldest = self._aside(now - timedelta(days=rotation.max_days)).name
            doomed += [backup for backup in backups if backup.name < oldest and backup not in doomed]
        for backup in doomed:
            backup.unlink(missing_ok=True)
            self._context.log.info("deleted an old file, as 'rotation' says", extra={"path": str(backup)})
        return fd

    def _aside(self, when: datetime) -> Path:
        return self._path.with_name(f"{self._path.stem}-{when.strftime(STAMP)}{self._path.suffix}")

    def _backups(self) -> list[Path]:
        """The files put aside, the newest first."""
        stamp = r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{6}"
        name = re.compile(f"{re.escape(self._path.stem)}-{stamp}{re.escape(self._path.suffix)}")
        found = [path for path in self._path.parent.iterdir() if name.fullmatch(path.name)]
        return sorted(found, key=lambda path: path.name, reverse=True)


def _write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _whole_lines(fd: int, size_bytes: int) -> int:
    """Where the last whole line ends."""
    end = size_bytes
    while end:
        start = max(0, end - SCAN_BYTES)
        if (at := os.pread(fd, end - start, start).rfind(b"\n")) >= 0:
            return start + at + 1
        end = start
    return 0


def _sync_folder(folder: Path) -> None:
    """A new name is on disk only when its folder is."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
