"""A snapshot as OTLP has it."""

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1 import metrics_pb2 as proto

from logloom.telemetry import Buckets, Metric, Point, Snapshot
from logloom.telemetry.otlp import request


def test_each_kind() -> None:
    metrics = (
        Metric("sent", "counter", "{record}", "Sent.", [Point(3, {"exporter": "otlp"}), Point(2.5)]),
        Metric("held", "gauge", "By", "Held.", [Point(1 << 70)]),
        Metric("took", "histogram", "s", "Took.", [Point(Buckets([0.5], [1, 2], 4.0))]),
    )
    resource = {"service.name": "logloom", "service.version": "9"}
    made = request(Snapshot({it.name: it for it in metrics}, 20, 10, resource))
    read = ExportMetricsServiceRequest.FromString(made.SerializeToString())
    (of,) = read.resource_metrics
    assert {it.key: it.value.string_value for it in of.resource.attributes} == resource
    (inside,) = of.scope_metrics
    assert (inside.scope.name, inside.scope.version) == ("logloom", "9")
    sent, held, took = inside.metrics
    assert (sent.name, sent.unit, sent.description) == ("sent", "{record}", "Sent.")
    assert sent.sum.is_monotonic
    assert sent.sum.aggregation_temporality == proto.AGGREGATION_TEMPORALITY_CUMULATIVE
    first, second = sent.sum.data_points
    assert (first.as_int, first.start_time_unix_nano, first.time_unix_nano) == (3, 10, 20)
    assert {it.key: it.value.string_value for it in first.attributes} == {"exporter": "otlp"}
    assert second.as_double == 2.5
    assert held.gauge.data_points[0].as_int == (1 << 63) - 1
    (point,) = took.histogram.data_points
    assert (point.count, point.sum, list(point.bucket_counts), list(point.explicit_bounds)) == (3, 4.0, [1, 2], [0.5])
