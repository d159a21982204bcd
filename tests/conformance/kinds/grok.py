"""Logstash's pattern tests: a grok pattern's name (in its ECS mode), a line, and what the event includes."""

import re
from typing import Any

from tests.conformance import times
from tests.conformance.checks import Check, Time
from tests.conformance.kinds.common import read_one
from tests.conformance.kinds.ecs import check_of
from tests.conformance.manifest import Corpora
from tests.conformance.records import Reading, flatten, known_formats
from tests.conformance.results import CaseResult, SourceResult, failed, judge


def run(corpora: Corpora, result: SourceResult, cases: list[dict[str, Any]]) -> list[CaseResult]:
    """The line through `%{NAME}`, its fields by path."""
    results = []
    # The cases are about the definitions that lie beside them; where these are not in the corpora, about the library's.
    folder = result.source.path.parent / "patterns" / "ecs-v1"
    own = {"patterns_dir": str(folder)} if folder.is_dir() else {}
    for number, case in enumerate(cases):
        pattern = case["grok_pattern"].split(" ")[0]
        line = case["input"]
        pattern = f"%{{{pattern}}}" if not case.get("anchored") else f"^%{{{pattern}}}$"
        # Of several lines that are one record, the first begins it.
        lines = {"multiline": {"start": "^" + re.escape(line[:8])}} if "\n" in line else {}
        reading = Reading("grok", {"pattern": pattern, **own, **lines}) if "grok" in known_formats() else Reading()
        view = read_one(result, line.encode(), reading)
        name = f"#{number} {case.get('desc', '')}"
        if view is None:
            missing = failed(name, result.error or "no record")
            result.error = ""
            results.append(_detected(corpora, result, case, missing, line))
            continue
        passes = [a["value"] for a in case["assertions"] if a["op"] == "pass"]
        negated = any(a.get("negated") for a in case["assertions"] if a["op"] == "pass")
        if passes and reading.format == "grok" and view.is_reject != negated and passes[0] is True:
            results.append(failed(name, "does not match" if view.is_reject else "matches, and should not"))
            continue
        judged = judge(name, _checks(corpora, case), view, line)
        results.append(judged if judged.passed else _detected(corpora, result, case, judged, line))
    return results


def _detected(
    corpora: Corpora, result: SourceResult, case: dict[str, Any], judged: CaseResult, line: str
) -> CaseResult:
    """The case by the program's own format, where detection knows it: who has that needs no pattern."""
    view = read_one(result, line.encode(), Reading())
    if view is None or view.format == "text":
        return judged
    again = judge(judged.name, _checks(corpora, case), view, line)
    return again if again.passed else judged


def _checks(corpora: Corpora, case: dict[str, Any]) -> list[Check]:
    checks: list[Check] = []
    for assertion in case["assertions"]:
        if assertion.get("negated") or assertion["op"] not in ("include", "eq"):
            continue
        path = ".".join(map(str, assertion["path"]))
        for key, value in flatten(_plain(assertion["value"]), path):
            if isinstance(value, dict):
                continue
            if key == "timestamp":
                moment = times.read(value)
                if moment:
                    checks.append(Time(moment, key))
                    continue
            if key == "message":
                last = value[-1] if isinstance(value, list) else value
                # The event's own line stands first among its messages.
                checks += check_of(corpora, key, last) if last != case["input"] else []
                continue
            checks += check_of(corpora, key, value)
    return checks


def _plain(value: Any) -> Any:
    """A value without the wrappers of the test's matchers."""
    if isinstance(value, dict):
        if "$hash_including" in value:
            return _plain(value["$hash_including"])
        return {key: _plain(inner) for key, inner in value.items()}
    return value
