"""Random OTLP logs requests, made with the official classes."""

from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    EntityRef,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

U32, U64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
TEXT = st.text(max_size=8)


def optional(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


def values() -> st.SearchStrategy[AnyValue]:
    leaves = st.one_of(
        st.builds(AnyValue),
        st.builds(AnyValue, string_value=TEXT),
        st.builds(AnyValue, bool_value=st.booleans()),
        st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1)),
        st.builds(AnyValue, double_value=st.floats()),
        st.builds(AnyValue, bytes_value=st.binary(max_size=8)),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(lambda items: AnyValue(array_value=ArrayValue(values=items)), st.lists(inner, max_size=3)),
            st.builds(lambda items: AnyValue(kvlist_value=KeyValueList(values=items)), pairs(inner)),
        ),
        max_leaves=6,
    )


def pairs(value: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[list[KeyValue]]:
    """Pairs whose keys differ, as OTLP demands."""
    return st.lists(st.builds(KeyValue, key=TEXT, value=value), max_size=3, unique_by=lambda pair: pair.key)


def ids(length: int) -> st.SearchStrategy[bytes]:
    return st.just(b"") | st.binary(min_size=length, max_size=length).filter(any)


def requests() -> st.SearchStrategy[ExportLogsServiceRequest]:
    """Requests in which each ResourceLogs has a ScopeLogs, and each of these a record."""
    return st.builds(ExportLogsServiceRequest, resource_logs=st.lists(resource_logs(), max_size=2))


def resource_logs() -> st.SearchStrategy[ResourceLogs]:
    """A ResourceLogs with a ScopeLogs and a record at least."""
    attributes = pairs(values())
    record = st.builds(
        LogRecord,
        time_unix_nano=U64,
        observed_time_unix_nano=U64,
        severity_number=st.integers(0, 24),
        severity_text=TEXT,
        body=optional(values()),
        attributes=attributes,
        dropped_attributes_count=U32,
        flags=U32,
        trace_id=ids(16),
        span_id=ids(8),
        event_name=TEXT,
    )
    scope = st.builds(
        InstrumentationScope, name=TEXT, version=TEXT, attributes=attributes, dropped_attributes_count=U32
    ).filter(lambda message: message.ByteSize() > 0)
    entity = st.builds(EntityRef, type=TEXT, schema_url=TEXT, id_keys=st.lists(TEXT, max_size=2))
    resource = st.builds(
        Resource, attributes=attributes, dropped_attributes_count=U32, entity_refs=st.lists(entity, max_size=1)
    ).filter(lambda message: message.ByteSize() > 0)
    scope_logs = st.builds(
        ScopeLogs,
        scope=optional(scope),
        log_records=st.lists(record, min_size=1, max_size=3),
        schema_url=TEXT,
    )
    return st.builds(
        ResourceLogs,
        resource=optional(resource),
        scope_logs=st.lists(scope_logs, min_size=1, max_size=2),
        schema_url=TEXT,
    )
