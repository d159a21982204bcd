"""Each test here names the peers that it drives, by `pytest.mark.needs`; where one is absent, the test says so.

It is skipped then, with the reason, and counted in the last line of `make test-peers`; where PEERS=required, it fails.
"""

import os
from collections import Counter
from pathlib import Path

import orjson
import pytest

from tests.peers.listed import listed
from tests.peers.provided import provided

REQUIRED = ("PEERS", "required")
DRIVEN = "PEERS_DRIVEN"
"""The environment's name for the file to which is written how many tests of each peer passed."""

_passed: Counter[str] = Counter()


def _needs(item: pytest.Item) -> set[str]:
    return {key for mark in item.iter_markers("needs") for key in mark.args}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    known = {peer.key for peer in listed()}
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        needs = _needs(item)
        if not needs or needs - known:
            raise pytest.UsageError(f"{item.nodeid}: `needs` names {sorted(needs)}, of which .ci/peers must list each")
        item.user_properties.append(("needs", sorted(needs)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    there = provided()
    if why := "; ".join(f"{key}: {there[key].lacks}" for key in sorted(_needs(item)) if there[key].lacks):
        if os.environ.get(REQUIRED[0]) == REQUIRED[1]:
            pytest.fail(f"PEERS=required, and absent is {why}", pytrace=False)
        pytest.skip(f"NOT RUN: {why}")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed:
        _passed.update(dict(report.user_properties).get("needs", []))


def pytest_sessionfinish() -> None:
    if file := os.environ.get(DRIVEN):
        Path(file).write_bytes(orjson.dumps(_passed))
