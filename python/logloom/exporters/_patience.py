"""How long to wait before the same is sent again, and when to give it up."""

import random
import time
from typing import Final

from logloom.config import Retry

__all__ = ["Patience"]

AFTER_S_MAX: Final = 3600.0
"""The longest delay that a destination may ask for, in seconds."""


class Patience:
    """The attempts at one batch: exponential back-off with jitter, never shorter than the destination asks for.

    Attributes:
        attempts: Those that failed since something was taken.
        is_believing: Whether refusals that do not tell what they are about are taken to be about the records.
    """

    def __init__(self, retry: Retry) -> None:
        self._retry = retry
        self.is_believing = False
        self.renew()

    def renew(self) -> None:
        """Something was taken: what comes next begins anew."""
        self.attempts = 0
        self._interval_s = self._retry.initial_interval
        self._began_s = time.monotonic()

    def wait_for_ever(self) -> None:
        """The time until now does not count."""
        self._began_s = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """How long nothing was taken, in seconds."""
        return time.monotonic() - self._began_s

    def is_over(self) -> bool:
        """Whether `retry_on_failure` gives up."""
        return not self._retry.enabled or 0 < self._retry.max_elapsed_time < self.elapsed_s

    def next_wait_s(self, after_s: float) -> float:
        """The wait before the next attempt in seconds; `after_s`: what the destination asked for."""
        self.attempts += 1
        spread = self._retry.randomization_factor
        wait_s = self._interval_s * random.uniform(1 - spread, 1 + spread)  # noqa: S311 - jitter is no secret
        self._interval_s = min(self._interval_s * self._retry.multiplier, self._retry.max_interval)
        return max(wait_s, min(after_s, AFTER_S_MAX))
