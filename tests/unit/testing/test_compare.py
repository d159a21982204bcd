"""`logloom.testing.compare`: what fits, and how a difference is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logloom.testing.compare import compare

RECORD = {
    "time_unix_nano": 1_767_323_045_678_000_001,
    "observed_time_unix_nano": 1,
    "severity_number": 9,
    "severity_text": "INFO",
    "body": "hello",
    "attributes": {"user": "bob", "n": 1, "ok": True, "inner": {"a": [1, {"b": 2}]}},
    "dropped_attributes_count": 0,
    "flags": 0,
    "trace_id": "",
    "span_id": "",
    "event_name": "",
    "resource": {"service.name": "cart"},
    "scope_name": "",
    "scope_version": "",
}
EXACT = {key: value for key, value in RECORD.items() if value and key != "observed_time_unix_nano"}


@pytest.mark.parametrize(
    "expected",
    [
        {},
        {"body": "hello"},
        {"body": {"matches": "^h.*o$"}},
        {"attributes": {"user": "bob"}, "resource": {"service.name": "cart"}},
        {"attributes": {"nobody": {"absent": True}, "inner": {"a": [1, {"b": 2}]}}},
        {"time": "2026-01-02T03:04:05.678000001Z"},
        {"time": "2026-01-02T04:04:05.678000001+01:00"},
    ],
)
def test_what_is_named_counts(expected: dict[str, object]) -> None:
    assert compare("file", [expected], [RECORD]) == []


@pytest.mark.parametrize(
    "expected",
    [
        {"body": "Hello"},
        {"body": {"matches": "^o"}},
        {"attributes": {"user": {"absent": True}}},
        {"attributes": {"n": True}},
        {"attributes": {"ok": 1}},
        {"attributes": {"inner": {"a": [1]}}},
        {"attributes": {"nobody": "x"}},
        {"attributes": "bob"},
        {"nothing": 1},
        {"time": "2026-01-02T03:04:05.678Z"},
        {"time": "yesterday"},
    ],
)
def test_what_is_otherwise_is_told(expected: dict[str, object]) -> None:
    (found,) = compare("file", [expected], [RECORD])
    assert found.what == "record 1 is not as expected"
    assert any(line.startswith("- ") for line in found.diff)


def test_the_difference_shows_what_was_asked_for_alone() -> None:
    (found,) = compare("file", [{"body": "Hello", "attributes": {"user": "bob"}}], [RECORD])
    assert [line for line in found.diff if line[0] in "+-"] == ['-   "body": "Hello"', '+   "body": "hello"']
    assert "inner" not in str(found)


def test_an_exact_record_has_nothing_else() -> None:
    assert compare("file", [EXACT], [RECORD], exact=True) == []
    for key in EXACT:
        less = {name: value for name, value in EXACT.items() if name != key}
        (found,) = compare("file", [less], [RECORD], exact=True)
        assert any(line.startswith("+") for line in found.diff)
    less = EXACT | {"attributes": {"user": "bob"}}
    assert len(compare("file", [less], [RECORD], exact=True)) == 1


def test_numbers() -> None:
    assert compare("file", 2, [RECORD, RECORD]) == []
    assert compare("file", None, []) == []
    (found,) = compare("file", 0, [RECORD])
    assert found.what == "expected 0 records, came 1"
    (found,) = compare("file", [{"body": "hello"}, {"body": "x"}], [RECORD])
    assert (found.what, found.diff) == ("expected 2 records, came 1", ('- {"body":"x"}',))


def test_in_any_order() -> None:
    came = [RECORD | {"body": body} for body in ("a", "b", "c")]
    expected = [{"body": body} for body in ("c", "a", "b")]
    assert len(compare("file", expected, came)) == 3
    assert compare("file", expected, came, any_order=True) == []
    assert len(compare("file", [{"body": "c"}, {"body": "c"}, {"body": "b"}], came, any_order=True)) == 1


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
).filter(lambda value: not isinstance(value, dict) or value.keys() not in ({"matches"}, {"absent"}))


@given(VALUES, VALUES)
def test_a_value_fits_itself_and_texts_fit_no_other(value: object, other: object) -> None:
    record = RECORD | {"attributes": {"k": value}}
    assert compare("file", [{"attributes": {"k": value}}], [record]) == []
    found = compare("file", [{"attributes": {"k": other}}], [record])
    if isinstance(value, str) and isinstance(other, str):
        assert bool(found) == (value != other)
