r"""logloom: logs of a service mesh, and of all around it, as OpenTelemetry log records.

>>> import logloom
>>> batch = logloom.parse(b"hello\nworld\n", format="text")
>>> len(batch)
2
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping

from logloom import _native
from logloom._native import Batch, ConfigError, DataError, LimitError, LogloomError, Parser, Reject, formats

__all__ = [
    "Batch",
    "ConfigError",
    "DataError",
    "LimitError",
    "LogloomError",
    "Parser",
    "Reject",
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
    """Read `data` (bytes, text, a buffer, or the path of a file) into OpenTelemetry log records."""
    if isinstance(data, os.PathLike):
        with open(data, "rb") as file:
            data = file.read()
    parser = Parser(
        format,
        keep_original=keep_original,
        limits=limits,
        resource=resource,
        observed_time_unix_nano=observed_time_unix_nano,
        **options,
    )
    return parser.parse(data)
