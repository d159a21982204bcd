"""What the ways of providing a peer share: running a tool, and saying what a machine lacks."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

TIMEOUT_SECONDS = 1800
"""Of one tool: a cold build on two busy cores."""


class LackError(Exception):
    """This machine cannot have the peer; the text says why, in one line."""


def tool(name: str) -> str:
    """The path of a program of the machine's.

    Raises:
        LackError: it has none.
    """
    if found := shutil.which(name):
        return found
    raise LackError(f"this machine has no {name}")


def run(command: list[str | Path], *, folder: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """What the command prints.

    Raises:
        LackError: it failed, or took longer than TIMEOUT_SECONDS.
    """
    name = " ".join(Path(word).name for word in command[:2])
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | {"LC_ALL": "C"} | dict(env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise LackError(f"{name} took longer than {TIMEOUT_SECONDS} s") from None
    if done.returncode != 0:
        said = [line.strip() for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()]
        raise LackError(f"{name} failed: {' / '.join(said[:4])[:500]}")
    return done.stdout


def digest(parts: Iterable[bytes]) -> str:
    """A name for what was made of these: a change of them makes it anew."""
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "little") + part)
    return total.hexdigest()[:16]
