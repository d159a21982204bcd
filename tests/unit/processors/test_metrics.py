"""What is counted of records that pass, under which labels, and that there are never too many."""

from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from logloom import Batch, parse
from logloom.processors import metrics
from logloom.telemetry import Buckets, Metric
from tests.components import problems_of, read_config

BOUNDS = list(metrics.HTTP_BUCKETS_S)


def batch_of(*records: dict[str, Any], **resource: str) -> Batch:
    message = ExportLogsServiceRequest()
    logs = message.resource_logs.add()
    for key, value in resource.items():
        logs.resource.attributes.add(key=key).value.string_value = value
    scope = logs.scope_logs.add()
    for attributes in records:
        made = scope.log_records.add(severity_number=9, severity_text="INFO")
        for key, value in attributes.items():
            kind = {str: "string_value", int: "int_value", bool: "bool_value", float: "double_value"}[type(value)]
            setattr(made.attributes.add(key=key).value, kind, value)
    return Batch.from_otlp(message.SerializeToString())


def measured(text: str, *batches: Batch) -> dict[str, Metric]:
    config = read_config(metrics, text)
    processor = metrics.create(config)
    for batch in batches:
        made, outcome = processor.apply(batch)
        assert bytes(made) == bytes(batch)
        assert outcome == {"dropped": 0, "added": 0, "failed": 0, "rules": {}}
    return {metric.name: metric for metric in metrics.metrics("metrics/mesh", config, processor)}


def points(metric: Metric) -> dict[tuple[tuple[str, str], ...], Any]:
    return {tuple(sorted(point.labels.items())): point.value for point in metric.points}


def test_requests_by_service_method_route_and_status() -> None:
    def request(**more: Any) -> dict[str, Any]:
        return {"http.request.method": "GET", "http.response.status_code": 200, "envoy.duration_ms": 7} | more

    batch = batch_of(
        request(**{"http.route": "/cart"}),
        request(**{"http.route": "/cart", "envoy.duration_ms": 5}),
        request(**{"http.response.status_code": 503, "envoy.duration_ms": 20000}),
        request(**{"http.request.method": "BREW", "nginx.request_time": 0.5, "envoy.duration_ms": -1}),
        {"http.response.status_code": 200},
        {"envoy.duration_ms": 7},
        **{"service.name": "shop"},
    )
    metric = measured("{}", batch)["http.server.request.duration"]
    assert (metric.kind, metric.unit) == ("histogram", "s")
    found = points(metric)
    cart = (
        ("http.request.method", "GET"),
        ("http.response.status_code", "200"),
        ("http.route", "/cart"),
        ("service.name", "shop"),
    )
    failed = (
        ("error.type", "503"),
        ("http.request.method", "GET"),
        ("http.response.status_code", "503"),
        ("service.name", "shop"),
    )
    assert set(found) == {cart, failed}
    assert found[cart].sum == pytest.approx(0.012)
    assert (found[cart].bounds, found[cart].counts) == (BOUNDS, [1, 1, *[0] * 13])
    assert found[failed] == Buckets(BOUNDS, [*[0] * 14, 1], 20.0)


def test_an_unknown_method_is_other() -> None:
    batch = batch_of({"http.request.method": "BREW", "http.response.status_code": 418, "nginx.request_time": 0.5})
    [point] = measured("{http: {by: [http.request.method]}}", batch)["http.server.request.duration"].points
    assert point.labels == {"http.request.method": "_OTHER"}


def test_envoys_lines() -> None:
    line = (
        b'[2026-11-21T10:00:00.000Z] "GET / HTTP/1.1" 200 - via_upstream - "-" 0 5 70 6 "-" "curl/8.5.0" '
        b'"abc" "cart.shop" "10.0.0.1:80" outbound|80||cart 10.0.0.2:1 10.0.0.1:80 10.0.0.3:1 - default\n'
    )
    [point] = measured("{}", parse(line, "envoy"))["http.server.request.duration"].points
    assert isinstance(point.value, Buckets)
    assert (point.value.count, point.value.sum) == (1, pytest.approx(0.07))


def test_counters_and_histograms_of_the_users_own() -> None:
    text = """
        http: {enabled: false}
        counters:
          orders: {when: 'attributes["kind"] == "order"', by: [shop, severity_text], description: Orders.}
          bytes: {value: size, unit: By}
        histograms:
          wait: {value: wait_ms, buckets: [0.01, 0.1]}
          size: {value: size, buckets: [10, 100], unit: By}
    """
    found = measured(
        text,
        batch_of({"kind": "order", "size": 10, "wait_ms": 50}, {"kind": "visit", "size": 90.5}, shop="a"),
        batch_of({"kind": "order", "shop": "b", "size": "no number"}, {"kind": "order"}, shop="a"),
    )
    assert points(found["orders"]) == {
        (("severity_text", "INFO"), ("shop", "a")): 2,
        (("severity_text", "INFO"), ("shop", "b")): 1,
    }
    assert (found["orders"].kind, found["orders"].unit, found["orders"].help) == ("counter", "{record}", "Orders.")
    assert points(found["bytes"]) == {(): 100.5}
    assert points(found["wait"])[()].counts == [0, 1, 0]
    assert points(found["size"])[()].counts == [1, 1, 0]


def test_what_is_over_the_bound_is_one_series() -> None:
    text = "{http: {enabled: false}, counters: {n: {by: [user]}}, series_max: 2}"
    found = measured(text, batch_of(*({"user": f"u{n % 5}"} for n in range(20))))
    assert points(found["n"]) == {
        (("user", "u0"),): 4,
        (("user", "u1"),): 4,
        (("otel.metric.overflow", "true"),): 12,
    }


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("{http: {enabled: false}}", ["http"]),
        (
            "{counters: {a b: {}, http.server.request.duration: {}}}",
            ["counters.a b", "counters.http.server.request.duration"],
        ),
        ("{counters: {a: {when: 'severty > 1'}}}", ["counters.a.when"]),
        ("{histograms: {a: {value: v, buckets: [1, 1]}, b: {}}}", ["histograms.a.buckets", "histograms.b"]),
        ("{http: {durations: [], buckets: []}}", ["http.buckets", "http.durations"]),
    ],
)
def test_problems(text: str, paths: list[str]) -> None:
    assert list(problems_of(metrics, text)) == paths
