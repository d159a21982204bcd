"""`logloom.testing.run`: a file of tests, and how they end."""

from pathlib import Path

import pytest

from logloom.errors import InvalidConfigError
from logloom.testing import Coverage, run_file
from tests.unit.testing.configs import CONFIG, TESTS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "mesh.yaml").write_text(CONFIG)
    (path := tmp_path / "mesh.test.yaml").write_text(TESTS)
    return path


def test_what_is_as_expected_passes(path: Path) -> None:
    (result,) = run_file(path, Coverage())
    assert (result.name, result.failures) == ("an e-mail address does not leave", [])


def test_what_is_otherwise_fails_with_the_difference(path: Path) -> None:
    path.write_text(TESTS.replace("user: bob", "user: eve").replace("file: 0", "file: 1\n      fiel: 1"))
    (result,) = run_file(path, Coverage())
    first, second, third = result.failures
    assert '-     "user": "eve"' in first
    assert '+     "user": "bob"' in first
    assert second == "file: expected 1 record, came 0"
    assert third == "fiel: no such exporter runs in this config: there are otlp/siem, file"


def test_a_refusal_is_a_failure_unless_it_is_expected(path: Path) -> None:
    case = "  - name: {}\n    given: [{{receiver: otlp, body: no otlp{}}}]\n    expect: {{file: 0}}\n"
    path.write_text(
        TESTS
        + case.format("refused", "")
        + case.format("expected", ", refused: ''")
        + case.format("otherwise", ", refused: for another reason")
    )
    _, refused, expected, otherwise = run_file(path, Coverage())
    assert refused.failures[0].startswith("otlp: refused: ")
    assert expected.failures == []
    assert otherwise.failures[0].startswith("otlp: refused, but not because of 'for another reason': ")


def test_only_some(path: Path) -> None:
    assert run_file(path, Coverage(), only="nothing like it") == []


def test_a_config_that_is_not_in_order(path: Path) -> None:
    path.with_name("mesh.yaml").write_text(CONFIG.replace("rules:", "ruels:"))
    with pytest.raises(InvalidConfigError, match="did you mean 'rules'"):
        run_file(path, Coverage())
