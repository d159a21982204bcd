//! The tables of [opentelemetry-proto](https://github.com/open-telemetry/opentelemetry-proto) 1.x: logs, and what logs and traces share.

use super::{Field, Kind, Message};

/// A field that stands once.
pub const fn one(name: &'static str, number: u8, kind: Kind) -> Field {
    Field { name, number, kind, is_list: false }
}

/// A field that is a list.
pub const fn list(name: &'static str, number: u8, kind: Kind) -> Field {
    Field { name, number, kind, is_list: true }
}

/// `collector.logs.v1.ExportLogsServiceRequest`.
pub static LOGS_REQUEST: Message = Message::of(&[list("resourceLogs", 1, Kind::Message(&RESOURCE_LOGS))]);

static RESOURCE_LOGS: Message = Message::of(&[
    one("resource", 1, Kind::Message(&RESOURCE)),
    list("scopeLogs", 2, Kind::Message(&SCOPE_LOGS)),
    one("schemaUrl", 3, Kind::Text),
]);

static SCOPE_LOGS: Message = Message::of(&[
    one("scope", 1, Kind::Message(&SCOPE)),
    list("logRecords", 2, Kind::Message(&LOG_RECORD)),
    one("schemaUrl", 3, Kind::Text),
]);

static LOG_RECORD: Message = Message {
    fields: &[
        one("timeUnixNano", 1, Kind::Fixed64),
        one("observedTimeUnixNano", 11, Kind::Fixed64),
        one("severityNumber", 2, Kind::Enum(SEVERITY_NUMBER)),
        one("severityText", 3, Kind::Text),
        one("body", 5, Kind::Message(&ANY_VALUE)),
        list("attributes", 6, Kind::Message(&KEY_VALUE)),
        one("droppedAttributesCount", 7, Kind::Uint),
        one("flags", 8, Kind::Fixed32),
        one("traceFlags", 8, Kind::Fixed32), // what some senders call it
        one("traceId", 9, Kind::Id(16)),
        one("spanId", 10, Kind::Id(8)),
        one("eventName", 12, Kind::Text),
    ],
    is_oneof: false,
    is_level: false,
    is_unit: true,
};

/// `resource.v1.Resource`.
pub static RESOURCE: Message = Message::of(&[
    list("attributes", 1, Kind::Message(&KEY_VALUE)),
    one("droppedAttributesCount", 2, Kind::Uint),
    list("entityRefs", 3, Kind::Message(&ENTITY_REF)),
]);

static ENTITY_REF: Message = Message::of(&[
    one("schemaUrl", 1, Kind::Text),
    one("type", 2, Kind::Text),
    list("idKeys", 3, Kind::Text),
    list("descriptionKeys", 4, Kind::Text),
]);

/// `common.v1.InstrumentationScope`.
pub static SCOPE: Message = Message::of(&[
    one("name", 1, Kind::Text),
    one("version", 2, Kind::Text),
    list("attributes", 3, Kind::Message(&KEY_VALUE)),
    one("droppedAttributesCount", 4, Kind::Uint),
]);

/// `common.v1.KeyValue`.
pub static KEY_VALUE: Message = Message::of(&[one("key", 1, Kind::Text), one("value", 2, Kind::Message(&ANY_VALUE))]);

/// `common.v1.AnyValue`.
pub static ANY_VALUE: Message = Message {
    fields: &[
        one("stringValue", 1, Kind::Text),
        one("boolValue", 2, Kind::Bool),
        one("intValue", 3, Kind::Int),
        one("doubleValue", 4, Kind::Double),
        one("arrayValue", 5, Kind::Message(&ARRAY_VALUE)),
        one("kvlistValue", 6, Kind::Message(&KEY_VALUE_LIST)),
        one("bytesValue", 7, Kind::Bytes),
    ],
    is_oneof: true,
    is_level: false,
    is_unit: false,
};

static ARRAY_VALUE: Message =
    Message { fields: &[list("values", 1, Kind::Message(&ANY_VALUE))], is_oneof: false, is_level: true, is_unit: false };

static KEY_VALUE_LIST: Message =
    Message { fields: &[list("values", 1, Kind::Message(&KEY_VALUE))], is_oneof: false, is_level: true, is_unit: false };

static SEVERITY_NUMBER: &[&str] = &[
    "SEVERITY_NUMBER_UNSPECIFIED",
    "SEVERITY_NUMBER_TRACE",
    "SEVERITY_NUMBER_TRACE2",
    "SEVERITY_NUMBER_TRACE3",
    "SEVERITY_NUMBER_TRACE4",
    "SEVERITY_NUMBER_DEBUG",
    "SEVERITY_NUMBER_DEBUG2",
    "SEVERITY_NUMBER_DEBUG3",
    "SEVERITY_NUMBER_DEBUG4",
    "SEVERITY_NUMBER_INFO",
    "SEVERITY_NUMBER_INFO2",
    "SEVERITY_NUMBER_INFO3",
    "SEVERITY_NUMBER_INFO4",
    "SEVERITY_NUMBER_WARN",
    "SEVERITY_NUMBER_WARN2",
    "SEVERITY_NUMBER_WARN3",
    "SEVERITY_NUMBER_WARN4",
    "SEVERITY_NUMBER_ERROR",
    "SEVERITY_NUMBER_ERROR2",
    "SEVERITY_NUMBER_ERROR3",
    "SEVERITY_NUMBER_ERROR4",
    "SEVERITY_NUMBER_FATAL",
    "SEVERITY_NUMBER_FATAL2",
    "SEVERITY_NUMBER_FATAL3",
    "SEVERITY_NUMBER_FATAL4",
];
