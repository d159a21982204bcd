"""Lines that logging libraries print, with the object that each says; and access logs with a value an operator."""

from typing import Any

from tests.conformance import times
from tests.conformance.checks import Body, Check, Field, Level, Raw, Somewhere, Target, Time
from tests.conformance.kinds.common import read_one
from tests.conformance.manifest import Corpora
from tests.conformance.records import Reading
from tests.conformance.results import CaseResult, SourceResult, judge
from tests.conformance.values import absent

_TIMES = ("time", "ts", "timestamp", "@timestamp", "t")
_LEVELS = ("level", "lvl", "severity", "log.level")
_MESSAGES = ("message", "msg")

# What the operators of an access log, and the names that readers of them use, are in semantic conventions.
_ACCESS: dict[str, tuple[str, ...]] = {
    "REQ(:METHOD)": ("http.request.method",),
    "method": ("http.request.method",),
    "RESPONSE_CODE": ("http.response.status_code",),
    "status_code": ("http.response.status_code",),
    "REQ(USER-AGENT)": ("user_agent.original",),
    "user_agent": ("user_agent.original",),
}


def run(corpora: Corpora, result: SourceResult, cases: list[dict[str, Any]]) -> list[CaseResult]:
    """A line, and the object that it says."""
    results = []
    for number, case in enumerate(cases):
        line = case["input"]
        name = f"#{number} {case.get('example', '')}".strip()
        format = str(case.get("format", "auto"))
        view = read_one(result, line.encode(), Reading("logfmt" if format in ("logfmt", "text") else format))
        checks: list[Check] = [Raw(line)]
        for key, value in (case["expected"] or {}).items():
            checks += _check(key, value)
        results.append(judge(name, checks, view, line))
    return results


def _check(key: str, value: Any) -> list[Check]:
    if absent(value):
        return []
    if key in _TIMES:
        moment = times.read(value)
        if moment:
            return [Time(moment, key)]
    if key in _LEVELS and isinstance(value, str):
        return [Level(value, key)]
    if key in _MESSAGES:
        return [Body(value, key)]
    return [Somewhere(key, value)]


def run_access(corpora: Corpora, result: SourceResult, cases: list[dict[str, Any]]) -> list[CaseResult]:
    """A line of a proxy's access log, and what each of its fields says."""
    results = []
    for number, case in enumerate(cases):
        line = case["input"]
        format = str(case["format"])
        reading = Reading("envoy", {"format_string": format}) if "%" in format else Reading()
        view = read_one(result, line.encode(), reading)
        checks: list[Check] = [Raw(line)]
        for key, value in case["expected"].items():
            checks += _access(key, value)
        results.append(judge(f"#{number}", checks, view, line))
    return results


def _access(key: str, value: Any) -> list[Check]:
    if absent(value):
        return []
    if key in ("START_TIME", "timestamp"):
        moment = times.read(value)
        return [Time(moment, key)] if moment else []
    if ":PATH" in key or key == "uri_path":
        return [Target(key, value)]
    if key in ("PROTOCOL", "protocol"):
        return [Field(key, ("network.protocol.version",), value.partition("/")[2] or value)]
    if key in _ACCESS:
        return [Field(key, _ACCESS[key], value)]
    return [Somewhere(key, value)]
