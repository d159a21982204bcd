"""`file`: OTLP JSON lines, one export request a line, as the Collector's exporter of this name writes them.

A batch is done when it is on disk (fsync). Which file that was (device, inode) and up to where is saved with the
exporter's place in the journal: what a crash left behind that place is cut off when the file is opened again, and comes
anew. So each record stands in the files once, also over rotations. Before anything is written to another file, the
place in it is saved. What was cut off last is kept, in `cut-off.jsonl` in the exporter's folder: were the data folder
an older one, given back from a copy, the journal could not bring it again.

The file is 0600, and so readable for its owner alone, in folders that are made 0700.
"""

import asyncio
import contextlib
import fcntl
import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, NamedTuple, Self

import orjson

from logloom._native import Delivery
from logloom.config import Bound
from logloom.errors import RetryError, ServiceError

if TYPE_CHECKING:
    from logloom._native import Batch
    from logloom.exporters import ExporterContext

SCAN_BYTES: Final = 64 << 10
"""How much is read at once when the end of the last whole line is looked for."""
STAMP: Final = "%Y-%m-%dT%H-%M-%S.%f"
CUT_BYTES_MAX: Final = 256 << 20
"""The most that is cut off a file that reaches past the saved place; more than that no crash leaves."""


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
        "sending_queue": "the journal is the queue",
        "flush_interval": "a batch is on disk before it counts as delivered",
    }

    LACKING: ClassVar[Mapping[str, str]] = {
        "compression": "lines are written as they are; compress files once they are put aside",
        "encoding": "OTLP JSON is written",
        "group_by": "all goes to one file; give a pipeline with a 'when:' for each",
    }

    path: Path | None = None
    format: Literal["json"] = "json"
    rotation: Rotation = field(default_factory=Rotation)


def create(config: Config, context: "ExporterContext") -> "File":
    """The exporter; it opens its file when it is entered."""
    return File(config, context)


class Place(NamedTuple):
    """Up to where a file is delivered.

    Attributes:
        device: The file's.
        inode: The file's.
        offset: In bytes.
    """

    device: int
    inode: int
    offset: int

    @classmethod
    def read(cls, state: bytes) -> "Place | None":
        """What `write` made; None where it is something else."""
        try:
            document: Any = orjson.loads(state)
            place = cls(*(document[name] for name in cls._fields))
        except (ValueError, KeyError, TypeError):
            return None
        return place if all(type(number) is int and number >= 0 for number in place) else None

    def write(self) -> bytes:
        """As it is saved."""
        return orjson.dumps(self._asdict())


