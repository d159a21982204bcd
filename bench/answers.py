"""Checking an answer before it is timed: logloom's output, read by the official classes, against an independent one."""

from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from logloom import Batch
from tests import otlp

CHUNK_BYTES = 1 << 20


def chunk(data: bytes, size: int = CHUNK_BYTES) -> bytes:
    """The whole lines within the first `size` bytes."""
    return data[: data.rfind(b"\n", 0, size) + 1]


def records(batch: Batch) -> list[LogRecord]:
    """All records of the batch, as the official classes read them."""
    request = ExportLogsServiceRequest.FromString(bytes(batch.to_otlp()))
    return [
        record for resource in request.resource_logs for scope in resource.scope_logs for record in scope.log_records
    ]


def attributes(record: LogRecord) -> dict[str, Any]:
    """The record's attributes as plain values."""
    return otlp.attributes(record.attributes)
