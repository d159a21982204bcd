"""`logloom token`."""

import io
from pathlib import Path

import pytest

from logloom.access.secrets import hash_of, is_hash
from logloom.cli import main


def test_a_token_and_what_is_stored_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "--name", "shop"]) == 0
    lines = dict(line.split("  ") for line in capsys.readouterr().out.splitlines())
    assert lines["store"] == f"{hash_of(lines['token'])} shop"
    assert main(["token"]) == 0
    again = dict(line.split("  ") for line in capsys.readouterr().out.splitlines())
    assert is_hash(again["store"])
    assert again["token"] != lines["token"]


def test_a_file_gets_the_hash_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tokens"
    tokens = []
    for name in ("shop", "web"):
        assert main(["token", "--name", name, "--append", str(path)]) == 0
        tokens.append(capsys.readouterr().out.strip())
    assert path.read_text() == f"{hash_of(tokens[0])} shop\n{hash_of(tokens[1])} web\n"
    assert not any(token in path.read_text() for token in tokens)


def test_of_one_that_there_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("geheim\n"))
    assert main(["token", "--hash", "--name", "old"]) == 0
    told = capsys.readouterr()
    assert told.out == f"{hash_of('geheim')} old\n"
    assert "geheim" not in told.out + told.err


@pytest.mark.parametrize("name", ["x" * 201, "ä", "a\nb"])
def test_a_name_that_will_not_do(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "--name", name]) == 2
    assert "a name has" in capsys.readouterr().err


def test_a_token_that_no_header_can_have(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("ge\x01heim\n"))
    assert main(["token", "--hash"]) == 2
    assert "heim" not in capsys.readouterr().err
