"""Whole pipelines beside the OpenTelemetry Collector's: CPU seconds of the process, from the wire to a destination.

`python -m bench.pipelines [--record] --collector BINARY [NAME...]`; `make bench-peers` builds the Collector first.
logloom runs with its journal on disk, the Collector with what it has in memory. The answer is checked first: each
record that was sent is at the destination, or was dropped by the rule that should.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from bench import collectors, corpus
from bench.collectors import ROOT, Load
from bench.loads import LINES, otlp_grpc
from tests.service.logloom_process import Logloom
from tests.service.waiting import wait_until

RECORDED = Path(__file__).with_name("recorded_pipelines.json")
PAGE = RECORDED.parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- pipelines:begin -->\n", "<!-- pipelines:end -->\n"
Row = dict[str, float]


@dataclass(frozen=True)
class Shape:
    """A pipeline, as both have it.

    Attributes:
        name: For the command.
        what: For people.
        load: What comes in; its `config` and `collector` are the receiver's.
        asked: How many times fewer CPU seconds are asked for; 0: nothing.
        compression: Of the export; empty: there is none, to a `nop`.
        parts: logloom's `processors`, `connectors`, `pipelines`, where they are more than the plain ones.
        collector: The same of the Collector's.
    """

    name: str
    what: str
    load: Load
    asked: float
    compression: str = "none"
    parts: dict[str, Any] = field(default_factory=dict)
    collector: dict[str, Any] = field(default_factory=dict)


def _exporter(shape: Shape, address: str) -> dict[str, Any]:
    if not shape.compression:
        return {"nop": None}
    return {"otlp": {"endpoint": address, "tls": {"insecure": True}, "compression": shape.compression}}


def _config(shape: Shape, receiver: dict[str, Any], parts: dict[str, Any], address: str) -> dict[str, Any]:
    name, exporter = shape.load.receiver[0], _exporter(shape, address)
    pipelines = {"logs": {"receivers": [name], "processors": [*parts.get("processors", ())], "exporters": [*exporter]}}
    return {
        "receivers": {name: receiver},
        **{key: value for key, value in parts.items() if key != "pipelines"},
        "exporters": exporter,
        "service": {"pipelines": parts.get("pipelines", pipelines)},
    }


@contextmanager
def sink(folder: Path) -> Iterator[tuple[str, Path]]:
    """A destination in a process of its own: its address, and the file that says how many records came."""
    file = folder / "sunk"
    file.write_text("0")
    command = [sys.executable, "-m", "bench.sink", str(file)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), file
    finally:
        process.terminate()
        process.wait(30)


def _arrived(shape: Shape, file: Path) -> None:
    """All has come at the destination, where there is one; the last line of a file may go on."""
    if shape.compression:
        least = shape.load.total - shape.load.may_lack
        wait_until(lambda: int(file.read_text() or 0) >= least, f"{least} records at the destination")


def logloom(shape: Shape, folder: Path) -> Row:
    """Microseconds of CPU a record, and MiB, of logloom."""
    load = shape.load
    with sink(folder) as (address, file):
        config = _config(shape, load.here(load.config, folder), shape.parts, address)
        with Logloom(config, folder) as running:
            before_s = collectors.cpu_s(running.pid)
            where = "" if load.how == "file" else running.endpoint(*load.receiver)
            collectors.spent_s(running.pid, load, where, folder)
            _arrived(shape, file)
            collectors.wait_idle(running.pid)
            spent_s = collectors.cpu_s(running.pid) - before_s
            mib = collectors.memory_bytes(running.pid, "VmHWM") / (1 << 20)
        taken = collectors.taken_by(running.log())
    assert load.total - load.may_lack <= taken <= load.total, f"{shape.name}: {taken} of {load.total}"
    return {"us": spent_s / load.total * 1e6, "mib": mib}


def collector(binary: Path, shape: Shape, folder: Path) -> Row:
    """The same of the Collector."""
    load = shape.load
    assert load.collector is not None
    with sink(folder) as (address, file):
        config = _config(shape, load.here(load.collector, folder), shape.collector, address)
        with collectors.collector_running(binary, config, folder) as (pid, _):
            before_s = collectors.cpu_s(pid)
            collectors.spent_s(pid, load, f"127.0.0.1:{collectors.PORT}", folder)
            _arrived(shape, file)
            collectors.wait_idle(pid)
            spent_s = collectors.cpu_s(pid) - before_s
            mib = collectors.memory_bytes(pid, "VmHWM") / (1 << 20)
    return {"us": spent_s / load.total * 1e6, "mib": mib}


ENVOY = (
    r'^\[(?P<time>[^\]]+)\] "(?P<method>\S+) (?P<path>\S+) (?P<protocol>[^"]+)" (?P<status>\d+) (?P<flags>\S+) '
    r'(?P<bytes_received>\d+) (?P<bytes_sent>\d+) (?P<duration>\d+) (?P<upstream_time>\S+) "(?P<forwarded_for>[^"]*)" '
    r'"(?P<user_agent>[^"]*)" "(?P<request_id>[^"]*)" "(?P<authority>[^"]*)" "(?P<upstream_host>[^"]*)"'
)
"""Envoy's default format, as users of `regex_parser` write it."""


