"""What `logloom parse` writes, one way each."""

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

from logloom._native import Batch, Parser, Record
from logloom.errors import ConfigError

__all__ = ["BINARY", "OUTPUTS", "Write", "check", "writer"]

Write = Callable[[Batch], object]

OUTPUTS: Final = ("arrow", "ndjson", "otlp", "otlp-json", "parquet", "table")
BINARY: Final = frozenset({"arrow", "otlp", "parquet"})
"""What no terminal shows."""

ROW_GROUP_BYTES: Final = 32 << 20
"""Parquet's row groups begin anew after so many bytes: large enough to compress well, small enough to hold."""


def check(output: str) -> None:
    """Whether this can be written here.

    Raises:
        ConfigError: pyarrow is needed, and not there.
    """
    if output in ("arrow", "parquet"):
        _pyarrow(output)


@contextlib.contextmanager
def writer(output: str, to: BinaryIO, columns: int | None) -> Iterator[Write]:
    """What writes batches to `to`; the end is written on leaving.

    Args:
        output: One of `OUTPUTS`.
        to: An open file.
        columns: The width of a table's lines, in characters; None: the terminal's, and uncut where there is none.

    Raises:
        ConfigError: pyarrow is needed, and not there.
    """
    if output == "otlp":
        # A protobuf message's pieces, one after the other, are the message: the whole file is one export request.
        yield lambda batch: _write(to, batch.to_otlp())
    elif output == "otlp-json":
        yield lambda batch: _write(to, batch.to_otlp_json().rstrip(b"\n") + b"\n")
    elif output == "ndjson":
        yield lambda batch: _write(to, batch.to_ndjson())
    elif output == "table":
        yield _Table(to, columns).write
    else:
        with _columns(output, to) as write:
            yield write


def _write(to: BinaryIO, data: bytes | memoryview) -> None:
    to.write(data)


def _pyarrow(output: str) -> Any:
    try:
        import pyarrow as pa  # type: ignore[import-untyped]
    except ImportError as error:
        msg = f"--output {output} needs pyarrow: pip install 'logloom[parquet]'"
        raise ConfigError(msg) from error
    return pa


@contextlib.contextmanager
def _columns(output: str, to: BinaryIO) -> Iterator[Write]:
    pa = _pyarrow(output)
    schema = pa.RecordBatchReader.from_stream(Parser("text").parse(b"")).schema
    if output == "arrow":
        with pa.ipc.new_stream(to, schema) as sink:
            yield lambda batch: [sink.write_batch(rows) for rows in pa.RecordBatchReader.from_stream(batch)]
        return
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    gathered: list[Any] = []
    with pq.ParquetWriter(to, schema, compression="zstd") as sink:

        def flush() -> None:
            sink.write_table(pa.Table.from_batches(gathered, schema))
            gathered.clear()

        def write(batch: Batch) -> None:
            gathered.extend(pa.RecordBatchReader.from_stream(batch))
            if sum(rows.nbytes for rows in gathered) >= ROW_GROUP_BYTES:
                flush()

        yield write
        if gathered:
            flush()


class _Table:
    """Lines for people: time, severity, body, and what else is known, cut to the terminal's width."""

    def __init__(self, to: BinaryIO, columns: int | None) -> None:
        self.to = to
        wide = shutil.get_terminal_size((0, 0)).columns if sys.stdout.isatty() else 0
        self.columns = columns if columns is not None else wide
        self.begun = False

    def write(self, batch: Batch) -> None:
        if not self.begun:
            self.begun = True
            self.line(f"{'TIME (UTC)':23}  {'SEVERITY':8}  BODY  ATTRIBUTES")
        for record in batch:
            self.line(_row(record))

    def line(self, text: str) -> None:
        text = text if text.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in text)
        if 0 < self.columns < len(text):
            text = text[: self.columns - 1] + "…"
        _write(self.to, text.encode(errors="replace") + b"\n")


def _row(record: Record) -> str:
    known = record.attributes
    known.pop("log.record.original", None)
    if name := record.resource.get("service.name"):
        known = {"service.name": name} | known
    body = record.body
    text = body if isinstance(body, str) else _request(known) if body is None else _value(body)
    rest = " ".join(f"{key}={_value(value)}" for key, value in known.items())
    severity = "!reject" if record.is_reject else _severity(record.severity_number) or record.severity_text or "-"
    return (
        f"{_time(record.time_unix_nano or record.observed_time_unix_nano)}  {severity[:8]:8}  {text}  {rest}".rstrip()
    )


def _request(known: dict[str, Any]) -> str:
    """A record without a body that tells of an HTTP request: `GET /cart?id=1 200`, taken out of its attributes."""
    if "http.request.method" not in known:
        return ""
    method, path, query, status = (known.pop(name, "") for name in _REQUEST)
    return f"{method} {path}{'?' if query else ''}{query} {status}"


_REQUEST: Final = ("http.request.method", "url.path", "url.query", "http.response.status_code")


def _time(unix_nano: int) -> str:
    seconds, nanos = divmod(unix_nano, 1_000_000_000)
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{nanos // 1_000_000:03}"
    except (ValueError, OverflowError, OSError):
        return f"{seconds}.{nanos // 1_000_000:03}"


def _severity(number: int) -> str:
    names = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
    return names[(number - 1) // 4] if 1 <= number <= 24 else ""


def _value(value: object) -> str:
    if isinstance(value, str):
        return value if value and " " not in value and '"' not in value else '"' + value.replace('"', '\\"') + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return value.hex() if isinstance(value, bytes) else str(value)


def _escaped(c: str) -> str:
    return c.encode("unicode_escape").decode()
