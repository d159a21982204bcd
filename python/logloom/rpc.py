"""What travels beside the data in OTLP's answers: `google.rpc.Status`, `RetryInfo`, partial success; and gRPC health.

These few messages are written and read here by hand, so that neither end needs protobuf classes.

Specifications: OTLP 1.x (`docs/specification.md`, "Failures", "Partial Success"); `google/rpc/status.proto`,
`google/rpc/error_details.proto`; protobuf's JSON mapping; `grpc.health.v1`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import orjson

from logloom.errors import DataError

__all__ = [
    "STATUS_KEY",
    "PartialSuccess",
    "Signal",
    "Status",
    "fields",
    "partial_success",
    "partial_success_json",
    "read_partial_success",
    "read_partial_success_json",
    "read_status",
    "read_status_json",
    "status",
    "status_json",
]

STATUS_KEY: Final = "grpc-status-details-bin"
"""The trailing metadata that carries a `google.rpc.Status`."""
RETRY_INFO: Final = "type.googleapis.com/google.rpc.RetryInfo"
MESSAGE_CHARS_MAX: Final = 1000
"""The longest text that is read from a peer's status, or written to one; in characters."""
RETRY_SECONDS_MAX: Final = 86_400
"""The longest delay that a peer may ask for; a longer one is taken as this."""

Signal = Literal["logs", "traces"]
_REJECTED: Final = {"logs": "rejectedLogRecords", "traces": "rejectedSpans"}


@dataclass(frozen=True, slots=True)
class Status:
    """What a peer said of a request that it did not take.

    Attributes:
        code: One of gRPC's codes; 0 where it named none.
        message: Its text, cut to 1,000 characters.
        retry_after_s: The delay that it asked for, in seconds; None where it sent no `RetryInfo`.
    """

    code: int
    message: str
    retry_after_s: float | None


@dataclass(frozen=True, slots=True)
class PartialSuccess:
    """What a peer refused of a request that it took.

    Attributes:
        rejected: How many records or spans.
        message: Its text, cut to 1,000 characters; with `rejected` 0 it is a warning.
    """

    rejected: int
    message: str


# --- protobuf ---


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message in order: a varint's value as an unsigned number, all others' bytes.

    Raises:
        DataError: The bytes are no protobuf message.
    """
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _read_varint(data, at)
            yield number, value
            continue
        if kind == 2:
            size, at = _read_varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            msg = f"wire type {kind} at byte {at}"
            raise DataError(msg)
        if number == 0 or size > len(data) - at:
            msg = f"field {number} reaches past the end"
            raise DataError(msg)
        yield number, data[at : at + size]
        at += size


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
    msg = f"no whole number at byte {at}"
    raise DataError(msg)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value) if value else b""


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    data = value[:MESSAGE_CHARS_MAX].encode("utf-8", "replace")
    return _bytes(field, data) if data else b""


def _read_text(value: int | bytes) -> str:
    return value.decode("utf-8", "replace")[:MESSAGE_CHARS_MAX] if isinstance(value, bytes) else ""


def _seconds_and_nanos(seconds: float) -> tuple[int, int]:
    nanos = round(max(0.0, min(seconds, RETRY_SECONDS_MAX)) * 1e9)
    return divmod(nanos, 1_000_000_000)


# --- what our receivers answer ---


def status(code: int, message: str, retry_after_s: float | None = None) -> bytes:
    """A `google.rpc.Status`, with a `RetryInfo` where the sender may try again after `retry_after_s` seconds."""
    details = b""
    if retry_after_s is not None:
        seconds, nanos = _seconds_and_nanos(retry_after_s)
        delay = _number(1, seconds) + _number(2, nanos)
        details = _bytes(3, _text(1, RETRY_INFO) + _bytes(2, _bytes(1, delay)))
    return _number(1, code) + _text(2, message) + details


def status_json(code: int, message: str, retry_after_s: float | None = None) -> bytes:
    """The same in protobuf's JSON mapping."""
    body: dict[str, object] = {"code": code, "message": message[:MESSAGE_CHARS_MAX]}
    if retry_after_s is not None:
        seconds, nanos = _seconds_and_nanos(retry_after_s)
        delay = f"{seconds}.{nanos:09}s" if nanos else f"{seconds}s"
        body["details"] = [{"@type": RETRY_INFO, "retryDelay": delay}]
    return orjson.dumps(body)


