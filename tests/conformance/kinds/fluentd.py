"""fluentd's parser tests: a parser, its configuration, a line, and the time and record that come of it."""

from typing import Any

import orjson

from tests.conformance import times
from tests.conformance.checks import Check, Field, Raw, Somewhere, Target, Time
from tests.conformance.kinds.common import read_one
from tests.conformance.manifest import Corpora
from tests.conformance.records import Reading, known_formats
from tests.conformance.results import CaseResult, SourceResult, failed, judge
from tests.conformance.settings import reading_for
from tests.conformance.values import absent

_HTTP: dict[str, tuple[str, ...]] = {
    "host": ("client.address", "network.peer.address"),
    "method": ("http.request.method",),
    "code": ("http.response.status_code",),
    "size": ("http.response.body.size", "http.response.size"),
    "referer": ("http.request.header.referer",),
    "agent": ("user_agent.original",),
    "user": ("user.name",),
}


def run(corpora: Corpora, result: SourceResult, cases: list[dict[str, Any]]) -> list[CaseResult]:
    """The line, read as its configuration says."""
    results = []
    # Some cases were extracted without their expression: the same test, or line, stands in the file again, with it.
    whole = [case for case in cases if "expression" in case["conf"]]
    for number, bare in enumerate(cases):
        twin = next((other for key in ("test", "input") for other in whole if other[key] == bare[key]), bare)
        case = {**bare, "conf": {**twin["conf"], **bare["conf"]}}
        line: str = case["input"]
        name = f"#{number} {case.get('test', '')}"
        view = read_one(result, line.encode(), _reading(case))
        if view is None and all(assertion.get("value") is None for assertion in case["asserts"]):
            results.append(CaseResult(name, passed=True, held=1, asked=1))
            continue
        if view is None:
            results.append(failed(name, result.error or "no record"))
            continue
        web = "apache" in case["parser"].casefold() or "nginx" in case["parser"].casefold()
        results.append(judge(name, [Raw(line), *_checks(case, web=web)], view, line))
    return results


def _reading(case: dict[str, Any]) -> Reading:
    """The format that the parser's class names."""
    parser = case["parser"].rpartition(":")[2].removesuffix("Parser").casefold()
    conf = case["conf"]
    name = {"csv": "csv", "tsv": "tsv", "ltsv": "ltsv", "none": "text", "json": "json", "syslog": "syslog"}.get(parser)
    if name in ("csv", "tsv") and name in known_formats():
        options: dict[str, Any] = {"columns": conf.get("keys", "")}
        return Reading(name, options | ({"delimiter": conf["delimiter"]} if "delimiter" in conf else {}))
    if "expression" in conf and "regex" in known_formats():
        return Reading("regex", _regex(conf))
    return Reading(name) if name in known_formats() and name else reading_for(parser, Reading())


def _regex(conf: dict[str, Any]) -> dict[str, Any]:
    """The options of `regex` that say what the configuration says. The expression stands in slashes there."""
    options: dict[str, Any] = {"pattern": conf["expression"].strip("/")}
    options |= {key: conf[key] for key in ("time_format", "time_key") if key in conf}
    types = conf.get("types")
    if isinstance(types, str) and types.startswith("{"):
        options["types"] = orjson.loads(types)
    elif types:
        sign = conf.get("types_label_delimiter", ":")
        options["types"] = dict(item.split(sign, 1) for item in types.split(","))
    options["types"] = {name: kind for name, kind in options.get("types", {}).items() if not kind.startswith("time")}
    return options


def _checks(case: dict[str, Any], *, web: bool) -> list[Check]:
    checks: list[Check] = []
    for assertion in case["asserts"]:
        if assertion["op"] != "eq":
            continue
        if assertion["target"] == "time":
            checks += _time(assertion["value"], "time")
        elif assertion["target"] == "record":
            value = assertion["value"]
            path = assertion["path"]
            fields = value.items() if isinstance(value, dict) and not path else [(".".join(map(str, path)), value)]
            for key, inner in fields:
                checks += _field(key, inner, web=web)
    return checks


def _field(key: str, value: Any, *, web: bool) -> list[Check]:
    if absent(value):
        return []
    if isinstance(value, list) and value and value[0] == "event_time":
        # Of several times one is the record's; the others are kept as they were written.
        return _time(value, key) if key == "time" else [Somewhere(key, value[1])]
    if web and key == "path":
        return [Target(key, str(value))]
    if web and key in _HTTP:
        return [Field(key, _HTTP[key], value)]
    if key == "time" and times.read(value):
        return _time(["event_time", value, None], key)
    return [Somewhere(key, value)]


def _time(value: Any, label: str) -> list[Check]:
    if isinstance(value, list) and value and value[0] == "event_time":
        moment = times.strptime(value[1], value[2]) if len(value) > 2 and value[2] else None
        moment = moment or times.read(value[1])
        return [Time(moment, label)] if moment else []
    moment = times.read(value)
    return [Time(moment, label)] if moment else []
