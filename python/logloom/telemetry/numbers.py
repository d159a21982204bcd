"""Who has numbers in a running service, and what they are called in the catalogue."""

import os
import resource
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from logloom._native import Intake, Journal
from logloom.room import Room
from logloom.telemetry.catalog import Numbers
from logloom.telemetry.metric import Buckets

__all__ = ["ComponentView", "Counts", "ExporterView", "Parts", "intake_numbers", "put_all"]


class Counts(Protocol):
    """What became of an exporter's records: `logloom.exporters._follow.Counts`."""

    delivered: int
    dead_lettered: int
    refused: int
    dropped: int
    retries: int


@dataclass(frozen=True, slots=True)
class ExporterView:
    """An exporter, as far as it is told of.

    Attributes:
        id: As in the config.
        counts: What became of its records.
        linger_s: How long its records may wait for others, in seconds.
    """

    id: str
    counts: Counts
    linger_s: float = 0.0


class ComponentView(Protocol):
    """How a component is: `logloom.service.ComponentState`."""

    @property
    def id(self) -> str:
        """As in the config."""

    @property
    def kind(self) -> str:
        """`receiver`, …."""

    @property
    def state(self) -> str:
        """`running`, …."""

    @property
    def restarts(self) -> int:
        """How often it was started again."""

    @property
    def last_error(self) -> str:
        """Why it failed last."""


def _nobody() -> Iterable[Any]:
    return ()


@dataclass(slots=True)
class Parts:
    """The parts of a running service that have numbers; each is asked from another thread.

    Attributes:
        main: The journal.
        dead: That of dead letters, where there is one.
        intake: What receivers push to.
        room: The bound on what is in hand.
        receivers: The receivers' ids.
        exporters: The exporters.
        components: How each component is.
    """

    main: Journal
    dead: Journal | None
    intake: Intake
    room: Room
    receivers: Callable[[], Iterable[str]] = _nobody
    exporters: Callable[[], Iterable[ExporterView]] = _nobody
    components: Callable[[], Iterable[ComponentView]] = _nobody


def put_all(numbers: Numbers, parts: Parts) -> None:
    """The numbers of all parts, and of the process."""
    _process(numbers)
    numbers.put("logloom_in_flight_bytes", parts.room.held_bytes)
    numbers.put("logloom_in_flight_max_bytes", parts.room.bytes_max)
    for component in parts.components():
        labels = {"kind": component.kind, "component": component.id}
        numbers.put("logloom_component_restarts", component.restarts, **labels)
        numbers.put("logloom_component_up", int(component.state == "running"), **labels)
    intake_numbers(numbers, parts.intake.counters(), parts.receivers())
    _exporters(numbers, parts)
    _journals(numbers, parts)


_STARTED_S = time.monotonic()


def _process(numbers: Numbers) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    numbers.put("otelcol_process_uptime", time.monotonic() - _STARTED_S)
    numbers.put("otelcol_process_cpu_seconds", used.ru_utime + used.ru_stime)
    statm = Path("/proc/self/statm")
    if statm.exists():
        pages = int(statm.read_text(encoding="ascii").split()[1])
        numbers.put("otelcol_process_memory_rss", pages * os.sysconf("SC_PAGE_SIZE"))
        numbers.put("logloom_open_files", len(os.listdir("/proc/self/fd")))  # noqa: PTH208 — thousands of names


