"""A snapshot as Prometheus reads it, read by Prometheus' own client."""

import math

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from logloom.telemetry import Buckets, Metric, Point, Snapshot
from logloom.telemetry.prometheus import Naming, text

STRANGE = 'a "quoted"\\ and\nbroken ütf'
METRICS = (
    Metric("otelcol_sent", "counter", "{record}", 'Sent \\ and "quoted"\nin two.', [Point(3, {"exporter": STRANGE})]),
    Metric("up", "counter", "s", "Up.", [Point(1.5)]),
    Metric("held", "gauge", "By", "Held.", [Point(-2), Point(math.inf, {"a.b": "x"})]),
    Metric(
        "took_seconds", "histogram", "s", "Took.", [Point(Buckets([0.5, 1.0], [1, 2, 3], 9.25), {"journal": "main"})]
    ),
)
SNAPSHOT = Snapshot({it.name: it for it in METRICS}, 2, 1, {"service.name": "logloom", "service.instance.id": "i"})
PARSERS = {False: text_string_to_metric_families, True: openmetrics.text_string_to_metric_families}


@pytest.mark.parametrize("is_openmetrics", [False, True])
def test_its_own_client_reads_it(is_openmetrics: bool) -> None:
    said = text(SNAPSHOT, is_openmetrics=is_openmetrics)
    families = {family.name: family for family in PARSERS[is_openmetrics](said)}
    assert families["otelcol_sent"].type == "counter"
    assert families["otelcol_sent"].documentation == METRICS[0].help
    (sample,) = families["otelcol_sent"].samples
    assert (sample.labels, sample.value) == ({"exporter": STRANGE}, 3)
    assert families["up"].samples[0].value == 1.5
    assert [(sample.labels, sample.value) for sample in families["held"].samples] == [
        ({}, -2),
        ({"a_b": "x"}, math.inf),
    ]
    took = {(sample.name, sample.labels.get("le")): sample.value for sample in families["took_seconds"].samples}
    assert took == {
        ("took_seconds_bucket", "0.5"): 1,
        ("took_seconds_bucket", "1.0"): 3,
        ("took_seconds_bucket", "+Inf"): 6,
        ("took_seconds_sum", None): 9.25,
        ("took_seconds_count", None): 6,
    }
    target = families["target" if is_openmetrics else "target_info"]
    assert target.samples[0].labels == {"service_name": "logloom", "service_instance_id": "i"}


def test_names_are_the_collectors_by_default() -> None:
    names = [line.split()[2] for line in text(SNAPSHOT).splitlines() if line.startswith("# TYPE")]
    assert names == ["target_info", "otelcol_sent", "up", "held", "took_seconds"]


def test_names_with_units_and_types() -> None:
    naming = Naming(without_units=False, without_type_suffix=False)
    names = [line.split()[2] for line in text(SNAPSHOT, naming).splitlines() if line.startswith("# TYPE")]
    assert names == ["target_info", "otelcol_sent_total", "up_seconds_total", "held_bytes", "took_seconds"]


def test_constant_labels() -> None:
    naming = Naming(constant_labels=("service.*",), left_out_labels=("service.instance.*",))
    assert 'up{service_name="logloom"} 1.5' in text(SNAPSHOT, naming).splitlines()
