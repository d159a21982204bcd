"""What was expected against what came, told as a diff of the parts that were asked for."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

__all__ = ["Mismatch", "compare", "shown"]

PATTERN: Final = "matches"
"""`{matches: PATTERN}` in the place of a value: a text in which the regular expression finds something."""
ABSENT: Final = "absent"
"""`{absent: true}` in the place of a value: the key must not be there."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NOTHING: Final = object()
_BARE: Final[Mapping[str, Any]] = {
    "time_unix_nano": 0,
    "severity_number": 0,
    "severity_text": "",
    "body": None,
    "attributes": {},
    "dropped_attributes_count": 0,
    "flags": 0,
    "trace_id": "",
    "span_id": "",
    "event_name": "",
    "resource": {},
    "scope_name": "",
    "scope_version": "",
}
"""What a record has where it says nothing; the time at which it was observed is never asked for unless it is named."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What an exporter had otherwise.

    Attributes:
        exporter: Its id.
        what: In a line.
        diff: Lines that begin with `-` (expected), `+` (came) or a blank.
    """

    exporter: str
    what: str
    diff: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The line, and the diff below it."""
        return "\n".join([f"{self.exporter}: {self.what}", *(f"    {line}" for line in self.diff)])


def compare(
    exporter: str, expected: Any, came: Sequence[Mapping[str, Any]], *, exact: bool = False, any_order: bool = False
) -> list[Mismatch]:
    """All that is otherwise; empty where all is as expected.

    Args:
        exporter: Whose records these are.
        expected: A list of records, how many they are, or None for none.
        came: The records.
        exact: Whether a record may have nothing but what is named.
        any_order: Whether the order does not count.
    """
    if expected is None or isinstance(expected, int):
        if len(came) == (expected or 0):
            return []
        return [Mismatch(exporter, _numbers(expected or 0, len(came)), tuple(_line("+", one) for one in came[:10]))]
    wanted = [_whole(one) if exact else one for one in expected]
    if any_order:
        came = _nearest(wanted, came)
    found = [
        Mismatch(exporter, f"record {place + 1} is not as expected", tuple(_diff(want, got, exact=exact)))
        for place, (want, got) in enumerate(zip(wanted, came, strict=False))
        if not _fits(want, got, exact=exact)
    ]
    if len(wanted) != len(came):
        lacking = tuple(_line("-", one) for one in wanted[len(came) :])
        more = tuple(_line("+", one) for one in came[len(wanted) :])
        found.append(Mismatch(exporter, _numbers(len(wanted), len(came)), lacking + more))
    return found


def shown(value: Any) -> list[str]:
    """A value in lines, keys sorted."""
    text = orjson.dumps(
        value, default=_shown, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    )
    return text.decode().splitlines()


def _shown(value: Any) -> str:
    return f"base64 {value.hex()}" if isinstance(value, bytes) else repr(value)


def _numbers(expected: int, came: int) -> str:
    return f"expected {expected} record{'s' * (expected != 1)}, came {came}"


def _line(sign: str, record: Mapping[str, Any]) -> str:
    bare = {key: value for key, value in record.items() if value not in ("", 0, None, {}) and "observed" not in key}
    return f"{sign} {orjson.dumps(bare, default=_shown, option=orjson.OPT_SORT_KEYS).decode()}"


def _whole(expected: Mapping[str, Any]) -> dict[str, Any]:
    bare = dict(_BARE)
    if "time" in expected:
        del bare["time_unix_nano"]
    return bare | dict(expected)


def _fits(want: Any, got: Any, *, exact: bool, is_record: bool = True) -> bool:
    if isinstance(want, Mapping):
        if want.keys() == {PATTERN}:
            return isinstance(got, str) and re.search(str(want[PATTERN]), got) is not None
        if want.keys() == {ABSENT}:
            return got is _NOTHING
        if not isinstance(got, Mapping):
            return False
        if exact and not is_record and got.keys() - want.keys():
            return False
        return all(_fits(value, _part(got, key, value), exact=exact, is_record=False) for key, value in want.items())
    if isinstance(want, list):
        return (
            isinstance(got, list)
            and len(want) == len(got)
            and all(_fits(one, other, exact=exact, is_record=False) for one, other in zip(want, got, strict=True))
        )
    if isinstance(want, bool) != isinstance(got, bool):
        return False
    return bool(want == got)


def _part(got: Mapping[str, Any], key: str, want: Any) -> Any:
    """What is at `key`; a record's `time` is asked for as text, too."""
    if key == "time" and "time_unix_nano" in got:
        nanos = _nanos(want)
        return want if nanos is not None and nanos == got["time_unix_nano"] else _text(got["time_unix_nano"])
    return got.get(key, _NOTHING)


def _nanos(text: Any) -> int | None:
    """The time of a text as in RFC 3339, in nanoseconds since 1970; its fraction to the last digit."""
    match = re.fullmatch(r"(.{19})(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?", str(text).strip())
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(match[1] + (match[3] or "Z").replace("Z", "+00:00"))
    except ValueError:
        return None
    return (moment - _EPOCH) // _MICROSECOND * 1000 + int((match[2] or "").ljust(9, "0"))


def _text(unix_nano: int) -> str:
    seconds, nanos = divmod(unix_nano, 1_000_000_000)
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{nanos:09}Z"


def _diff(want: Mapping[str, Any], got: Mapping[str, Any], *, exact: bool) -> list[str]:
    """Only what was asked for: the rest of a record may be anything."""
    lines = difflib.ndiff(shown(want), shown(_asked(want, got, exact=exact)))
    return [line for line in lines if not line.startswith("?")]


def _asked(want: Any, got: Any, *, exact: bool) -> Any:
    if not isinstance(want, Mapping):
        return got
    if want.keys() in ({PATTERN}, {ABSENT}):
        return want if _fits(want, got, exact=exact) else got
    if not isinstance(got, Mapping):
        return got
    known = dict(got) if exact else {}
    for key, value in want.items():
        part = _part(got, key, value)
        if isinstance(value, Mapping) and value.keys() == {ABSENT} and part is _NOTHING:
            known[key] = value
        elif part is not _NOTHING:
            known[key] = _asked(value, part, exact=exact)
    if exact and "time_unix_nano" in got:
        known.pop("observed_time_unix_nano", None)
        if "time" in want:
            known.pop("time_unix_nano", None)
    return known


def _nearest(wanted: Sequence[Mapping[str, Any]], came: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What came, each beside one that it fits; what fits none takes the places that are left."""
    left, places = list(came), list[Mapping[str, Any] | None]()
    for want in wanted:
        at = next((i for i, got in enumerate(left) if _fits(want, got, exact=False)), None)
        places.append(None if at is None else left.pop(at))
    for i, place in enumerate(places):
        if place is None and left:
            places[i] = left.pop(0)
    return [place for place in places if place is not None] + left