def intake_numbers(numbers: Numbers, counted: Mapping[str, Any], receivers: Iterable[str]) -> None:
    """What `Intake.counters` says; receivers to which nothing came have numbers, too."""
    rows: dict[str, Mapping[str, int]] = {receiver: {} for receiver in receivers}
    rows |= counted["receivers"]
    for receiver, row in rows.items():
        refused = {"refused": row.get("refused", 0), "later": row.get("later", 0)}
        if "throttled" in row:
            refused["throttled"] = row["throttled"]
        numbers.put("otelcol_receiver_accepted_log_records", row.get("records", 0), receiver=receiver)
        numbers.put("otelcol_receiver_refused_log_records", sum(refused.values()), receiver=receiver)
        numbers.put("logloom_receiver_bytes", row.get("bytes", 0), receiver=receiver)
        numbers.put("logloom_receiver_rejects", row.get("rejects", 0), receiver=receiver)
        for reason, count in refused.items():
            numbers.put("logloom_receiver_refused_messages", count, receiver=receiver, reason=reason)
    for name, count in counted["rejects"].items():
        format_name, _, reason = name.partition(":")
        numbers.put("logloom_rejects", count, format=format_name, reason=reason)
    for pipeline, row in counted["pipelines"].items():
        numbers.put("logloom_pipeline_records", row["records"], pipeline=pipeline)
        numbers.put("logloom_pipeline_dropped_records", row["dropped"], pipeline=pipeline)
    for connector, routes in counted["routes"].items():
        for route, count in routes.items():
            numbers.put("logloom_connector_records", count, connector=connector, route=route)
    numbers.put("logloom_unrouted_records", counted["unrouted"])
    for processor, row in counted["processors"].items():
        for name in ("incoming", "outgoing"):
            if name in row:
                numbers.put(f"otelcol_processor_{name}_items", row[name], processor=processor)
        for name in ("dropped", "added", "failed"):
            numbers.put(f"logloom_processor_{name}_records", row[name], processor=processor)
        for rule, count in row["rules"].items():
            numbers.put("logloom_processor_rule_matches", count, processor=processor, rule=rule)


def _exporters(numbers: Numbers, parts: Parts) -> None:
    health, now_unix_nano = parts.main.health(), time.time_ns()
    capacity = health.get("disk_bytes_max", parts.main.bytes_max)
    rows = {row["name"]: row for row in parts.main.cursors()}
    for exporter in parts.exporters():
        counts, labels = exporter.counts, {"exporter": exporter.id}
        lost = {
            "dead_lettered": counts.dead_lettered,
            "refused": counts.refused,
            "dropped": counts.dropped,
        }
        numbers.put("otelcol_exporter_sent_log_records", counts.delivered, **labels)
        numbers.put("otelcol_exporter_send_failed_log_records", sum(lost.values()), **labels)
        numbers.put("otelcol_exporter_queue_capacity", capacity, **labels, data_type="logs")
        numbers.put("logloom_exporter_retries", counts.retries, **labels)
        for how, count in lost.items():
            numbers.put("logloom_exporter_lost_records", count, **labels, how=how)
        if (row := rows.get(exporter.id)) is None:
            continue
        oldest = row["oldest_unix_nano"]
        lag_s = max(now_unix_nano - oldest, 0) / 1e9 if oldest and row["pending"] else 0.0
        numbers.put("otelcol_exporter_queue_size", row["pending_bytes"], **labels, data_type="logs")
        numbers.put("logloom_exporter_lag_seconds", lag_s, **labels)
        numbers.put("logloom_exporter_lag_records", row["pending"], **labels)
        numbers.put("logloom_exporter_lag_bytes", row["pending_bytes"], **labels)


def _journals(numbers: Numbers, parts: Parts) -> None:
    for name, journal in (("main", parts.main), ("dead_letters", parts.dead)):
        if journal is None:
            continue
        health = journal.health()
        numbers.put("logloom_journal_bytes", health["memory_bytes"], journal=name, where="memory")
        if "disk_bytes" not in health:
            numbers.put("logloom_journal_max_bytes", journal.bytes_max, journal=name)
            continue
        numbers.put("logloom_journal_bytes", health["disk_bytes"], journal=name, where="disk")
        numbers.put("logloom_journal_max_bytes", health["disk_bytes_max"], journal=name)
        if health["free_bytes"] < 1 << 62:  # not looked at yet
            numbers.put("logloom_journal_free_bytes", health["free_bytes"], journal=name)
        numbers.put("logloom_journal_files", health["files"], journal=name)
        numbers.put("logloom_journal_queued_bytes", health["queued_bytes"], journal=name)
        numbers.put("logloom_journal_entries", health["entries"], journal=name)
        numbers.put("logloom_journal_withdrawn_entries", health["withdrawn"], journal=name)
        numbers.put("logloom_journal_damaged_ranges", health["damaged"], journal=name)
        numbers.put("logloom_journal_failed_files", health["given_up"], journal=name)
        numbers.put("logloom_journal_sync_duration_seconds", Buckets(*health["syncs"]), journal=name)
    for what in parts.main.troubles():
        numbers.put("logloom_journal_trouble", 1, what=what)
