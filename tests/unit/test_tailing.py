"""`logloom.tailing`: who looks on at a component, over the socket in the data folder."""

import asyncio
import os
import stat
from pathlib import Path
from typing import Any

import orjson
import pytest

from logloom._native import Batch, Journal
from logloom.config import Config, loads
from logloom.errors import ConfigError
from logloom.intake import intake_of
from logloom.tailing import NAME, at, found, tailed
from tests.unit.testing.configs import CONFIG

LINES = b'{"msg":"a@example.com","level":"info"}\n{"msg":"x","level":"debug"}\n'


def config() -> Config:
    return loads(CONFIG, environment={"SIEM": "s:1"})


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ("filelog/mesh", ("receiver", ["filelog/mesh"])),
        ("redaction", ("processor", ["redaction"])),
        ("processors.filter", ("processor", ["filter"])),
        ("logs/mesh", ("pipeline", ["logs/mesh"])),
        ("pipelines.logs/otlp", ("pipeline", ["logs/otlp"])),
        ("exporters.file", ("pipeline", ["logs/otlp"])),
        ("otlp/siem", ("pipeline", ["logs/mesh"])),
    ],
)
def test_what_a_name_stands_for(component: str, expected: tuple[str, list[str]]) -> None:
    assert found(config(), component) == expected


def test_a_name_that_stands_for_nothing_or_for_two_says_which_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no component 'redactoin' runs: there are receivers\.filelog/mesh, "):
        found(config(), "redactoin")
    both = loads(CONFIG.replace("otlp/siem", "otlp"), environment={"SIEM": "s:1"})
    with pytest.raises(ConfigError, match=r"'otlp' is receivers\.otlp and exporters\.otlp: say which"):
        found(both, "otlp")
    assert found(both, "receivers.otlp")[0] == "receiver"


async def _asked(folder: Path, request: dict[str, Any]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    path, descriptor = at(folder)
    reader, writer = await asyncio.open_unix_connection(path)
    os.close(descriptor)
    writer.write(orjson.dumps(request) + b"\n")
    await writer.drain()
    return reader, writer


async def _frame(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    async with asyncio.timeout(30):
        head = await reader.readexactly(5)
        return head[:1], await reader.readexactly(int.from_bytes(head[1:], "big"))


@pytest.mark.asyncio
async def test_each_component_shows_what_it_puts_out(tmp_path: Path) -> None:
    intake = intake_of(config(), Journal(bytes_max=1 << 26))
    source = intake.source("filelog/mesh", "json")
    async with tailed(tmp_path, intake, config):
        assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
        clients = {
            name: await _asked(tmp_path, {"component": name, "keep": ["severity >= INFO"]})
            for name in ("filelog/mesh", "redaction", "filter", "otlp/siem")
        }
        shown: dict[str, list[str]] = {}
        while len(shown) < len(clients):  # who asked may not be there yet when the first are pushed
            source.push(LINES)
            for name, (reader, _) in clients.items():
                if name not in shown:
                    try:
                        async with asyncio.timeout(1):
                            kind, data = await _frame(reader)
                    except TimeoutError:
                        continue
                    assert kind == b"b"
                    shown[name] = [record.body for record in Batch.from_otlp(data)]
        assert shown == {
            "filelog/mesh": ["a@example.com"],
            "redaction": ["****"],
            "filter": ["****"],
            "otlp/siem": ["****"],
        }
        for _, writer in clients.values():
            writer.close()
    assert not (tmp_path / NAME).exists()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"component": "nobody"}, b"no component 'nobody' runs"),
        ({"component": "redaction", "keep": ["severity >"]}, b"severity >"),
        ({}, b"component"),
        ([], b""),
    ],
)
async def test_what_cannot_be_is_said(tmp_path: Path, request_: Any, told: bytes) -> None:
    intake = intake_of(config(), Journal(bytes_max=1 << 26))
    async with tailed(tmp_path, intake, config):
        reader, writer = await _asked(tmp_path, request_)
        kind, data = await _frame(reader)
        assert kind == b"e"
        assert told in data
        assert await reader.read() == b""
        writer.close()


@pytest.mark.asyncio
async def test_a_request_that_does_not_end_is_cut_off(tmp_path: Path) -> None:
    intake = intake_of(config(), Journal(bytes_max=1 << 26))
    async with tailed(tmp_path, intake, config):
        path, descriptor = at(tmp_path)
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"x" * (1 << 20))
        kind, _ = await _frame(reader)
        assert kind == b"e"
        writer.close()
        import os

        os.close(descriptor)


@pytest.mark.asyncio
async def test_who_looks_on_must_be_a_reader_of_what_may_be_there(tmp_path: Path) -> None:
    def under(user: str) -> Config:
        classes = "{mail: {rules: [email], log: plain, to: [outside], readers: [support]}}"
        return loads(
            f"{CONFIG}\npolicy: {{classes: {classes}, roles: {{support: ['{user}']}}}}\n", environment={"SIEM": "s:1"}
        )

    nobody, we = under("nobody-like-that"), under(str(os.getuid()))
    now = nobody
    intake = intake_of(nobody, Journal(bytes_max=1 << 26))
    source = intake.source("filelog/mesh", "json")
    async with tailed(tmp_path, intake, lambda: now):
        for component in ("filelog/mesh", "redaction"):
            reader, writer = await _asked(tmp_path, {"component": component})
            kind, data = await _frame(reader)
            assert kind == b"e"
            assert b"the role support may read (policy.classes.mail.readers)" in data
            assert str(os.getuid()).encode() in data
            writer.close()
        now = we
        reader, writer = await _asked(tmp_path, {"component": "filelog/mesh"})
        frame = asyncio.create_task(_frame(reader))
        while not frame.done():  # it may not be there yet
            source.push(LINES)
            await asyncio.wait([frame], timeout=0.01)
        assert frame.result()[0] == b"b"
        now = nobody  # another policy holds for those who look on
        while (await _frame(reader))[0] != b"e":
            pass
        writer.close()


@pytest.mark.asyncio
async def test_who_looks_on_at_an_exporter_sees_what_other_pipelines_feed_it_after_a_reload(tmp_path: Path) -> None:
    fed_by_others = CONFIG.replace("[otlp/siem]", "[FILE]").replace("[file]", "[otlp/siem]").replace("[FILE]", "[file]")
    before, after = config(), loads(fed_by_others, environment={"SIEM": "s:1"})
    now = before
    intake = intake_of(before, Journal(bytes_max=1 << 26))
    source = intake.source("filelog/mesh", "json")
    async with tailed(tmp_path, intake, lambda: now):
        reader, writer = await _asked(tmp_path, {"component": "exporters.file"})
        frame = asyncio.create_task(_frame(reader))
        for _ in range(20):
            source.push(LINES)
            await asyncio.wait([frame], timeout=0.01)
        assert not frame.done(), "the file is fed by another pipeline"
        now = after
        while not frame.done():
            source.push(LINES)
            await asyncio.wait([frame], timeout=0.01)
        kind, data = frame.result()
        assert kind == b"b"
        assert [record.body for record in Batch.from_otlp(data)] == ["****"]
        writer.close()
