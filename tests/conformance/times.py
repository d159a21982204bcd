"""Times as the oracles write them, and when one of ours is the same."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SECOND = 1_000_000_000
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?\s*"
    r"(Z|[A-Z]{3,4}|[+-]\d\d:?\d\d|[+-]\d\d)?\Z"
)
_EPOCH = re.compile(r"(\d{10}|\d{13}|\d{16}|\d{19})(\.\d+)?\Z")
# Zones by their names, in hours.
_ZONE_HOURS = {"Z": 0, "UTC": 0, "GMT": 0, "CET": 1, "CEST": 2, "EST": -5, "EDT": -4, "PST": -8, "PDT": -7}
# Others' spellings: (pattern of strptime, whether it has a year).
_SPELLINGS = (
    ("%d/%b/%Y:%H:%M:%S %z", True),
    ("%d/%b/%Y:%H:%M:%S", True),
    ("%d/%b/%Y:%H:%M:%S.%f", True),
    ("%Y/%m/%d %H:%M:%S", True),
    ("%Y/%m/%d %H:%M:%S.%f", True),
    ("%d-%b-%Y %H:%M:%S.%f", True),
    ("%d-%b-%Y %H:%M:%S", True),
    ("%a %b %d %H:%M:%S %Y", True),
    ("%a %b %d %H:%M:%S.%f %Y", True),
    ("%d %b %Y %H:%M:%S.%f", True),
    ("%d %b %Y %H:%M:%S", True),
    ("%y%m%d %H:%M:%S", True),
    ("%b %d %Y %H:%M:%S", True),
    ("%b %d %H:%M:%S", False),
    ("%b %d %H:%M:%S.%f", False),
    ("%m-%d %H:%M:%S.%f", False),
)


@dataclass(frozen=True)
class Moment:
    """A time, as exact as it was written."""

    nanos: int
    step: int = 1  # nanoseconds between two times that this spelling can tell apart
    has_year: bool = True

    def fits(self, actual: int, raw: str = "") -> bool:
        """Whether `actual`, in nanoseconds since 1970, is this time, `raw` being the line that it was read from."""
        if actual // self.step == self.nanos // self.step:
            return True
        # The oracle may know less than the line: its fraction is then zero, and ours stands in the line.
        if self.nanos % SECOND == 0 and actual // SECOND == self.nanos // SECOND:
            fraction = f"{actual % SECOND:09d}".rstrip("0")
            return re.search(rf"[.,:]{fraction}", raw) is not None
        if self.has_year and (not raw or _names_year(raw, self.nanos)):
            return False
        return _without_year(actual // self.step * self.step) == _without_year(self.nanos // self.step * self.step)

    def __str__(self) -> str:
        shown = _moment(self.nanos).strftime("%Y-%m-%dT%H:%M:%S" if self.has_year else "%m-%dT%H:%M:%S")
        return f"{shown}.{self.nanos % SECOND:09d}".rstrip("0").rstrip(".")


def read(text: object, zone_minutes: int = 0) -> Moment | None:
    """The time that `text` says, zone-less ones in the given zone; None where it is not a time."""
    if isinstance(text, bool):
        return None
    if isinstance(text, datetime):  # YAML reads some stamps itself
        text = text.isoformat()
    if isinstance(text, int | float):
        text = repr(text) if isinstance(text, float) else str(text)
    if not isinstance(text, str):
        return None
    text = " ".join(text.split())
    found = _ISO.match(text)
    if found:
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
        digits = found[7] or ""
        if found[8] and found[8][0] not in "+-" and found[8] not in _ZONE_HOURS:
            return None
        offset = _offset_minutes(found[8]) if found[8] else zone_minutes
        leap = second == 60
        try:
            at = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=UTC)
        except ValueError:
            return None
        at -= timedelta(minutes=offset)
        nanos = (_seconds(at) + leap) * SECOND + int(digits.ljust(9, "0") if digits else 0)
        return Moment(nanos, 10 ** (9 - len(digits)))
    if _EPOCH.match(text):
        whole, _, fraction = text.partition(".")
        unit = 10 ** (19 - len(whole))
        return Moment(int(whole) * unit + int(fraction[:9].ljust(9, "0") or 0) * unit // SECOND, unit)
    for pattern, has_year in _SPELLINGS:
        moment = strptime(text, pattern, zone_minutes, has_year=has_year)
        if moment:
            return moment
    return None


def strptime(text: str, pattern: str, zone_minutes: int = 0, *, has_year: bool = True) -> Moment | None:
    """The time that `text` says in a pattern of strptime."""
    try:
        # 2000 had a 29th of February.
        dated = (text, pattern) if has_year else (f"2000 {text}", f"%Y {pattern}")
        at = datetime.strptime(*dated)  # noqa: DTZ007 (the zone follows below)
    except ValueError:
        return None
    at = at.replace(tzinfo=UTC) - timedelta(minutes=zone_minutes) if at.tzinfo is None else at.astimezone(UTC)
    step = 1000 if "%f" in pattern or "%N" in pattern else SECOND
    return Moment(_seconds(at) * SECOND + at.microsecond * 1000, step, has_year)


def _offset_minutes(zone: str) -> int:
    if zone[0] not in "+-":
        return 60 * _ZONE_HOURS[zone]
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return -minutes if zone[0] == "-" else minutes


def _seconds(at: datetime) -> int:
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1))


def _moment(nanos: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=nanos // SECOND)


def _without_year(nanos: int) -> str:
    return _moment(nanos).strftime("%m-%dT%H:%M:%S") + f".{nanos % SECOND:09d}"


def _names_year(raw: str, nanos: int) -> bool:
    """Whether the line itself says the year: in four digits, in a date of two-digit parts, or as an epoch."""
    if str(_moment(nanos).year) in raw:
        return True
    return re.search(r"\b\d{6}\b|\b\d\d[/-]\d\d[/-]\d\d\b|(?<!\d)\d{10}(\d{3}){0,3}(?!\d)", raw) is not None


def show(nanos: int) -> str:
    """One of our times, for people."""
    return str(Moment(nanos)) if nanos else "no time"
