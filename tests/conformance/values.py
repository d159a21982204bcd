"""When two values are the same: numbers by value, addresses by what they mean, '-' and nothing as absence."""

import ipaddress
import re
from typing import Any

# `(null)` is what the kernel's audit writes for a key that is not set.
_NOTHING = ("", "-", "(null)")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z")


def absent(value: Any) -> bool:
    """What the oracles write for 'there is none'."""
    return value in (None, [], {}) or (isinstance(value, str) and value.strip() in _NOTHING)


def same(expected: Any, actual: Any) -> bool:
    """Whether `actual` says what `expected` says."""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(
            (absent(inner) and absent(actual.get(key))) or same(inner, actual.get(key))
            for key, inner in expected.items()
        )
    if isinstance(expected, list):
        if isinstance(actual, list):
            return len(expected) == len(actual) and all(map(same, expected, actual))
        return len(expected) == 1 and same(expected[0], actual)
    if isinstance(actual, list):
        return len(actual) == 1 and same(expected, actual[0])
    if isinstance(actual, bytes):
        actual = actual.decode("utf-8", "surrogateescape")
    if isinstance(expected, bool) or isinstance(actual, bool):
        return str(expected).casefold() == str(actual).casefold()
    left, right = _number(expected), _number(actual)
    if left is not None and right is not None:
        return left == right or abs(left - right) <= 1e-9 * max(abs(left), abs(right))
    if isinstance(expected, str) and isinstance(actual, str):
        left_text, right_text = expected.strip(), actual.strip()
        return left_text == right_text or _address(left_text) == _address(right_text) != ""
    return bool(expected == actual)


def _number(value: Any) -> float | int | None:
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and _NUMBER.match(value.strip()):
        text = value.strip()
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    return None


def _address(text: str) -> str:
    if ":" not in text:
        return ""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