class File:
    """Appends to one file at a time."""

    def __init__(self, config: Config, context: "ExporterContext") -> None:
        self._config = config
        self._context = context
        self._path = Path()
        self._fd: int | None = None
        self._place: Place | None = None
        self._saved_in: tuple[int, int] | None = None
        self._lock = threading.RLock()  # a cancelled append goes on in its thread

    def restore(self, state: bytes | None) -> None:
        """Up to where it was delivered when the process ended; None: nothing is known."""
        if state is not None and (place := Place.read(state)) is None:
            self._context.log.warning("cannot read what was saved of the file: some records may come twice")
        else:
            self._place = place if state is not None else None
            self._saved_in = self._place[:2] if self._place is not None else None

    def checkpoint(self) -> bytes:
        """Up to where it is delivered."""
        return self._place.write() if self._place is not None else b""

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
        await asyncio.to_thread(self._close)

    async def send(self, batch: "Batch") -> Delivery:
        """Append the batch as one line, and see it onto the disk."""
        try:
            line = await asyncio.to_thread(batch.to_otlp_json)
            if await asyncio.to_thread(self._begin, len(line) + 1):
                await self._context.save(self.checkpoint())
                self._saved_in = self._place[:2] if self._place is not None else None
            await asyncio.to_thread(self._append, line)
        except OSError as error:
            msg = f"{self._path}: {error.strerror}"
            raise RetryError(msg) from error
        except ServiceError as error:  # it had to be opened anew, and cannot be yet
            raise RetryError(str(error)) from error
        return Delivery.done(len(batch))

    def _begin(self, size_bytes: int) -> bool:
        """Make the file ready for so many bytes; whether the place in it must be saved before they are written."""
        with self._lock:
            if self._fd is None or self._is_elsewhere(self._fd):
                self._open()
            offset = self._place.offset if self._place is not None else 0
            if offset > 0 and offset + size_bytes > self._config.rotation.max_megabytes * 1_000_000:
                self._rotate()
            return self._place is not None and self._place[:2] != self._saved_in

    def _append(self, line: bytes) -> None:
        with self._lock:
            fd, place = self._fd, self._place
            if fd is None or place is None:
                msg = f"{self._path} is closed"
                raise ServiceError(msg)
            try:
                _write_all(fd, line)
                _write_all(fd, b"\n")
                os.fsync(fd)
            except OSError:
                # Nothing of it counts. After a failed fsync nobody knows what is on disk: the next open looks.
                with contextlib.suppress(OSError):
                    os.ftruncate(fd, place.offset)
                self._close()
                raise
            self._place = place._replace(offset=place.offset + len(line) + 1)

    def _is_elsewhere(self, fd: int) -> bool:
        """Whether the file was moved or deleted by others, so that what is written would not be found."""
        try:
            there, here = self._path.stat(), os.fstat(fd)
        except FileNotFoundError:
            return True
        return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)

    def _open(self) -> None:
        with self._lock:
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
                self._cut_moved(os.fstat(fd))
                place = self._cut(fd, self._path)
                _sync_folder(self._path.parent)
            except BaseException:
                os.close(fd)
                raise
            self._fd, self._place = fd, place

    def _cut_moved(self, here: os.stat_result) -> None:
        """The same of a file that has another name since: rotated, by us or by others, in its folder."""
        place = self._place
        if place is None or (here.st_dev, here.st_ino) == place[:2]:
            return
        with os.scandir(self._path.parent) as entries:
            moved = [entry.path for entry in entries if entry.inode() == place.inode and not entry.is_symlink()]
        for path in moved[:1]:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                self._cut(fd, Path(path))
            finally:
                os.close(fd)

    def _cut(self, fd: int, path: Path) -> Place:
        """Cut off what is not delivered: what lies past the saved place, or a last line that is not whole."""
        status = os.fstat(fd)
        size_bytes = status.st_size
        saved = self._place if self._place and self._place[:2] == (status.st_dev, status.st_ino) else None
        if saved and 0 <= size_bytes - saved.offset <= CUT_BYTES_MAX and _ends_line(fd, saved.offset):
            end = saved.offset
            if end < size_bytes:
                self._keep(fd, end)
        else:
            end = _whole_lines(fd, size_bytes)
            if saved:
                told = {"path": str(path), "bytes": size_bytes, "saved": saved.offset}
                self._context.log.warning("is not as it was saved, and left so: records may come twice", extra=told)
        if end < size_bytes:
            os.ftruncate(fd, end)
            os.fsync(fd)
            told = {"path": str(path), "bytes": size_bytes - end}
            self._context.log.warning("cut off what was not yet saved as delivered: it comes again", extra=told)
        return Place(status.st_dev, status.st_ino, end)

    def _keep(self, fd: int, start: int) -> None:
        """A copy of what is cut off, in place of the one before."""
        copy = os.open(
            self._context.folder() / "cut-off.jsonl", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600
        )
        try:
            while data := os.pread(fd, SCAN_BYTES, start):
                _write_all(copy, data)
                start += len(data)
            os.fsync(copy)
        finally:
            os.close(copy)

    def _close(self) -> None:
        with self._lock:
            if self._fd is not None:
                fd, self._fd = self._fd, None
                with contextlib.suppress(OSError):
                    os.close(fd)

    def _rotate(self) -> None:
        now = datetime.now(UTC)
        aside = self._aside(now)
        while aside.exists():
            now += timedelta(microseconds=1)
            aside = self._aside(now)
        self._path.rename(aside)
        self._open()
        rotation = self._config.rotation
        backups = self._backups()
        doomed = backups[rotation.max_backups :] if rotation.max_backups else []
        if rotation.max_days:
            oldest = self._aside(now - timedelta(days=rotation.max_days)).name
            doomed += [backup for backup in backups if backup.name < oldest and backup not in doomed]
        for backup in doomed:
            backup.unlink(missing_ok=True)
            self._context.log.info("deleted an old file, as 'rotation' says", extra={"path": str(backup)})

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


def _ends_line(fd: int, offset: int) -> bool:
    """Whether a line ends there, as at every place that is saved."""
    return offset == 0 or os.pread(fd, 1, offset - 1) == b"\n"


def _sync_folder(folder: Path) -> None:
    """A new name is on disk only when its folder is."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
