//! Tags and logs as JSON.

use logloom_record::{RejectReason, Text};

use super::{items::objects, json_span::nanoseconds};
use crate::{
    json::{Scanner, Str, Value as Json},
    proto_json::scalar::base64,
    spans::{self, Event, Repaired, Span, Tag, Value, plain},
};

/// Appends the tags of the list that stands next. The API writes `{"key", "type", "value"}`; thrift's and protobuf's fields, and Cassandra's columns,
/// have a place for each type. What is none is passed over.
pub(super) fn tags<'a>(json: Scanner<'a>, tags: &mut Vec<Tag<'a>>, made: &mut Repaired<'a>) -> Result<Scanner<'a>, RejectReason> {
    objects(json, |mut json| {
        if let Some((behind, tag)) = usual_tag(json) {
            tags.push(tag);
            return Ok(behind);
        }
        let (mut name, mut kind, mut value, mut encoded) = (None, Text::EMPTY, None, None);
        while let Some(key) = json.key()? {
            let read;
            (json, read) = spans::json_value(json)?;
            match (key.text.bytes(), read) {
                (b"key" | b"Key", Value::Str(text)) => name = Some(text),
                (b"type" | b"vType" | b"ValueType", Value::Str(text)) => kind = text.text,
                (b"value", read) => value = Some(read),
                (b"vBinary" | b"value_binary", Value::Str(text)) => encoded = Some(text),
                (key, read) if is_place(key) && !matches!(read, Value::Null) => value = Some(read),
                _ => {}
            }
        }
        if let Some(name) = name {
            let bytes = encoded.and_then(|text: Str<'_>| base64(text.text.bytes()));
            let value = match bytes {
                Some(bytes) if value.is_none() => Value::Bytes(made.keep(bytes)),
                _ => typed(kind.bytes(), value),
            };
            tags.push(Tag::new(name, value));
        }
        Ok(json)
    })
}

/// A tag as the API writes nearly all: its key, its type and a plain value, in this order, no blank between them. The scanner comes back behind it.
#[inline(always)]
fn usual_tag(mut json: Scanner<'_>) -> Option<(Scanner<'_>, Tag<'_>)> {
    let name = json.pass_equal(b"\"key\":").then(|| json.text().ok())??;
    let kind = json.pass_equal(b",\"type\":").then(|| json.text().ok())??;
    if !json.pass_equal(b",\"value\":") {
        return None;
    }
    let value = match json.value().ok()? {
        Json::Str(text) => Value::Str(text),
        Json::Bool(value) => Value::Bool(value),
        Json::Int(value) => Value::Int(value),
        Json::Double(value) => Value::Double(value),
        _ => return None,
    };
    let (None, Some(name), Some(kind)) = (json.key().ok()?, name, kind) else { return None };
    Some((json, Tag::new(name, typed(kind.text.bytes(), Some(value)))))
}

/// The fields for the value of one type.
fn is_place(key: &[u8]) -> bool {
    matches!(
        key,
        b"vStr"
            | b"vBool"
            | b"vInt64"
            | b"vLong"
            | b"vFloat64"
            | b"vDouble"
            | b"value_string"
            | b"value_bool"
            | b"value_long"
            | b"value_double"
    )
}

/// Appends the tags of the object that stands next, as Elasticsearch keeps those that it searches: values as they are, the dots of the names
/// as `@`.
pub(super) fn tag_map<'a>(mut json: Scanner<'a>, tags: &mut Vec<Tag<'a>>, made: &mut Repaired<'a>) -> Result<Scanner<'a>, RejectReason> {
    let value = json.value()?;
    if !matches!(value, Json::Object) {
        json.skip(value)?;
        return Ok(json);
    }
    while let Some(key) = json.key()? {
        let value;
        (json, value) = spans::json_value(json)?;
        let name = if key.text.bytes().contains(&b'@') {
            let dotted = key.text.bytes().iter().map(|byte| if *byte == b'@' { b'.' } else { *byte }).collect();
            Str { text: made.keep(dotted), escapes: key.escapes }
        } else {
            key
        };
        tags.push(Tag::new(name, value));
    }
    Ok(json)
}

/// The value in the type that its tag names; as it stands where it is none of that type. Elasticsearch may keep all of them as strings, and
/// protobuf leaves out what is zero.
#[inline]
fn typed<'a>(kind: &[u8], value: Option<Value<'a>>) -> Value<'a> {
    let Some(value) = value else { return default(kind) };
    match (kind, value) {
        (b"string" | b"", value) => value,
        (b"bool", Value::Bool(_)) | (b"int64", Value::Int(_)) | (b"float64", Value::Double(_)) => value,
        _ => converted(&kind.to_ascii_lowercase(), value),
    }
}

#[inline(never)]
fn converted<'a>(kind: &[u8], value: Value<'a>) -> Value<'a> {
    let parsed = match value {
        Value::Str(text) if !text.has_escapes() => std::str::from_utf8(text.text.bytes()).unwrap_or_default(),
        _ => "",
    };
    match (kind, value) {
        (b"bool", Value::Str(_)) => parsed.parse().map_or(value, Value::Bool),
        (b"int64" | b"long", Value::Str(_)) => parsed.parse().map_or(value, Value::Int),
        (b"float64" | b"double", Value::Str(_)) => parsed.parse().map_or(value, Value::Double),
        (b"float64" | b"double", Value::Int(number)) => Value::Double(number as f64),
        (b"binary", Value::Str(text)) if !text.has_escapes() => Value::Hex(text.text),
        _ => value,
    }
}

/// What stands for a value that was left out.
#[cold]
fn default(kind: &[u8]) -> Value<'static> {
    match kind.to_ascii_lowercase().as_slice() {
        b"bool" => Value::Bool(false),
        b"int64" | b"long" => Value::Int(0),
        b"float64" | b"double" => Value::Double(0.0),
        b"binary" => Value::Bytes(Text::EMPTY),
        _ => Value::Str(plain(Text::EMPTY)),
    }
}

/// Each log is an event; its fields are tags.
pub(super) fn logs<'a>(json: Scanner<'a>, span: &mut Span<'a>, made: &mut Repaired<'a>) -> Result<Scanner<'a>, RejectReason> {
    objects(json, |mut json| {
        let from = span.fields.len();
        let mut event = Event { time_unix_nano: 0, name: None, fields: from..from, dropped: 0 };
        while let Some(key) = json.key()? {
            match key.text.bytes() {
                b"fields" | b"Fields" => json = tags(json, &mut span.fields, made)?,
                b"timestamp" | b"Timestamp" => {
                    let at = json.position();
                    let value = json.value()?;
                    json.skip(value)?;
                    let nanos = nanoseconds(value).ok_or_else(|| RejectReason::value("a log's timestamp is not in microseconds", at))?;
                    event.time_unix_nano = nanos as u64;
                }
                _ => {
                    let value = json.value()?;
                    json.skip(value)?;
                }
            }
        }
        event.fields.end = span.fields.len();
        span.events.push(event);
        Ok(json)
    })
}
