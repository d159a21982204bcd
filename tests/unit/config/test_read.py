"""What was resolved: values by the type hints of a Config."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logloom.config import Endpoint, Secret
from logloom.config.read import Reader, nearest
from logloom.config.typed import read_yaml
from tests.unit.components import InConfig, InnerConfig, OutConfig


def read(cls: Any, text: str, environment: dict[str, str] | None = None) -> tuple[Any, list[str]]:
    reader = Reader(environment or {})
    value = reader.read(cls, read_yaml(text, "f"))
    return value, [f"{p.line} {p.path}: {p.what}" for p in reader.problems]


def test_nothing_typed_is_the_defaults() -> None:
    assert read(InConfig, "") == (InConfig(), [])


def test_every_kind_of_field() -> None:
    text = """
grpc:
include: [a, 7, "*.log"]
mode: beginning
size: 4MiB
every: 1m30s
token: t0k3n
labels: {a: b, n: 1}
on: false
options: {format_string: "%START_TIME%", keep: true, count: 3, keys: {a: b}}
"""
    value, problems = read(InConfig, text)
    assert problems == []
    assert value == InConfig(
        grpc=InnerConfig(),
        include=["a", "7", "*.log"],
        mode="beginning",
        size=4 << 20,
        every=90.0,
        token=Secret("t0k3n"),
        labels={"a": "b", "n": "1"},
        on=False,
        options={"format_string": "%START_TIME%", "keep": True, "count": 3, "keys": {"a": "b"}},
    )


def test_all_problems_at_once_each_with_its_place() -> None:
    text = "include: x\nmode: begining\nsize: 4 apples\nevery: 5\non: yes\ngrpc: {endpoint: localhost}\nincluded: []\n"
    _, problems = read(InConfig, text)
    assert problems == [
        "1 include: expected a list, not 'x': write [x]",
        "2 mode: expected 'beginning' or 'end', not 'begining': did you mean 'beginning'?",
        "3 size: expected a size such as 4MiB, 512KiB or 1048576, not '4 apples'",
        "4 every: a time needs a unit: write '5s' if seconds are meant",
        "5 on: expected true or false, not 'yes'",
        "6 grpc.endpoint: 'localhost' lacks a port: write localhost:4317",
        "7 included: unknown key, did you mean 'include'?",
    ]


def test_words_may_have_letters_of_any_size() -> None:
    assert read(InConfig, "include: [a]\nmode: Beginning")[0].mode == "beginning"


def test_a_shells_variable_is_told_how_it_is_written_here() -> None:
    assert read(InConfig, "include: [a]\nmode: $MODE")[1] == [
        "2 mode: expected 'beginning' or 'end', not '$MODE': a variable is ${env:MODE}"
    ]


def test_what_is_required_is_asked_for() -> None:
    assert read(OutConfig, "headers: {}")[1] == ["1 : lacks 'endpoint'"]


def test_checks_across_fields_name_their_key() -> None:
    text = "endpoint: a:1\ntls:\n  cert_file: c.pem\nretry_on_failure: {initial_interval: 10s, max_interval: 1s}\n"
    assert read(OutConfig, text)[1] == [
        "3 tls.cert_file: a certificate needs its key: give key_file",
        "4 retry_on_failure.max_interval: shorter than initial_interval (10s): make it at least as long",
    ]


def test_keys_of_the_collectors_that_do_nothing_are_noted() -> None:
    reader = Reader({})
    assert reader.read(InConfig, read_yaml("read_buffer_size: 1", "f")) == InConfig()
    assert [(note.path, note.what) for note in reader.notes] == [
        ("read_buffer_size", "has no effect here: the core sizes its own")
    ]


@pytest.mark.parametrize(
    ("text", "environment", "value"),
    [
        ("${env:A}", {"A": "x"}, "x"),
        ("${A}", {"A": "x"}, "x"),
        ("a-${env:A}-b", {"A": "x"}, "a-x-b"),
        ("${env:A:-y}", {}, "y"),
        ("${env:A:-y}", {"A": ""}, "y"),
        ("${env:A:-}", {}, ""),
        ("'${env:A:-b:-c d}'", {}, "b:-c d"),
        ("$${env:A}", {}, "${env:A}"),
        ("$$A", {}, "$A"),
        ("$A $5", {}, "$A $5"),
        ("${env:A}", {"A": "${env:B}"}, "${env:B}"),
        ("'${env:A}'", {"A": "07"}, "07"),
        ("${env:A}", {"A": "07"}, "07"),
    ],
)
def test_the_environment(text: str, environment: dict[str, str], value: str) -> None:
    got, problems = read(InConfig, f"token: {text}", environment)
    assert problems == []
    assert got.token.reveal() == value


def test_what_the_environment_gives_has_its_type() -> None:
    got, problems = read(
        InConfig,
        "size: ${env:A}\non: ${env:B}\ngrpc: {endpoint: '127.0.0.1:${env:P}'}",
        {"A": "10", "B": "false", "P": "1"},
    )
    assert problems == []
    assert (got.size, got.on, got.grpc.endpoint) == (10, False, Endpoint("127.0.0.1", 1))


def test_no_error_shows_what_the_environment_gave() -> None:
    _, problems = read(
        InConfig, "size: ${env:A}\nmode: ${env:A}\nevery: ${env:A}\ngrpc: {endpoint: '${env:A}'}", {"A": "hunter2"}
    )
    assert len(problems) == 4
    assert not any("hunter2" in problem for problem in problems)
    assert problems[0] == "1 size: expected a size such as 4MiB, 512KiB or 1048576, not the value of ${env:A}"


def test_one_problem_for_one_fault_of_the_environment() -> None:
    assert read(InConfig, "size: ${env:A}\nmode: ${env:A}\n")[1] == [
        f"{line} {key}: the environment variable A is not set: set it, or give a default as in ${{env:A:-default}}"
        for line, key in ((1, "size"), (2, "mode"))
    ]


def test_secrets_are_not_shown() -> None:
    value, _ = read(OutConfig, "endpoint: a:1\nheaders: {authorization: Bearer abc}")
    assert "abc" not in repr(value)
    assert "abc" not in f"{value.headers['authorization']} {value.headers['authorization']!s}"
    assert value.headers["authorization"].reveal() == "Bearer abc"


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("127.0.0.1:4317", Endpoint("127.0.0.1", 4317)),
        ("localhost:0", Endpoint("localhost", 0)),
        (":4317", Endpoint("", 4317)),
        ("'[::1]:4317'", Endpoint("::1", 4317)),
        ("https://siem.example:443/", Endpoint("siem.example", 443, "https")),
        ("my_service:4317", Endpoint("my_service", 4317)),
    ],
)
def test_endpoints(text: str, endpoint: Endpoint) -> None:
    assert read(InnerConfig, f"endpoint: {text}") == (InnerConfig(endpoint), [])


@pytest.mark.parametrize(
    "text", ["a b:1", "127.0.0.1:70000", "::1:4317", "ftp://a:1", "a:b", "http://a:1/path", "4317"]
)
def test_what_is_no_endpoint(text: str) -> None:
    value, problems = read(InnerConfig, f"endpoint: '{text}'")
    assert value is None
    assert len(problems) == 1


def test_near_names() -> None:
    assert nearest("fromat", ["format", "include"]) == "format"
    assert nearest("zzz", ["format", "include"]) is None
    assert nearest("x", []) is None


WORDS = st.text(alphabet="a1:/%$. {}-", max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, width=32) | WORDS
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3))
KEYS = st.sampled_from(["grpc", "include", "mode", "size", "every", "token", "labels", "on", "options", "x"])


@given(st.dictionaries(KEYS, TREES, max_size=10))
def test_any_tree_is_a_config_or_problems(tree: dict[str, Any]) -> None:
    value, problems = read(InConfig, orjson.dumps(tree).decode())  # JSON is YAML
    assert (value is None) == bool(problems)
