//! Records for people and their tools: one JSON object a line.
//!
//! | key | what it is |
//! |---|---|
//! | `time` | RFC 3339 in UTC to the nanosecond; the observed time where the record's own is unknown |
//! | `observed_time` | the same of the observed time, where it is not the record's own: beside an equal `time` it says that the record has none |
//! | `severity` | `TRACE` to `FATAL4` by its number; left out where it is unspecified |
//! | `severity_text` | as the source spelled it |
//! | `event_name`, `body` | |
//! | `attributes`, `resource` | one object each, keys as they are |
//! | `scope` | an object of `name`, `version` and `attributes` |
//! | `trace_id`, `span_id`, `flags` | hex, hex, a number |
//! | `dropped_attributes_count` | |
//! | `reject` | `true` where the format could not read the frame: the body is the frame |
//!
//! What has no value is left out. Values are JSON's own, and exact: integers have all their digits, a double always has a fraction or an exponent.
//! What JSON has no value for is an object of one key that begins with `$`: bytes are `{"$bytes": "<base64>"}`, a double that is no number is
//! `{"$double": "NaN"}` (`"Infinity"`, `"-Infinity"`), and a map that would read as one of these stands in `{"$map": {...}}`. Only what is not UTF-8 in a
//! string is lost: it becomes U+FFFD.

use crate::{
    AnyValue, Attributes, Batch, Record,
    json_text::{Commas, push_base64, push_bool, push_double, push_hex, push_integer, push_string},
    time::push_rfc3339,
};

/// Names of the severity numbers 1 to 24, as OpenTelemetry's data model has them.
const SEVERITIES: [&str; 24] = [
    "TRACE", "TRACE2", "TRACE3", "TRACE4", "DEBUG", "DEBUG2", "DEBUG3", "DEBUG4", "INFO", "INFO2", "INFO3", "INFO4", "WARN", "WARN2",
    "WARN3", "WARN4", "ERROR", "ERROR2", "ERROR3", "ERROR4", "FATAL", "FATAL2", "FATAL3", "FATAL4",
];

/// The name of a severity number: `TRACE` to `FATAL4` for 1 to 24.
pub fn severity_name(number: i32) -> Option<&'static str> {
    SEVERITIES.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
}

impl Batch {
    /// All records, in order of arrival, each on a line of its own.
    pub fn to_ndjson(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.otlp_len() * 2);
        for record in self.records() {
            push_record(&mut out, &record);
            out.push(b'\n');
        }
        out
    }
}

impl Record<'_> {
    /// The record as one JSON object, as [`Batch::to_ndjson`] writes it; without a line end.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::new();
        push_record(&mut out, self);
        out
    }
}

impl AnyValue<'_> {
    /// The value as JSON, as [`Batch::to_ndjson`] writes it.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::new();
        push_value(&mut out, self);
        out
    }
}

fn push_record(out: &mut Vec<u8>, record: &Record<'_>) {
    out.push(b'{');
    let mut keys = Commas::new();
    let (time, observed) = (record.time_unix_nano, record.observed_time_unix_nano);
    for (name, time) in [("time", if time == 0 { observed } else { time }), ("observed_time", if time == observed { 0 } else { observed })]
    {
        if time != 0 {
            keys.key(out, name);
            out.push(b'"');
            push_rfc3339(out, time);
            out.push(b'"');
        }
    }
    let severity = severity_name(record.severity_number).unwrap_or_default().as_bytes();
    for (name, text) in [("severity", severity), ("severity_text", record.severity_text), ("event_name", record.event_name)] {
        if !text.is_empty() {
            keys.key(out, name);
            push_string(out, text);
        }
    }
    if let Some(body) = record.body() {
        keys.key(out, "body");
        push_value(out, &body);
    }
    if record.is_reject() {
        keys.key(out, "reject");
        out.extend_from_slice(b"true");
    }
    if let Some(id) = record.trace_id {
        keys.key(out, "trace_id");
        push_hex(out, &id);
    }
    if let Some(id) = record.span_id {
        keys.key(out, "span_id");
        push_hex(out, &id);
    }
    if record.flags != 0 {
        keys.key(out, "flags");
        push_integer(out, record.flags);
    }
    push_named(out, &mut keys, "attributes", record.attributes());
    if record.dropped_attributes_count != 0 {
        keys.key(out, "dropped_attributes_count");
        push_integer(out, record.dropped_attributes_count);
    }
    push_named(out, &mut keys, "resource", record.resource_attributes());
    push_scope(out, &mut keys, record);
    out.push(b'}');
}

