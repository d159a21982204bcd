"""All sources of a folder of corpora through their kinds; the score."""

import fnmatch
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from tests.conformance.kinds import (
    bare,
    container,
    crowdsec,
    datadog,
    ecs,
    flows,
    gcp,
    inline,
    lal,
    lnav,
    otlp,
    spans,
    windows,
)
from tests.conformance.manifest import Corpora, Source
from tests.conformance.results import CaseResult, SourceResult

# Which function runs a source, by what its manifest entry expects.
KINDS: dict[str, Callable[[Corpora, Source], SourceResult]] = {
    "ecs-flat-json": ecs.run,
    "crowdsec-assert": crowdsec.run,
    "otlp-yaml": gcp.run,
    "inline-json": inline.run,
    "inline-json(level)": lnav.run,
    "datadog-tests-yaml": datadog.run,
    "expected": lambda corpora, source: (windows if corpora.input_of(source) else container).run(corpora, source),
    "inline-text": flows.run,
    "inline-yaml": lal.run,
    "inline": otlp.run_yaml,
    "pair": spans.run,
    "none": bare.run,
}

# Personal data and the protocols of receivers are of later work; the rest are no logs.
LEFT_OUT = ("pii-secrets", "wire-*", "oracle-mapping", "parser-definitions")
LEFT_OUT_BUT = ("wire-datadog", "wire-es-bulk", "wire-journald", "wire-loki")
KNOWN = Path(__file__).with_name("known.json")


@dataclass(frozen=True)
class Score:
    """A category's cases, and its sources without an oracle."""

    passed: int
    cases: int
    excused: int  # failed, and listed in known.json with the reason
    whole: int
    bare: int  # sources without an oracle

    @property
    def percent(self) -> float:
        return 100 * self.passed / self.cases if self.cases else 100.0

    @property
    def excused_percent(self) -> float:
        counted = self.cases - self.excused
        return 100 * self.passed / counted if counted else 100.0


def in_scope(category: str) -> bool:
    """Whether a category is one of this score's."""
    return category in LEFT_OUT_BUT or not any(fnmatch.fnmatch(category, pattern) for pattern in LEFT_OUT)


def run(corpora: Corpora, category: str = "", source: str = "") -> Iterator[SourceResult]:
    """The result of each source that has an expectation."""
    known = excuses()
    for entry in corpora.sources.values():
        if not in_scope(entry.category) or (category and not fnmatch.fnmatch(entry.category, category)):
            continue
        if source and source not in entry.file:
            continue
        runner = KINDS.get(entry.expected)
        if runner is None:
            continue
        try:
            result = runner(corpora, entry)
        except (KeyError, TypeError, ValueError) as error:
            result = SourceResult(entry, error=f"no expectation of a known shape: {error!r}")
        result.cases = [_excuse(result, case, known) for case in result.cases]
        yield result


def excuses() -> list[dict[str, str]]:
    """The cases that are known to fail: `source` and `case` (patterns), and `reason`."""
    return list(orjson.loads(KNOWN.read_bytes())) if KNOWN.is_file() else []


def _excuse(result: SourceResult, case: CaseResult, known: list[dict[str, str]]) -> CaseResult:
    if case.passed:
        return case
    for entry in known:
        if matches(entry, result.source.file) and fnmatch.fnmatchcase(case.name, entry["case"]):
            return replace(case, known=entry["reason"])
    return case


def matches(entry: dict[str, str], file: str) -> bool:
    """Whether an entry of known.json is about a source."""
    return fnmatch.fnmatchcase(file, entry["source"])


def scores(results: list[SourceResult]) -> dict[str, Score]:
    """The score of each category, by name."""
    names = sorted({result.source.category for result in results})
    return {name: score([r for r in results if r.source.category == name]) for name in names}


def score(results: list[SourceResult]) -> Score:
    """The score of some sources."""
    cases = [case for result in results for case in result.cases]
    return Score(
        passed=sum(case.passed for case in cases),
        cases=len(cases),
        excused=sum(bool(case.known) and not case.passed for case in cases),
        whole=sum(result.whole is True for result in results),
        bare=sum(result.whole is not None for result in results),
    )
