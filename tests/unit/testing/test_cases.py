"""`logloom.testing.cases`: files of tests, and what is wrong with them."""

from pathlib import Path

import pytest

from logloom.errors import ConfigError, InvalidConfigError
from logloom.testing import read_file
from tests.unit.testing.configs import TESTS


def test_a_file_is_read_as_it_stands(tmp_path: Path) -> None:
    (path := tmp_path / "mesh.test.yaml").write_text(TESTS)
    file = read_file(path)
    assert file.config == [str(tmp_path / "mesh.yaml")]
    assert [case.name for case in file.tests] == ["an e-mail address does not leave"]
    assert "${env:NOT_READ}" in str(file.tests[0].given[0].lines)  # a log's own: nothing is put in its place


def test_all_that_is_wrong_is_told_with_its_line(tmp_path: Path) -> None:
    (path := tmp_path / "bad.test.yaml").write_text(
        "tests:\n"
        "  - name: a\n"
        "    given: [{receiver: otlp}]\n"
        "    expect: {file: many}\n"
        "  - name: b\n"
        "    given: []\n"
        "    expects: {}\n"
    )
    with pytest.raises(InvalidConfigError) as caught:
        read_file(path)
    told = str(caught.value)
    assert "bad.test.yaml:3: tests[0].given[0]: give one of 'lines', 'body' and 'base64'" in told
    assert "bad.test.yaml:7: tests[1].expects: unknown key, did you mean 'expect'?" in told


def test_names_are_unique_and_there_is_one_at_least(tmp_path: Path) -> None:
    one = "{name: a, given: [{receiver: r, lines: x}], expect: {file: 1}}"
    for text, what in ((f"tests: [{one}, {one}]", "'a' a second time"), ("tests: []", "there are none")):
        (path := tmp_path / "x.test.yaml").write_text(text)
        with pytest.raises(InvalidConfigError, match=what):
            read_file(path)


def test_a_file_that_is_not_there_or_says_of_no_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_file(tmp_path / "none.test.yaml")
    (path := tmp_path / "other.yaml").write_text(TESTS)
    with pytest.raises(ConfigError, match="name its 'config'"):
        read_file(path)
