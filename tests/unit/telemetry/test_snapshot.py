"""All metrics at one moment."""

from collections.abc import Iterator

import pytest

from logloom.telemetry import Buckets, Metric, Point, Telemetry


def records(*points: Point) -> Metric:
    return Metric("records", "counter", "{record}", "Records.", points)


def test_metrics_of_one_name_become_one() -> None:
    telemetry = Telemetry({"service.name": "logloom"})
    telemetry.sources.append(lambda: [records(Point(1, {"receiver": "a", "tenant": "x"}))])
    telemetry.sources.append(
        lambda: [records(Point(2, {"receiver": "b", "tenant": "x"}), Point(4, {"receiver": "a", "tenant": "y"}))]
    )
    snapshot = telemetry.snapshot()
    assert list(snapshot.metrics) == ["records"]
    assert snapshot.value("records") == 7
    assert snapshot.value("records", receiver="a") == 5
    assert snapshot.value("others") == 0
    assert snapshot.by("records", "receiver") == {"a": 5, "b": 2}
    assert snapshot.by("records", "none") == {}
    assert snapshot.resource == {"service.name": "logloom"}
    assert 0 < snapshot.since_unix_nano <= snapshot.time_unix_nano


def test_numbers_with_the_same_labels_are_one() -> None:
    """Those of one processor in two pipelines."""
    telemetry = Telemetry()
    took = Metric("took", "histogram", "s", "", [Point(Buckets([1.0], [1, 2], 0.5), {"a": "b"})])
    telemetry.sources += [lambda: [took, records(Point(1, {"a": "b"}))]] * 2
    found = telemetry.snapshot().metrics
    assert found["took"].points == [Point(Buckets([1.0], [2, 4], 1.0), {"a": "b"})]
    assert found["records"].points == [Point(2, {"a": "b"})]


def test_histograms_are_in_no_sum() -> None:
    telemetry = Telemetry()
    telemetry.sources.append(lambda: [Metric("took", "histogram", "s", "", [Point(Buckets([1], [1, 0], 0.5))])])
    assert telemetry.snapshot().value("took") == 0


def test_a_source_that_fails_takes_none_of_the_others_with_it(caplog: pytest.LogCaptureFixture) -> None:
    def fails() -> Iterator[Metric]:
        yield records(Point(1))
        raise ZeroDivisionError

    telemetry = Telemetry()
    telemetry.sources += [fails, lambda: [records(Point(2))]]
    assert telemetry.snapshot().value("records") == 2
    assert "a source of metrics failed" in caplog.text
