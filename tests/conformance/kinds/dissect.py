"""Cases of a dissect tokenizer: a pattern, a text, and the fields."""

from typing import Any

from tests.conformance import times
from tests.conformance.checks import Check, Field, Raw, Unread
from tests.conformance.kinds.common import read_one
from tests.conformance.manifest import Corpora
from tests.conformance.records import Reading
from tests.conformance.results import CaseResult, SourceResult, judge
from tests.conformance.values import absent


def run(corpora: Corpora, result: SourceResult, cases: list[dict[str, Any]]) -> list[CaseResult]:
    """The text through the pattern. It is one line here: its line breaks stand as blanks."""
    results = []
    for number, case in enumerate(cases):
        if case.get("skip"):
            continue
        name = f"#{number} {case['name']}"
        # A source of lines ends a record at a line's end; the tokenizer is asked for one text.
        line = case["msg"].replace("\n", " ")
        view = read_one(result, line.encode(), Reading("dissect", {"pattern": case["tok"]}))
        checks: list[Check] = [Unread(line)] if case["fail"] else [Raw(line)]
        for key, value in (case["expected"] or {}).items():
            if not absent(value):
                checks.append(_Named(key, (key,), value.replace("\n", " ")))
        results.append(judge(name, checks, view, line))
    return results


class _Named(Field):
    """A field under its own name, or where names like `message` and `severity` are the record's own."""

    def differs(self, view: Any) -> str | None:
        own = {"message": view.body, "level": view.severity_text, "severity": view.severity_text}.get(self.label)
        moment = times.read(self.value) if self.label in ("time", "timestamp") else None
        if own == self.value or (moment and view.time and moment.fits(view.time, view.raw_text)):
            return None
        return super().differs(view)
