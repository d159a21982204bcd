"""`logloom test`, as a program."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.unit.cli.command import logloom
from tests.unit.test_pytest_plugin import ARGUMENTS as PLUGIN
from tests.unit.testing.configs import CONFIG, TESTS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mesh.yaml").write_text(CONFIG)
    (tmp_path / "mesh.test.yaml").write_text(TESTS)
    return tmp_path


def test_all_files_below_a_folder(folder: Path) -> None:
    done = logloom("test", cwd=folder)
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0
    assert lines[0] == "passed mesh.test.yaml: an e-mail address does not leave"
    assert "  mesh.yaml: no test reaches rule of redaction 'credit_card'" in lines
    assert lines[-1] == "1 passed, 0 failed"
    assert sorted(path.name for path in folder.iterdir()) == ["mesh.test.yaml", "mesh.yaml"]


def test_what_fails_and_what_ci_reads(folder: Path) -> None:
    (folder / "mesh.test.yaml").write_text(TESTS.replace("user: bob", "user: eve"))
    done = logloom("test", ".", "--junit", "report.xml", "-q", cwd=folder)
    assert done.returncode == 1
    assert done.stdout.decode().startswith("FAILED mesh.test.yaml: an e-mail address does not leave\n")
    assert ET.parse(folder / "report.xml").getroot().get("failures") == "1"  # noqa: S314 — our own


def test_a_file_that_cannot_be_read_is_a_failure_and_the_others_run(folder: Path) -> None:
    (folder / "bad.test.yaml").write_text("tests: 1")
    done = logloom("test", cwd=folder)
    assert done.returncode == 1
    assert b"FAILED bad.test.yaml: (the file)\n  bad.test.yaml:1: tests: expected a list, not 1\n" in done.stdout
    assert done.stdout.endswith(b"1 passed, 1 failed\n")


def test_coverage_may_be_asked_for(folder: Path) -> None:
    done = logloom("test", "--coverage-min", "90", cwd=folder)
    assert (done.returncode, done.stderr) == (1, b"reached 56%, less than --coverage-min 90\n")


def test_nothing_to_run(tmp_path: Path) -> None:
    done = logloom("test", cwd=tmp_path)
    assert done.returncode == 2
    assert b"no test was run" in done.stderr


def test_the_page_is_as_it_says(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "testing.md").read_text("utf-8")
    blocks = dict(re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    (tmp_path / "mesh.yaml").write_text(blocks["yaml"])
    (tmp_path / "mesh.test.yaml").write_text(blocks["yml"])
    (tmp_path / "test_page.py").write_text(blocks["py"])
    done = logloom("test", cwd=tmp_path)
    assert "$ logloom test\n" + done.stdout.decode() == blocks["console"]
    ran = subprocess.run([sys.executable, "-m", "pytest", "-q", *PLUGIN, "."], cwd=tmp_path, capture_output=True)
    assert b"2 passed" in ran.stdout
