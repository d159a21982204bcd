"""A collector as a process of its own, fed by another: what it costs to take records in, from the wire to a `nop`.

CPU seconds, user and system, are the process's own, with all its threads. logloom runs as it does by default: what it
acknowledges is encrypted and synced to disk first. The OpenTelemetry Collector acknowledges what it has in memory.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson

from tests.service.logloom_process import Logloom
from tests.service.waiting import wait_until

ROOT = Path(__file__).parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
IDLE_S = 0.4
"""A process that used no CPU for so long has taken all that came."""
PORT, TELEMETRY_PORT = 18887, 18888
"""Where the Collector listens: it does not tell which port it was given."""


@dataclass(frozen=True)
class Load:
    """What is sent to a receiver.

    Attributes:
        name: The figure's name, after `receiver_`.
        what: For people.
        receiver: The id of the receiver, the name of its endpoint as logloom tells it.
        config: logloom's config of it.
        how: As `bench.load` has it; `file`: the message is appended to a file.
        message: One message: a whole HTTP request, a window, lines.
        records: How many records it holds.
        format: The format that reads it, with its options: its own cost is the yardstick.
        body: What of `message` that format reads; all of it unless given.
        messages: How many are sent.
        connections: Over how many connections.
        collector: The Collector's config of the same receiver; None where it has none. `{port}`, `{folder}` are put in.
        spans: Whether they are spans.
        may_lack: How many may be missing when all is idle: the kernel drops datagrams; the last line may go on.
    """

    name: str
    what: str
    receiver: tuple[str, str]
    config: dict[str, Any]
    how: str
    message: bytes
    records: int
    format: tuple[str, dict[str, Any]]
    body: bytes = b""
    messages: int = 50
    connections: int = 16
    collector: dict[str, Any] | None = None
    spans: bool = False
    may_lack: int = 0

    def here(self, config: dict[str, Any], folder: Path) -> dict[str, Any]:
        """A config with the folder that it runs in, and a free port."""
        text = orjson.dumps(config).replace(b"{folder}", bytes(folder)).replace(b"{port}", b"%d" % PORT)
        return dict(orjson.loads(text))

    @property
    def total(self) -> int:
        """How many records come in."""
        if self.how == "datagrams":
            return self.records
        return self.messages * self.records * (1 if self.how == "file" else self.connections)


@dataclass(frozen=True)
class Cost:
    """What it took.

    Attributes:
        records: How many were taken.
        cpu_s: CPU seconds, user and system, of the whole process.
        rss_bytes: The most memory that it had resident.
    """

    records: int
    cpu_s: float
    rss_bytes: int

    @property
    def per_cpu_second(self) -> float:
        """Records a CPU second."""
        return self.records / self.cpu_s


def cpu_s(pid: int) -> float:
    """The CPU seconds of a process so far, with its threads, without its children."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS


def memory_bytes(pid: int, what: str = "VmRSS") -> int:
    """What /proc/PID/status says of its memory: `VmRSS`, `VmHWM`."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) << 10


def logloom(load: Load, folder: Path) -> Cost:
    """Start logloom with this one receiver, send the load, and count."""
    config = {
        "receivers": {load.receiver[0]: load.here(load.config, folder)},
        "exporters": {"nop": None},
        "service": {"pipelines": {"logs": {"receivers": [load.receiver[0]], "exporters": ["nop"]}}},
    }
    with Logloom(config, folder) as running:
        address = "" if load.how == "file" else running.endpoint(*load.receiver)
        spent = spent_s(running.pid, load, address, folder)
        rss_bytes = memory_bytes(running.pid, "VmHWM")
    return Cost(taken_by(running.log()), spent, rss_bytes)


def taken_by(log: str) -> int:
    """How many records logloom says that its one receiver took, once it has ended."""
    found = re.findall(r" received receiver=\S+ records=(\d+)", log)
    return int(found[-1]) if found else 0


def collector(binary: Path, load: Load, folder: Path) -> Cost:
    """The same with the OpenTelemetry Collector, whose `batch` processor would only cost it more."""
    assert load.collector is not None
    kind = "traces" if load.spans else "logs"
    receiver = load.receiver[0]
    config = {
        "receivers": {receiver: load.here(load.collector, folder)},
        "exporters": {"nop": None},
        "service": {"pipelines": {kind: {"receivers": [receiver], "exporters": ["nop"]}}},
    }
    with collector_running(binary, config, folder) as (pid, metrics):
        spent = spent_s(pid, load, f"127.0.0.1:{PORT}", folder)
        rss_bytes = memory_bytes(pid, "VmHWM")
        said = f"otelcol_receiver_accepted_{'spans' if load.spans else 'log_records'}"
        counted = re.findall(rf"^{said}(?:_total)?{{.*}} (\S+)$", metrics(), re.MULTILINE)
    return Cost(int(sum(map(float, counted))), spent, rss_bytes)


@contextmanager
def collector_running(binary: Path, config: dict[str, Any], folder: Path) -> Iterator[tuple[int, Callable[[], str]]]:
    """A Collector that is up: its process, and what asks it for its own metrics."""
    telemetry = {"host": "127.0.0.1", "port": TELEMETRY_PORT}
    reader = {"pull": {"exporter": {"prometheus": {**telemetry, "without_type_suffix": True}}}}
    own = {"metrics": {"level": "normal", "readers": [reader]}, "logs": {"level": "error"}}
    file = folder / "otelcol.yaml"
    file.write_bytes(orjson.dumps({**config, "service": {**config["service"], "telemetry": own}}))
    with (folder / "otelcol.err").open("wb") as err:
        process = subprocess.Popen([binary, "--config", file], stdout=err, stderr=err)

    def metrics() -> str:
        try:
            with urlopen(f"http://127.0.0.1:{TELEMETRY_PORT}/metrics", timeout=5) as answer:
                return str(answer.read(), "utf-8")
        except OSError:
            return ""

    def failed() -> str | None:
        return None if process.poll() is None else (folder / "otelcol.err").read_text()

    try:
        wait_until(metrics, "the Collector to be up", failed=failed)
        wait_idle(process.pid)
        yield process.pid, metrics
    finally:
        process.terminate()
        process.wait(30)


def spent_s(pid: int, load: Load, address: str, folder: Path) -> float:
    """The CPU seconds that a process takes for all of the load, until it is idle again."""
    before_s = cpu_s(pid)
    if load.how == "file":
        with (folder / "in.log").open("ab") as file:
            for _ in range(load.messages):
                file.write(load.message)
    else:
        (folder / "message").write_bytes(load.message)
        sender = [sys.executable, "-m", "bench.load", load.how, address, str(folder / "message")]
        counts = [str(load.connections), str(load.messages)]
        done = subprocess.run([*sender, *counts], cwd=ROOT, capture_output=True, text=True, check=False)
        sent = load.records if load.how == "datagrams" else load.connections * load.messages
        assert (done.returncode, done.stdout.strip()) == (0, str(sent)), done.stderr[-2000:]
    wait_idle(pid)
    return cpu_s(pid) - before_s


def wait_idle(pid: int) -> None:
    """Until the process has used no CPU for a while."""
    last_s, since_s = cpu_s(pid), time.monotonic()

    def is_idle() -> bool:
        nonlocal last_s, since_s
        if (now_s := cpu_s(pid)) > last_s:
            last_s, since_s = now_s, time.monotonic()
        return time.monotonic() - since_s > IDLE_S

    wait_until(is_idle, "all to be taken")
