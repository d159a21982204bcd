"""What a run found: a result a case, a source, a category; and how it reads on a terminal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.conformance.checks import Check
from tests.conformance.manifest import Source
from tests.conformance.records import View


@dataclass(frozen=True)
class CaseResult:
    """One case: it passes when all that it asks is there."""

    name: str
    passed: bool
    held: int
    asked: int
    differences: tuple[str, ...] = ()
    known: str = ""  # why it may fail, where known.json says so


@dataclass
class SourceResult:
    """One source: its cases, what read it, and what was lost."""

    source: Source
    formats: tuple[str, ...] = ()
    detected: str = ""
    detections: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)  # program, named, may be named
    cases: list[CaseResult] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)  # lines that no record keeps
    rejects: int = 0
    error: str = ""
    whole: bool | None = None  # of a source without an oracle: every line kept, none rejected that is well formed

    @property
    def passed(self) -> int:
        return sum(case.passed for case in self.cases)


def judge(name: str, checks: Iterable[Check], view: View | None, line: str | None = None) -> CaseResult:
    """One record against its expectation; without a record nothing of it is there."""
    asked = list(checks)
    if view is None:
        return CaseResult(name, passed=False, held=0, asked=max(1, len(asked)), differences=("no such record",))
    found = [(check, check.differs(view)) for check in asked]
    differences = tuple(
        f"{check.label}: expected {_expected(check)}, is {_short(is_there)}"
        for check, is_there in found
        if is_there is not None
    )
    if view.is_reject:
        differences = (*differences, f"read by {view.format}: rejected") if differences else ()
    if differences and line is not None:
        differences = (*differences, f"in {_short(line)}")
    return CaseResult(name, not differences, len(found) - sum(d is not None for _, d in found), len(found), differences)


def together(name: str, parts: Sequence[CaseResult]) -> CaseResult:
    """One case of several records: all must be right."""
    return CaseResult(
        name,
        all(part.passed for part in parts),
        sum(part.held for part in parts),
        sum(part.asked for part in parts),
        tuple(difference for part in parts for difference in part.differences),
    )


def failed(name: str, why: str) -> CaseResult:
    """A case that did not come so far as to be compared."""
    return CaseResult(name, passed=False, held=0, asked=1, differences=(why,))


def _expected(check: Check) -> str:
    for attribute in ("value", "moment", "word", "nanos", "line"):
        if hasattr(check, attribute):
            value = getattr(check, attribute)
            return str(value) if attribute == "moment" else _short(repr(value))
    return f"{getattr(check, 'low', '')}..{getattr(check, 'high', '')}"


def _short(text: str, length: int = 300) -> str:
    return text if len(text) <= length else f"{text[:length]}…"
