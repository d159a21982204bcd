"""`make` on a machine that lacks something: one clear line that names it, before anything is built."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.peers.listed import listed

ROOT = Path(__file__).resolve().parent.parent
PLAIN = ("sh", "sed", "cut", "dirname", "basename", "env", "find", "uname", "make", "rm", "touch", "mkdir", "expand")

OLD_PYTHON = '#!/bin/sh\ncase "$*" in *platform*) echo 3.9.2 ;; *) exit 1 ;; esac\n'
OLD_CARGO = "#!/bin/sh\necho 'cargo 1.70.0 (a date)'\n"
NEW_CARGO = "#!/bin/sh\necho 'cargo 99.0.0 (a date)'\n"
BROKEN_CC = "#!/bin/sh\nexit 1\n"
PYTHON = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'


@pytest.mark.parametrize(
    ("there", "line"),
    [
        ({"cargo": NEW_CARGO, "cc": BROKEN_CC}, "needs Python 3.11 or newer: install"),
        ({"python3": OLD_PYTHON}, "needs Python 3.11 or newer (python3 here is 3.9.2): install"),
        ({"python3": PYTHON}, "needs cargo, of Rust"),
        ({"python3": PYTHON, "cargo": OLD_CARGO}, "cargo here is 1.70.0: run 'rustup update stable'"),
        ({"python3": PYTHON, "cargo": NEW_CARGO}, "needs a C compiler (cc): install build-essential"),
        ({"python3": PYTHON, "cargo": NEW_CARGO, "cc": BROKEN_CC}, "needs a C compiler that can build a program"),
    ],
    ids=["no python", "old python", "no cargo", "old cargo", "no cc", "cc without headers"],
)
def test_what_is_missing_is_named_in_one_line(there: dict[str, str], line: str, tmp_path: Path) -> None:
    for tool in PLAIN:
        if found := shutil.which(tool):
            (tmp_path / tool).symlink_to(found)
    for tool, script in there.items():
        (tmp_path / tool).write_text(script)
        (tmp_path / tool).chmod(0o755)
    done = subprocess.run(
        ["make", "build", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    said = (done.stdout + done.stderr).strip().splitlines()
    assert done.returncode != 0
    assert len(said) == 1
    assert line in said[0]
    assert not (tmp_path / "venv").exists()


def test_help_names_every_task() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for task in (
        "run",
        "build",
        "test",
        "test-peers",
        "check",
        "bench",
        "formats",
        "clean",
        "wheel",
        "fuzz-brief",
        "help",
    ):
        assert f"make {task} " in done.stdout
        assert f"\n{task}:" in makefile


def test_every_folder_with_tests_is_run_by_one_of_the_tiers() -> None:
    """`make test` runs what pytest is told to look through, `make test-peers` runs tests/peers; nothing is left out."""
    paths = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]["testpaths"]
    run = {found for path in [*paths, "tests/peers"] for found in ROOT.glob(path)}
    for file in ROOT.glob("tests/**/test_*.py"):
        assert run & {file, *file.parents}, f"{file}: neither tier runs it"


def test_peers_are_listed_as_they_are_pinned() -> None:
    """Of Go's and Maven's, the version in .ci/peers is the one that is built."""
    modules = (ROOT / "tests/peers/go/go.mod").read_text("utf-8")
    pom = (ROOT / "tests/peers/java/pom.xml").read_text("utf-8")
    for peer in listed():
        if peer.kind == "go":
            assert f"\t{peer.name} {peer.version}\n" in modules, peer
        elif peer.kind == "maven":
            group, artifact = peer.name.split(":")
            wanted = rf"<groupId>{group}</groupId>\s*<artifactId>{artifact}</artifactId>\s*<version>{peer.version}<"
            assert re.search(wanted, pom), peer


def test_a_peer_that_is_absent_is_named_at_the_end(tmp_path: Path) -> None:
    """On a machine without apt-get, Go and Maven nothing of it runs: that is said, and only where asked a failure."""
    env = {"PATH": str(tmp_path), "HOME": str(tmp_path), "PEERS_CACHE": str(tmp_path / "cache")}
    for required, code in ((False, 0), (True, 1)):
        done = subprocess.run(
            [sys.executable, "-m", "tests.peers", "-q", "-k", "test_structured_data"],
            cwd=ROOT,
            env=env | ({"PEERS": "required"} if required else {}),
            capture_output=True,
            text=True,
            timeout=100,
        )
        last = done.stdout.splitlines()[-1]
        assert done.returncode == code, done.stdout
        assert last.startswith(f"NOT RUN: {len(listed())} (deb:bsdutils, "), last
        assert "this machine has no apt-get" in last


@pytest.mark.parametrize(
    ("text", "said"),
    [("gem fluentd 1.0 a", "line 1"), ("\n# a\ndeb a 1", "line 3"), ("deb a 1 b\ndeb a 2 b", "line 2: deb:a stands")],
)
def test_a_list_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        listed(text)
