"""What README.md shows a newcomer works: its Python runs, its configs and those in docs/ pass `logloom check`."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import logloom
from logloom._native import Journal

ROOT = Path(__file__).resolve().parent.parent
LOGLOOM = Path(sys.executable).with_name("logloom")

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [body for found, body in BLOCK.findall((ROOT / "README.md").read_text("utf-8")) if found == language]


def documented() -> list[str]:
    """The whole configs in the README and in docs/."""
    pages = (path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("*.md")))
    found = [body for page in pages for language, body in BLOCK.findall(page) if language == "yaml"]
    return blocks("yaml") + [
        body for body in found if all(f"{section}:\n" in body for section in ("receivers", "service"))
    ]


def commands() -> list[str]:
    """Each `logloom …` line of the README, except the collector itself: tests/service runs that."""
    lines = (line.split(" #")[0].strip() for body in blocks("sh") for line in body.splitlines())
    return [line for line in lines if line.startswith("logloom ") and not line.startswith("logloom run")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the file that the examples read: access.log, as Envoy writes it, without the bad lines."""
    lines = (ROOT / "tests" / "formats" / "envoy" / "default.log").read_bytes().splitlines(keepends=True)
    (tmp_path / "access.log").write_bytes(b"".join(line for line in lines if not logloom.parse(line, "envoy").rejects))
    return tmp_path


@pytest.fixture
def journal(folder: Path) -> None:
    """The journal of a collector that was here, with the exporters that the examples name."""
    data = folder / "data"
    data.mkdir()
    for path in (data / "journal", data / "journal" / "dead-letter"):
        opened, _ = Journal.open(
            str(path),
            disk_bytes_max=1 << 30,
            file_bytes_max=1 << 20,
            free_bytes_min=0,
            fsync_delay_max_s=0.0,
            key_file=str(data / "journal.key"),
        )
        for exporter in ("otlp/siem", "otlp/old"):
            opened.cursor(exporter, [exporter])
        opened.close()


@pytest.mark.parametrize("code", blocks("python"))
def test_python_example_runs(code: str, folder: Path) -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("config", documented())
def test_config_example_is_accepted(config: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(config, "utf-8")
    (tmp_path / "owners.csv").write_text("namespace,team,pager\nshop,cart,1\n", "utf-8")  # enrich's, which check reads
    asked = dict.fromkeys(re.findall(r"\$\{env:(\w+)\}", config), "a value")
    check = [LOGLOOM, "check", "config.yaml"]
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, env=os.environ | asked)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("journal")
@pytest.mark.parametrize("command", commands())
def test_command_example_succeeds(command: str, folder: Path) -> None:
    done = subprocess.run([LOGLOOM, *shlex.split(command)[1:]], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
