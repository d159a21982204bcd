"""Cases that stand whole in one JSON file: which project's they are is told by their shape, not by their name."""

from collections.abc import Callable
from typing import Any

import orjson

from tests.conformance.kinds import container, dissect, fluentd, gosyslog, grok, loggers, otlp, victoria, wire
from tests.conformance.manifest import Corpora, Source
from tests.conformance.results import CaseResult, SourceResult

Runner = Callable[[Corpora, SourceResult, list[dict[str, Any]]], list[CaseResult]]

# The keys that a case of each shape has, and what runs it; the first that fits.
SHAPES: tuple[tuple[frozenset[str], Runner], ...] = (
    (frozenset({"grok_pattern", "input", "assertions"}), grok.run),
    (frozenset({"parser", "conf", "input", "asserts"}), fluentd.run),
    (frozenset({"error", "valid", "partial", "value"}), gosyslog.run),
    (frozenset({"example", "input", "expected"}), loggers.run),
    (frozenset({"format", "input", "expected"}), loggers.run_access),
    (frozenset({"tok", "msg", "expected"}), dissect.run),
    (frozenset({"input", "expected_error"}), otlp.run_cases),
    (frozenset({"input", "expected", "name"}), container.run_joined),
    (frozenset({"test", "data"}), victoria.run),
    (frozenset({"test", "s"}), victoria.run),
    (frozenset({"test", "name"}), victoria.run),
    (frozenset({"test", "fields"}), victoria.run),
)


def run(corpora: Corpora, source: Source) -> SourceResult:
    """All cases of the file."""
    result = SourceResult(source)
    try:
        cases = source.json()
    except orjson.JSONDecodeError:
        result.error = "no cases: not JSON"
        return result
    if source.category in wire.RUNNERS:
        result.cases = wire.RUNNERS[source.category](result, cases)
        return result
    runner = _runner(cases)
    if runner is None:
        result.error = "no cases of a known shape"
        return result
    result.cases = runner(corpora, result, _list(cases))
    return result


def _list(cases: Any) -> list[dict[str, Any]]:
    if isinstance(cases, dict) and "cases" not in cases:
        return [{"name": name, **case} for name, case in cases.items() if isinstance(case, dict)]
    if isinstance(cases, dict):
        shared = {key: value for key, value in cases.items() if key != "cases"}
        return [{**shared, **case} for case in cases.get("cases", ())]
    return list(cases)


def _runner(cases: Any) -> Runner | None:
    listed = _list(cases)
    for keys, runner in SHAPES:
        if any(keys <= case.keys() for case in listed):
            return runner
    return None
