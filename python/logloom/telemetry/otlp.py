"""A snapshot as OpenTelemetry's own protocol has it: an ExportMetricsServiceRequest.

https://opentelemetry.io/docs/specs/otlp/ and opentelemetry/proto/metrics/v1/metrics.proto
"""

from collections.abc import Mapping

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.metrics.v1 import metrics_pb2 as proto
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from logloom.telemetry.metric import Buckets, Metric, Point
from logloom.telemetry.snapshot import Snapshot

__all__ = ["request"]

SCOPE = "logloom"


def request(snapshot: Snapshot) -> ExportMetricsServiceRequest:
    """The whole of it; counters and histograms are cumulative."""
    metrics = [_metric(metric, snapshot) for metric in snapshot.metrics.values()]
    scope = InstrumentationScope(name=SCOPE, version=snapshot.resource.get("service.version", ""))
    inside = proto.ScopeMetrics(scope=scope, metrics=metrics)
    resource = Resource(attributes=_attributes(snapshot.resource))
    return ExportMetricsServiceRequest(
        resource_metrics=[proto.ResourceMetrics(resource=resource, scope_metrics=[inside])]
    )


def _metric(metric: Metric, snapshot: Snapshot) -> proto.Metric:
    made = proto.Metric(name=metric.name, description=metric.help, unit=metric.unit)
    cumulative = proto.AGGREGATION_TEMPORALITY_CUMULATIVE
    if metric.kind == "histogram":
        points = [_histogram(point, snapshot) for point in metric.points]
        made.histogram.CopyFrom(proto.Histogram(data_points=points, aggregation_temporality=cumulative))
        return made
    numbers = [_number(point, metric, snapshot) for point in metric.points]
    if metric.kind == "counter":
        made.sum.CopyFrom(proto.Sum(data_points=numbers, aggregation_temporality=cumulative, is_monotonic=True))
    else:
        made.gauge.CopyFrom(proto.Gauge(data_points=numbers))
    return made


def _number(point: Point, metric: Metric, snapshot: Snapshot) -> proto.NumberDataPoint:
    made = proto.NumberDataPoint(attributes=_attributes(point.labels), time_unix_nano=snapshot.time_unix_nano)
    if metric.kind == "counter":
        made.start_time_unix_nano = snapshot.since_unix_nano
    if isinstance(point.value, int):
        made.as_int = min(max(point.value, -(1 << 63)), (1 << 63) - 1)
    elif isinstance(point.value, float):
        made.as_double = point.value
    return made


def _histogram(point: Point, snapshot: Snapshot) -> proto.HistogramDataPoint:
    buckets = point.value if isinstance(point.value, Buckets) else Buckets([], [0], 0.0)
    return proto.HistogramDataPoint(
        attributes=_attributes(point.labels),
        start_time_unix_nano=snapshot.since_unix_nano,
        time_unix_nano=snapshot.time_unix_nano,
        count=buckets.count,
        sum=buckets.sum,
        bucket_counts=buckets.counts,
        explicit_bounds=buckets.bounds,
    )


def _attributes(labels: Mapping[str, str]) -> list[KeyValue]:
    return [KeyValue(key=name, value=AnyValue(string_value=value)) for name, value in labels.items()]
