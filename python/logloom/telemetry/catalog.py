"""All metrics that logloom has of itself; docs/telemetry.md tells the same, which a test holds.

Names that begin with `otelcol_` are the Collector's, and mean what they mean there; those with `logloom_` are ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from logloom.telemetry.metric import Buckets, Kind, Metric, Point

__all__ = ["CATALOG", "Definition", "Numbers"]


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric.

    Attributes:
        name: As in `Metric`.
        kind: As in `Metric`.
        unit: As in `Metric`.
        labels: What its numbers are told apart by.
        help: As in `Metric`.
    """

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...]
    help: str


_ALL: Final = (
    # The Collector's.
    Definition("otelcol_process_uptime", "counter", "s", (), "How long the process has been up."),
    Definition("otelcol_process_cpu_seconds", "counter", "s", (), "CPU time that the process took, user and system."),
    Definition("otelcol_process_memory_rss", "gauge", "By", (), "Physical memory that the process holds."),
    Definition(
        "otelcol_receiver_accepted_log_records",
        "counter",
        "{record}",
        ("receiver",),
        "Records that a receiver accepted; spans are records here.",
    ),
    Definition(
        "otelcol_receiver_refused_log_records",
        "counter",
        "{record}",
        ("receiver",),
        "Messages that a receiver refused or asked to come again: unread, each counts as one record.",
    ),
    Definition(
        "otelcol_processor_incoming_items", "counter", "{item}", ("processor",), "Records that came to a processor."
    ),
    Definition(
        "otelcol_processor_outgoing_items", "counter", "{item}", ("processor",), "Records that a processor passed on."
    ),
    Definition(
        "otelcol_exporter_sent_log_records", "counter", "{record}", ("exporter",), "Records that a destination took."
    ),
    Definition(
        "otelcol_exporter_send_failed_log_records",
        "counter",
        "{record}",
        ("exporter",),
        "Records that a destination will not get: put aside as dead letters, refused or dropped.",
    ),
    Definition(
        "otelcol_exporter_queue_size",
        "gauge",
        "By",
        ("exporter", "data_type"),
        "Bytes of OTLP in the journal that an exporter has still to deliver.",
    ),
    Definition(
        "otelcol_exporter_queue_capacity",
        "gauge",
        "By",
        ("exporter", "data_type"),
        "Bytes that the journal, which all exporters share, may hold.",
    ),
    # How it is.
    Definition("logloom_ready", "gauge", "", (), "1 where /readyz says yes."),
    Definition("logloom_stalled", "gauge", "", ("what",), "1 for what has work and does not get on with it."),
    Definition("logloom_event_loop_delay_seconds", "gauge", "s", (), "How long the event loop took to answer last."),
    Definition("logloom_open_files", "gauge", "{file}", (), "Descriptors that the process has open."),
    Definition("logloom_in_flight_bytes", "gauge", "By", (), "Bytes that came and are not in the journal yet."),
    Definition("logloom_in_flight_max_bytes", "gauge", "By", (), "The bound on them."),
    Definition(
        "logloom_component_restarts",
        "counter",
        "{restart}",
        ("kind", "component"),
        "How often a component failed and was started again.",
    ),
    Definition("logloom_component_up", "gauge", "", ("kind", "component"), "1 where a component runs."),
    # What comes in, and what becomes of it.
    Definition("logloom_receiver_bytes", "counter", "By", ("receiver",), "Bytes that a receiver accepted, inflated."),
    Definition(
        "logloom_receiver_rejects",
        "counter",
        "{record}",
        ("receiver",),
        "Records that could not be read and were kept as they came.",
    ),
    Definition(
        "logloom_receiver_refused_messages",
        "counter",
        "{message}",
        ("receiver", "reason"),
        "Messages that were not taken: refused, or to come later, as the journal took nothing or a limit was reached.",
    ),
    Definition("logloom_rejects", "counter", "{record}", ("format", "reason"), "Records that a format could not read."),
    Definition("logloom_pipeline_records", "counter", "{record}", ("pipeline",), "Records that a pipeline passed on."),
    Definition(
        "logloom_pipeline_dropped_records",
        "counter",
        "{record}",
        ("pipeline",),
        "Records that rules of a pipeline's processors dropped.",
    ),
    Definition(
        "logloom_connector_records",
        "counter",
        "{record}",
        ("connector", "route"),
        "Records that took a connector's route.",
    ),
    Definition("logloom_unrouted_records", "counter", "{record}", (), "Records that no pipeline wanted."),
    Definition(
        "logloom_processor_dropped_records",
        "counter",
        "{record}",
        ("processor",),
        "Records that a processor dropped by rule.",
    ),
    Definition(
        "logloom_processor_added_records", "counter", "{record}", ("processor",), "Records that a processor made."
    ),
    Definition(
        "logloom_processor_failed_records",
        "counter",
        "{record}",
        ("processor",),
        "Records on which a processor failed; they went on, marked.",
    ),
    Definition(
        "logloom_processor_rule_matches",
        "counter",
        "{match}",
        ("processor", "rule"),
        "How often a processor's rule found something: redactions and drops by rule.",
    ),
    # What goes out.
    Definition(
        "logloom_exporter_lag_seconds",
        "gauge",
        "s",
        ("exporter",),
        "The age of the oldest record that an exporter has still to deliver.",
    ),
    Definition(
        "logloom_exporter_lag_records", "gauge", "{record}", ("exporter",), "Records that it has still to deliver."
    ),
    Definition(
        "logloom_exporter_lag_bytes", "gauge", "By", ("exporter",), "Bytes of OTLP that it has still to deliver."
    ),
    Definition("logloom_exporter_retries", "counter", "{attempt}", ("exporter",), "Attempts after a first one."),
    Definition(
        "logloom_exporter_lost_records",
        "counter",
        "{record}",
        ("exporter", "how"),
        "Records that a destination will not get: dead_lettered (kept aside), refused, dropped.",
    ),
    # The journal.
    Definition(
        "logloom_journal_bytes", "gauge", "By", ("journal", "where"), "What the journal holds, on disk and in memory."
    ),
    Definition("logloom_journal_max_bytes", "gauge", "By", ("journal",), "The most that it may hold."),
    Definition("logloom_journal_free_bytes", "gauge", "By", ("journal",), "What is free on its disk."),
    Definition("logloom_journal_files", "gauge", "{file}", ("journal",), "Its files."),
    Definition("logloom_journal_queued_bytes", "gauge", "By", ("journal",), "Bytes that wait to be synced."),
    Definition("logloom_journal_entries", "counter", "{entry}", ("journal",), "Entries that became durable."),
    Definition(
        "logloom_journal_withdrawn_entries",
        "counter",
        "{entry}",
        ("journal",),
        "Entries that the disk did not take: their senders were asked to send them again.",
    ),
    Definition(
        "logloom_journal_damaged_ranges", "counter", "{range}", ("journal",), "Damaged ranges that were stepped over."
    ),
    Definition(
        "logloom_journal_failed_files",
        "counter",
        "{file}",
        ("journal",),
        "Files that were given up since a write or a sync failed.",
    ),
    Definition("logloom_journal_trouble", "gauge", "", ("what",), "1 for what does not work at the journal."),
    Definition(
        "logloom_journal_sync_duration_seconds", "histogram", "s", ("journal",), "How long each sync (fsync) took."
    ),
)

CATALOG: Final[Mapping[str, Definition]] = {definition.name: definition for definition in _ALL}
"""All of them, by name, in the order in which they are shown."""


class Numbers:
    """Gathers the numbers of metrics of the catalogue."""

    def __init__(self) -> None:
        """None yet."""
        self._points: dict[str, list[Point]] = {}

    def put(self, name: str, value: float | Buckets, **labels: str) -> None:
        """One number of the metric `name`."""
        self._points.setdefault(name, []).append(Point(value, labels))

    def metrics(self) -> list[Metric]:
        """The metrics of which there are numbers, in the catalogue's order."""
        return [
            Metric(it.name, it.kind, it.unit, it.help, self._points[it.name])
            for it in CATALOG.values()
            if it.name in self._points
        ]
