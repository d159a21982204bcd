"""`logloom run` as a process of its own: started with a config, waited for, and stopped as an operator stops it."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from tests import otlp
from tests.otlp import Flat
from tests.service.waiting import TIMEOUT_SECONDS, wait_until

STOP_SECONDS = 60


class Logloom:
    """One collector. Use as a context manager; inside, it is ready, and leaving it asserts a clean stop.

    `arguments` go before its own: `--config FILE`, over which `config` goes then. `command` goes before all, and
    becomes what it runs (`exec`).

    Every endpoint in `config` may have port 0: `endpoint()` says which it became.
    """

    def __init__(
        self,
        config: dict[str, Any],
        folder: Path,
        arguments: Sequence[str | Path] = (),
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.data = folder / "data"
        self._listening_file = self.data / "listening.json"
        self._config = folder / "logloom.yaml"
        self._config.write_bytes(orjson.dumps(config))  # JSON is YAML
        self._err = folder / "logloom.err"
        self._arguments = arguments
        self._command = command
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._listening: dict[str, dict[str, str]] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.stop()
        else:
            self.kill_if_alive()

    def start(self) -> None:
        """Starts it (again, on the same data) and waits until it is ready."""
        self.spawn()
        try:
            wait_until(self.is_up, "logloom to be ready", failed=self.ended)
        except BaseException:
            self.kill()
            raise

    def spawn(self) -> None:
        """Starts it (again, on the same data) and does not wait."""
        self._listening_file.unlink(missing_ok=True)
        self._listening = {}
        with self._err.open("ab") as err:
            self._process = subprocess.Popen(
                [
                    *self._command,
                    Path(sys.executable).with_name("logloom"),
                    "run",
                    *self._arguments,
                    "--config",
                    self._config,
                    "--data",
                    self.data,
                ],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=err,
                stderr=err,
            )

    def is_up(self) -> bool:
        """Whether all its receivers listen, and it says that it is ready."""
        if not self._listening:
            if not self._listening_file.exists():
                return False
            self._listening = orjson.loads(self._listening_file.read_bytes())
        return "http" not in self._listening.get("otlp", {}) or self.get("/readyz") == 200

    def endpoint(self, receiver: str, what: str) -> str:
        """host:port of a receiver's endpoint, `otlp` and `grpc` say."""
        return self._listening[receiver][what]

    def port(self, receiver: str, what: str) -> int:
        """The port alone."""
        return int(self.endpoint(receiver, what).rpartition(":")[2])

    def get(self, path: str) -> int:
        """The status of a GET on the OTLP/HTTP port; 0 while nothing answers."""
        try:
            with urllib.request.urlopen(f"http://{self.endpoint('otlp', 'http')}{path}", timeout=30) as answer:
                status: int = answer.status
                return status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def stop(self) -> None:
        """SIGTERM, then asserts that it flushed and left with 0."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"logloom did not stop within {STOP_SECONDS} s of SIGTERM: {self.output()}") from None
        self._process = None
        assert code == 0, f"logloom ended with {code}: {self.output()}"

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(STOP_SECONDS)
        self._process = None

    def kill_if_alive(self) -> None:
        """As `kill`, where a test leaves it running."""
        if self._process is not None:
            self.kill()

    def signal(self, number: int) -> None:
        """Any signal."""
        assert self._process is not None
        self._process.send_signal(number)

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    def output(self) -> str:
        """The end of what it printed."""
        return self.log()[-4000:]

    def log(self) -> str:
        """All that it printed, in all its lives."""
        return self._err.read_text(errors="replace")

    def wait_for(
        self,
        path: Path,
        enough: Callable[[list[Flat]], bool],
        what: str,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> list[Flat]:
        """Waits until the file exporter has written `enough` to `path`, and returns its records."""
        found: list[Flat] = []

        def written() -> bool:
            found[:] = read(path)
            return enough(found)

        try:
            wait_until(written, what, timeout_seconds=timeout_seconds, failed=self.ended)
        except AssertionError as error:
            raise AssertionError(f"{error}; {len(found)} records so far; {self.output()}") from None
        return found

    def ended(self) -> str | None:
        """What to say of it where it has ended by itself."""
        if self._process is None or self._process.poll() is None:
            return None
        return f"logloom ended with {self._process.returncode}: {self.output()}"


def read(path: Path) -> list[Flat]:
    """The records in a file exporter's output, its rotated files included; a line still being written is left out."""
    found: list[Flat] = []
    for file in sorted(path.parent.glob(f"{path.stem}*{path.suffix}*"), key=lambda file: file.stat().st_mtime_ns):
        data = file.read_bytes()
        found += otlp.from_json(data[: data.rfind(b"\n") + 1])
    return found
