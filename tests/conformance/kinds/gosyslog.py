"""go-syslog's cases: a message, whether it is valid, and its parts. A lenient reader may accept more."""

import base64
from typing import Any

from tests.conformance import times
from tests.conformance.checks import Body, Check, Field, Raw, Severity, Somewhere, Time, Unread
from tests.conformance.kinds.common import read_one
from tests.conformance.manifest import Corpora
from tests.conformance.records import Reading
from tests.conformance.results import CaseResult, SourceResult, judge
from tests.conformance.settings import reading_for
from tests.conformance.values import absent

# OpenTelemetry's numbers for syslog's severities 0..7.
_SEVERITIES = (21, 19, 18, 17, 13, 10, 9, 5)


def run(corpora: Corpora, result: SourceResult, cases: list[dict[str, Any]]) -> list[CaseResult]:
    """Valid ones must be read right; of the others nothing may be invented or lost."""
    results = []
    for number, case in enumerate(cases):
        data = base64.b64decode(case["input_base64"]) if "input_base64" in case else case["input"].encode()
        line = data.decode("utf-8", "replace")
        # One message a case: where it has line breaks, only a counted frame says that it is one.
        framed = b"%d %s" % (len(data), data) if b"\n" in data.rstrip(b"\n") else data
        view = read_one(result, framed, reading_for("syslog", Reading()))
        name = f"#{number} {'valid' if case['valid'] else 'not valid'}"
        if not line.strip():
            results.append(CaseResult(name, passed=True, held=1, asked=1))
            continue
        if case["valid"]:
            results.append(judge(name, _checks(line, case["value"] or {}), view, line))
        else:
            results.append(judge(name, [Unread(line)], view, line))
    return results


def _checks(line: str, value: dict[str, Any]) -> list[Check]:
    checks: list[Check] = [Raw(line)]
    if value.get("Severity") is not None:
        number = _SEVERITIES[value["Severity"]]
        checks.append(Severity(number, number, "Severity"))
    if value.get("Facility") is not None:
        checks.append(Field("Facility", ("syslog.facility.code", "syslog.facility"), value["Facility"]))
    stamp = value.get("Timestamp")
    if stamp:
        year_less = stamp.startswith("0000-")
        moment = times.read(stamp.replace("0000-", "2000-", 1) if year_less else stamp)
        if moment:
            checks.append(Time(times.Moment(moment.nanos, moment.step, has_year=not year_less), "Timestamp"))
    for key in ("Hostname", "Appname", "ProcID", "MsgID"):
        names = {"Hostname": ("host.name",)}.get(key)
        if not absent(value.get(key)):
            checks.append(Field(key, names, value[key]) if names else Somewhere(key, value[key]))
    # A byte order mark says what the text is in; it is no text.
    message = (value.get("Message") or "").removeprefix("\ufeff")
    if not absent(message):
        checks.append(Body(message, "Message"))
    for element in (value.get("StructuredData") or {}).values():
        checks += [Somewhere(f"StructuredData.{key}", of) for key, of in (element or {}).items() if not absent(of)]
    return checks