def _envoy_text() -> Load:
    files = {"include": ["{folder}/in.log"], "start_at": "beginning"}
    parse = {
        "type": "regex_parser",
        "regex": ENVOY,
        "timestamp": {"parse_from": "attributes.time", "layout": "%Y-%m-%dT%H:%M:%S.%LZ"},
        "severity": {"parse_from": "attributes.status", "mapping": {"error": "5xx", "warn": "4xx", "info": "2xx"}},
        "on_error": "send_quiet",
    }
    return Load(
        "filelog_envoy",
        "Envoy's text by filelog",
        ("filelog", ""),
        {**files, "format": "envoy"},
        "file",
        corpus.envoy_text(LINES),
        LINES,
        ("envoy", {}),
        messages=200,
        may_lack=1,
        collector={**files, "operators": [parse]},
    )


def _envoy_json() -> Load:
    files = {"include": ["{folder}/in.log"], "start_at": "beginning"}
    parse = {"type": "json_parser", "on_error": "send_quiet"}
    return Load(
        "filelog_envoy_json",
        "Envoy's JSON by filelog",
        ("filelog", ""),
        {**files, "format": "envoy_json"},
        "file",
        corpus.envoy_json(LINES),
        LINES,
        ("envoy_json", {}),
        messages=100,
        may_lack=1,
        collector={**files, "operators": [parse]},
    )


PATTERN = r"[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}"
"""One pattern to redact, in both languages."""


def _shaped() -> Shape:
    ours = {
        "processors": {
            "redaction": {"rules": [], "custom": {"mail": {"pattern": PATTERN}}},
            "filter": {"drop": ['attributes["http.response.status_code"] == 418']},
            "attributes": {"actions": [{"key": "mesh", "value": "east", "action": "insert"}]},
        },
        "connectors": {
            "routing": {
                "default_pipelines": ["logs/rest"],
                "table": [
                    {
                        "context": "log",
                        "condition": 'attributes["http.request.method"] == "POST"',
                        "pipelines": ["logs/post"],
                    }
                ],
            }
        },
        "pipelines": _routed("filelog", ["redaction", "filter", "attributes"]),
    }
    theirs = {
        "processors": {
            "redaction": {"allow_all_keys": True, "blocked_values": [PATTERN], "summary": "silent"},
            "filter": {"logs": {"log_record": ['attributes["response_code"] == 418']}},
            "attributes": {"actions": [{"key": "mesh", "value": "east", "action": "insert"}]},
        },
        "connectors": {
            "routing": {
                "default_pipelines": ["logs/rest"],
                "table": [
                    {"context": "log", "condition": 'attributes["method"] == "POST"', "pipelines": ["logs/post"]}
                ],
            }
        },
        "pipelines": _routed("filelog", ["redaction", "filter", "attributes"]),
    }
    what = "Envoy's JSON: redaction, filter, attributes, routing"
    return Shape("shaped", what, _envoy_json(), 15, "", ours, theirs)


