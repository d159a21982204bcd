"""SkyWalking's rules: a log, and the tags that a rule makes of it; Envoy's access log messages as JSON."""

from collections.abc import Iterator
from typing import Any

import orjson

from tests.conformance import times
from tests.conformance.checks import Check, Field, Level, Raw, Somewhere, Time
from tests.conformance.kinds.common import read_into, read_one
from tests.conformance.manifest import Corpora, Source
from tests.conformance.records import Reading, flatten
from tests.conformance.results import CaseResult, SourceResult, failed, judge
from tests.conformance.values import absent

# The enumerations of the rules' own output, and their words for what is in no log.
_OWN = ("save", "abort", "layer", "service", "outputField.componentId", "outputField.detectPoint")


def run(corpora: Corpora, source: Source) -> SourceResult:
    """Each rule's cases."""
    result = SourceResult(source)
    for rule, cases in (source.yaml() or {}).items():
        for number, case in enumerate(cases if isinstance(cases, list) else [cases]):
            result.cases.append(_judge(result, f"{rule}#{number}", case))
    return result


def _judge(result: SourceResult, name: str, case: dict[str, Any]) -> CaseResult:
    extra = case.get("extra-log")
    line = extra["proto-json"] if extra else case.get("body", "")
    reading = Reading("envoy_als") if extra else Reading()
    view = read_one(result, line.encode(), reading)
    checks: list[Check] = [Raw(line)]
    for key, value in (case.get("expect") or {}).items():
        if key in _OWN or absent(value):
            continue
        checks += _check(key, value)
    return judge(name, checks, view, line)


def _check(key: str, value: Any) -> list[Check]:
    match key:
        case "timestamp":
            moment = times.read(value)
            return [Time(moment, key)] if moment else []
        case "tag.status.code" | "tag.http.status_code":
            return [Field(key, ("http.response.status_code",), value)]
        case "tag.level":
            return [Level(str(value), key)]
        case "tag.response.flag":
            return [_Flag(key, str(value))]
    return [Somewhere(key, value)]


class _Flag(Somewhere):
    """A response flag in the message's own spelling: `upstream_connection_failure: true` is UF in short."""

    def differs(self, view: Any) -> str | None:
        flag = self.value.split(":")[0].strip()
        short = "".join(word[0] for word in flag.split("_") if word != "connection").upper()
        held = str(view.attributes).casefold()
        return None if flag in held or f"'{short.casefold()}'" in held else f"neither {flag} nor {short}"


def run_message(corpora: Corpora, source: Source) -> SourceResult:
    """A StreamAccessLogsMessage as protobuf JSON under a licence of `#` lines: each entry a record."""
    result = SourceResult(source)
    text = "\n".join(line for line in source.data.decode().split("\n") if not line.startswith("#"))
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        result.error = "not a message in JSON"
        return result
    views = read_into(result, orjson.dumps(message), Reading("envoy_als"), whole_source=False)
    entries = [entry for kind in ("httpLogs", "tcpLogs") for entry in (message.get(kind) or {}).get("logEntry", ())]
    for number, entry in enumerate(entries):
        name = f"#{number}"
        if number >= len(views):
            result.cases.append(failed(name, result.error or "no record"))
            continue
        result.cases.append(judge(name, list(_entry(entry)), views[number]))
    return result


def _entry(entry: dict[str, Any]) -> Iterator[Check]:
    """What an entry says, each under some attribute."""
    common = entry.get("commonProperties") or {}
    moment = times.read(common.get("startTime"))
    if moment:
        yield Time(moment)
    response, request = entry.get("response") or {}, entry.get("request") or {}
    fields: tuple[tuple[tuple[str, ...], Any], ...] = (
        (("http.response.status_code",), response.get("responseCode")),
        (("http.response.body.size", "http.response.size"), response.get("responseBodyBytes")),
        (("http.request.method",), request.get("requestMethod")),
        (("user_agent.original",), request.get("userAgent")),
        (("http.request.header.x-request-id",), request.get("requestId")),
        (("url.scheme",), request.get("scheme")),
    )
    for names, value in fields:
        if not absent(value):
            yield Field(names[0], names, value)
    for key, value in flatten({"upstream": common.get("upstreamCluster"), "authority": request.get("authority")}):
        if not absent(value) and not isinstance(value, dict):
            yield Somewhere(key, value)
    for key in ("downstreamRemoteAddress", "downstreamLocalAddress", "upstreamRemoteAddress"):
        socket = (common.get(key) or {}).get("socketAddress") or {}
        for part in ("address", "portValue"):
            if not absent(socket.get(part)):
                yield Somewhere(f"{key}.{part}", socket[part])
