"""The mesh that the tests drive: an Envoy with a route for each way in which a request can end.

`ROUTES` says for each path what Envoy does there and which response flags its log must show. `traffic()` makes the
seeded requests, `drive()` sends them one after the other and keeps what went out beside what came back.
"""

import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from tests.service.client import Request, Response, send
from tests.service.envoy import Json, bootstrap, cluster, extension, typed
from tests.service.upstream import Upstream
from tests.service.waiting import wait_until

LISTENER = "ingress"

_FILTERS = "envoy.extensions.filters.http"
_SHORT = "0.3s"
"""A time-out of Envoy's that a case means to run into."""

_NEVER_SECONDS = 3600.0
"""A delay of the upstream's that is meant to outlast everything: it ends when Envoy hangs up."""


@dataclass(frozen=True)
class Route:
    """One path of the mesh: Envoy's action there, and what must stand in its log."""

    path: str
    action: Json
    flags: str = "-"
    cluster: str | None = "service"
    answer: Json | None = None
    """What the upstream is told, when it is not left to the seed."""
    extra: Json | None = None
    """More keys of the route."""
    headers: tuple[tuple[str, bytes], ...] = ()


def _route(**fields: Any) -> Json:
    return {"route": {"cluster": "service", "timeout": "60s", **fields}}


_DEAD = {"route": {"cluster": "dead", "timeout": "60s"}}

_ASK = typed(
    "envoy.config.route.v3.FilterConfig", config=typed(f"{_FILTERS}.ext_authz.v3.ExtAuthzPerRoute", check_settings={})
)
"""Turns the authorization filter, off elsewhere, on for one route."""

ROUTES = [
    Route("/api", _route()),
    Route("/rewrite", _route(prefix_rewrite="/inner")),
    Route("/hello", {"direct_response": {"status": 200, "body": {"inline_string": "hello"}}}, cluster=None),
    Route("/gone", {"direct_response": {"status": 410}}, cluster=None),
    Route("/moved", {"redirect": {"path_redirect": "/elsewhere"}}, cluster=None),
    Route("/nowhere", {}, "NR", cluster=None),
    Route("/missing", {"route": {"cluster_header": "x-cluster"}}, "NC", None, headers=(("x-cluster", b"none"),)),
    Route("/empty", {"route": {"cluster": "empty"}}, "UH", "empty"),
    Route("/dead", _DEAD, "UF", "dead"),
    Route(
        "/dying",
        {"route": {**_DEAD["route"], "retry_policy": {"retry_on": "connect-failure", "num_retries": 1}}},
        "URX,UF",
        "dead",
    ),
    Route("/full", {"route": {"cluster": "full"}}, "UO", "full"),
    Route("/late", _route(timeout=_SHORT), "UT", answer={"delay_seconds": _NEVER_SECONDS}),
    Route("/idle", _route(idle_timeout=_SHORT), "SI", answer={"delay_seconds": _NEVER_SECONDS}),
    Route(
        "/again",
        _route(
            retry_policy={
                "retry_on": "5xx",
                "num_retries": 2,
                "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.002s"},
            }
        ),
        "URX",
        answer={"status": 503, "size": 3},
    ),
    Route("/cut", _route(), "UC", answer={"end": "close"}),
    Route("/garbage", _route(), "UPE", answer={"end": "garbage"}),
    Route(
        "/limited",
        _route(),
        "RL",
        extra={
            "typed_per_filter_config": {
                "limit": typed(
                    f"{_FILTERS}.local_ratelimit.v3.LocalRateLimit",
                    stat_prefix="limit",
                    # One token, taken by the first request that `mesh()` sends, and no other for an hour.
                    token_bucket={"max_tokens": 1, "tokens_per_fill": 1, "fill_interval": "3600s"},
                    filter_enabled={"default_value": {"numerator": 100}},
                    filter_enforced={"default_value": {"numerator": 100}},
                )
            }
        },
    ),
    Route("/aborted", _route(), "FI", headers=(("x-envoy-fault-abort-request", b"418"),)),
    Route("/delayed", _route(), "DI", headers=(("x-envoy-fault-delay-request", b"5"),), answer={"size": 1}),
    Route(
        "/both",
        _route(),
        "DI,FI",
        headers=(("x-envoy-fault-delay-request", b"5"), ("x-envoy-fault-abort-request", b"507")),
    ),
    Route(
        "/denied",
        _route(),
        "UAEX",
        extra={"typed_per_filter_config": {"authz": _ASK}},
    ),
    Route("/left", _route(), "DC", answer={"delay_seconds": _NEVER_SECONDS}),
]


def listener(access_logs: list[Json], **manager: Any) -> Json:
    """The listener with all of `ROUTES`."""
    routes = [
        {
            "name": f"route-{route.path[1:]}",
            "match": {"prefix": route.path + "/"},
            **route.action,
            **(route.extra or {}),
        }
        for route in ROUTES
        if route.action
    ]
    filters = [
        extension(
            "authz",
            f"{_FILTERS}.ext_authz.v3.ExtAuthz",
            grpc_service={"envoy_grpc": {"cluster_name": "dead"}, "timeout": "5s"},
            transport_api_version="V3",
        )
        | {"disabled": True},
        extension("limit", f"{_FILTERS}.local_ratelimit.v3.LocalRateLimit", stat_prefix="limit"),
        extension(
            "fault",
            f"{_FILTERS}.fault.v3.HTTPFault",
            abort={"header_abort": {}, "percentage": {"numerator": 100}},
            delay={"header_delay": {}, "percentage": {"numerator": 100}},
        ),
        extension("router", f"{_FILTERS}.router.v3.Router"),
    ]
    connection_manager = extension(
        "http",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="ingress",
        route_config={
            "name": "routes",
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}],
        },
        http_filters=filters,
        access_log=access_logs,
        # The client's own request id stays, bit for bit.
        preserve_external_request_id=True,
        request_id_extension={
            "typed_config": typed("envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig", pack_trace_reason=False)
        },
        **manager,
    )
    return {
        "name": LISTENER,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"name": "plain", "filters": [connection_manager]}],
    }


