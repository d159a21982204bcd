"""How a service is, told to who asks at the socket `status.sock` in the data folder: one document of JSON.

It is answered by a thread of its own, also while the event loop is held up. The folder is its owner's alone.
"""

import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from logloom.errors import DataFolderError, ServiceError
from logloom.telemetry.metric import Buckets, Metric, Point
from logloom.telemetry.snapshot import Snapshot

__all__ = ["StatusSocket", "ask", "plain", "read"]

NAME: Final = "status.sock"
DOCUMENT_BYTES_MAX: Final = 64 << 20
ANSWER_S_MAX: Final = 1.0
"""How long who asks may take to read the answer, in seconds."""
BACKLOG: Final = 16


def plain(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as JSON has it."""
    metrics = {
        metric.name: {
            "kind": metric.kind,
            "unit": metric.unit,
            "points": [{"labels": dict(point.labels), "value": _plain(point.value)} for point in metric.points],
        }
        for metric in snapshot.metrics.values()
    }
    return {
        "time_unix_nano": snapshot.time_unix_nano,
        "since_unix_nano": snapshot.since_unix_nano,
        "resource": dict(snapshot.resource),
        "metrics": metrics,
    }


def _plain(value: float | Buckets) -> Any:
    if isinstance(value, Buckets):
        return {"bounds": list(value.bounds), "counts": list(value.counts), "sum": value.sum}
    return value


def read(document: Mapping[str, Any]) -> Snapshot:
    """The snapshot that `plain` wrote."""

    def value(typed: Any) -> float | Buckets:
        return Buckets(typed["bounds"], typed["counts"], typed["sum"]) if isinstance(typed, dict) else typed

    metrics = {
        name: Metric(
            name, it["kind"], it["unit"], "", [Point(value(one["value"]), one["labels"]) for one in it["points"]]
        )
        for name, it in document["metrics"].items()
    }
    return Snapshot(metrics, document["time_unix_nano"], document["since_unix_nano"], document["resource"])


@contextlib.contextmanager
def _short(data: Path) -> Iterator[str]:
    """The socket's path in a form that is short enough for the system's bound on such paths."""
    descriptor = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        short = Path(f"/proc/self/fd/{descriptor}")
        yield str((short if short.exists() else data) / NAME)
    finally:
        os.close(descriptor)


class StatusSocket:
    """The socket of a service that runs."""

    def __init__(self, data: Path, document: Callable[[], Mapping[str, Any]]) -> None:
        """Listen in the data folder, which this process holds.

        Raises:
            DataFolderError: It cannot.
        """
        self._path = data / NAME
        self._document = document
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._path.unlink(missing_ok=True)  # of a process that was killed
            with _short(data) as path:
                self._socket.bind(path)
            self._path.chmod(0o600)
            self._socket.listen(BACKLOG)
            self._socket.settimeout(0.0)
        except OSError as error:
            self._socket.close()
            msg = f"{self._path}: cannot listen: {error.strerror}"
            raise DataFolderError(msg) from error

    def fileno(self) -> int:
        """Readable when somebody asks."""
        return self._socket.fileno()

    def answer(self) -> None:
        """Answer one who asks."""
        try:
            asking, _ = self._socket.accept()
        except OSError:
            return
        with asking, contextlib.suppress(OSError):  # of who left
            asking.settimeout(ANSWER_S_MAX)
            asking.sendall(orjson.dumps(self._document()))

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def ask(data: Path, timeout_s: float) -> dict[str, Any] | None:
    """What the service says that runs on this data folder; None where none does.

    Raises:
        ServiceError: It does not answer.
    """
    found = bytearray()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(timeout_s)
        try:
            with _short(data) as path:
                asking.connect(path)
            while more := asking.recv(1 << 16):
                found += more
                if len(found) > DOCUMENT_BYTES_MAX:
                    break
            document: dict[str, Any] = orjson.loads(found)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            return None
        except (TimeoutError, orjson.JSONDecodeError):
            msg = f"{data}: the process that uses it does not answer within {timeout_s:g} s: it hangs, or is stopped"
            raise ServiceError(msg) from None
    return document
