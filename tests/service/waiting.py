"""Waiting for a condition, with a bound and a reason."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

TIMEOUT_SECONDS = 60.0
"""Generous on purpose: it is only ever spent when a test is about to fail, and CI has two busy cores."""

POLL_SECONDS = 0.01


def wait_until(
    condition: Callable[[], T | None],
    what: str,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    failed: Callable[[], str | None] = lambda: None,
) -> T:
    """Calls `condition` until it returns something truthy, and returns that.

    `failed` may return a text as soon as waiting on has become pointless (a process that died, say).

    Raises:
        AssertionError: the condition did not hold within `timeout_seconds`, or `failed` returned a text.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        if found := condition():
            return found
        if why := failed():
            raise AssertionError(f"waiting for {what}: {why}")
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_seconds:g} s for {what}")
        time.sleep(POLL_SECONDS)  # noqa: TID251 - the one place that polls
