"""What a log must say about an exchange, computed from what the client sent and got, and the upstream received.

Nothing here reads a log line: where Envoy alone knows a value (the port it chose, the time it took), the answer is a
check, not a value.
"""

from collections.abc import Callable
from typing import Any

from tests.service.capture import Captured
from tests.service.mesh import Exchange

DETAILS = {
    "/api": "via_upstream",
    "/rewrite": "via_upstream",
    "/delayed": "via_upstream",
    "/again": "via_upstream",
    "/hello": "direct_response",
    "/gone": "direct_response",
    "/moved": "direct_response",
    "/nowhere": "route_not_found",
    "/missing": "cluster_not_found",
    "/empty": "no_healthy_upstream",
    "/full": "upstream_reset_before_response_started{overflow}",
    "/late": "response_timeout",
    "/idle": "stream_idle_timeout",
    "/cut": "upstream_reset_before_response_started{connection_termination}",
    "/garbage": "upstream_reset_before_response_started{protocol_error}",
    "/limited": "local_rate_limited",
    "/aborted": "fault_filter_abort",
    "/both": "fault_filter_abort",
    "/denied": "ext_authz_error",
    "/left": "downstream_remote_disconnect",
}
"""RESPONSE_CODE_DETAILS by path, where Envoy's text does not depend on the machine."""

Check = Callable[[Any], bool]


def text(value: bytes | None) -> str | None:
    """A header's value as logs show it."""
    return None if value is None else value.decode()


def fields(captured: Captured, exchange: Exchange) -> dict[str, Any]:
    """Command operator to the value it must have: None is absent, a callable judges what was found."""
    request, response, route = exchange.request, exchange.response, exchange.route
    arrived = [got for got in captured.upstream if f"/{exchange.number}/" in got.target]
    hosts = {"service": f"127.0.0.1:{captured.upstream_port}", "dead": f"127.0.0.1:{captured.dead_port}"}
    connected = route.flags not in ("DI,FI", "FI", "RL", "UAEX")
    elapsed_ms = (exchange.ended_ns - exchange.began_ns) / 1e6
    took = _number(0, elapsed_ms + 1) if not request.abandon else _number(0)
    request_id = request.header("x-request-id")
    upstream_time = _number(0, elapsed_ms + 1) if route.path in ("/api", "/rewrite", "/delayed", "/again") else None
    return {
        # The clocks are the same machine's; 1 ms is what START_TIME cuts off.
        "START_TIME": lambda ns: ns is not None and exchange.began_ns - 1_000_000 <= ns <= exchange.ended_ns,
        "METHOD": request.method,
        "PATH": request.target,
        "PROTOCOL": "HTTP/1.1",
        "RESPONSE_CODE": response.status,
        "RESPONSE_FLAGS": None if route.flags == "-" else route.flags.split(","),
        "RESPONSE_CODE_DETAILS": DETAILS.get(route.path, lambda found: "Connection_refused" in str(found)),
        "BYTES_RECEIVED": len(arrived[0].body) if arrived else _number(0, len(request.body)),
        "BYTES_SENT": len(response.body),
        "DURATION": took,
        "UPSTREAM_SERVICE_TIME": upstream_time,
        "X_FORWARDED_FOR": text(request.header("x-forwarded-for")),
        "USER_AGENT": _agent(text(request.header("user-agent"))),
        "REQUEST_ID": text(request_id) if request_id else (lambda found: found is not None and len(found) == 36),
        "AUTHORITY": request.authority,
        "UPSTREAM_HOST": hosts.get(route.cluster or "") if connected else None,
        "UPSTREAM_CLUSTER": route.cluster,
        "ROUTE_NAME": f"route-{route.path[1:]}" if route.action else None,
        "DOWNSTREAM_LOCAL_ADDRESS": f"127.0.0.1:{captured.port}",
    }


def _agent(sent: str | None) -> str | Check | None:
    """An agent `-` looks like none at all; an empty one does in text, but not in JSON."""
    if sent == "":
        return lambda found: found in ("", None)
    return None if sent == "-" else sent


def _number(low: float, high: float = float("inf")) -> Check:
    def within(found: Any) -> bool:
        return isinstance(found, int) and low <= found <= high

    return within


def compare(expected: dict[str, Any], found: dict[str, Any], what: str) -> None:
    """Asserts that every expected field is as it must be; names the field where not."""
    for name, wanted in expected.items():
        got = found.get(name)
        right = wanted(got) if callable(wanted) else got == wanted
        assert right, f"{what}: {name} is {got!r}, expected {'something else' if callable(wanted) else repr(wanted)}"
