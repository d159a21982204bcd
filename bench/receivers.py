"""What each receiver costs, in CPU seconds of the whole process, beside the OpenTelemetry Collector.

`python -m bench.receivers [--record] [--collector BINARY] [NAME...]` measures, prints, and with `--record` writes the
figures to bench/recorded_receivers.json and the table of docs/performance.md. Without a Collector's binary it stands
beside what was recorded of one, or measured beforehand.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import orjson

import logloom
from bench import collectors
from bench.collectors import Load

RECORDED = Path(__file__).with_name("recorded_receivers.json")
PAGE = RECORDED.parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- receivers:begin -->\n", "<!-- receivers:end -->\n"
COLLECTOR = "LOGLOOM_BENCH_COLLECTOR"
"""The environment's variable that names a Collector's binary."""

BEFOREHAND_PER_S = {"otlp_grpc": 141_000, "zipkin": 13_300, "filelog": 159_000}
"""Records a CPU second of the OpenTelemetry Collector v0.152.0 into its `nop` exporter, with `batch`, measured
beforehand on two virtual cores at 2.5 GHz; of lines, spans and records of the same sizes."""

Row = dict[str, float]


def parse_s(load: Load) -> float:
    """CPU seconds that the format alone takes for one message: the yardstick."""
    name, options = load.format
    parser = logloom.Parser(name, **options)
    body = load.body or load.message
    parser.parse(body)
    best_s = float("inf")
    for _ in range(7):
        began_s = time.process_time()
        parser.parse(body)
        best_s = min(best_s, time.process_time() - began_s)
    return best_s


def expected(load: Load) -> int:
    """How many records all of it becomes, as the format reads it in process, where it was held against others."""
    name, options = load.format
    batch = logloom.Parser(name, **options).parse(load.body or load.message)
    assert not batch.rejects
    return len(batch) * (load.total // load.records)


def measure(load: Load, rounds: int = 1) -> Row:
    """The least of `rounds` runs: microseconds a record, alone and of the format; MiB of memory.

    Raises:
        AssertionError: Not all of it was taken.
    """
    wanted, costs = expected(load), []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            costs.append(cost := collectors.logloom(load, Path(folder)))
        assert wanted - load.may_lack <= cost.records <= wanted, f"{load.name}: {cost.records} records of {wanted}"
    best = min(costs, key=lambda cost: cost.cpu_s)
    return {
        "us": best.cpu_s / (load.total * best.records / wanted) * 1e6,
        "parse_us": parse_s(load) / load.records * 1e6,
        "mib": best.rss_bytes / (1 << 20),
    }


def measure_collector(binary: Path, load: Load, rounds: int = 1) -> float:
    """The same of the Collector, in microseconds a record."""
    costs = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            cost = collectors.collector(binary, load, Path(folder))
        assert load.how == "datagrams" or load.total - load.may_lack <= cost.records, f"{load.name}: {cost.records}"
        costs.append(cost.cpu_s / cost.records * 1e6)
    return min(costs)


def load_recorded() -> dict[str, Row]:
    """What was recorded, by the load's name."""
    return dict(orjson.loads(RECORDED.read_bytes())) if RECORDED.exists() else {}


def table(rows: dict[str, Row], loads: list[Load]) -> str:
    """The figures as a table of Markdown."""
    head = (
        "| receiver | a record | of it the format | records a CPU second | the Collector, side by side | beforehand |"
    )
    lines = [head, "|---|---|---|---|---|---|"]
    for load in loads:
        if (row := rows.get(load.name)) is None:
            continue
        us = row["us"]
        beside = f"{row['collector_us']:.2f} µs: {row['collector_us'] / us:.1f} times" if "collector_us" in row else ""
        before = BEFOREHAND_PER_S.get(load.name)
        earlier = f"{1e6 / before:.1f} µs: {1e6 / before / us:.1f} times" if before else ""
        own = f"{us:.2f} µs | {row['parse_us']:.2f} µs | {1e6 / us:,.0f}"
        lines.append(f"| {load.what} | {own} | {beside} | {earlier} |")
    return "\n".join(lines) + "\n"


def record(rows: dict[str, Row]) -> None:
    """Write them down, for the bench's floor and for people."""
    from bench import loads

    RECORDED.write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    PAGE.write_text(before + BEGIN + table(rows, loads.ALL) + END + rest.partition(END)[2])


def main() -> None:
    """See the module."""
    from bench import loads

    parser = argparse.ArgumentParser(prog="python -m bench.receivers", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many runs (3)")
    parser.add_argument("--record", action="store_true", help="write them down")
    parser.add_argument("--collector", type=Path, default=os.environ.get(COLLECTOR), help="a Collector's binary")
    args = parser.parse_args()
    rows = load_recorded()
    for load in loads.ALL:
        if args.names and load.name not in args.names:
            continue
        row = measure(load, args.rounds)
        if "collector_us" in rows.get(load.name, {}):
            row["collector_us"] = rows[load.name]["collector_us"]
        if args.collector and load.collector is not None:
            row["collector_us"] = measure_collector(Path(args.collector), load, args.rounds)
        rows[load.name] = {key: round(value, 3) for key, value in row.items()}
        sys.stdout.write(table({load.name: rows[load.name]}, [load]).splitlines()[-1] + "\n")
        if args.record:
            record(rows)


if __name__ == "__main__":
    main()
