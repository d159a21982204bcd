"""`make test-peers`: provides what `.ci/peers` lists, drives it, and ends with what was not run and why.

With PEERS=required in the environment (as CI has it) a listed peer that is absent, or that no test drove, is a failure.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import orjson

from tests.peers.conftest import DRIVEN, REQUIRED
from tests.peers.listed import LIST, ROOT
from tests.peers.provided import Provided, provide


def closing(found: dict[str, Provided], driven: dict[str, int]) -> str:
    """The last line: how many of the listed peers were not run, and why."""
    missed = {key: peer.lacks or "no test of it passed" for key, peer in found.items() if not driven.get(key)}
    if not missed:
        return f"NOT RUN: 0 (all {len(found)} peers of {LIST.relative_to(ROOT)} were driven)"
    whys: dict[str, list[str]] = {}
    for key, why in missed.items():
        whys.setdefault(why, []).append(key)
    said = "; ".join(f"{', '.join(keys)}: {why}" for why, keys in whys.items())
    return f"NOT RUN: {len(missed)} ({said})"


def main(arguments: list[str]) -> int:
    """The exit status: that of pytest, or 1 where all must run and one did not."""
    found = provide()
    for key, peer in found.items():
        print(f"{key:<60} {peer.version or f'ABSENT: {peer.lacks}'}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "driven.json"
        command = [sys.executable, "-m", "pytest", Path(__file__).parent, *arguments]
        code = subprocess.run(command, cwd=ROOT, env=os.environ | {DRIVEN: str(report)}).returncode
        driven: dict[str, int] = orjson.loads(report.read_bytes()) if report.exists() else {}
    for key in found:
        if driven.get(key):
            print(f"{key:<60} {driven[key]} tests")
    print(closing(found, driven), flush=True)
    if code == 0 and os.environ.get(REQUIRED[0]) == REQUIRED[1] and any(not driven.get(key) for key in found):
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
