r"""logloom: logs of a service mesh, and of all around it, as OpenTelemetry log records.

>>> import logloom
>>> batch = logloom.parse(b"hello\nworld\n", format="text")
>>> len(batch)
2
>>> batch[1].body
'world'

A `Batch` is OTLP bytes with an index of their records: `to_otlp()` gives them without a copy. `Parser` holds a compiled
format, for many chunks or for a stream. Everything releases the GIL while it works, so threads scale. The exceptions
stand in `logloom.errors`, whose docstring draws their tree.
"""

import os
import warnings
from collections.abc import Mapping

from logloom import _native
from logloom._native import (
    Batch,
    ConfigError,
    DataError,
    LimitError,
    LogloomError,
    Parser,
    Record,
    Reject,
    detect,
    formats,
)

__all__ = [
    "Batch",
    "ConfigError",
    "DataError",
    "LimitError",
    "LogloomError",
    "Parser",
    "Record",
    "Reject",
    "detect",
    "formats",
    "parse",
]
__version__ = _native.VERSION

if _native.DEBUG:
    warnings.warn(
        "logloom's core is a debug build, many times slower: build it with --release", RuntimeWarning, stacklevel=2
    )


def parse(
    data: bytes | bytearray | memoryview | str | os.PathLike[str],
    format: str = "auto",
    *,
    keep_original: bool = True,
    limits: Mapping[str, int] | None = None,
    resource: Mapping[str, str] | None = None,
    observed_time_unix_nano: int | None = None,
    **options: str | bool | int | Mapping[str, str],
) -> Batch:
    """Read logs into OpenTelemetry log records.

    What the format cannot read is among the records too, with the raw text as its body, and is listed in
    `Batch.rejects`.

    Args:
        data: Bytes, any buffer, a text, or the path of a file (an `os.PathLike`, such as `pathlib.Path`), which is read
            whole; `Parser.feed` reads files of any size.
        format: One of `formats()`; `auto` looks at the content.
        keep_original: Keep each record's original line, as its body or as the attribute `log.record.original`.
        limits: Bounds that differ from the defaults: `frame_bytes_max`, `depth_max`, `attributes_max`, …
        resource: Attributes of the resource that all records come from, such as `{"service.name": "cart"}`.
        observed_time_unix_nano: When the records were observed, in nanoseconds since 1970; now, where not given.
        options: The format's own, such as `format_string`; `formats()` describes them.

    Raises:
        ConfigError: No such format, option or limit, or a format string that cannot be compiled: the text says where.
        LimitError: The records would take more than `batch_bytes_max` bytes.
        OSError: The file cannot be read.
    """
    if isinstance(data, os.PathLike):
        from pathlib import Path

        data = Path(data).read_bytes()
    parser = Parser(
        format,
        keep_original=keep_original,
        limits=limits,
        resource=resource,
        observed_time_unix_nano=observed_time_unix_nano,
        **options,
    )
    return parser.parse(data)
