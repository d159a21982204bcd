"""The Google Ops Agent's parser tests: a log, a config, and the records as OTLP/JSON in YAML.

Where the agent's second engine (its LogEntry output beside it) has another value, the field is not a must; of two
times either will do, since the engines took zone-less stamps to be in different zones.
"""

from typing import Any

from tests.conformance import times
from tests.conformance.checks import Body, Check, Field, Identity, Level, Severity, Somewhere, Target
from tests.conformance.kinds.common import align, read_into
from tests.conformance.manifest import Corpora, Source
from tests.conformance.records import Reading, View
from tests.conformance.results import SourceResult, judge
from tests.conformance.settings import reading_for
from tests.conformance.values import absent, same

_HTTP = {
    "requestMethod": ("http.request.method",),
    "status": ("http.response.status_code",),
    "responseSize": ("http.response.body.size", "http.response.size"),
    "requestSize": ("http.request.size",),
    "remoteIp": ("client.address", "network.peer.address"),
    "serverIp": ("server.address",),
    "userAgent": ("user_agent.original",),
    "referer": ("http.request.header.referer",),
}


def run(corpora: Corpora, source: Source) -> SourceResult:
    """Every record of the OTLP output against the log's records, in order."""
    result = SourceResult(source)
    log = corpora.input_of(source)
    if log is None:
        result.error = "its log is not in the corpora"
        return result
    result.source = log
    steps = _steps(corpora, source)
    program = str(steps[0].get("type", "")) if steps else ""
    views = read_into(result, log.data, _reading(program, steps), program=program)
    expected = list(_records(source.yaml()))
    others = _other_engine(corpora, source, expected)
    shifts = _shifts(expected, others)
    found = align([_keys(record) for record in expected], views)
    if len(expected) == len(views) and None in found:
        found = list(views)
    for number, (record, other, view) in enumerate(zip(expected, others, found, strict=True)):
        result.cases.append(judge(f"#{number}", _checks(record, other, shifts), view, view.raw_text if view else None))
    return result


def _steps(corpora: Corpora, source: Source) -> list[dict[str, Any]]:
    for config in corpora.beside(source, "config"):
        steps = config.yaml()
        if isinstance(steps, list):
            return [step for step in steps if isinstance(step, dict)]
    return []


def _reading(program: str, steps: list[dict[str, Any]]) -> Reading:
    """A regular expression that the config has is what the user would write here too."""
    if program == "parse_regex" and "regex" in steps[0]:
        options = {key: steps[0][key] for key in ("time_key", "time_format") if steps[0].get(key)}
        return Reading("regex", {"pattern": steps[0]["regex"], **options})
    return reading_for(program, Reading())


def _records(document: Any) -> Any:
    for part in document:
        for resource in part.get("resourceLogs", ()):
            for scope in resource.get("scopeLogs", ()):
                yield from scope.get("logRecords", ())


def _other_engine(corpora: Corpora, source: Source, expected: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
    for other in corpora.beside(source, "gcp-logentry-yaml"):
        if "fluentbit" not in other.file:
            continue
        entries = [entry for part in other.yaml() or () for entry in part.get("entries", ())]
        if len(entries) == len(expected):
            return list(entries)
        # It may have joined no lines: a message's first line tells which entry is of it.
        first = {_first_line(entry.get("jsonPayload")): entry for entry in reversed(entries)}
        return [first.get(_first_line(_value(record.get("body", {})))) for record in expected]
    return [None] * len(expected)


def _shifts(expected: list[dict[str, Any]], others: list[dict[str, Any] | None]) -> set[int]:
    """By how much the engines differ in this source: the zone that the first one's machine was in."""
    shifts = set()
    for record, other in zip(expected, others, strict=True):
        moment = times.read((other or {}).get("timestamp"))
        if moment and record.get("timeUnixNano"):
            shifts.add(int(record["timeUnixNano"]) - moment.nanos)
    return shifts


def _first_line(payload: Any) -> str:
    message = payload.get("message") if isinstance(payload, dict) else None
    return message.strip().split("\n")[0] if isinstance(message, str) else ""


def _value(value: dict[str, Any]) -> Any:
    """An OTLP value as plain data."""
    for kind, inner in value.items():
        if kind == "kvlistValue":
            return {item["key"]: _value(item["value"]) for item in (inner or {}).get("values", ())}
        if kind == "arrayValue":
            return [_value(item) for item in (inner or {}).get("values", ())]
        return int(inner) if kind == "intValue" else inner
    return None


def _keys(record: dict[str, Any]) -> list[str]:
    """What of a record stands in its line as it is: its message, or its longest text."""
    body = _value(record.get("body", {}))
    if isinstance(body, str):
        return [body.split("\n")[0].strip()]
    texts = [text for text in _texts(body) if text.strip()]
    message = body.get("message") if isinstance(body, dict) else None
    if isinstance(message, str) and message.strip():
        return [message.strip().split("\n")[0].strip()]
    request = _http(record)
    if request:
        return [str(request[key]) for key in ("remoteIp", "requestUrl") if request.get(key)]
    return [text.split("\n")[0].strip() for text in texts if len(text) > 2 and "\t" not in text]


def _texts(value: Any) -> Any:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)


