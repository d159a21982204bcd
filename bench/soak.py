"""`make soak`: half of the most for half an hour; memory flat, descriptors not leaking, what waits bounded.

`python -m bench.soak [--minutes 30] [--record]`: OTLP over HTTP in, a journal on disk, OTLP over gRPC with gzip out.
Every ten seconds: resident memory, descriptors, and how far the destination is behind the senders, in seconds of
their rate. Exit code 1 where a bound does not hold. Not in CI.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson

from bench import collectors, corpus
from bench.collectors import ROOT
from bench.latency import CONNECTIONS, paced
from bench.pipelines import sink
from tests.service.logloom_process import Logloom
from tests.service.waiting import wait_until

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- soak:begin -->\n", "<!-- soak:end -->\n"
EVERY_S = 10.0
RECORDS = 1000
GROWTH_MAX = 1.10
"""The most that the last third's memory may be of the second third's; the first third fills caches and pools."""
BEHIND_S_MAX = 10.0
DESCRIPTORS_MORE_MAX = 4


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--record", action="store_true", help="write the result to docs/performance.md")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as text:
        told, is_good = soak(Path(text), args.minutes * 60)
    sys.stdout.write(told)
    if args.record:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(before + BEGIN + told + END + rest.partition(END)[2])
    return 0 if is_good else 1


def soak(folder: Path, seconds: float) -> tuple[str, bool]:
    """What came of it, in words, and whether all bounds held."""
    (message := folder / "message").write_bytes(corpus.otlp_logs(RECORDS))
    with sink(folder) as (destination, counted):
        config: dict[str, Any] = {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:0"}}}},
            "exporters": {"otlp": {"endpoint": destination, "tls": {"insecure": True}, "compression": "gzip"}},
            "service": {
                "pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["otlp"]}},
                "telemetry": {"metrics": {"level": "none"}},  # its port may be another's for half an hour
            },
        }
        with Logloom(config, folder) as running:
            address = running.endpoint("otlp", "http")
            began_s = time.monotonic()
            first = paced(address, message, 0, 10.0)
            sent = int(first["count"]) * RECORDS
            wait_until(lambda: _count(counted) >= sent, "all to arrive", timeout_seconds=120)
            # The most is what gets through to the end, not what the journal takes.
            rate = sent / RECORDS / (time.monotonic() - began_s) / 2
            samples = _sampled(running.pid, [address, str(message)], counted, rate, seconds, before=sent)
            total = samples.pop("sent")[0]
            wait_until(lambda: _count(counted) >= total, "all to arrive", timeout_seconds=300)
            arrived = _count(counted)
    return _told(samples, rate, seconds, int(total), arrived)


def _count(file: Path) -> int:
    return int(file.read_text() or 0)


def _sampled(
    pid: int, what: list[str], counted: Path, rate: float, seconds: float, *, before: int
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"mib": [], "descriptors": [], "behind_s": []}
    command = [sys.executable, "-m", "bench.pace", *what, str(CONNECTIONS), str(rate), str(seconds)]
    began_s = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as sender:
        while sender.poll() is None:
            try:
                sender.wait(EVERY_S)
            except subprocess.TimeoutExpired:
                due = before + (time.monotonic() - began_s) * rate * RECORDS
                found["mib"].append(collectors.memory_bytes(pid) / (1 << 20))
                found["descriptors"].append(float(len(list(Path(f"/proc/{pid}/fd").iterdir()))))
                found["behind_s"].append(max(due - _count(counted), 0.0) / (rate * RECORDS))
        assert sender.stdout is not None
        told = orjson.loads(sender.stdout.read())
        found |= {"sent": [before + told["count"] * RECORDS], "again": [told["again"]]}
    return found


def _told(samples: dict[str, list[float]], rate: float, seconds: float, sent: int, arrived: int) -> tuple[str, bool]:
    third = len(samples["mib"]) // 3
    second, last = (sum(part) / len(part) for part in (samples["mib"][third : 2 * third], samples["mib"][2 * third :]))
    fds, behind_s = samples["descriptors"], max(samples["behind_s"])
    bounds = {
        f"resident memory {second:.0f} MiB in the second third, {last:.0f} MiB in the last": last
        <= second * GROWTH_MAX,
        f"descriptors {fds[0]:.0f} at the beginning, {fds[-1]:.0f} at the end": fds[-1]
        <= fds[0] + DESCRIPTORS_MORE_MAX,
        f"the destination at most {behind_s:.1f} s behind": behind_s <= BEHIND_S_MAX,
        f"{arrived:,} of {sent:,} records arrived": arrived >= sent,
        f"the sender was asked to come again {samples['again'][0]:,.0f} times": True,
    }
    lines = [f"{seconds / 60:g} minutes at {rate * RECORDS:,.0f} records a second, half of the most:", ""]
    lines += [f"- {what}{'' if holds else ' (**does not hold**)'}" for what, holds in bounds.items()]
    return "\n".join(lines) + "\n", all(bounds.values())


if __name__ == "__main__":
    sys.exit(main())
