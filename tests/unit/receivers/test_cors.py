"""Which pages may send from a browser, as a browser asks."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from weakref import WeakSet

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logloom.identity import Identity
from logloom.receivers import otlp
from logloom.receivers._cors import Cors
from tests.components import Pushed, Running, running

CONFIG = """
protocols:
  http:
    endpoint: 127.0.0.1:0
    auth: {authenticator: known}
    cors: {allowed_origins: ["https://app.example", "https://*.shop.example"], allowed_headers: [X-Key], max_age: 600}
"""
APP = {"Origin": "https://app.example"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}


class Known:
    """Knows whoever shows anything."""

    challenge = "Bearer"
    shows = ("authorization",)
    is_costly = False

    def __init__(self) -> None:
        self.doors: WeakSet[Any] = WeakSet()

    async def authenticate(self, headers: Mapping[str, str]) -> Identity | None:
        return Identity("known", "ann") if "authorization" in headers else None


@pytest.fixture(params=["native", "aiohttp"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def server(tmp_path: Path, engine: str) -> AsyncIterator[Running]:
    config = CONFIG.replace("endpoint: 127.0.0.1:0", f"endpoint: 127.0.0.1:0\n    engine: {engine}")
    async with running(otlp, config, Pushed(), tmp_path, authenticators={"known": Known()}) as runs:
        yield runs


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def asks(origin: str, method: str = "POST", headers: str = "content-type,x-key") -> dict[str, str]:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    return asked | ({"Access-Control-Request-Headers": headers} if headers else {})


async def test_a_page_that_may(server: Running, client: aiohttp.ClientSession) -> None:
    async with client.options(server.url("/v1/logs"), headers=asks("https://app.example")) as response:
        told = {name: value for name, value in response.headers.items() if name.startswith(("Access", "Vary"))}
        assert response.status == 204
    assert told == {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": "https://app.example",
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "content-type,x-key",
        "Access-Control-Max-Age": "600",
    }
    headers = APP | PROTOBUF | {"Authorization": "x"}
    async with client.post(server.url("/v1/logs"), data=b"", headers=headers) as response:
        assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (200, "https://app.example")


@pytest.mark.parametrize(
    "headers",
    [
        asks("https://evil.example"),
        asks("https://app.example.evil.example"),
        asks("https://app.example", method="DELETE"),
        asks("https://app.example", headers="x-other"),
        {},
    ],
)
async def test_a_page_that_may_not(server: Running, client: aiohttp.ClientSession, headers: Mapping[str, str]) -> None:
    async with client.options(server.url("/v1/logs"), headers=headers) as response:
        assert not any(name.startswith("Access-Control") for name in response.headers)


async def test_to_be_allowed_is_not_to_be_known(server: Running, client: aiohttp.ClientSession) -> None:
    """Also a refusal is shown to the page, so that it can say why."""
    async with client.post(server.url("/v1/logs"), data=b"", headers=APP | PROTOBUF) as response:
        assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (401, "https://app.example")
    async with client.post(server.url("/v1/logs"), data=b"", headers=PROTOBUF) as response:
        assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize(
    ("allowed", "origin", "may"),
    [
        ("https://*.shop.example", "https://a.shop.example", True),
        ("https://*.shop.example", "https://shop.example", False),
        ("*", "null", True),
        ("HTTPS://App.Example", "https://app.example", True),
        ("https://a[b].example", "https://ab.example", False),
        ("https://a?.example", "https://ab.example", False),
    ],
)
def test_patterns(allowed: str, origin: str, may: bool) -> None:
    assert Cors([allowed]).allows(origin) is may


@given(st.text(max_size=20), st.text(max_size=20))
def test_without_an_asterisk_only_itself(allowed: str, origin: str) -> None:
    if "*" not in allowed:
        assert Cors([allowed]).allows(origin) == (allowed.lower() == origin.lower())