def _routed(receiver: str, processors: list[str]) -> dict[str, Any]:
    return {
        "logs": {"receivers": [receiver], "processors": processors, "exporters": ["routing"]},
        "logs/post": {"receivers": ["routing"], "exporters": ["nop"]},
        "logs/rest": {"receivers": ["routing"], "exporters": ["nop"]},
    }


def _requests(connections: int) -> Load:
    """Requests of one record each."""
    base = otlp_grpc()
    body = corpus.otlp_logs(1)
    return Load(
        f"otlp_one_{connections}",
        f"one record a request, {connections} connections",
        base.receiver,
        base.config,
        base.how,
        body,
        1,
        base.format,
        messages=max(10_000 // connections, 5),
        connections=connections,
        collector=base.collector,
    )


def shapes() -> list[Shape]:
    """All of them."""
    return [
        Shape("otlp", "OTLP in, OTLP out", otlp_grpc(), 5),
        Shape("otlp_gzip", "OTLP in, OTLP out, gzip", otlp_grpc(), 5, "gzip"),
        Shape("envoy_gzip", "Envoy's text by filelog, OTLP out, gzip", _envoy_text(), 20, "gzip"),
        _shaped(),
        Shape("one_16", "OTLP in, one record a request, 16 connections", _requests(16), 1, ""),
        Shape("one_1000", "OTLP in, one record a request, 1,000 connections", _requests(1000), 1, ""),
    ]


def table(rows: dict[str, Row], among: list[Shape]) -> str:
    """The figures as a table of Markdown."""
    lines = ["| pipeline | a record | the Collector, side by side | times | asked |", "|---|---|---|---|---|"]
    for shape in among:
        if (row := rows.get(shape.name)) is None:
            continue
        beside, times = "", ""
        if "collector_us" in row:
            beside, times = f"{row['collector_us']:.2f} µs", f"{row['collector_us'] / row['us']:.1f}"
        lines.append(f"| {shape.what} | {row['us']:.2f} µs | {beside} | {times} | {shape.asked:g} |")
    return "\n".join(lines) + "\n"


def record(rows: dict[str, Row]) -> None:
    """Write them down, for people."""
    RECORDED.write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    PAGE.write_text(before + BEGIN + table(rows, shapes()) + END + rest.partition(END)[2])


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m bench.pipelines", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many runs (3)")
    parser.add_argument("--record", action="store_true", help="write them down")
    parser.add_argument("--collector", type=Path, help="a Collector's binary")
    args = parser.parse_args()
    rows: dict[str, Row] = orjson.loads(RECORDED.read_bytes()) if RECORDED.exists() else {}
    for shape in shapes():
        if args.names and shape.name not in args.names:
            continue
        ours, theirs = [], []
        for _ in range(args.rounds):
            with tempfile.TemporaryDirectory() as folder:
                ours.append(logloom(shape, Path(folder)))
            if args.collector:
                with tempfile.TemporaryDirectory() as folder:
                    theirs.append(collector(args.collector, shape, Path(folder)))
        row = min(ours, key=lambda one: one["us"])
        if theirs:
            row["collector_us"] = min(one["us"] for one in theirs)
            row["collector_mib"] = min(one["mib"] for one in theirs)
        rows[shape.name] = {key: round(value, 3) for key, value in row.items()}
        sys.stdout.write(table(rows, [shape]).splitlines()[-1] + "\n")
        if args.record:
            record(rows)


if __name__ == "__main__":
    main()
