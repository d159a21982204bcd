//! The tables of [trace.proto](https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto).

use super::{
    Kind, Message,
    schema::{KEY_VALUE, RESOURCE, SCOPE, list, one},
};

/// `collector.trace.v1.ExportTraceServiceRequest`.
pub(crate) static TRACES_REQUEST: Message = Message::of(&[list("resourceSpans", 1, Kind::Message(&RESOURCE_SPANS))]);

static RESOURCE_SPANS: Message = Message::of(&[
    one("resource", 1, Kind::Message(&RESOURCE)),
    list("scopeSpans", 2, Kind::Message(&SCOPE_SPANS)),
    one("schemaUrl", 3, Kind::Text),
]);

static SCOPE_SPANS: Message =
    Message::of(&[one("scope", 1, Kind::Message(&SCOPE)), list("spans", 2, Kind::Message(&SPAN)), one("schemaUrl", 3, Kind::Text)]);

/// `trace.v1.Span`.
pub(crate) static SPAN: Message = Message {
    fields: &[
        one("traceId", 1, Kind::Id(16)),
        one("spanId", 2, Kind::Id(8)),
        one("traceState", 3, Kind::Text),
        one("parentSpanId", 4, Kind::Id(8)),
        one("name", 5, Kind::Text),
        one("kind", 6, Kind::Enum(SPAN_KIND)),
        one("startTimeUnixNano", 7, Kind::Fixed64),
        one("endTimeUnixNano", 8, Kind::Fixed64),
        list("attributes", 9, Kind::Message(&KEY_VALUE)),
        one("droppedAttributesCount", 10, Kind::Uint),
        list("events", 11, Kind::Message(&EVENT)),
        one("droppedEventsCount", 12, Kind::Uint),
        list("links", 13, Kind::Message(&LINK)),
        one("droppedLinksCount", 14, Kind::Uint),
        one("status", 15, Kind::Message(&STATUS)),
        one("flags", 16, Kind::Fixed32),
    ],
    is_oneof: false,
    is_level: false,
    is_unit: true,
};

static EVENT: Message = Message::of(&[
    one("timeUnixNano", 1, Kind::Fixed64),
    one("name", 2, Kind::Text),
    list("attributes", 3, Kind::Message(&KEY_VALUE)),
    one("droppedAttributesCount", 4, Kind::Uint),
]);

static LINK: Message = Message::of(&[
    one("traceId", 1, Kind::Id(16)),
    one("spanId", 2, Kind::Id(8)),
    one("traceState", 3, Kind::Text),
    list("attributes", 4, Kind::Message(&KEY_VALUE)),
    one("droppedAttributesCount", 5, Kind::Uint),
    one("flags", 6, Kind::Fixed32),
]);

static STATUS: Message = Message::of(&[one("message", 2, Kind::Text), one("code", 3, Kind::Enum(STATUS_CODE))]);

static SPAN_KIND: &[&str] =
    &["SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"];

static STATUS_CODE: &[&str] = &["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];
