//! VRL's values of a record's, and back.

use chrono::{DateTime, SecondsFormat, Utc};
use logloom_record::{
    AnyValue, lossy,
    overlay::{push_bool, push_double, push_int, push_text},
    proto::push_field,
};
use vrl::{
    prelude::NotNan,
    value::{KeyString, ObjectMap, Value},
};

/// The deepest nesting that is written, in levels: what lies deeper could not be read again.
const DEPTH_MAX: u32 = 128;

/// What a value lies in: texts are views of it.
pub(super) trait Bytes {
    fn view(&self, part: &[u8]) -> bytes::Bytes;
}

/// The value as VRL has it. A text and bytes are the same there; NaN, which it does not have, is null.
pub(super) fn read(value: AnyValue<'_>, whole: &impl Bytes) -> Value {
    match value {
        AnyValue::Null => Value::Null,
        AnyValue::Str(text) | AnyValue::Bytes(text) => Value::Bytes(whole.view(text)),
        AnyValue::Bool(value) => Value::Boolean(value),
        AnyValue::Int(value) => Value::Integer(value),
        AnyValue::Double(value) => NotNan::new(value).map_or(Value::Null, Value::Float),
        AnyValue::Array(values) => Value::Array(values.map(|value| read(value, whole)).collect()),
        AnyValue::Map(pairs) => Value::Object(object(pairs, whole)),
    }
}

/// Pairs as an object: of several with one key, the first.
pub(super) fn object<'a>(pairs: impl Iterator<Item = (&'a [u8], AnyValue<'a>)>, whole: &impl Bytes) -> ObjectMap {
    let mut object = ObjectMap::new();
    for (key, value) in pairs {
        object.entry(name(key)).or_insert_with(|| read(value, whole));
    }
    object
}

/// A key as VRL has it.
pub(super) fn name(key: &[u8]) -> KeyString {
    lossy(key).into_owned().into()
}

/// Appends the value as an `AnyValue` message: what is no UTF-8 as bytes, a time as RFC 3339 has it.
pub(super) fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
    write_at(value, out, 0)
}

fn write_at(value: &Value, out: &mut Vec<u8>, depth: u32) -> Result<(), String> {
    if depth > DEPTH_MAX {
        return Err(format!("a value is nested more than {DEPTH_MAX} deep"));
    }
    match value {
        Value::Null => {}
        Value::Bytes(bytes) if std::str::from_utf8(bytes).is_ok() => push_text(out, bytes),
        Value::Bytes(bytes) => push_field(out, 0x3a, bytes),
        Value::String(text) => push_text(out, text.as_bytes()),
        Value::Regex(pattern) => push_text(out, pattern.as_str().as_bytes()),
        Value::Integer(value) => push_int(out, *value),
        Value::Float(value) => push_double(out, value.into_inner()),
        Value::Boolean(value) => push_bool(out, *value),
        Value::Timestamp(time) => push_text(out, time_text(*time).as_bytes()),
        Value::Array(values) => {
            let mut array = Vec::new();
            let mut item = Vec::new();
            for value in values {
                item.clear();
                write_at(value, &mut item, depth + 1)?;
                push_field(&mut array, 0x0a, &item);
            }
            push_field(out, 0x2a, &array);
        }
        Value::Object(pairs) => {
            let mut map = Vec::new();
            let (mut pair, mut item) = (Vec::new(), Vec::new());
            for (key, value) in pairs {
                item.clear();
                write_at(value, &mut item, depth + 1)?;
                pair.clear();
                push_field(&mut pair, 0x0a, key.as_str().as_bytes());
                push_field(&mut pair, 0x12, &item);
                push_field(&mut map, 0x0a, &pair);
            }
            push_field(out, 0x32, &map);
        }
    }
    Ok(())
}

/// A time in RFC 3339.
pub(super) fn time_text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// The bytes of a text; `None` for other values.
pub(super) fn text(value: &Value) -> Option<&[u8]> {
    match value {
        Value::Bytes(bytes) => Some(bytes),
        Value::String(text) => Some(text.as_bytes()),
        _ => None,
    }
}

/// A time of nanoseconds since the Unix epoch; `None` for 0, which is no time.
pub(super) fn time(nanos: u64) -> Option<Value> {
    const SECOND: u64 = 1_000_000_000;
    let time = DateTime::from_timestamp((nanos / SECOND) as i64, (nanos % SECOND) as u32);
    time.filter(|_| nanos != 0).map(Value::Timestamp)
}

/// The nanoseconds of a time, or of a number that is them; `None` before 1970 and past 2554.
pub(super) fn nanos(value: &Value) -> Option<u64> {
    match value {
        Value::Timestamp(time) => {
            let seconds = u64::try_from(time.timestamp()).ok()?;
            seconds.checked_mul(1_000_000_000)?.checked_add(u64::from(time.timestamp_subsec_nanos()))
        }
        Value::Integer(nanos) => u64::try_from(*nanos).ok(),
        _ => None,
    }
}
