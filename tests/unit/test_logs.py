"""logloom's own logs."""

import logging
import re

import pytest

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


def test_levels(capsys: pytest.CaptureFixture[str]) -> None:
    show("WARN")
    log_of("a").info("quiet")
    assert capsys.readouterr().err == ""
