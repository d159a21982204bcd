"""`logloom status`: how a collector is that runs."""

import argparse
import sys
from pathlib import Path
from typing import Any, Final

SUMMARY = "show how a collector is that runs: what came and went, what waits, what stalls"
EPILOG = """\
Asks the process that runs on the data folder, at a socket in it; it answers also while it is stalled. Counts are since
its start. Exit codes: 0 it is ready; 1 it is not, or something in it stalls; 2 none runs there, or it does not answer.

examples:
  logloom status --data /var/lib/logloom
  logloom status --json | jq .snapshot.metrics.logloom_exporter_lag_seconds
  logloom status --metrics"""

ANSWER_S_MAX: Final = 5.0
"""How long the process may take to answer, in seconds."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """`--data`, `--json` and `--metrics`."""
    parser.add_argument("-d", "--data", type=Path, default=Path("data"), metavar="DIR", help="default: ./data")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="all of it, as JSON")
    how.add_argument("--metrics", action="store_true", help="all metrics, as Prometheus reads them")


def run(args: argparse.Namespace) -> int:
    """Ask and show; see the exit codes in the help."""
    import orjson

    from logloom.telemetry import prometheus, status

    said = status.ask(args.data, ANSWER_S_MAX)
    if said is None:
        print(f"logloom: no collector runs on {args.data}: give its --data", file=sys.stderr)
        return 2
    if args.json:
        sys.stdout.write(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode() + "\n")
    elif args.metrics:
        sys.stdout.write(prometheus.text(status.read(said["snapshot"])))
    else:
        print("\n".join(lines_of(said)))
    return 0 if said["ready"] and not said["stalls"] else 1


def lines_of(said: dict[str, Any]) -> list[str]:
    """What a person is shown."""
    from logloom.cli._figures import ago, amount, size, table
    from logloom.telemetry import status

    now = status.read(said["snapshot"])
    state = "ready" if said["ready"] else "NOT READY"
    up = ago(now.value("otelcol_process_uptime"))
    lines = [f"logloom {said['version']}, process {said['process']}: {state}, up for {up}"]
    used = f"memory {size(now.value('otelcol_process_memory_rss'))}"
    used += f", CPU {ago(now.value('otelcol_process_cpu_seconds'))}"
    used += f", in flight {size(now.value('logloom_in_flight_bytes'))}"
    lines.append(f"{used} of {size(now.value('logloom_in_flight_max_bytes'))}")
    lines += [f"metrics at http://{at}/metrics" for at in said["metrics_at"]]
    lines += [f"STALLED {stall['what']}: {stall['why']}" for stall in said["stalls"]]
    lines += [f"TROUBLE journal: {what}" for what in now.by("logloom_journal_trouble", "what")]
    lines += [
        f"{it['state'].upper()} {it['kind']} {it['id']}: {it['last_error']}"
        for it in said["components"]
        if it["state"] != "running"
    ]
    accepted = now.by("otelcol_receiver_accepted_log_records", "receiver")
    lines += table(
        ("receiver", "accepted", "size", "rejects", "refused"),
        [
            (
                receiver,
                amount(count),
                size(now.value("logloom_receiver_bytes", receiver=receiver)),
                amount(now.value("logloom_receiver_rejects", receiver=receiver)),
                amount(now.value("otelcol_receiver_refused_log_records", receiver=receiver)),
            )
            for receiver, count in accepted.items()
        ],
    )
    lines += table(
        ("pipeline", "records", "dropped"),
        [
            (name, amount(count), amount(now.value("logloom_pipeline_dropped_records", pipeline=name)))
            for name, count in now.by("logloom_pipeline_records", "pipeline").items()
        ],
    )
    lines += table(
        ("processor", "rule", "found"),
        [
            (point.labels["processor"], point.labels["rule"], amount(float(point.value)))
            for point in _points(now, "logloom_processor_rule_matches")
        ],
    )
    lines += table(
        ("exporter", "delivered", "waiting", "size", "lag", "retries", "lost"),
        [
            (
                exporter,
                amount(count),
                amount(now.value("logloom_exporter_lag_records", exporter=exporter)),
                size(now.value("logloom_exporter_lag_bytes", exporter=exporter)),
                ago(now.value("logloom_exporter_lag_seconds", exporter=exporter)),
                amount(now.value("logloom_exporter_retries", exporter=exporter)),
                amount(now.value("otelcol_exporter_send_failed_log_records", exporter=exporter)),
            )
            for exporter, count in now.by("otelcol_exporter_sent_log_records", "exporter").items()
        ],
    )
    return lines


def _points(now: Any, name: str) -> Any:
    metric = now.metrics.get(name)
    return metric.points if metric is not None else ()
