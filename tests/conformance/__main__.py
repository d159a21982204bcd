"""`python -m tests.conformance [CATEGORY] [-s SOURCE] [-v] [--corpora DIR] [--json PATH]`."""

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any

import orjson

warnings.filterwarnings("ignore", message="logloom's core is a debug build")

from tests.conformance import floors, manifest, run  # noqa: E402 (after the warning is silenced)
from tests.conformance.kinds.common import Options  # noqa: E402
from tests.conformance.results import SourceResult  # noqa: E402

DEFAULT = Path(__file__).parents[2].parent / "shared" / "corpora"


def main() -> int:
    """Run, print, and say by the exit status whether the floors hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("category", nargs="?", default="", help="only this category (a pattern)")
    parser.add_argument("-s", "--source", default="", help="only sources whose path has this in it")
    parser.add_argument(
        "-v", "--verbose", action="count", default=0, help="sources and differences; twice: all of them"
    )
    parser.add_argument("--corpora", type=Path, default=DEFAULT)
    parser.add_argument("--json", type=Path, help="write the whole result there")
    parser.add_argument("--auto", action="store_true", help="leave every choice of a format to detection")
    parser.add_argument("--raise-floors", action="store_true", help="record what was reached as the new floors")
    asked = parser.parse_args()
    Options.auto_only = asked.auto
    corpora = manifest.load(asked.corpora)
    if corpora is None:
        _print(f"NOT RUN: there are no corpora in {asked.corpora} (no manifest.json)")
        return 0
    results = list(run.run(corpora, asked.category, asked.source))
    show_sources = bool(asked.verbose or asked.source)
    for result in sorted(results, key=lambda r: (r.source.category, r.source.file)):
        if show_sources:
            _source(result, 3 if asked.verbose < 2 else 10**6)
    _categories(results)
    _detection(results, listed=show_sources)
    if asked.raise_floors:
        floors.raise_to(run.scores(results))
    if asked.json:
        asked.json.write_bytes(orjson.dumps([_plain(result) for result in results], option=orjson.OPT_INDENT_2))
    return 0


def _source(result: SourceResult, differences: int) -> None:
    if result.whole is not None:
        fine = "whole" if result.whole else f"NOT WHOLE: {result.error[:1000]}"
        _print(f"\n{result.source.category}  {result.source.file}  no oracle, {fine}  {', '.join(result.formats)}")
        return
    held, wanted = sum(c.held for c in result.cases), sum(c.asked for c in result.cases)
    recall = f"{100 * held / wanted:.1f} %" if wanted else "-"
    read_by = f"read by {', '.join(result.formats) or '-'}" + (
        f", detected {result.detected}" if result.detected else ""
    )
    score = f"{result.passed}/{len(result.cases)}  fields {recall}"
    _print(f"\n{result.source.category}  {result.source.file}  {score}  {read_by}")
    if result.error:
        _print(f"  ! {result.error}")
    if result.lost:
        _print(f"  ! {len(result.lost)} lines not kept, first: {result.lost[0][:160]!r}")
    failing = [case for case in result.cases if not case.passed]
    for case in failing[:differences]:
        _print(f"  - {case.name}" + (f"  [known: {case.known}]" if case.known else ""))
        for difference in case.differences[:12]:
            _print(f"      {difference}")
    if len(failing) > differences:
        _print(f"  … {len(failing) - differences} more fail")


def _categories(results: list[SourceResult]) -> None:
    _print()
    for name, score in run.scores(results).items():
        line = f"{name:<26} {score.passed:>5}/{score.cases:<5} "
        line += f"{score.percent:6.1f} %" if score.cases else "       -"
        if score.bare:
            line += f"   without an oracle {score.whole}/{score.bare}"
        reached = floors.reached(name, score)
        if reached is not None:
            line += "   ok" if reached else "   BELOW"
        if score.excused:
            line += f"   ({score.excused_percent:.1f} % without {score.excused} where the oracle is at fault)"
        _print(line)
    total = run.score(results)
    _print(f"{'all':<26} {total.passed:>5}/{total.cases:<5} {total.percent:6.1f} %")


def _detection(results: list[SourceResult], *, listed: bool) -> None:
    named = [(result, *detection) for result in results for detection in result.detections]
    wrong = [entry for entry in named if entry[2] not in entry[3]]
    if not named:
        return
    right = len(named) - len(wrong)
    reached = "ok" if 100 * right >= floors.DETECTION_PERCENT * len(named) else "BELOW"
    _print(f"{'detection':<26} {right:>5}/{len(named):<5} {100 * right / len(named):6.1f} %   {reached}")
    for result, program, name, may in wrong if listed else ():
        _print(f"    {result.source.file} ({program}): {name}, and not {' or '.join(may)}")


def _plain(result: SourceResult) -> dict[str, Any]:
    return {
        "source": result.source.file,
        "category": result.source.category,
        "formats": result.formats,
        "detected": result.detected,
        "lost": len(result.lost),
        "rejects": result.rejects,
        "error": result.error,
        "cases": [
            {
                "case": case.name,
                "passed": case.passed,
                "held": case.held,
                "asked": case.asked,
                "known": case.known,
                "differences": case.differences,
            }
            for case in result.cases
        ],
    }


def _print(line: str = "") -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
