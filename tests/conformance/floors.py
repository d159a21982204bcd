"""The floors: what the issue asks of a category, and what was reached so far, which may only rise."""

from dataclasses import dataclass
from pathlib import Path

import orjson

from tests.conformance.run import Score

RECORDED = Path(__file__).with_name("floors.json")

# The share of the cases that must pass, in percent; of a category of fewer cases than this, all but one.
TARGET_PERCENT = 95.0
SMALL_CASES = 20
# The share of the sources whose format detection must name.
DETECTION_PERCENT = 98.0

# The categories that the target is for. The others are printed.
TARGETS = frozenset({
    "audit", "container-json-multiline", "database", "grok-dissect", "java-app", "json-app", "mesh-access", "mesh-als",
    "mesh-flow", "multiline-stacktrace", "otlp", "proxy-access", "regex", "severity-and-fields", "span-jaeger",
    "span-zipkin", "syslog-auth", "timestamps", "web-access", "windows-event", "wire-es-bulk", "wire-journald",
    "wire-datadog", "wire-loki",
})  # fmt: skip


@dataclass(frozen=True)
class Floor:
    """What a category's score is held against."""

    recorded_percent: float

    def holds(self, score: Score) -> bool:
        """Whether nothing that once passed was lost."""
        return score.percent >= self.recorded_percent


def reached(category: str, score: Score) -> bool | None:
    """Whether a category is where it is to be, cases that the oracle has wrong aside; None where none is asked."""
    if category not in TARGETS:
        return None
    counted = score.cases - score.excused
    if counted < SMALL_CASES:
        return score.passed >= counted - 1
    return score.excused_percent >= TARGET_PERCENT


def recorded() -> dict[str, Floor]:
    """The floors so far, by category."""
    if not RECORDED.is_file():
        return {}
    return {name: Floor(float(percent)) for name, percent in orjson.loads(RECORDED.read_bytes()).items()}


def raise_to(scores: dict[str, Score]) -> None:
    """Raise the recorded floors to what was reached; none goes down."""
    floors = {name: floor.recorded_percent for name, floor in recorded().items()}
    for name, score in scores.items():
        # Rounded down, so that the same score holds it.
        floors[name] = max(floors.get(name, 0.0), int(score.percent * 10) / 10)
    RECORDED.write_bytes(orjson.dumps(dict(sorted(floors.items())), option=orjson.OPT_INDENT_2) + b"\n")
