"""The numbers of a running service's parts."""

from dataclasses import dataclass
from typing import Any

from logloom.telemetry.catalog import CATALOG, Numbers
from logloom.telemetry.numbers import intake_numbers
from logloom.telemetry.snapshot import Telemetry

COUNTED: dict[str, Any] = {
    "receivers": {"otlp": {"records": 5, "rejects": 1, "refused": 2, "later": 3, "throttled": 4, "bytes": 99}},
    "pipelines": {"logs": {"records": 4, "dropped": 1}},
    "processors": {
        "filter": {"incoming": 5, "outgoing": 4, "dropped": 1, "added": 0, "failed": 0, "rules": {"keep": 1}},
    },
    "routes": {"routing": {"checkout": 8}},
    "unrouted": 6,
    "rejects": {"envoy:syntax": 1},
}


@dataclass
class Gathered:
    telemetry: Telemetry

    def __init__(self, counted: dict[str, Any], receivers: list[str]) -> None:
        def source() -> Any:
            numbers = Numbers()
            intake_numbers(numbers, counted, receivers)
            return numbers.metrics()

        self.telemetry = Telemetry()
        self.telemetry.sources.append(source)


def test_what_the_intake_counts() -> None:
    found = Gathered(COUNTED, ["otlp", "syslog"]).telemetry.snapshot()
    assert found.by("otelcol_receiver_accepted_log_records", "receiver") == {"otlp": 5, "syslog": 0}
    assert found.by("otelcol_receiver_refused_log_records", "receiver") == {"otlp": 9, "syslog": 0}
    assert found.by("logloom_receiver_refused_messages", "reason") == {"refused": 2, "later": 3, "throttled": 4}
    assert found.value("logloom_rejects", format="envoy", reason="syntax") == 1
    assert found.value("logloom_processor_rule_matches", processor="filter", rule="keep") == 1
    assert found.value("otelcol_processor_outgoing_items", processor="filter") == 4
    assert found.value("logloom_connector_records", connector="routing", route="checkout") == 8
    assert found.value("logloom_unrouted_records") == 6


def test_labels_are_those_of_the_catalogue() -> None:
    for metric in Gathered(COUNTED, ["otlp"]).telemetry.snapshot().metrics.values():
        for point in metric.points:
            assert tuple(point.labels) == CATALOG[metric.name].labels, metric.name
