"""Runs the `logloom` command as a user does."""

import os
import subprocess
import sys
from pathlib import Path

LOGLOOM = str(Path(sys.executable).parent / "logloom")


def logloom(
    *arguments: object, stdin: bytes = b"", cwd: Path | None = None, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Runs it to its end, in at most a minute."""
    return subprocess.run(
        [LOGLOOM, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=os.environ | (environment or {}),
        timeout=60,
    )
