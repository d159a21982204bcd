"""What tells of a service, from its start to its end, whatever the event loop does."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from logloom import config
from logloom._native import Journal
from logloom.config import TelemetryConfig
from logloom.errors import ServiceError
from logloom.intake import intake_of
from logloom.room import Room
from logloom.telemetry.numbers import Parts
from logloom.telemetry.status import ask
from logloom.telemetry.teller import Teller, resource_of

ANSWER_S = 60.0
NONE = "metrics: {level: none}"


def telemetry(text: str) -> config.Config:
    return config.loads(f"""
receivers: {{otlp: {{protocols: {{http: {{}}}}}}}}
exporters: {{nop: {{}}}}
service:
  telemetry: {{{text}}}
  pipelines: {{logs: {{receivers: [otlp], exporters: [nop]}}}}
""")


@asynccontextmanager
async def telling(text: str, data: Path) -> AsyncIterator[Teller]:
    loaded = telemetry(text)
    journal = Journal(bytes_max=1 << 20)
    teller = Teller(loaded.service.telemetry, data, lambda: True)
    parts = Parts(journal, None, intake_of(loaded, journal, teller.telemetry), Room(1 << 20))
    async with teller.telling(parts):
        yield teller


def said(data: Path) -> dict[str, Any]:
    found = ask(data, ANSWER_S)
    assert found is not None
    return found


async def test_a_loop_that_is_held_up_is_told_and_the_command_is_answered_meanwhile(tmp_path: Path) -> None:
    async with telling(f"{NONE}, stall: {{timeout: 100ms}}", tmp_path) as teller:
        held, found = threading.Event(), []

        def looks() -> None:
            while not found:
                document = said(tmp_path)
                if document["stalls"]:
                    found.append(document)
            held.set()

        looking = threading.Thread(target=looks)
        looking.start()
        assert held.wait(ANSWER_S)  # on the loop
        looking.join()
        assert [stall["what"] for stall in found[0]["stalls"]] == ["event loop"]
        assert not found[0]["ready"]
        async with asyncio.timeout(ANSWER_S):
            while not teller.ready():  # noqa: ASYNC110 — nothing tells
                await asyncio.sleep(0.01)
    assert ask(tmp_path, ANSWER_S) is None


async def test_it_holds_on_to_nothing_afterwards(tmp_path: Path) -> None:
    async with telling(NONE, tmp_path) as teller:
        assert teller.telemetry.snapshot().value("logloom_in_flight_max_bytes") == 1 << 20
        assert teller.listening == []
    assert "logloom_in_flight_max_bytes" not in teller.telemetry.snapshot().metrics
    assert "pulse" not in {thread.name for thread in threading.enumerate()}


async def test_a_port_that_the_config_names_must_be_free(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        reader = f"pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {port}}}}}}}"
        with pytest.raises(ServiceError, match="cannot listen"):
            async with telling(f"metrics: {{readers: [{{{reader}}}]}}", tmp_path):
                pass
    assert ask(tmp_path, ANSWER_S) is None


async def test_without_a_socket_it_tells_all_the_same(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with telling(NONE, tmp_path / "none") as teller:
        assert teller.ready()
    assert "'logloom status' will not work" in caplog.text


def test_whose_metrics_they_are() -> None:
    found = resource_of(TelemetryConfig())
    assert found.keys() == {"service.name", "service.version", "service.instance.id"}
    given = {"service.instance.id": None, "zone": 7, "attributes": [{"name": "a", "value": "b"}], "schema_url": "x"}
    assert resource_of(TelemetryConfig(resource=given)).items() >= {("zone", "7"), ("a", "b")}
    assert resource_of(TelemetryConfig(resource=given)).keys() == {"service.name", "service.version", "zone", "a"}
