"""The receiver's config and its answers, without the core."""

from pathlib import Path

import aiohttp
import pytest

from logloom._native import Delivery
from logloom.receivers import loki
from tests.components import Pushed, problems_of, running

CONFIG = "{protocols: {http: {endpoint: 127.0.0.1:0}}, format: json}"


async def test_a_full_journal_is_told_as_too_many_requests(tmp_path: Path) -> None:
    pushed = Pushed(
        Delivery.retry(2.2, "the journal is full"), Delivery.refuse("cut"), Delivery.done(1, [(0, "no time")])
    )
    answers = []
    async with running(loki, CONFIG, pushed, tmp_path) as server, aiohttp.ClientSession() as client:
        for _ in range(3):
            async with client.post(server.url("/loki/api/v1/push"), json={}) as response:
                answers.append((response.status, response.headers.get("Retry-After"), await response.text()))
        server.state["ready"] = False
        async with client.get(server.url("/ready")) as response:
            assert response.status == 503
    assert answers == [(429, "3", "the journal is full\n"), (400, None, "cut\n"), (204, None, "")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{protocols: {http: }, format: jsn}", "did you mean 'json'?"),
        ("{protocols: {http: }, format: csv, options: {x: y}}", "x"),
        ("{protocols: {http: }, format: cri}", "'cri' is not made of lines"),
        ("{protocols: {}}", "names no protocol"),
    ],
)
def test_formats_that_lines_cannot_have(text: str, told: str) -> None:
    assert any(told in problem for problem in problems_of(loki, text).values())
