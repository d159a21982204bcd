"""What `${...}` stands for."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logloom.config.read import Reader, plain
from logloom.config.references import FILES_MAX, References, read_file
from logloom.config.typed import Typed, read_yaml
from tests.unit.components import InConfig

ENVIRONMENT = {
    "A": "one",
    "EMPTY": "",
    "PORT": "4317",
    "LIST": "[a, b]",
    "NAME": "A",
    "BROKEN": "[a",
    "RAW": "${env:A} $$",
}


def resolved(text: str, files: dict[str, str] | None = None) -> Any:
    """What a value typed as `text` becomes."""

    def read(path: str) -> str:
        if path not in (files or {}):
            raise FileNotFoundError(2, "No such file or directory")
        return (files or {})[path]

    root = read_yaml(f"key: {text}", "f")
    assert isinstance(root.value, dict)
    typed = root.value["key"]
    return plain(References(ENVIRONMENT, read).resolve(typed)) if isinstance(typed.value, str) else plain(typed)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${env:A}", "one"),
        ("${A}", "one"),
        ("x-${env:A}-${A}", "x-one-one"),
        ("${env:EMPTY:-other}", "other"),
        ("${env:UNSET:-}", None),  # where a text is wanted, an empty one
        ("${env:UNSET:-a:-b}", "a:-b"),
        ("${env:UNSET:-${env:A}}", "one"),
        ("${env:${env:NAME}}", "one"),
        ("$$", "$"),
        ("$${env:A}", "${env:A}"),
        ("a$b", "a$b"),
        ("${env:PORT}", 4317),
        ('"${env:PORT}"', "4317"),
        ("127.0.0.1:${env:PORT}", "127.0.0.1:4317"),
        ("${env:LIST}", ["a", "b"]),
        ('"${env:LIST}"', "[a, b]"),
        ("${env:BROKEN}", "[a"),
        ("${env:RAW}", "${env:A} $$"),  # what comes from outside is not looked into
        ("${yaml:[1, 2]}", [1, 2]),
        ("${file:one}", 1),
        ("${file:map}", {"b": {"c": [1]}}),
        ("${file:pem}", "-----BEGIN-----\nabc\n-----END-----"),
        ("${file:${env:A}}", 1),
    ],
)
def test_what_they_stand_for(text: str, value: object) -> None:
    files = {"one": "1\n", "map": "b:\n  c: [1]\n", "pem": "-----BEGIN-----\nabc\n-----END-----\n"}
    assert resolved(text, files) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("${env:UNSET}", "the environment variable UNSET is not set"),
        ("${env:not a name}", "names no environment variable"),
        ("${env:}", "names no environment variable"),
        ("${}", "names no environment variable"),
        ("${env:A", "has no end"),
        ("${http://x/y}", "no config is read over the network"),
        ("${vault:x}", "only ${env:NAME}, ${file:PATH} and ${yaml:TEXT} are read"),
        ("${file:none}", "the file none cannot be read: No such file or directory"),
        ("x" + "${env:UNSET:-" * 40 + "}" * 40, "references within references"),
    ],
)
def test_what_stands_for_nothing(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        resolved(text)
    assert why in str(error.value)


def test_there_is_an_end_to_files() -> None:
    references = References({}, lambda _path: "x")
    value = Typed("", "".join(f"${{file:{n}}}" for n in range(FILES_MAX + 1)), "", 1)
    with pytest.raises(ValueError, match="more than 64 files"):
        references.resolve(value)


def test_a_map_from_a_file_knows_its_own_lines(tmp_path: Path) -> None:
    """And what came from outside is shown in no error."""
    path = tmp_path / "part.yaml"
    path.write_text("mode: end\nsize: geheim\n")
    reader = Reader({"B": "geheim"})
    assert reader.read(InConfig, read_yaml(f"${{file:{path}}}", "main.yaml")) is None
    (problem,) = reader.problems
    assert (problem.file, problem.line, problem.path) == (str(path), 2, "size")
    reader = Reader({"B": "geheim"})
    reader.read(InConfig, read_yaml("size: ${env:B}", "main.yaml"))
    assert "geheim" not in reader.problems[0].what


def test_a_text_that_could_be_yaml_is_a_text_where_one_is_wanted() -> None:
    reader = Reader({"TOKEN": "[not, a, list]", "LABELS": "{a: b}"})
    config = reader.read(InConfig, read_yaml("token: ${env:TOKEN}\nlabels: ${env:LABELS}\ninclude: ${env:TOKEN}", "f"))
    assert not reader.problems
    assert (config.token.reveal(), config.labels, config.include) == (
        "[not, a, list]",
        {"a": "b"},
        ["not", "a", "list"],
    )


def test_files_are_bounded(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * ((1 << 20) + 1))
    (tmp_path / "odd").write_bytes(b"\xff")
    for name, why in (("large", "more than 1048576 bytes"), ("odd", "not UTF-8")):
        with pytest.raises(ValueError, match=why):
            read_file(str(tmp_path / name))


@given(st.text(alphabet="${}:-Aenv yml", max_size=40))
def test_any_text(text: str) -> None:
    with contextlib.suppress(ValueError):
        References(ENVIRONMENT, lambda _path: "x").resolve(Typed(text, text, "", 1))
