"""The benches' corpus is what their figures say it is."""

from collections.abc import Callable

import pytest

from bench import corpus, today

SIZES: dict[Callable[[int, int], bytes], int] = {
    corpus.envoy_text: 240,
    corpus.envoy_text_dirty: 240,
    corpus.istio_text: 410,
    corpus.envoy_json: 880,
    corpus.app_json: 405,
    corpus.logfmt: 370,
    corpus.text: 122,
    corpus.combined: 170,
    corpus.haproxy: 160,
    corpus.zipkin: 725,
    corpus.jaeger: 570,
    corpus.otlp_logs: 453,
}
"""Maker to the bytes a record that the README tells."""


@pytest.mark.parametrize("make", SIZES, ids=lambda make: make.__name__)
def test_sizes_and_seeds(make: Callable[[int, int], bytes]) -> None:
    data = make(2000, 1)
    assert len(data) / 2000 == pytest.approx(SIZES[make], rel=0.03)
    assert make(2000, 1) == data
    assert make(2000, 2) != data


def test_the_dirt() -> None:
    said = list(today.envoy(corpus.envoy_text_dirty(10_000)))
    assert sum(not line.attributes for line in said) / len(said) == pytest.approx(0.01, rel=0.2)
    assert sum(not line.body.isascii() for line in said) / len(said) == pytest.approx(0.02, rel=0.2)
