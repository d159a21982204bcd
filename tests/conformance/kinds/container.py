"""Container logs: fluent-bit's records of docker's JSON lines, and its cases of joined lines.

The expected record is `[time, {log, stream, …}]`; which line it is of is told by log, stream and time. What the
Kubernetes API adds (`kubernetes`) is enrichment.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from tests.conformance import times
from tests.conformance.checks import Body, Check, Field, Raw, Somewhere, Time
from tests.conformance.kinds.common import read_into
from tests.conformance.manifest import Corpora, Source
from tests.conformance.records import Reading, View, flatten
from tests.conformance.results import CaseResult, SourceResult, failed, judge
from tests.conformance.settings import MULTILINE
from tests.conformance.values import absent, same

_MICRO = 1000


def run(corpora: Corpora, source: Source) -> SourceResult:
    """Each expected record against the record of the line that it is of."""
    result = SourceResult(source)
    for number, line in enumerate(source.data.splitlines()):
        try:
            stamp, expected = orjson.loads(line)
        except (orjson.JSONDecodeError, ValueError, TypeError):
            result.error = "no records of a known shape"
            return result
        if not isinstance(expected, dict):
            result.error = "no records of a known shape"
            return result
        found = _input(corpora, source, float(stamp), expected)
        if found is None:
            result.error = "its input is not in the corpora"
            continue
        result.cases.append(_judge(result, f"#{number}", float(stamp), expected, found))
    return result


def _input(corpora: Corpora, source: Source, stamp: float, expected: dict[str, Any]) -> bytes | None:
    """A line, or a document, of the same project that says what is expected."""
    project = source.file.split("/", 1)[0]
    for other in corpora.sources.values():
        if other.category != source.category or not other.file.startswith(f"{project}/") or other.expected != "none":
            continue
        for piece, value in _pieces(other):
            if _fits(value, stamp, expected):
                return piece
    return None


def _pieces(source: Source) -> Iterator[tuple[bytes, Any]]:
    data = source.data
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        document = None
    if document is not None:
        yield data, document
        return
    for line in data.splitlines():
        try:
            yield line, orjson.loads(line)
        except orjson.JSONDecodeError:
            continue


def _fits(value: Any, stamp: float, expected: dict[str, Any]) -> bool:
    if not isinstance(value, dict):
        return False
    if "log" in value and "stream" in value:
        moment = times.read(value.get("time"))
        inner = _inner(value["log"])
        there = {**value, **(inner if isinstance(inner, dict) else {})}
        wanted = {key: of for key, of in expected.items() if key != "kubernetes"}
        near = moment is not None and abs(moment.nanos / 1e9 - stamp) < 2e-6
        return near and all(same(of, there.get(key)) for key, of in wanted.items())
    items = value.get("items")
    return isinstance(items, list) and any(same(expected, item) for item in items)


def _inner(log: str) -> Any:
    try:
        return orjson.loads(log)
    except orjson.JSONDecodeError:
        return None


def _judge(result: SourceResult, name: str, stamp: float, expected: dict[str, Any], piece: bytes) -> CaseResult:
    views = read_into(result, piece, Reading(), whole_source=False)
    if not views:
        return failed(name, result.error or "no record")
    view = views[0]
    if "metadata" in expected:
        uid = expected["metadata"].get("uid")
        view = next((v for v in views if any(same(uid, value) for value in v.values)), view)
    checks: list[Check] = [_Near(times.Moment(round(stamp * 1e6) * _MICRO, _MICRO))]
    for key, value in expected.items():
        if absent(value) or key == "kubernetes":
            continue
        checks += _check(key, value)
    return judge(name, checks, view, piece.decode("utf-8", "replace"))


class _Near(Time):
    """A time that was printed as a fraction of six digits, rounded."""

    def differs(self, view: View) -> str | None:
        return None if abs(view.time - self.moment.nanos) <= _MICRO else super().differs(view)


def _check(key: str, value: Any) -> list[Check]:
    if key == "log":
        inner = _inner(value)
        if isinstance(inner, dict):  # an application's JSON within: its own keys
            return [Somewhere(name, of) for name, of in inner.items() if not absent(of)]
        return [Body(value, key)]
    if key == "stream":
        return [Field(key, ("log.iostream",), value)]
    if key == "message":
        return [Body(value, key)]
    if isinstance(value, dict):
        return [
            Somewhere(f"{key}.{name}", of)
            for name, of in flatten(value)
            if not isinstance(of, dict) and not absent(of) and "managedFields" not in name
        ]
    moment = times.read(value) if isinstance(value, str) else None
    return [] if moment else [Somewhere(key, value)]


def run_joined(corpora: Corpora, result: SourceResult, cases: list[dict[str, Any]]) -> list[CaseResult]:
    """Lines of which some belong together, and the texts that come of it."""
    results = []
    for case in cases:
        # A line has no line break within: there the extraction has lost an escape.
        lines = (line.rstrip("\n").replace("\n", "\\n") for line in case["input"])
        data = "".join(f"{line}\n" for line in lines).encode()
        name = case["name"]
        views = read_into(result, data, MULTILINE.get(name, Reading()), whole_source=False)
        results.append(_texts(name, case["expected"], views))
    return results


def _texts(name: str, expected: list[str], views: list[View]) -> CaseResult:
    """Each expected text is the message, or the whole original, of a record; in any order."""
    left = list(views)
    missing = []
    for text in expected:
        if not text.strip():
            continue
        at = next((i for i, v in enumerate(left) if not Body(text).differs(v) or not Raw(text).differs(v)), None)
        if at is None:
            missing.append(text)
        else:
            left.pop(at)
    extra = [view.raw_text for view in left if view.raw_text.strip()]
    differences = tuple(f"no record for {text!r}"[:400] for text in missing)
    differences += tuple(f"a record too many: {text!r}"[:400] for text in extra)
    asked = len(expected)
    return CaseResult(name, not differences, asked - len(missing), asked, differences)
