"""How long an acknowledgement takes at half of the most that is acknowledged: `python -m bench.latency [--record]`.

The journal is on disk: an acknowledgement means that the records are encrypted and synced. Client and server share the
machine's cores.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson

from bench import corpus
from bench.collectors import ROOT
from tests.service.logloom_process import Logloom

RECORDED = Path(__file__).with_name("recorded_latency.json")
PAGE = RECORDED.parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- latency:begin -->\n", "<!-- latency:end -->\n"
SECONDS = 5.0
CONNECTIONS = 16
SIZES = (1, 1000)
CONFIG: dict[str, Any] = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:0"}}}},
    "exporters": {"nop": None},
    "service": {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["nop"]}}},
}


def paced(address: str, file: Path, rate: float, seconds: float, connections: int = CONNECTIONS) -> dict[str, float]:
    """What `bench.pace` says."""
    command = [sys.executable, "-m", "bench.pace", address, str(file), str(connections), str(rate), str(seconds)]
    found: dict[str, float] = orjson.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    return found


def measure(records: int, seconds: float = SECONDS) -> dict[str, float]:
    """The most requests a second, and the latencies at half of them, in milliseconds; all is acknowledged."""
    with tempfile.TemporaryDirectory() as folder, Logloom(CONFIG, Path(folder)) as running:
        (message := Path(folder) / "message").write_bytes(corpus.otlp_logs(records))
        address = running.endpoint("otlp", "http")
        paced(address, message, 0, 1.0)  # warm
        most = paced(address, message, 0, seconds)["per_s"]
        half = paced(address, message, most / 2, seconds)
    ms = {f"{key}_ms": half[key] * 1e3 for key in ("p50", "p90", "p99", "max", "sent_p50", "sent_p99", "sent_max")}
    return {"most_per_s": most, "half_per_s": half["per_s"], **ms}


def table(rows: dict[str, dict[str, float]]) -> str:
    """The figures as a table of Markdown."""
    shown = "requests a second, the most | at half of that, from sending: p50 | p99 | the longest"
    lines = [f"| records a request | {shown} | from when it was due: p50 | p99 | the longest |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for name, row in sorted(rows.items(), key=lambda item: int(item[0])):
        columns = ("sent_p50_ms", "sent_p99_ms", "sent_max_ms", "p50_ms", "p99_ms", "max_ms")
        times = " | ".join(f"{row[key]:.1f} ms" for key in columns)
        lines.append(f"| {int(name):,} | {row['most_per_s']:,.0f} | {times} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--record", action="store_true", help="write them down")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long each measurement takes")
    args = parser.parse_args()
    rows = {str(size): {key: round(value, 3) for key, value in measure(size, args.seconds).items()} for size in SIZES}
    sys.stdout.write(table(rows))
    if args.record:
        RECORDED.write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(before + BEGIN + table(rows) + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
