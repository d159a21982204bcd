"""The receiver's answers, without the core."""

from pathlib import Path

import aiohttp
import pytest

from logloom._native import Delivery
from logloom.receivers import datadog
from tests.components import Pushed, running

CONFIG = "{endpoint: 127.0.0.1:0}"


@pytest.mark.parametrize(
    ("path", "ok", "refused"),
    [
        ("/api/v2/logs", 202, {"errors": [{"detail": "cut", "status": "400", "title": "Bad Request"}]}),
        ("/v1/input", 200, {"code": 400, "message": "cut"}),
        ("/v1/input/0123456789abcdef", 200, {"code": 400, "message": "cut"}),
    ],
)
async def test_each_api_has_its_answers(tmp_path: Path, path: str, ok: int, refused: object) -> None:
    pushed = Pushed(
        Delivery.retry(2.2, "the journal is full"), Delivery.refuse("cut"), Delivery.done(1, [(0, "no object")])
    )
    answers = []
    async with running(datadog, CONFIG, pushed, tmp_path) as server, aiohttp.ClientSession() as client:
        for _ in range(3):
            async with client.post(server.url(path), json={"message": "x"}) as response:
                answers.append((response.status, response.headers.get("Retry-After"), await response.json()))
        async with client.get(server.url("/api/v1/validate")) as response:
            assert (response.status, await response.json()) == (200, {"valid": True})
    assert (answers[0][:2], answers[1], answers[2]) == ((429, "3"), (400, None, refused), (ok, None, {}))


async def test_what_a_query_says_goes_to_the_core(tmp_path: Path) -> None:
    pushed = Pushed()
    async with running(datadog, CONFIG, pushed, tmp_path) as server, aiohttp.ClientSession() as client:
        for query in ("", "?ddsource=nginx&service=&ddtags=a:b,c&other=x"):
            async with client.post(server.url(f"/api/v2/logs{query}"), json={"message": "x"}) as response:
                assert response.status == 202
    assert pushed.known == [{}, {"given": {"ddsource": "nginx", "ddtags": "a:b,c"}}]
