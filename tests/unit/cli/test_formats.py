"""`logloom formats` and what it says."""

import argparse

import orjson
import pytest

import logloom as library
from logloom.cli import formats
from tests.unit.cli.command import logloom


def test_all_are_listed() -> None:
    lines = logloom("formats", environment={"COLUMNS": "80"}).stdout.decode().splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == [f["name"] for f in library.formats()]
    assert max(map(len, lines)) <= 80


def test_one_is_described() -> None:
    told = logloom("formats", "nginx_error").stdout.decode()
    assert told.startswith("# nginx_error\n")
    assert "| `client.address` | string | OpenTelemetry |" in told


def test_every_format_has_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    for about in library.formats():
        assert formats.run(argparse.Namespace(name=about["name"], json=False)) == 0
        told = capsys.readouterr().out
        assert told.startswith(f"# {about['name']}\n")
        assert about["example"].splitlines()[0] in told


def test_json() -> None:
    assert [f["name"] for f in orjson.loads(logloom("formats", "--json").stdout)] == [
        f["name"] for f in library.formats()
    ]
    assert orjson.loads(logloom("formats", "text", "--json").stdout)["name"] == "text"


def test_an_unknown_one() -> None:
    done = logloom("formats", "texd")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"unknown format 'texd', did you mean 'text'?" in done.stderr