def partial_success(rejected: int, message: str) -> bytes:
    """An `ExportLogsServiceResponse` or `ExportTraceServiceResponse`; empty where nothing was rejected."""
    return _bytes(1, _number(1, rejected) + _text(2, message)) if rejected else b""


def partial_success_json(signal: Signal, rejected: int, message: str) -> bytes:
    """The same in protobuf's JSON mapping, in which 64-bit numbers are strings."""
    if not rejected:
        return b"{}"
    said = {_REJECTED[signal]: str(rejected), "errorMessage": message[:MESSAGE_CHARS_MAX]}
    return orjson.dumps({"partialSuccess": said})


# --- what our exporters read: from a peer, so nothing is taken for granted ---


def read_status(data: bytes) -> Status:
    """Read a `google.rpc.Status`. What is damaged counts as absent."""
    code, message, retry_after_s = 0, "", None
    try:
        for number, value in fields(data):
            if number == 1 and isinstance(value, int):
                code = value & 0x7FFF_FFFF
            elif number == 2:
                message = _read_text(value)
            elif number == 3 and isinstance(value, bytes):
                retry_after_s = _read_retry_info(value, retry_after_s)
    except DataError:
        pass
    return Status(code, message, retry_after_s)


def _read_retry_info(packed: bytes, otherwise: float | None) -> float | None:
    detail = dict(fields(packed))
    kind, value = detail.get(1, b""), detail.get(2, b"")
    if not isinstance(kind, bytes) or not isinstance(value, bytes) or not kind.endswith(b"/google.rpc.RetryInfo"):
        return otherwise
    delay = dict(fields(value)).get(1, b"")
    parts = dict(fields(delay)) if isinstance(delay, bytes) else {}
    seconds, nanos = parts.get(1, 0), parts.get(2, 0)
    if not isinstance(seconds, int) or not isinstance(nanos, int) or seconds >> 63 or nanos > 999_999_999:
        return 0.0
    return min(seconds, RETRY_SECONDS_MAX) + nanos / 1e9


def read_status_json(data: bytes) -> Status:
    """The same from JSON; the delay is not read: HTTP names it in `Retry-After`."""
    try:
        said = orjson.loads(data)
        code, message = said.get("code"), said.get("message")
    except (orjson.JSONDecodeError, AttributeError):
        return Status(0, "", None)
    return Status(
        code if isinstance(code, int) else 0, message[:MESSAGE_CHARS_MAX] if isinstance(message, str) else "", None
    )


def read_partial_success(data: bytes) -> PartialSuccess:
    """Read the answer to an export request. What is damaged counts as full success: the request was taken."""
    rejected, message = 0, ""
    try:
        for number, value in fields(data):
            if number == 1 and isinstance(value, bytes):
                for inner, content in fields(value):
                    if inner == 1 and isinstance(content, int) and not content >> 63:
                        rejected = content
                    elif inner == 2:
                        message = _read_text(content)
    except DataError:
        pass
    return PartialSuccess(rejected, message)


def read_partial_success_json(data: bytes) -> PartialSuccess:
    """The same from JSON."""
    try:
        said = orjson.loads(data or b"{}")["partialSuccess"]
        rejected = int(said.get("rejectedLogRecords") or 0)
        return PartialSuccess(max(0, rejected), str(said.get("errorMessage") or "")[:MESSAGE_CHARS_MAX])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return PartialSuccess(0, "")
