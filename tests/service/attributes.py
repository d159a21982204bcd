"""logloom's attributes read back into Envoy's command operators, for comparison with `expected.fields`."""

from typing import Any

from tests.otlp import Flat
from tests.service import logs

NAMES = {
    "METHOD": "http.request.method",
    "PROTOCOL": "network.protocol.version",
    "RESPONSE_CODE": "http.response.status_code",
    "RESPONSE_FLAGS": "envoy.response_flags",
    "RESPONSE_CODE_DETAILS": "envoy.response_code_details",
    "BYTES_RECEIVED": "http.request.body.size",
    "BYTES_SENT": "http.response.body.size",
    "DURATION": "envoy.duration_ms",
    "UPSTREAM_SERVICE_TIME": "envoy.upstream.service_time_ms",
    "X_FORWARDED_FOR": "http.request.header.x-forwarded-for",
    "USER_AGENT": "user_agent.original",
    "REQUEST_ID": "http.request.header.x-request-id",
    "UPSTREAM_HOST": "envoy.upstream.host",
    "UPSTREAM_CLUSTER": "envoy.upstream.cluster",
    "ROUTE_NAME": "envoy.route_name",
}
"""Command operator to attribute, as in the table of attributes."""

_ALL = set(NAMES) | {"START_TIME", "PATH", "AUTHORITY", "DOWNSTREAM_LOCAL_ADDRESS"}
_DEFAULT = _ALL - {"RESPONSE_CODE_DETAILS", "UPSTREAM_CLUSTER", "ROUTE_NAME", "DOWNSTREAM_LOCAL_ADDRESS"}

LOGGED: dict[str, set[str]] = {
    "default.log": _DEFAULT,
    "istio.log": _ALL,
    "istio.json": _ALL,
    "istio-omit-empty.json": _ALL,
    "typed.json": _ALL,
    "gateway.json": _ALL - {"UPSTREAM_SERVICE_TIME"},
    "pipes.log": _ALL - {"UPSTREAM_SERVICE_TIME", "X_FORWARDED_FOR", "DOWNSTREAM_LOCAL_ADDRESS"},
    "words.log": {
        "START_TIME",
        "METHOD",
        "RESPONSE_CODE",
        "RESPONSE_FLAGS",
        "BYTES_RECEIVED",
        "BYTES_SENT",
        "DURATION",
    },
    "clf.log": {"METHOD", "PATH", "PROTOCOL", "RESPONSE_CODE", "BYTES_SENT", "USER_AGENT"},
    "nested.json": {
        *("START_TIME", "METHOD", "PATH", "RESPONSE_CODE", "USER_AGENT", "BYTES_RECEIVED", "BYTES_SENT", "DURATION"),
        *("RESPONSE_FLAGS", "AUTHORITY", "REQUEST_ID"),
    },
}
"""File to the fields that its format prints whole."""

FORMATS: dict[str, dict[str, Any]] = {
    "default.log": {"format": "envoy"},
    "istio.log": {"format": "envoy"},
    **{f"{name}.log": {"format": "envoy", "options": {"format_string": text}} for name, text in logs.CUSTOM.items()},
    "istio.json": {"format": "envoy_json"},
    "istio-omit-empty.json": {"format": "envoy_json"},
    "typed.json": {"format": "envoy_json"},
    "gateway.json": {"format": "envoy_json"},
    "nested.json": {"format": "envoy_json", "options": {"keys": logs.NESTED_KEYS}},
}
"""How each file of `access_logs` is read."""


def operators(record: Flat) -> dict[str, Any]:
    """What the record says, by command operator; absent ones are not in it."""
    at = record.attributes
    found = {operator: at[name] for operator, name in NAMES.items() if name in at}
    for operator in ("X_FORWARDED_FOR", "REQUEST_ID"):  # the conventions have lists for headers
        if operator in found:
            (found[operator],) = found[operator]
    if "PROTOCOL" in found:
        found["PROTOCOL"] = f"HTTP/{found['PROTOCOL']}"
    if "RESPONSE_FLAGS" in found:
        found["RESPONSE_FLAGS"] = found["RESPONSE_FLAGS"].split(",")
    found.setdefault("RESPONSE_CODE", 0)  # no status: none was sent
    found["START_TIME"] = record.time
    if "url.path" in at:
        found["PATH"] = at["url.path"] + (f"?{at['url.query']}" if "url.query" in at else "")
    for operator, name in (("AUTHORITY", "server"), ("DOWNSTREAM_LOCAL_ADDRESS", "network.local")):
        if f"{name}.address" in at:
            found[operator] = _authority(at[f"{name}.address"], at.get(f"{name}.port"))
    return found


def _authority(address: str, port: int | None) -> str:
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def spans_by_number(records: list[Flat]) -> dict[int, Flat]:
    """The tracer's spans by the number of their request, which the path holds; others (a malformed request's) not."""
    found: dict[int, Flat] = {}
    for record in records:
        parts = str(record.attributes.get("http.url")).split("/")
        if record.event_name == "span" and len(parts) > 4 and parts[4].isdigit():
            assert int(parts[4]) not in found
            found[int(parts[4])] = record
    return found
