"""VictoriaLogs' cases, told apart by their keys: syslog, logfmt, JSON lines, journald, stamps, lines."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from tests.conformance import times
from tests.conformance.checks import Body, Check, Field, Level, Raw, Severity, Somewhere, Time, Unread
from tests.conformance.kinds.common import read_into, read_one
from tests.conformance.manifest import Corpora
from tests.conformance.records import Reading, View
from tests.conformance.results import CaseResult, SourceResult, failed, judge, together
from tests.conformance.settings import reading_for
from tests.conformance.values import absent

_SEVERITIES = (21, 19, 18, 17, 13, 10, 9, 5)


def run(corpora: Corpora, result: SourceResult, cases: list[dict[str, Any]]) -> list[CaseResult]:
    """Each case by its shape; what asks for another thing than logs are read for is none."""
    results = []
    journal = any("src" in case for case in cases)
    if result.source.category == "wire-es-bulk":
        return [_bulk(result, f"#{number} {case['test']}", case) for number, case in enumerate(cases)]
    for number, case in enumerate(cases):
        name = f"#{number} {case.get('test', '')}"
        for fits, runner in _SHAPES:
            if fits(case):
                results.append(runner(result, name, case))
                break
        else:
            if journal and "name" in case and "resultExpected" in case:
                results.append(_field_name(result, name, case))
            elif "data" in case or "s" in case:
                unread = Reading("journald") if journal else Reading()
                results.append(_unread(result, name, str(case.get("data", case.get("s"))), unread))
    return results


def _unread(result: SourceResult, name: str, data: str, reading: Reading) -> CaseResult:
    """What the other project refuses: kept, and nothing invented."""
    if _is_stamp_error(name):
        return _no_stamp(result, name, "time", data)
    views = read_into(result, data.encode(), reading, whole_source=False)
    lines = [line for line in data.split("\n") if line.strip()]
    kept = "\n".join(view.raw_text for view in views)
    lost = [line for line in lines if line.strip("\0") not in kept]
    if lost:
        return failed(name, f"not kept: {lost[0]!r}")
    whole = data.replace("\n", " ")
    return together(name, [judge(name, [Unread(view.raw_text)], view, whole) for view in views])


def _is_stamp_error(name: str) -> bool:
    return "Timestamp" in name and name.endswith("Error")


def _lines(result: SourceResult, name: str, case: dict[str, Any]) -> CaseResult:
    """Framing: each line a record; empty lines are none."""
    expected = [line for line in case["linesExpected"] or [] if line.strip()]
    octets = "yslog" in name
    reading = reading_for("syslog", Reading()) if octets else Reading("text")
    views = read_into(result, case["data"].encode(), reading, whole_source=False)
    have = [view.raw_text.strip() for view in views]
    # A reader of files ends a record at a line's end, also where the other one waits for more of a message.
    wanted = [line.strip() for line in expected]
    same = have == wanted or [part for line in wanted for part in line.split("\n") if part.strip()] == have
    return CaseResult(name, same, int(same), 1, () if same else (f"lines: expected {wanted}, is {have}",))


def _logfmt(result: SourceResult, name: str, case: dict[str, Any]) -> CaseResult:
    line = case["s"]
    if not line.strip():
        return CaseResult(name, passed=True, held=1, asked=1)
    view = read_one(result, line.encode(), Reading("logfmt"))
    checks = [Somewhere(key, value) for key, value in _pairs(case["resultExpected"]) if not absent(value)]
    return judge(name, [Raw(line), *checks], view, line)


def _syslog(result: SourceResult, name: str, case: dict[str, Any]) -> CaseResult:
    line = case["s"]
    if not line.strip():
        return CaseResult(name, passed=True, held=1, asked=1)
    view = read_one(result, line.encode(), reading_for("syslog", Reading()))
    checks: list[Check] = [Raw(line)]
    for key, value in _pairs(case["resultExpected"]):
        if not absent(value):
            checks += _syslog_field(key, value)
    return judge(name, checks, view, line)


def _syslog_field(key: str, value: str) -> list[Check]:
    match key:
        case "timestamp":
            moment = times.read(value)
            return [Time(moment, key)] if moment else []
        case "severity":
            number = _SEVERITIES[int(value)]
            return [Severity(number, number, key)]
        case "facility":
            return [Field(key, ("syslog.facility.code", "syslog.facility"), value)]
        case "hostname":
            return [Field(key, ("host.name",), value)]
        case "message":
            return [Body(value, key)]
        case "format" | "priority" | "facility_keyword" | "level":
            return []  # other spellings of what is asked above
    return [Somewhere(key, value)]


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """key=value and key="quoted", as that project's tests write fields."""
    at = 0
    while at < len(text):
        key, _, rest = text[at:].partition("=")
        at += len(key) + 1
        if rest.startswith('"'):
            end = 1
            while rest[end] != '"':
                end += 2 if rest[end] == "\\" else 1
            yield key.strip(), orjson.loads(rest[: end + 1])
            at += end + 1
        else:
            value = rest.split(" ", 1)[0]
            yield key.strip(), value
            at += len(value)
        at += 1


def _fields(case: dict[str, Any]) -> dict[str, Any]:
    """A list of {Name, Value} as the extraction writes it."""
    return {field[0]["v"]: field[1]["v"] for field in case.get("fieldsExpected", case.get("fields")) or ()}