fn push_scope(out: &mut Vec<u8>, keys: &mut Commas, record: &Record<'_>) {
    let (name, version) = (record.scope_name(), record.scope_version());
    if name.is_empty() && version.is_empty() && record.scope_attributes().next().is_none() {
        return;
    }
    keys.key(out, "scope");
    out.push(b'{');
    let mut keys = Commas::new();
    for (key, text) in [("name", name), ("version", version)] {
        if !text.is_empty() {
            keys.key(out, key);
            push_string(out, text);
        }
    }
    push_named(out, &mut keys, "attributes", record.scope_attributes());
    out.push(b'}');
}

fn push_named(out: &mut Vec<u8>, keys: &mut Commas, name: &str, pairs: Attributes<'_>) {
    let mut pairs = pairs.peekable();
    if pairs.peek().is_some() {
        keys.key(out, name);
        push_map(out, pairs);
    }
}

fn push_map<'a>(out: &mut Vec<u8>, pairs: impl Iterator<Item = (&'a [u8], AnyValue<'a>)>) {
    out.push(b'{');
    let mut commas = Commas::new();
    for (key, value) in pairs {
        commas.next(out);
        push_string(out, key);
        out.push(b':');
        push_value(out, &value);
    }
    out.push(b'}');
}

fn push_value(out: &mut Vec<u8>, value: &AnyValue<'_>) {
    match value {
        AnyValue::Null => out.extend_from_slice(b"null"),
        AnyValue::Str(text) => push_string(out, text),
        AnyValue::Bool(value) => push_bool(out, *value),
        AnyValue::Int(value) => push_integer(out, *value),
        AnyValue::Double(value) if value.is_finite() => push_double(out, *value),
        AnyValue::Double(value) => {
            out.extend_from_slice(b"{\"$double\":");
            push_double(out, *value);
            out.push(b'}');
        }
        AnyValue::Bytes(bytes) => {
            out.extend_from_slice(b"{\"$bytes\":");
            push_base64(out, bytes);
            out.push(b'}');
        }
        AnyValue::Array(values) => {
            out.push(b'[');
            let mut commas = Commas::new();
            for value in values.clone() {
                commas.next(out);
                push_value(out, &value);
            }
            out.push(b']');
        }
        AnyValue::Map(pairs) if looks_special(pairs) => {
            out.extend_from_slice(b"{\"$map\":");
            push_map(out, pairs.clone());
            out.push(b'}');
        }
        AnyValue::Map(pairs) => push_map(out, pairs.clone()),
    }
}

/// Whether a map has one key, which begins with `$`.
fn looks_special(pairs: &Attributes<'_>) -> bool {
    let mut keys = pairs.clone().map(|(key, _)| key);
    keys.next().is_some_and(|key| key.starts_with(b"$")) && keys.next().is_none()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{BatchWriter, BlockPool, Limits, Origin, Tail, Text, proto::push_field};

    #[test]
    fn a_record_without_a_time_says_that_it_has_none() {
        let json = |time: u64, arrival: u64| {
            let origin = Arc::new(Origin { arrival_unix_nano: arrival * 1_000_000_000, ..Origin::default() });
            let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &origin, 1);
            out.begin(time * 1_000_000_000, 0, Text::EMPTY).finish(&Tail::default());
            String::from_utf8(out.finish().to_ndjson()).unwrap()
        };
        for (own, arrival, expected) in [
            (1, 2, r#"{"time":"1970-01-01T00:00:01Z","observed_time":"1970-01-01T00:00:02Z"}"#),
            (0, 2, r#"{"time":"1970-01-01T00:00:02Z","observed_time":"1970-01-01T00:00:02Z"}"#),
            (2, 2, r#"{"time":"1970-01-01T00:00:02Z"}"#),
            (1, 0, r#"{"time":"1970-01-01T00:00:01Z"}"#),
        ] {
            assert_eq!(json(own, arrival).trim_end(), expected);
        }
    }

    #[test]
    fn what_json_has_no_value_for() {
        let json = |any: &[u8]| String::from_utf8(AnyValue::read(any).to_json()).unwrap();
        assert_eq!(json(&[0x3a, 1, 0xff]), r#"{"$bytes":"/w=="}"#);
        let double = |value: f64| json(&[&[0x21][..], &value.to_le_bytes()].concat());
        assert_eq!([double(f64::NAN), double(1.0), double(1e300)], [r#"{"$double":"NaN"}"#, "1.0", "1e300"]);
        let (mut pair, mut list, mut any) = (Vec::new(), Vec::new(), Vec::new());
        push_field(&mut pair, 0x0a, b"$bytes");
        push_field(&mut list, 0x0a, &pair);
        push_field(&mut any, 0x32, &list);
        assert_eq!(json(&any), r#"{"$map":{"$bytes":null}}"#);
    }
}
