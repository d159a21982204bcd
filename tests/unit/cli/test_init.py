"""The command as a whole."""

import itertools
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from logloom import __version__
from logloom.cli import COMMANDS, command, parser_of
from tests.unit.cli.command import logloom

FOLDER = Path(__file__).resolve().parents[3] / "python" / "logloom" / "cli"


def test_the_list_of_commands_is_the_folder() -> None:
    assert tuple(sorted(path.stem for path in FOLDER.glob("[!_]*.py"))) == COMMANDS


def test_version() -> None:
    assert logloom("--version").stdout.decode() == f"logloom {__version__}\n"


def test_help_names_every_command_and_each_has_examples() -> None:
    told = logloom("--help")
    assert told.returncode == 0
    for name in COMMANDS:
        assert f"\n  {name} " in told.stdout.decode()
        assert "examples:\n" in command(name).EPILOG
        assert f"logloom {name}" in command(name).EPILOG


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_a_terminal(name: str) -> None:
    told = logloom(name, "--help", environment={"COLUMNS": "80"}).stdout.decode()
    assert max(map(len, told.splitlines())) <= 120
    assert told == logloom("help", name, environment={"COLUMNS": "80"}).stdout.decode()


def examples(name: str) -> list[list[str]]:
    """The words of each example, up to a pipe or a redirection; what stands three blanks behind is a remark."""
    text = command(name).EPILOG.partition("examples:\n")[2].replace("\\\n", " ")
    rows = [shlex.split(line.strip().partition("   ")[0]) for line in text.splitlines()]
    calls = [row[row.index("logloom") :] for row in rows if "logloom" in row]
    return [list(itertools.takewhile(lambda word: word not in ("|", "<", ">"), call)) for call in calls]


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_understood(name: str) -> None:
    for words in examples(name):
        assert words[1] == name
        parser_of(name).parse_args(words[2:])


def test_nothing_to_do_is_told_on_stderr() -> None:
    told = logloom()
    assert (told.returncode, told.stdout) == (2, b"")
    assert b"usage: logloom COMMAND" in told.stderr


def test_unknown_commands() -> None:
    told = logloom("prase")
    assert (told.returncode, told.stderr.decode()) == (2, "logloom: no command 'prase': did you mean 'parse'?\n")
    assert b"commands are check, " in logloom("zzz").stderr


def test_parse_loads_no_server_library() -> None:
    code = (
        "import sys; from logloom.cli import main; main(['parse', '--format', 'text', '--output', 'otlp', '-'])\n"
        "heavy = {'aiohttp', 'asyncio', 'grpc', 'yaml', 'pyarrow', 'google', 'opentelemetry'}\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules} & heavy), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], input=b"x\n", capture_output=True, check=True)
    assert done.stdout
    assert done.stderr == b"\n"
