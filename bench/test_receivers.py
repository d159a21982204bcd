"""Each receiver takes what it is sent, all of it, and costs what it did: over the wire, in a process of its own.

`python -m bench.receivers` measures it properly, beside the OpenTelemetry Collector.
"""

import dataclasses

import pytest

from bench import loads, receivers
from bench.collectors import Load
from bench.figures import FLOOR

TRIES = 3
HELD = [load for load in loads.ALL if load.name in receivers.load_recorded()]
"""A load that was never recorded has no floor yet: `python -m bench.receivers --record` gives it one."""


@pytest.mark.parametrize("load", HELD, ids=[load.name for load in HELD])
def test_receiver(load: Load) -> None:
    """The format's own cost over that of the whole process, a ratio for any machine, is above half of the recorded."""
    recorded = receivers.load_recorded()[load.name]
    brief = dataclasses.replace(load, messages=max(1, load.messages // 4)) if load.how != "datagrams" else load
    floor = FLOOR * recorded["parse_us"] / recorded["us"]
    best = 0.0
    for _ in range(TRIES):
        row = receivers.measure(brief)
        best = max(best, row["parse_us"] / row["us"])
        if best >= floor:
            return
    pytest.fail(f"{load.what}: {best:.3f} of the cost is the format's, below half of the recorded {floor / FLOOR:.3f}")
