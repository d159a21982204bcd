"""What was typed: YAML with the places of its values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logloom.config.read import plain
from logloom.config.typed import DEPTH_MAX, NODES_MAX, read_yaml
from logloom.errors import InvalidConfigError


def test_every_value_knows_its_path_and_its_line() -> None:
    root = read_yaml("a:\n  b/c:\n    - x\n    - y: 1\n\n\nd: 2\n", "f")
    assert isinstance(root.value, dict)
    a = root.value["a"].value
    assert isinstance(a, dict)
    items = a["b/c"].value
    assert isinstance(items, list)
    assert isinstance(items[1].value, dict)
    y = items[1].value["y"]
    assert (y.path, y.line, y.value) == ("a.b/c[1].y", 4, 1)
    assert (root.value["d"].path, root.value["d"].line) == ("d", 7)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("no", "no"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("12", 12),
        ("-0x1f", "-0x1f"),
        ("0x1f", 31),
        ("0o17", 15),
        ("017", 17),
        ("1:30", "1:30"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.2.3", "1.2.3"),
        ("2020-01-01", "2020-01-01"),
        ("1_000", "1_000"),
        ('"12"', "12"),
        ("'true'", "true"),
        ("!!str 12", "12"),
        ('!!int "12"', 12),
        ("9" * 40, 1e40),
    ],
)
def test_plain_scalars_are_yaml_1_2(text: str, value: object) -> None:
    root = read_yaml(f"a: {text}", "f")
    got = plain(root)["a"]
    assert got == value
    assert type(got) is type(value)


def test_merge_keys() -> None:
    text = "base: &base {a: 1, b: 2}\nother: &other {b: 3, c: 4}\nuse: {<<: [*base, *other], a: 9}\n"
    assert plain(read_yaml(text, "f"))["use"] == {"a": 9, "b": 2, "c": 4}


def test_bounds() -> None:
    read_yaml("a: " + "[" * (DEPTH_MAX - 1) + "]" * (DEPTH_MAX - 1), "f")
    with pytest.raises(InvalidConfigError, match="nested deeper"):
        read_yaml("a: " + "[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1), "f")
    with pytest.raises(InvalidConfigError, match="nested deeper"):
        read_yaml("[" * 100_000, "f")
    with pytest.raises(InvalidConfigError, match=f"more than {NODES_MAX} values"):
        read_yaml("a: [" + "1," * (NODES_MAX + 1) + "]", "f")


def test_all_duplicates_are_told() -> None:
    with pytest.raises(InvalidConfigError) as caught:
        read_yaml("a: 1\nb: {c: 1, c: 2}\na: 2\n", "f")
    assert [(p.line, p.path) for p in caught.value.problems] == [(2, "b.c"), (3, "a")]


@given(st.text(alphabet="ab:-[]{},&*!|>'\"#% \n\t\\<", max_size=60))
def test_any_text_is_a_tree_or_an_error_with_a_place(text: str) -> None:
    lines = [1]
    try:
        read_yaml(text, "f")
    except InvalidConfigError as error:
        lines = [problem.line for problem in error.problems]
    assert lines
    assert min(lines) >= 1


def test_a_tab_is_called_by_its_name() -> None:
    with pytest.raises(InvalidConfigError) as caught:
        read_yaml("receivers:\n\totlp: {}\n", "f")
    assert "f:2: not YAML: a tab stands before a key: YAML is indented by blanks (column 1)" in str(caught.value)
