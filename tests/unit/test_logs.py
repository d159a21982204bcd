"""logloom's own logs."""

import logging
import re
from pathlib import Path

import orjson
import pytest

from logloom import logs
from logloom.logs import log_of, show


@pytest.fixture(autouse=True)
def _as_before() -> "object":
    logger = logging.getLogger("logloom")
    before = logger.handlers[:], logger.propagate, logger.level
    yield
    logger.handlers[:], logger.propagate = before[0], before[1]
    logger.setLevel(before[2])


def test_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    show("info")
    log_of("otlp/siem").warning("not taken", extra={"n": 3, "why": 'no "route"', "after_s": 4.2345})
    log_of("otlp/siem").debug("not shown")
    line = capsys.readouterr().err
    assert re.fullmatch(
        r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARN otlp/siem: not taken n=3 why="no \\"route\\"" after_s=4.23\n',
        line,
    )


def test_what_a_peer_sent_cannot_forge_lines_or_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    show("info")
    log_of("a").error("bad", extra={"why": "x\n2026 ERROR b: forged\x1b[2J" + "y" * 10_000})
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "\x1b" not in line
    assert len(line) < 1000


def test_lines_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    show("info", "json")
    fields = {"n": 3, "large": 1 << 80, "none": None, "why": "x\n" + "\ud800" + "y" * 10_000, "path": Path("/a")}
    log_of("otlp/siem").warning("not taken", extra=fields)
    try:
        _ = 1 // (fields["n"] == 0)
    except ZeroDivisionError:
        logging.getLogger("logloom").exception("unexpected")
    first, second = (orjson.loads(line) for line in capsys.readouterr().err.splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.pop("time"))
    assert len(first["fields"].pop("why")) < 1000
    assert first == {
        "level": "WARN",
        "component": "otlp/siem",
        "message": "not taken",
        "fields": {"n": 3, "large": str(1 << 80), "none": None, "path": "/a"},
    }
    assert (second["level"], second["component"]) == ("ERROR", "logloom")
    assert "ZeroDivisionError" in second["exception"]


def test_levels(capsys: pytest.CaptureFixture[str]) -> None:
    show("WARN")
    log_of("a").info("quiet")
    assert capsys.readouterr().err == ""


def test_a_message_that_comes_often_is_shown_now_and_then_and_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [1000.0]
    monkeypatch.setattr(logs.time, "monotonic", lambda: now_s[0])
    show("info")
    for number in range(100):
        log_of("a").warning("bad", extra={"number": number})
        log_of("b").warning("bad")
    log_of("a").warning("another")
    lines = capsys.readouterr().err.splitlines()
    assert sum("a: bad" in line for line in lines) == sum("b: bad" in line for line in lines) == logs.LINES_MAX
    assert "a: another" in lines[-1]
    now_s[0] += logs.PERIOD_S
    log_of("a").warning("bad", extra={"number": 100})
    assert capsys.readouterr().err.endswith("number=100 suppressed=90\n")
    logs.end()  # what nothing came after is told at the end
    assert capsys.readouterr().err.endswith(" WARN b: bad suppressed=90\n")
    logs.end()
    assert capsys.readouterr().err == ""
