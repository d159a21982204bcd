"""The data folder: all that logloom keeps, in one place, for its owner alone and for one process at a time."""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import orjson

from logloom.errors import DataFolderError

__all__ = ["component_folder", "held", "listening_file", "tell_listening"]


LISTENING: Final = "listening.json"


@contextlib.contextmanager
def held(data: Path) -> Iterator[None]:
    """Make the folder (0700) where it is not there, and hold its lock: two processes would write over each other.

    The lock is the system's (flock), on the file `lock`: it ends with the process, however that ends.

    Raises:
        DataFolderError: Another process holds it, or it cannot be made or written to.
    """
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        msg = f"data folder {data}: {error.strerror}; give another one with --data"
        raise DataFolderError(msg) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
            msg = f"data folder {data}: process {holder} uses it; stop that one, or give another folder with --data"
            raise DataFolderError(msg) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def component_folder(data: Path, section: str, identifier: str) -> Path:
    """The folder of one component below the data folder, made (0700) where it is not there.

    Args:
        data: The data folder.
        section: `receivers` or `exporters`.
        identifier: The component's id; `filelog/mesh` becomes `filelog+mesh`, and what no file name should hold `%xx`.

    Raises:
        DataFolderError: It cannot be made.
    """
    named = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else _escaped(c) for c in identifier)
    try:
        for folder in (data, data / section, data / section / named):
            folder.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        msg = f"{data / section / named}: cannot be made: {error.strerror}"
        raise DataFolderError(msg) from error
    return data / section / named


def _escaped(c: str) -> str:
    return "+" if c == "/" else "".join(f"%{byte:02x}" for byte in c.encode(errors="surrogatepass"))


@contextlib.contextmanager
def listening_file(data: Path, listening: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """Tell other programs where the receivers listen, in `listening.json`, for as long as they do.

    It is there, whole, once all receivers are up: `{"otlp": {"grpc": "127.0.0.1:4317"}}`. So a port 0 can be found out.

    Raises:
        DataFolderError: It cannot be written.
    """
    tell_listening(data, listening)
    try:
        yield
    finally:
        (data / LISTENING).unlink(missing_ok=True)


def tell_listening(data: Path, listening: Mapping[str, Mapping[str, str]]) -> None:
    """Write `listening.json`, whole.

    Raises:
        DataFolderError: It cannot be written.
    """
    file, unfinished = data / LISTENING, data / f"{LISTENING}.new"
    try:
        unfinished.write_bytes(orjson.dumps(listening, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        unfinished.replace(file)
    except OSError as error:
        msg = f"{file}: cannot be written: {error.strerror}"
        raise DataFolderError(msg) from error