def _stamp(result: SourceResult, name: str, case: dict[str, Any]) -> CaseResult:
    """A field that holds the time, in a JSON line."""
    fields = {field[0]["v"]: field[1]["v"] for field in case["fields"]}
    if "nsecsExpected" not in case:
        return _no_stamp(result, name, case["timeField"], fields[case["timeField"]])
    line = orjson.dumps(fields)
    view = read_one(result, line, Reading("json"))
    return judge(name, [Time(times.Moment(int(case["nsecsExpected"])))], view, line.decode())


def _no_stamp(result: SourceResult, name: str, key: str, value: str) -> CaseResult:
    """No time to be had: the record has none of its own, and the observed one stands apart."""
    line = orjson.dumps({"message": "x", key: value})
    view = read_one(result, line, Reading("json"))
    if view is None:
        return failed(name, "no record")
    right = view.observed > 0 and view.time in (0, view.observed)
    difference = () if right else (f"time: expected none, is {times.show(view.time)}",)
    return CaseResult(name, right, int(right), 1, difference)


def _json(result: SourceResult, name: str, case: dict[str, Any]) -> CaseResult:
    line = case["data"]
    view = read_one(result, line.encode(), Reading("json"))
    limited = "maxFieldLen" in case  # a bound of that project's: its values are ours in another shape
    checks = [] if limited else [Somewhere(key, value) for key, value in _fields(case).items() if not absent(value)]
    return judge(name, [Raw(line), *checks], view, line)


def _json_lines(result: SourceResult, name: str, case: dict[str, Any]) -> CaseResult:
    keys = {case["timeField"]: "time", case["msgField"]: "body"}
    views = read_into(result, case["data"].encode(), Reading("json", {"keys": keys}), whole_source=False)
    rows = [orjson.loads(row) for row in case["resultExpected"].split("\n") if row]
    return _rows(name, rows, case["timestampsExpected"] or [], views)


def _bulk(result: SourceResult, name: str, case: dict[str, Any]) -> CaseResult:
    """A body of Elasticsearch's bulk API: its documents, or nothing that could be taken for one."""
    keys = {case[field]: role for field, role in (("timeField", "time"), ("msgField", "body")) if field in case}
    reading = Reading("elasticsearch_bulk", {"keys": keys} if keys else {})
    views = read_into(result, case["data"].encode(), reading, whole_source=False)
    if "resultExpected" not in case:
        taken = [view.raw_text for view in views if not view.is_reject]
        return CaseResult(name, not taken, int(not taken), 1, tuple(f"taken: {text!r}" for text in taken))
    rows = [orjson.loads(row) for row in case["resultExpected"].split("\n") if row]
    if len(views) != len(rows):
        return failed(name, f"{len(views)} records, expected {len(rows)}")
    return _rows(name, rows, case["timestampsExpected"] or [], views)


def _journald(result: SourceResult, name: str, case: dict[str, Any]) -> CaseResult:
    views = read_into(result, case["src"].encode("latin-1", "replace"), Reading("journald"), whole_source=False)
    rows = [orjson.loads(row) for row in case["resultExpected"].split("\n") if row]
    good = [view for view in views if not view.is_reject]
    return _rows(name, rows, case["timestampsExpected"] or [], good)


def _rows(name: str, rows: list[dict[str, Any]], stamps: list[int], views: list[View]) -> CaseResult:
    if len(views) < len(rows):
        return failed(name, f"{len(views)} records, expected {len(rows)}")
    parts = []
    for row, stamp, view in zip(rows, stamps, views, strict=False):
        checks: list[Check] = [Time(times.Moment(stamp, 1000))]
        for key, value in row.items():
            if absent(value):
                continue
            checks += [Body(value, key)] if key == "_msg" else _journal_field(key, value)
        parts.append(judge(name, checks, view, view.raw_text))
    return together(name, parts) if parts else CaseResult(name, passed=True, held=1, asked=1)


def _journal_field(key: str, value: str) -> list[Check]:
    if key == "PRIORITY" and value.isdigit():
        return [Severity(_SEVERITIES[int(value)], _SEVERITIES[int(value)], key)]
    return [Level(value, key)] if key == "level" else [Somewhere(key, value)]


def _field_name(result: SourceResult, name: str, case: dict[str, Any]) -> CaseResult:
    """Whether a journal's field may be called so; of one that may not, only that the entry is kept."""
    entry = f"__REALTIME_TIMESTAMP=91723819283\nMESSAGE=x\n{case['name']}=probe\n\n"
    views = read_into(result, entry.encode(), Reading("journald"), whole_source=False)
    if not views:
        return failed(name, "no record")
    if not case["resultExpected"]:
        return CaseResult(name, passed=True, held=1, asked=1)
    return judge(name, [Somewhere(case["name"], "probe"), Body("x")], views[0], entry)


_SHAPES: tuple[
    tuple[Callable[[dict[str, Any]], bool], Callable[[SourceResult, str, dict[str, Any]], CaseResult]], ...
] = (
    (lambda case: "linesExpected" in case, _lines),
    (lambda case: "s" in case and "resultExpected" in case and "timezone" in case, _syslog),
    (lambda case: "s" in case and "resultExpected" in case, _logfmt),
    (lambda case: "src" in case and "resultExpected" in case, _journald),
    (lambda case: "fields" in case and "timeField" in case, _stamp),
    (lambda case: "fieldsExpected" in case, _json),
    (lambda case: "msgField" in case and "resultExpected" in case, _json_lines),
)
