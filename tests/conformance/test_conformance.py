"""The score may only rise; where the corpora are, it is held here."""

import os
from pathlib import Path

import pytest

from tests.conformance import floors, manifest, run
from tests.conformance.manifest import Corpora
from tests.conformance.results import SourceResult

CORPORA = Path(os.environ.get("CORPORA") or Path(__file__).parents[2].parent / "shared" / "corpora")


@pytest.fixture(scope="module")
def corpora() -> Corpora:
    found = manifest.load(CORPORA)
    if found is None:
        pytest.skip(f"NOT RUN: no corpora in {CORPORA}")
    return found


@pytest.fixture(scope="module")
def results(corpora: Corpora) -> list[SourceResult]:
    return list(run.run(corpora))


def test_no_category_falls_below_what_it_reached(results: list[SourceResult]) -> None:
    scores = run.scores(results)
    fallen = {
        name: f"{scores[name].percent:.2f} % of {floor.recorded_percent} %"
        for name, floor in floors.recorded().items()
        if name in scores and not floor.holds(scores[name])
    }
    assert not fallen, "run `make conformance CATEGORY=… ARGS=-v` to see which cases"


def test_no_line_of_any_source_is_lost(results: list[SourceResult]) -> None:
    lost = {result.source.file: result.lost[:3] for result in results if result.lost}
    assert not lost


def test_a_known_failure_still_fails_and_says_why(results: list[SourceResult], corpora: Corpora) -> None:
    known = run.excuses()
    assert all(entry["reason"].strip() for entry in known)
    excused = {case.known for result in results for case in result.cases if case.known}
    there = [entry for entry in known if any(run.matches(entry, file) for file in corpora.sources)]
    assert not [entry for entry in there if entry["reason"] not in excused], "fixed: take it out of known.json"
