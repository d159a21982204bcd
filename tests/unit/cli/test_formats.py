"""`logloom formats` and what it says."""

import orjson

import logloom as library
from tests.unit.cli.command import logloom


def test_all_are_listed() -> None:
    lines = logloom("formats", environment={"COLUMNS": "80"}).stdout.decode().splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == [f["name"] for f in library.formats()]
    assert max(map(len, lines)) <= 80


def test_one_is_described() -> None:
    for about in library.formats():
        told = logloom("formats", about["name"]).stdout.decode()
        assert told.startswith(f"{about['name']}: ")
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
