"""The completion scripts, asked by the shells themselves where they are there."""

import shutil
import subprocess

import pytest

from logloom.cli import COMMANDS
from tests.unit.cli.command import logloom


def script(shell: str) -> str:
    done = logloom("completion", shell)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def bash(*words: str) -> list[str]:
    """What bash offers after these words, the last of them unfinished."""
    ask = f"""
COMP_WORDS=({" ".join(f"'{word}'" for word in words)}); COMP_CWORD={len(words) - 1}; _logloom
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", script("bash") + ask], capture_output=True, cwd="/", check=True)
    assert done.stderr == b""
    return done.stdout.decode().split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash() -> None:
    assert bash("logloom", "pa") == ["parse"]
    assert set(COMMANDS) <= set(bash("logloom", ""))
    assert bash("logloom", "parse", "--ou") == ["--output"]
    assert bash("logloom", "parse", "--output", "nd") == ["ndjson"]
    assert "text" in bash("logloom", "parse", "-f", "te")
    assert bash("logloom", "completion", "z") == ["zsh"]
    assert "etc" in bash("logloom", "detect", "et")  # a file


@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh here")
def test_zsh_reads_its_script() -> None:
    subprocess.run(["zsh", "-n"], input=script("zsh").encode(), check=True)


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish here")
def test_fish_completes() -> None:
    ask = script("fish") + "\ncomplete -C 'logloom parse --output nd'\n"
    done = subprocess.run(["fish", "--no-config"], input=ask.encode(), capture_output=True, check=True)
    assert done.stdout.decode().split()[0] == "ndjson"


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_every_option_stands_in_every_script(shell: str) -> None:
    text = script(shell)
    for flag in ("output", "option", "config", "no-original", "default"):
        assert flag in text
    for name in COMMANDS:
        assert name in text
