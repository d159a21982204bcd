"""logloom's own logs: a line each on stderr, the time, the level, the component, what happened, and fields.

`2026-11-21T10:51:36.123Z WARN otlp/siem: not taken, trying again why="UNAVAILABLE: connection refused" attempt=4`

Of the same component and message at most `LINES_MAX` lines are shown in `PERIOD_S`; how many more there were is told
with the next one (`suppressed=123`), and at the end. So a collector that reads its own log, and fails at each of the
records, does not feed itself.
"""

import logging
import sys
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

__all__ = ["LINES_MAX", "PERIOD_S", "Log", "end", "limited", "line_of", "log_of", "show"]

_LEVELS: Final = {logging.WARNING: "WARN", logging.CRITICAL: "ERROR"}
_VALUE_CHARS_MAX: Final = 500
LINES_MAX: Final = 10
"""The most lines of one component and message that are shown in one period."""
PERIOD_S: Final = 60.0
"""How long a period is, in seconds; it begins with its first line."""
KEYS_MAX: Final = 10_000
"""The most components and messages whose lines are counted at once."""

Log = logging.LoggerAdapter[logging.Logger]
"""Where a component says what an operator must know: `log.warning("what happened", extra={"path": path})`."""


class _ComponentLog(Log):
    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        fields = kwargs.get("extra") or {}
        return msg, {**kwargs, "extra": {"component": (self.extra or {}).get("component", ""), "fields": fields}}


def log_of(component: str) -> Log:
    """The log of one component, by its id."""
    return _ComponentLog(logging.getLogger("logloom"), {"component": component})


def show(level: str, encoding: str = "console") -> None:
    """Show what is at least of `level` (debug, info, warn, error) on stderr; `encoding`: `console` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if encoding == "json" else _Formatter())
    handler.addFilter(_Rate(time.monotonic))
    logger = logging.getLogger("logloom")
    # Those of the receiver `own` stay.
    logger.handlers[:] = [handler, *(it for it in logger.handlers if not isinstance(it, logging.StreamHandler))]
    logger.propagate = False
    logger.setLevel(logging.WARNING if level.lower() == "warn" else level.upper())


def end() -> None:
    """Tell what was suppressed and not yet told."""
    for handler in logging.getLogger("logloom").handlers:
        for rate in handler.filters:
            if isinstance(rate, _Rate):
                for record in rate.left():
                    handler.emit(record)


@dataclass(slots=True)
class _Shown:
    """The lines of one component and message in this period."""

    since_s: float
    lines: int = 0
    suppressed: int = 0


class _Rate(logging.Filter):
    """Lets `LINES_MAX` lines of a component and message through in each period, and counts the others."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._shown: dict[tuple[str, str, int], _Shown] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now_s = self._clock()
        key = (getattr(record, "component", ""), str(record.msg), record.levelno)
        if len(self._shown) >= KEYS_MAX and key not in self._shown:
            self._shown.clear()
        shown = self._shown.setdefault(key, _Shown(now_s))
        if now_s - shown.since_s >= PERIOD_S:
            shown.since_s, shown.lines = now_s, 0
        if shown.lines >= LINES_MAX:
            shown.suppressed += 1
            return False
        shown.lines += 1
        if shown.suppressed:
            record.fields = {**getattr(record, "fields", {}), "suppressed": shown.suppressed}
            shown.suppressed = 0
        return True

    def left(self) -> list[logging.LogRecord]:
        """A line for each count that was not told yet."""
        records = []
        for (component, message, level), shown in self._shown.items():
            if shown.suppressed:
                record = logging.LogRecord("logloom", level, "", 0, message, None, None)
                record.component, record.fields = component, {"suppressed": shown.suppressed}
                records.append(record)
                shown.suppressed = 0
        return records


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def line_of(record: logging.LogRecord) -> dict[str, Any]:
    """What a line says: `time`, `level`, `component`, `message`, `fields`, `exception`."""
    line: dict[str, Any] = {
        "time": _time(record),
        "level": _LEVELS.get(record.levelno, record.levelname),
        "component": getattr(record, "component", "") or "logloom",
        "message": _short(record.getMessage()),
    }
    if fields := getattr(record, "fields", {}):
        line["fields"] = {key: _plain(value) for key, value in fields.items()}
    if record.exc_info:
        line["exception"] = _Formatter().formatException(record.exc_info)
    return line


def limited(clock: Callable[[], float]) -> logging.Filter:
    """What lets `LINES_MAX` lines of a component and message through in each period."""
    return _Rate(clock)


class _JsonFormatter(logging.Formatter):
    """A line of JSON: `time`, `level`, `component`, `message`, and the fields under `fields`."""

    def format(self, record: logging.LogRecord) -> str:
        return orjson.dumps(line_of(record), default=str).decode()


def _plain(value: object) -> object:
    if isinstance(value, bool | float) or value is None:
        return value
    if isinstance(value, int):
        return value if -(1 << 63) <= value < 1 << 64 else str(value)
    return _short(str(value)).encode(errors="replace").decode()


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = _time(record)
        component = getattr(record, "component", "")
        parts = [time, _LEVELS.get(record.levelno, record.levelname), f"{component}:" if component else "logloom:"]
        parts.append(_one_line(record.getMessage()))
        parts += [f"{key}={_value(value)}" for key, value in getattr(record, "fields", {}).items()]
        line = " ".join(parts)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _short(text: str) -> str:
    return text if len(text) <= _VALUE_CHARS_MAX else text[:_VALUE_CHARS_MAX] + "…"


def _one_line(text: str) -> str:
    """No line of a log is two, and none moves the cursor: what a peer sent may be in it."""
    text = _short(text)
    return (
        text
        if text.isprintable()
        else "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    )


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    text = _one_line(str(value))
    plain = text and not any(c in ' ="' for c in text)
    return text if plain else orjson.dumps(text).decode()
