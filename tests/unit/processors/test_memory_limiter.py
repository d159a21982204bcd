"""The keys of `memory_limiter`; what it does is in tests/unit/test_memory.py and tests/service/test_collector.py."""

import pytest

from logloom.processors import memory_limiter
from tests.components import problems_of, read_config


def test_the_collectors_example() -> None:
    config = read_config(memory_limiter, "{check_interval: 1s, limit_mib: 4000, spike_limit_mib: 800}")
    assert config.limits_bytes(1) == (3200 << 20, 4000 << 20)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("{}", ["limit_mib"]),
        ("{limit_mib: 100, spike_limit_mib: 100}", ["spike_limit_mib"]),
        ("{limit_percentage: 50, spike_limit_percentage: 50}", ["spike_limit_percentage"]),
        ("{limit_percentage: 101}", ["limit_percentage"]),
        ("{limit_mib: 100, check_interval: 0s}", ["check_interval"]),
    ],
)
def test_problems(text: str, paths: list[str]) -> None:
    assert list(problems_of(memory_limiter, text)) == paths
