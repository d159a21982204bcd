"""`debug`: shows on the terminal (stderr) that records flow, and what they are like. Never all of them: it is bounded.

`basic`: each second, how many came, and three of them. `normal`: a line each, up to `lines_per_second`; `detailed`: all
of a record's fields, as many records. What logs hold is not to be trusted: control characters are written as escapes.
"""

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, Self

import orjson

from logloom._native import Delivery
from logloom.config import Bound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import TextIOBase

    from logloom._native import Batch, Record
    from logloom.exporters import ExporterContext

LINES: Final = {"basic": 3, "normal": 100, "detailed": 100}
"""Records shown a second, where the config does not say."""
TEXT_CHARS_MAX: Final = {"basic": 160, "normal": 400, "detailed": 4000}
"""The most of one value that is shown, in characters."""
SUMMARY_EVERY_S: Final = 1.0
SEVERITIES: Final = ("", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")


@dataclass(frozen=True, slots=True)
class Config:
    """What is shown.

    Attributes:
        verbosity: How much of it.
        lines_per_second: The most records that are shown in a second; 3 for `basic` and 100 else where not given.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "loglevel": "'verbosity' says how much is shown",
        "sending_queue": "the journal is the queue",
        "output_paths": "it goes to stderr",
        "sampling_initial": "lines_per_second says how many are shown",
        "sampling_thereafter": "lines_per_second says how many are shown",
        "use_internal_logger": "it goes to stderr",
    }

    verbosity: Literal["basic", "normal", "detailed"] = "basic"
    lines_per_second: Annotated[int, Bound(0, 10_000)] | None = None


def create(config: Config, context: "ExporterContext") -> "Debug":
    """The exporter; it writes to stderr."""
    return Debug(config, context.id, sys.stderr)


class Debug:
    """Counts what comes, and shows some of it."""

    def __init__(self, config: Config, name: str, stream: "TextIOBase | Any") -> None:
        self._verbosity = config.verbosity
        asked = config.lines_per_second
        self._lines_max = LINES[config.verbosity] if asked is None else asked
        self._name = name
        self._stream = stream
        self._shown = 0
        self._records = self._batches = self._rejects = 0
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        """Nothing to open."""
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Say what was counted since the last summary."""
        if self._timer:
            self._timer.cancel()
            self._summarise()

    async def send(self, batch: "Batch") -> Delivery:
        """Count it, and show what may still be shown in this second."""
        self._records += len(batch)
        self._batches += 1
        self._rejects += len(batch.rejects)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SUMMARY_EVERY_S, self._summarise)
        show = min(len(batch), self._lines_max - self._shown)
        if show > 0:
            self._shown += show
            lines = (line for at in range(show) for line in self._lines(batch[at]))
            await asyncio.to_thread(self._write, "".join(f"{line}\n" for line in lines))
        return Delivery.done(len(batch))

    def _summarise(self) -> None:
        records, batches, more = self._records, self._batches, self._records - self._shown
        rejects = f"; {self._rejects:,} could not be read and are kept as they came" if self._rejects else ""
        not_shown = f" ({more:,} not shown)" if 0 < more < records else ""
        counted = f"{_count(records, 'record', 'records')} in {_count(batches, 'batch', 'batches')}"
        self._write(f"{self._name}: {counted}{not_shown}{rejects}\n")
        self._shown = self._records = self._batches = self._rejects = 0
        self._timer = None

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # a terminal that is gone stops nothing
            self._stream.write(text)
            self._stream.flush()

    def _lines(self, record: "Record") -> "Iterator[str]":
        """One record, in one line or in many."""
        body = record.body if record.body is not None else record.event_name
        what = self._text(body)
        when = _time(record.time_unix_nano or record.observed_time_unix_nano)
        severity = record.severity_text or SEVERITIES[(min(max(record.severity_number, 0), 24) + 3) // 4]
        service = self._text(record.resource.get("service.name", ""))
        yield "  ".join(part for part in (when, _safe(severity)[:9], service, what) if part)
        if self._verbosity == "detailed":
            for title, fields in (("resource", record.resource), ("attributes", record.attributes)):
                for key, value in fields.items():
                    yield f"    {title}  {self._text(key)} = {self._text(value)}"
            for name in ("trace_id", "span_id", "event_name", "scope_name"):
                if value := getattr(record, name):
                    yield f"    {name} = {self._text(value)}"

    def _text(self, value: Any) -> str:
        """Any value in one line, without what a terminal would obey, cut where it is long."""
        if isinstance(value, str):
            text = value
        elif isinstance(value, bytes):
            text = value[: TEXT_CHARS_MAX[self._verbosity]].hex()
        else:
            text = orjson.dumps(value, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
        chars_max = TEXT_CHARS_MAX[self._verbosity]
        return _safe(text[:chars_max]) + ("…" if len(text) > chars_max else "")


def _safe(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _count(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"


def _time(unix_nano: int) -> str:
    """`11:22:41.123`, in UTC."""
    try:
        return datetime.fromtimestamp(unix_nano / 1e9, UTC).strftime("%H:%M:%S.%f")[:-3] if unix_nano else ""
    except (OverflowError, ValueError, OSError):
        return str(unix_nano)
