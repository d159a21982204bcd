"""What deploy/ shows works: the configs in it are in order, and each program is given what it knows."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
LOGLOOM = Path(sys.executable).with_name("logloom")


def configs() -> dict[str, str]:
    """Those in ConfigMaps, by file and key."""
    found = {}
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            if document["kind"] == "ConfigMap":
                found |= {f"{path.name} {key}": text for key, text in document["data"].items()}
    return found


@pytest.mark.parametrize("name", configs())
def test_a_config_is_in_order(name: str, tmp_path: Path) -> None:
    (tmp_path / "logloom.yaml").write_text(configs()[name], "utf-8")
    done = subprocess.run([LOGLOOM, "check", "logloom.yaml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_tells_systemd_and_may_write_its_state_alone() -> None:
    unit = (DEPLOY / "systemd" / "logloom.service").read_text("utf-8")
    for line in ("Type=notify-reload", "ProtectSystem=strict", "StateDirectory=logloom", "NoNewPrivileges=yes"):
        assert line in unit.splitlines()
    assert "--data /var/lib/logloom" in unit


def test_a_container_is_built_of_the_sources_alone() -> None:
    """What was built here is for this machine: `make` in the container would take it for its own."""
    left_out = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert {".git", ".venv", "target", "**/*.so", "data", "dist"} <= set(left_out)