def _http(record: dict[str, Any]) -> dict[str, Any]:
    for attribute in record.get("attributes", ()):
        if attribute["key"] == "gcp.http_request":
            return dict(_value(attribute["value"]))
    return {}


def _checks(record: dict[str, Any], other: dict[str, Any] | None, shifts: set[int]) -> list[Check]:
    checks: list[Check] = []
    body = _value(record.get("body", {}))
    payload = (other or {}).get("jsonPayload")
    if isinstance(body, dict):
        for key, value in body.items():
            if not absent(value) and not _disputed(key, value, body, payload):
                checks += _body_field(key, value)
    elif not absent(body):
        checks.append(Body(body))
    request = _http(record)
    for key, value in request.items():
        if absent(value):
            continue
        if key in _HTTP:
            checks.append(Field(key, _HTTP[key], value))
        elif key == "requestUrl":
            checks.append(Target(key, value))
        elif key == "protocol":
            checks.append(_protocol(key, value))
    if "severityNumber" in record:
        checks.append(Severity(int(record["severityNumber"]), int(record["severityNumber"])))
    elif record.get("severityText"):
        checks.append(Level(record["severityText"]))
    if record.get("timeUnixNano"):
        nanos = int(record["timeUnixNano"])
        checks.append(_EitherTime([times.Moment(nanos - shift) for shift in sorted({0, *shifts})]))
    checks += [Identity(key, record[key]) for key in ("traceId", "spanId") if record.get(key)]
    return checks


def _disputed(key: str, value: Any, body: dict[str, Any], payload: Any) -> bool:
    """Whether the other engine, having read the line as well, says something else."""
    if not isinstance(payload, dict) or 2 * len(body.keys() & payload.keys()) < len(body):
        return False
    other = payload.get(key)
    joined = isinstance(value, str) and isinstance(other, str) and value.startswith(other)
    return not (joined or same(value, other))


def _body_field(key: str, value: Any) -> list[Check]:
    """A key of the body: its value under some attribute, or in the body; names are the agent's own."""
    if key == "message" and isinstance(value, str):
        return [Body(value, key)]
    if isinstance(value, dict):
        return [check for inner, of in value.items() if not absent(of) for check in _body_field(f"{key}.{inner}", of)]
    if key in ("time", "timestamp"):
        moment = times.read(value)
        if moment:
            return [_EitherTime([moment])]
    return [Somewhere(key, value)]


def _protocol(key: str, value: str) -> Check:
    name, _, version = value.partition("/")
    return (
        Field(key, ("network.protocol.version",), version) if version else Field(key, ("network.protocol.name",), name)
    )


class _EitherTime:
    """The record's time, as one of the two engines has it."""

    label = "time"

    def __init__(self, moments: list[times.Moment]) -> None:
        self.value = [str(moment) for moment in moments]
        self._moments = moments

    def differs(self, view: View) -> str | None:
        if view.time and any(moment.fits(view.time, view.raw_text) for moment in self._moments):
            return None
        return times.show(view.time)