@contextmanager
def closed_port() -> Iterator[int]:
    """A loopback port that refuses connections for as long as the context lasts."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and never listening: nobody else can get it
        yield held.getsockname()[1]


def config(
    upstream: Upstream, dead_port: int, access_logs: list[Json], clusters: list[Json] | None = None, **manager: Any
) -> Json:
    """The mesh's bootstrap. `clusters` are the caller's own (collectors), `manager` more of the connection manager."""
    return bootstrap(
        [listener(access_logs, **manager)],
        [
            cluster("service", upstream.port),
            cluster("empty"),
            cluster("dead", dead_port),
            cluster(
                "full",
                upstream.port,
                circuit_breakers={"thresholds": [{"max_requests": 0, "max_pending_requests": 0, "max_connections": 0}]},
            ),
            *(clusters or []),
        ],
    )


@dataclass(frozen=True)
class Exchange:
    """One request, where it went, and what the client got."""

    number: int
    route: Route
    request: Request
    response: Response
    began_ns: int
    """The client's clock before it sent."""
    ended_ns: int
    """And after it had the whole response, or had hung up."""


AGENTS = [
    b"curl/8.9.1",
    b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    b"kube-probe/1.31",
    b'agent "with" quotes',
    b'" 200 - 1 2 3 "',
    b'ends with a quote "',
    b'"',
    b'back\\slash \\" \\n',
    "Grüße/1.0 (日本語; 🚀)".encode(),
    b"",
    None,
    b"-",
    b"tab\there",
    b"percent%20%s {json} [1]",
    b"x" * 700,
]

METHODS = ["GET", "GET", "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]
AUTHORITIES = ["shop.example.com", "shop.example.com:8443", "127.0.0.1", "[::1]:80", "a.b-c.example"]
TAILS = [
    "",
    "items/42",
    "items?q=a+b&c=%22x%22",
    "%E2%82%AC/%2F",
    "a;b=c,d",
    "search?q=[1]{2}|3",
    "~u/(x)'y'",
    "x?",
    "//y",
]
FORWARDED = [None, b"10.1.2.3", b"203.0.113.9, 10.0.0.1", b"2001:db8::17", b"unknown"]


def traffic(count: int, seed: int = 1) -> list[tuple[int, Route, Request]]:
    """`count` seeded requests; every route occurs once `count` reaches their number.

    Each path ends in the request's own number, so that a log line can be found by it.
    """
    choose = random.Random(seed)
    order = ROUTES + choose.choices(ROUTES[:6], k=max(0, count - len(ROUTES)))
    choose.shuffle(order)
    return [(number, route, _request(number, route, choose)) for number, route in enumerate(order[:count])]


def _request(number: int, route: Route, choose: random.Random) -> Request:
    method = choose.choice(METHODS)
    headers: list[tuple[str, bytes]] = list(route.headers)
    agent = choose.choice(AGENTS)
    if agent is not None:
        headers.append(("user-agent", agent))
    if (forwarded := choose.choice(FORWARDED)) is not None:
        headers.append(("x-forwarded-for", forwarded))
    if choose.random() < 0.8:
        headers.append(("x-request-id", f"{choose.getrandbits(128):032x}".encode()))
    answer = route.answer or {
        "status": choose.choice([200, 200, 201, 204, 304, 400, 404, 500, 503]),
        "size": choose.choice([0, 1, 17, 4096, 100_000]),
    }
    headers.append(("x-answer", orjson.dumps(answer)))
    body = choose.randbytes(choose.choice([0, 1, 300, 70_000])) if method in ("POST", "PUT", "PATCH") else b""
    tail = choose.choice(TAILS)
    target = f"{route.path}/{number}/{tail}"
    return Request(method, target, choose.choice(AUTHORITIES), tuple(headers), body, abandon=route.flags == "DC")


def drive(port: int, upstream: Upstream, requests: list[tuple[int, Route, Request]]) -> list[Exchange]:
    """Sends them one after the other; an abandoned one is left only when the upstream has it."""
    done: list[Exchange] = []
    send(port, Request("GET", "/limited/first/", "shop.example.com"))  # takes the only token
    for number, route, request in requests:
        began_ns = time.time_ns()
        response = _abandon(port, upstream, request) if request.abandon else send(port, request)
        done.append(Exchange(number, route, request, response, began_ns, time.time_ns()))
    return done


def _abandon(port: int, upstream: Upstream, request: Request) -> Response:
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        connection.sendall(request.bytes())
        path = request.target.split("?")[0]
        wait_until(
            lambda: any(path in got.target for got in upstream.received), "the abandoned request to be under way"
        )
    return Response(0)
