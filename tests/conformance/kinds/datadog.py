"""Datadog's pipeline tests: a sample, and the attributes, status and time that the pipeline makes of it.

Of the attributes only those that the oracle maps can be compared: the pipelines rename the vendors' own keys.
"""

from typing import Any

from tests.conformance import times
from tests.conformance.checks import Body, Check, Duration, Field, Severity, Target, Time
from tests.conformance.kinds.common import read_into
from tests.conformance.manifest import Corpora, Source
from tests.conformance.records import Reading, flatten
from tests.conformance.results import SourceResult, failed, judge
from tests.conformance.values import absent

_STEP = 1_000_000


def run(corpora: Corpora, source: Source) -> SourceResult:
    """Each test of the file."""
    result = SourceResult(source)
    for number, test in enumerate((source.yaml() or {}).get("tests", ())):
        sample = test["sample"].rstrip("\n")
        views = read_into(result, sample.encode(), Reading(), whole_source=False)
        name = f"#{number}"
        if not views:
            result.cases.append(failed(name, result.error or "no record"))
            continue
        result.cases.append(judge(name, _checks(corpora, test["result"] or {}, sample), views[0], sample))
    return result


def _checks(corpora: Corpora, expected: dict[str, Any], sample: str) -> list[Check]:
    oracle = corpora.oracle("datadog_to_otel")
    checks: list[Check] = []
    status = expected.get("status")
    if status in oracle.get("status_to_severity_number_range", {}):
        low, high = oracle["status_to_severity_number_range"][status]
        # A line without a severity is `info` to Datadog, and without one to us.
        checks.append(_Status(0 if status in ("info", "ok") else low, high, "status"))
    if expected.get("timestamp"):
        # A pipeline without a year puts the line in 1970 or 1971.
        nanos = int(expected["timestamp"]) * _STEP
        checks.append(Time(times.Moment(nanos, _STEP, has_year=expected["timestamp"] > 10**11), "timestamp"))
    message = expected.get("message")
    if isinstance(message, str) and message.strip() != sample.strip():
        checks.append(Body(message, "message"))
    for key, value in flatten(expected.get("custom") or {}, "custom"):
        names = oracle.get("map", {}).get(key)
        if names is None or isinstance(value, dict) or absent(value):
            continue
        names = [names] if isinstance(names, str) else names
        checks += _custom(key, names, value)
    return checks


def _custom(key: str, names: list[str], value: Any) -> list[Check]:
    if any("url.path +" in name for name in names):
        return [Target(key, str(value))]
    if any(name.startswith("duration") for name in names):
        return [Duration(key, float(value))] if isinstance(value, int | float) else []
    plain = tuple(name for name in names if "(" not in name and "'" not in name and "[" not in name and name != "any")
    return [Field(key, plain, value)] if plain else []


class _Status(Severity):
    """A status, none being as good as `info`."""
