"""logloom's own logs: a line each on stderr, the time, the level, the component, what happened, and fields.

`2026-11-21T10:51:36.123Z WARN otlp/siem: not taken, trying again why="UNAVAILABLE: connection refused" after_s=4.2`
"""

import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

__all__ = ["Log", "log_of", "show"]

_LEVELS: Final = {logging.WARNING: "WARN", logging.CRITICAL: "ERROR"}
_VALUE_CHARS_MAX: Final = 500

Log = logging.LoggerAdapter[logging.Logger]
"""Where a component says what an operator must know: `log.warning("what happened", extra={"path": path})`."""


class _ComponentLog(Log):
    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        fields = kwargs.get("extra") or {}
        return msg, {**kwargs, "extra": {"component": (self.extra or {}).get("component", ""), "fields": fields}}


def log_of(component: str) -> Log:
    """The log of one component, by its id."""
    return _ComponentLog(logging.getLogger("logloom"), {"component": component})


def show(level: str) -> None:
    """Show what is at least of `level` (debug, info, warn, error) on stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter())
    logger = logging.getLogger("logloom")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.WARNING if level.lower() == "warn" else level.upper())


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        component = getattr(record, "component", "")
        parts = [time, _LEVELS.get(record.levelno, record.levelname), f"{component}:" if component else "logloom:"]
        parts.append(_one_line(record.getMessage()))
        parts += [f"{key}={_value(value)}" for key, value in getattr(record, "fields", {}).items()]
        line = " ".join(parts)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _one_line(text: str) -> str:
    """No line of a log is two, and none moves the cursor: what a peer sent may be in it."""
    text = text if len(text) <= _VALUE_CHARS_MAX else text[:_VALUE_CHARS_MAX] + "…"
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
