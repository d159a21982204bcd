"""CrowdSec's parser tests: a log, and assertions on what each parser of the chain made of each line."""

import fnmatch
import re
from functools import cache
from typing import Any

import orjson

from tests.conformance import times
from tests.conformance.checks import Check, Field, Somewhere, Target, Time
from tests.conformance.kinds.common import align, read_into
from tests.conformance.manifest import Corpora, Source
from tests.conformance.records import Reading, View
from tests.conformance.results import SourceResult, judge
from tests.conformance.settings import reading_for
from tests.conformance.values import absent

_ASSERT = re.compile(
    r'results\["(?P<stage>[^"]+)"\]\["(?P<parser>[^"]+)"\]\[(?P<line>\d+)\]\.(?P<path>.+?) == (?P<value>.*)\Z',
    re.DOTALL,
)
_STEP = re.compile(r'\.?([A-Za-z_][\w-]*)|\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]')


def run(corpora: Corpora, source: Source) -> SourceResult:
    """Every line that a parser of stage s01 (else s00) accepted."""
    result = SourceResult(source)
    log = corpora.input_of(source)
    if log is None:
        result.error = "its log is not in the corpora"
        return result
    result.source = log
    program = ""
    for config in corpora.beside(source, "config"):
        program = str((config.yaml() or {}).get("log_type", ""))
    views = read_into(result, log.data, reading_for(program, Reading()), program=program)
    cases = _cases(source.data.decode())
    # Several parsers may have read the same lines: each has them all.
    records: list[View | None] = [None] * len(cases)
    for parser in dict.fromkeys(name.partition("[")[0] for name, _ in cases):
        of_it = [at for at, (name, _) in enumerate(cases) if name.partition("[")[0] == parser]
        found = align([[cases[at][1].get("Parsed.message", "")] for at in of_it], views)
        if not any(found):
            found = align([[cases[at][1].get("StrTime", "")] for at in of_it], views)
        for at, view in zip(of_it, found, strict=True):
            records[at] = view
    for (name, event), view in zip(cases, records, strict=True):
        line = view.raw_text if view else str(event.get("Parsed.message"))
        result.cases.append(judge(name, _checks(corpora, event, program), view, line))
    return result


def _cases(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of the last stage that has any, flat by path, in the order of the file."""
    stages: dict[str, dict[tuple[str, int], dict[str, Any]]] = {}
    for line in text.splitlines():
        found = _ASSERT.match(line)
        if not found:
            continue
        event = stages.setdefault(found["stage"], {}).setdefault((found["parser"], int(found["line"])), {})
        event[_path(found["path"])] = _literal(found["value"])
    for stage in ("s01-parse", "s00-raw"):
        good = [
            (f"{parser}[{index}]", {path.removeprefix("Evt."): value for path, value in event.items()})
            for (parser, index), event in stages.get(stage, {}).items()
            if event.get("Success") is True
        ]
        if good:
            return good
    return []


def _path(text: str) -> str:
    return ".".join(next(part for part in step.groups() if part is not None) for step in _STEP.finditer(text))


def _literal(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    if text.startswith('"'):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return text[1:-1]
    if text.startswith("["):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
    return None if text == "nil" else text


def _checks(corpora: Corpora, event: dict[str, Any], program: str) -> list[Check]:
    checks: list[Check] = []
    line = str(event.get("Parsed.message", ""))
    for path, value in event.items():
        if absent(value) or path == "Success" or _ignored(corpora, path):
            continue
        if path == "Parsed.program" and (str(value) == program or not _stands_in(str(value), line)):
            continue  # a label of the acquisition's: the line does not say it
        checks += _check(path, value, _mapping(corpora).get(path))
    return checks


def _stands_in(word: str, line: str) -> bool:
    """Whether a line has a word by itself: `x-envoy-attempt-count` does not say envoy."""
    return re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w.-])", line) is not None


def _check(path: str, value: Any, to: tuple[str, ...] | None) -> list[Check]:
    if path.startswith("Unmarshaled."):
        return [Somewhere(path, value)]  # a field of a JSON body
    if to is None:
        return []
    first = to[0]
    if first in ("time_unix_nano", "observed/time"):
        moment = times.read(value)
        check = Time if first == "time_unix_nano" else _Stamp
        return [check(moment, path)] if moment else []
    if first.startswith("url.path"):
        return [Target(path, str(value))]
    if "or ignore" in first or first.startswith("CRI tag"):
        return []
    return [Field(path, to, value)]


class _Stamp(Time):
    """When the runtime took the line: the observed time, the record's own, or under some attribute."""

    def differs(self, view: View) -> str | None:
        if self.moment.fits(view.observed, view.raw_text):
            return None
        said = (times.read(value) for value in view.attributes.values() if isinstance(value, str))
        if any(moment and self.moment.fits(moment.nanos) for moment in said):
            return None
        return super().differs(view)


def _mapping(corpora: Corpora) -> dict[str, tuple[str, ...]]:
    """Each path of the oracle's map, its alternatives apart."""
    mapping: dict[str, tuple[str, ...]] = {}
    for keys, to in corpora.oracle("crowdsec_to_otel").get("map", {}).items():
        for key in keys.replace("Evt.", "").split("|"):
            path = key if key.startswith(("Parsed.", "Meta.", "StrTime", "Unmarshaled.")) else f"Parsed.{key}"
            mapping[path] = tuple(to) if isinstance(to, list) else (to,)
    return mapping


def _ignored(corpora: Corpora, path: str) -> bool:
    return _pattern(tuple(corpora.oracle("crowdsec_to_otel").get("ignore", ()))).match(path) is not None


@cache
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns) or r"(?!)")
