"""Batches as Arrow, read by pyarrow, against the records."""

import base64
import math
import struct
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from logloom._native import Batch, Parser
from tests.requests import requests

KINDS = {
    "string_value": "str",
    "int_value": "int",
    "double_value": "double",
    "bool_value": "bool",
    "bytes_value": "bytes",
}


def bits(value: Any) -> Any:
    """A value that compares as its bits do."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else struct.pack("d", value)
    if isinstance(value, list):
        return [bits(item) for item in value]
    return {key: bits(item) for key, item in value.items()} if isinstance(value, dict) else value


def from_json(value: Any) -> Any:
    """The Python value of the JSON that Arrow's text columns hold."""
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    match list(value.items()):
        case [("$bytes", text)]:
            return base64.b64decode(text)
        case [("$double", text)]:
            return float(text)
        case [("$map", inner)]:
            return {key: from_json(item) for key, item in inner.items()}
    return {key: from_json(item) for key, item in value.items()}


def plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: plain(pair.value) for pair in value.kvlist_value.values}
    return getattr(value, kind) if kind else None


def read(cell: dict[str, Any]) -> tuple[str | None, Any]:
    """The kind and the value of a cell, of which at most one column may be there."""
    found = {kind: value for kind, value in cell.items() if value is not None}
    assert len(found) <= 1
    for kind, value in found.items():
        return kind, bits(from_json(orjson.loads(value)) if kind == "json" else value)
    return None, None


def wanted(value: AnyValue) -> tuple[str | None, Any]:
    kind = value.WhichOneof("value")
    return (KINDS.get(kind, "json"), bits(plain(value))) if kind else (None, None)


def time(unix_nano: int) -> int | None:
    return unix_nano if 0 < unix_nano < 2**63 else None


def check(table: pa.Table, request: ExportLogsServiceRequest) -> None:
    for name in ("time_unix_nano", "observed_time_unix_nano"):
        table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.int64()))
    rows = table.to_pylist()
    position = 0
    for logs in request.resource_logs:
        for scope in logs.scope_logs:
            for record in scope.log_records:
                row = rows[position]
                position += 1
                for name, pairs in (
                    ("attributes", record.attributes),
                    ("resource", logs.resource.attributes),
                    ("scope_attributes", scope.scope.attributes),
                ):
                    assert [(key, read(cell)) for key, cell in row.pop(name)] == [
                        (pair.key, wanted(pair.value)) for pair in pairs
                    ]
                kind = record.body.WhichOneof("value")
                body, is_json = row.pop("body"), row.pop("body_is_json")
                if kind == "string_value":
                    assert (body, is_json) == (record.body.string_value, False)
                elif record.HasField("body"):
                    assert is_json
                    assert bits(from_json(orjson.loads(body))) == bits(plain(record.body))
                else:
                    assert (body, is_json) == (None, False)
                assert row == {
                    "time_unix_nano": time(record.time_unix_nano),
                    "observed_time_unix_nano": time(record.observed_time_unix_nano),
                    "severity_number": record.severity_number,
                    "severity_text": record.severity_text or None,
                    "event_name": record.event_name or None,
                    "trace_id": record.trace_id.hex() or None,
                    "span_id": record.span_id.hex() or None,
                    "flags": record.flags,
                    "dropped_attributes_count": record.dropped_attributes_count,
                    "resource_dropped_attributes_count": logs.resource.dropped_attributes_count,
                    "resource_schema_url": logs.schema_url or None,
                    "scope_name": scope.scope.name or None,
                    "scope_version": scope.scope.version or None,
                    "scope_dropped_attributes_count": scope.scope.dropped_attributes_count,
                    "scope_schema_url": scope.schema_url or None,
                    "is_reject": False,
                }
    assert position == len(rows)


@given(requests())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_are_the_records_and_survive_parquet(tmp_path: Path, request_: ExportLogsServiceRequest) -> None:
    batch = Batch.from_proto(request_)
    table = pa.table(batch)
    table.validate(full=True)
    assert table.schema == pa.schema(batch)
    check(table, request_)
    pq.write_table(table, tmp_path / "part.parquet")
    again = pq.read_table(tmp_path / "part.parquet")
    assert again.schema.equals(table.schema)
    check(again, request_)


def test_long_batches_come_in_chunks_and_share_nothing_that_dies() -> None:
    reader = pa.RecordBatchReader.from_stream(Parser("text").parse(b"".join(b"line %d\n" % i for i in range(70_000))))
    chunks = list(reader)
    assert [chunk.num_rows for chunk in chunks] == [65_536, 4_464]
    assert chunks[1]["body"][-1].as_py() == "line 69999"
    assert [len(chunk["attributes"][0]) for chunk in chunks] == [0, 0]


def test_rejects_are_marked() -> None:
    batch = Parser("text", limits={"frame_bytes_max": 4}).parse(b"too long\nok\n")
    assert pa.table(batch)["is_reject"].to_pylist() == [True, True, False]


def test_the_document_tells_the_schema() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "arrow.md").read_text("utf-8")
    rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| `")]
    told = {name.strip(" `"): kind.strip() for names, kind in rows for name in names.split(",")}
    words = {"timestamp[ns, tz=UTC]": "timestamp(ns, UTC)"}
    for field in pa.schema(Batch.from_otlp(b"")):
        kind = "map(string, value)" if pa.types.is_map(field.type) else words.get(str(field.type), str(field.type))
        assert told.pop(field.name) == (kind if field.nullable else f"{kind}, not null")
    assert not told
