"""A metric's numbers."""

from logloom.telemetry import Buckets


def test_a_histogram_knows_how_many_it_counted() -> None:
    assert Buckets([0.1, 1.0], [3, 0, 2], 7.5).count == 5
