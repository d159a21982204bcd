"""The witness itself: Envoy ends each request as the mesh says, so that what its logs hold is known beforehand."""

from datetime import datetime

import orjson
import pytest

from tests.service import expected
from tests.service.capture import FIRST, LAST, Captured
from tests.service.mesh import ROUTES

pytestmark = pytest.mark.peer

SUCCESS, COMBINED = "-", {"URX,UF", "DI,FI"}
FLAGS = {
    SUCCESS,
    "NR",
    "NC",
    "UH",
    "UF",
    "UO",
    "UT",
    "SI",
    "URX",
    "UC",
    "UPE",
    "RL",
    "FI",
    "DI",
    "UAEX",
    "DC",
} | COMBINED


def test_the_routes_cover_the_response_flags() -> None:
    assert {route.flags for route in ROUTES} == FLAGS


def test_every_request_ended_as_its_route_says(captured: Captured) -> None:
    for exchange, line in zip(captured.exchanges, captured.lines("istio.json"), strict=True):
        logged = orjson.loads(line)
        assert logged["response_flags"] == exchange.route.flags, exchange.route.path
        assert logged["response_code"] == exchange.response.status
        assert logged["path"] == exchange.request.target
    assert {exchange.route.path for exchange in captured.exchanges} == {route.path for route in ROUTES}


def test_every_log_has_one_line_a_request(captured: Captured) -> None:
    for file in captured.folder.glob("*.json"):
        if file.name != "envoy.json":  # the bootstrap
            assert file.read_bytes().count(b"\n") == FIRST + len(captured.exchanges) + LAST, file.name


def test_the_expectations_are_right_about_envoy(captured: Captured) -> None:
    """The checks that the parsers are held to, held against Envoy's own JSON first, read by nothing of ours."""
    for exchange, line in zip(captured.exchanges, captured.lines("istio.json"), strict=True):
        logged = orjson.loads(line)
        found = {name.upper(): value for name, value in logged.items()}
        found["START_TIME"] = int(datetime.fromisoformat(logged["start_time"]).timestamp() * 1000) * 1_000_000
        found["RESPONSE_FLAGS"] = None if logged["response_flags"] == "-" else logged["response_flags"].split(",")
        waited = logged["upstream_service_time"]
        found["USER_AGENT"] = None if logged["user_agent"] == "-" else logged["user_agent"]
        found["UPSTREAM_SERVICE_TIME"] = None if waited is None else int(waited)
        expected.compare(expected.fields(captured, exchange), found, f"{exchange.number} {exchange.route.path}")
