"""What is shown on the terminal: enough to see that it works, never all, and nothing that a terminal would obey."""

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest

import logloom
from logloom.exporters import debug
from tests.components import read_config


def showing(text: str) -> tuple[Any, io.StringIO]:
    stream = io.StringIO()
    return debug.Debug(read_config(debug, text), "debug", stream), stream


def batch(*lines: str, resource: dict[str, str] | None = None) -> logloom.Batch:
    return logloom.parse("".join(f"{line}\n" for line in lines), format="text", resource=resource)


async def test_basic_shows_three_records_and_counts_all() -> None:
    exporter, stream = showing("{}")
    async with exporter:
        for _ in range(2):
            delivery = await exporter.send(batch(*(f"line {at}" for at in range(600))))
            assert (delivery.kind, delivery.accepted) == ("done", 600)
    shown = stream.getvalue().splitlines()
    assert [line.split("  ")[-1] for line in shown[:-1]] == ["line 0", "line 1", "line 2"]
    assert shown[-1] == "debug: 1,200 records in 2 batches (1,197 not shown)"


async def test_it_says_so_by_itself_after_a_second() -> None:
    exporter, stream = showing("{lines_per_second: 0}")
    written, write = asyncio.Event(), stream.write
    stream.write = lambda text: (written.set(), write(text))[1]  # type: ignore[method-assign]
    async with exporter:
        await exporter.send(batch("one"))
        await asyncio.wait_for(written.wait(), 20)
    assert stream.getvalue() == "debug: 1 record in 1 batch\n"


async def test_normal_shows_a_line_each_and_detailed_all_fields() -> None:
    for verbosity, expected in (("normal", False), ("detailed", True)):
        exporter, stream = showing(f"{{verbosity: {verbosity}}}")
        async with exporter:
            await exporter.send(batch("one", "two", resource={"service.name": "checkout", "host.name": "h1"}))
        lines = [line for line in stream.getvalue().splitlines() if line.endswith(("  one", "  two"))]
        assert len(lines) == 2
        assert all("  checkout  " in line for line in lines)
        assert ("resource  host.name = h1" in stream.getvalue()) is expected


async def test_what_a_terminal_would_obey_is_escaped_and_long_lines_are_cut() -> None:
    exporter, stream = showing("{}")
    async with exporter:
        await exporter.send(batch("\x1b[2J\x07red \u202ealert", "x" * 10_000))
    shown = stream.getvalue().splitlines()
    assert shown[0].endswith("\\x07red \\u202ealert")  # a sequence of ANSI is taken off before
    assert "\x1b" not in stream.getvalue()
    assert len(shown[1]) < 200
    assert shown[1].endswith("x…")


async def test_a_terminal_that_is_gone_stops_nothing() -> None:
    exporter, stream = showing("{}")
    stream.close()
    async with exporter:
        assert (await exporter.send(batch("one"))).accepted == 1


@pytest.mark.parametrize("value", [None, True, 5, 1.5, "é", b"\x00\xff", [1, b"\x01", {"a": None}], {"k": 2**63}])
def test_any_value_is_one_line(value: Any) -> None:
    exporter, _ = showing("{}")
    assert exporter._text(value).isprintable()


def test_create_writes_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.components import exporter as made

    made(debug, "{}", tmp_path)._write("seen\n")
    assert capsys.readouterr().err == "seen\n"
