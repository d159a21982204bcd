"""logloom's own accounts against what senders, files and destinations counted: to the record, over all kills."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import orjson

from tests.service.kill.session import Outcome

__all__ = ["accounts", "check"]

RECEIVERS = {
    "grpc": "otlp",
    "proto": "otlp",
    "json": "otlp",
    "zipkin": "zipkin",
    "jaeger": "jaeger",
    "post": "http",
    "envoy": "envoyals",
    "forward": "fluentforward",
    "beats": "lumberjack",
    "loki": "loki",
    "bulk": "elasticsearch",
    "hec": "splunkhec",
    "datadog": "datadog",
    "app": "filelog/app",
    "pod": "filelog/pod",
}
"""Which receiver has the records of which senders."""


def accounts(data: Path) -> dict[str, Any]:
    """As `logloom journal accounts` tells them, of a data folder that nobody uses now."""
    command: list[str | Path] = [
        Path(sys.executable).with_name("logloom"),
        "journal",
        "accounts",
        "--json",
        "--data",
        data,
    ]
    told = subprocess.run(command, capture_output=True, timeout=60)
    assert told.returncode == 0, told.stderr.decode()
    found: dict[str, Any] = orjson.loads(told.stdout)
    return found


def check(outcome: Outcome, found: dict[str, Any]) -> str:
    """Asserts that they agree after everything was delivered; says in short what they are."""
    assert not found["unbalanced"], found["unbalanced"]
    written = Counter(_receiver(one.id) for one in outcome.arrived["file"])
    total = written.total()
    for name, row in found["receivers"].items():
        # Whole records only are in the file: what was joined to them is a frame, and no record.
        assert row["parsed"] + row["rejects"] == written[name], (
            f"receiver {name}: {row}, but {written[name]} in the file"
        )
        assert row["frames"] == row["parsed"] + row["rejects"] + row["joined"] + row["passed_over"]
        assert row["unrouted"] == 0
    assert found["receivers"].keys() == written.keys() == set(RECEIVERS.values())
    assert sum(row["journalled"] for row in found["pipelines"].values()) == total
    assert all(row["dropped"] == 0 for row in found["pipelines"].values())
    for name, row in found["exporters"].items():
        assert (row["journalled"], row["delivered"], row["pending"]) == (total, total, 0), f"exporter {name}: {row}"
        assert (row["dead_lettered"], row["dropped"], row["missing"]) == (0, 0, 0), f"exporter {name}: {row}"
        came = outcome.arrived[name]
        assert len(came) >= total, f"{name} has less than it is said to have been given"
        if name != "file":
            # Whoever keeps the first of each key has what the file has: each entry of the journal once.
            assert len({one.uid for one in came}) == total, f"{name}: keys that do not tell records apart"
            once = {one.uid: one.id for one in came}
            assert Counter(once.values()) == Counter(one.id for one in outcome.arrived["file"])
    acknowledged = Counter(_receiver(one) for one in outcome.notes.owed())
    sent: Counter[str] = Counter()
    for identifier, note in outcome.notes.records.items():
        sent[_receiver(identifier)] += note.attempts
    for name, count in acknowledged.items():
        assert count <= written[name], f"receiver {name}: fewer than it acknowledged"
        assert name.startswith("filelog") or written[name] <= sent[name], f"receiver {name}: more than were ever sent"
    again = {name: len(came) - total for name, came in outcome.arrived.items()}
    copies = total - len({one.id for one in outcome.arrived["file"]})
    return f"{total} journalled, {copies} of them copies that senders and re-read files made; delivered again: {again}"


def _receiver(identifier: str) -> str:
    return RECEIVERS[re.split(r"\d", identifier, maxsplit=1)[0]]
