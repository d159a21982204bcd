"""The Collector's configs of operators, run unchanged: each record is what the real Collector made of its line."""

from contextlib import suppress
from typing import Any

import pytest

from tests.operators import cases
from tests.service.logloom_process import Logloom
from tests.service.waiting import wait_until

Records = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """What one logloom makes of the lines of all cases."""
    folder = tmp_path_factory.mktemp("operators")
    all_cases = [cases.read(name) for name in cases.names()]
    found: Records = {}

    def is_all() -> bool:
        found.update({case.name: cases.records(folder / f"{case.name}.jsonl", folder) for case in all_cases})
        return all(len(found[case.name]) >= len(case.expected()) for case in all_cases)

    config = cases.config(all_cases, folder)
    config["receivers"] = {name: {**given, **FAST} for name, given in config["receivers"].items()}
    with Logloom(config, folder / "logloom"), suppress(AssertionError):  # each case tells what it lacks
        wait_until(is_all, "the records of all cases", timeout_seconds=60)
    is_all()
    return found


FAST = {"poll_interval": "50ms", "force_flush_period": "50ms"}
"""Lines lie there from the first; what waits is waited for as long as the operators say."""


@pytest.mark.parametrize("name", cases.names())
def test_records_are_the_collectors(name: str, ours: Records) -> None:
    case = cases.read(name)
    assert case.expected(), "nothing was recorded: see tools/operators.py"
    assert not list(cases.differences(case, ours[name]))
