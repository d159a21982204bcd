"""Files for the commands: standard input, and gzip and zstd by their first bytes."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from logloom._native import DataError, Decompressor

__all__ = ["CHUNK_BYTES", "chunks", "opened"]

CHUNK_BYTES: Final = 1 << 20
"""What is read, and what is decompressed, at a time, in bytes."""

_MAGIC: Final = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


@contextlib.contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """The file `name` for reading; `-` is standard input."""
    if name == "-":
        yield sys.stdin.buffer
    else:
        with open(name, "rb", buffering=0) as file:
            yield file


def chunks(
    file: BinaryIO, chunk_bytes: int = CHUNK_BYTES, on_read: Callable[[int], None] = lambda _: None
) -> Iterator[bytes]:
    """The file's bytes in pieces, decompressed where they begin as gzip or zstd does.

    Args:
        file: Where to read.
        chunk_bytes: The most bytes read, and the most bytes of a piece.
        on_read: Told how many bytes were read of the file itself.

    Raises:
        DataError: Compressed, and damaged or cut off. What was good before that has been given.
    """
    first = b""
    while len(first) < 4 and (more := file.read(chunk_bytes)):  # a pipe may give a byte at a time
        on_read(len(more))
        first += more
    decompressor = next((_decompressor(name) for magic, name in _MAGIC.items() if first.startswith(magic)), None)
    data = first
    while data:
        if decompressor is None:
            yield data
        else:
            yield from _decompressed(decompressor, data, chunk_bytes)
        data = file.read(chunk_bytes)
        on_read(len(data))
    if decompressor is not None:
        decompressor.finish()


def _decompressor(name: str) -> Decompressor:
    return Decompressor("gzip" if name == "gzip" else "zstd")


def _decompressed(decompressor: Decompressor, data: bytes, chunk_bytes: int) -> Iterator[bytes]:
    rest = memoryview(data)
    while True:
        piece, used = decompressor.feed(rest, chunk_bytes)
        rest = rest[used:]
        if piece:
            yield piece
        if not rest and len(piece) < chunk_bytes:
            return
        if not piece and not used:
            msg = "compressed data that cannot be read on"
            raise DataError(msg)
