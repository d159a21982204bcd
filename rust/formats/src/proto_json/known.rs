//! Messages of Google's own, whose JSON is another than their fields: timestamps, durations, structs.

use logloom_record::{
    RejectReason,
    proto::{push_field, push_varint},
};

use crate::{
    json::{Scanner, Value},
    time,
};

/// The content of a `Timestamp`: RFC 3339.
pub(super) fn timestamp(value: Value<'_>) -> Option<Vec<u8>> {
    let Value::Str(text) = value else { return None };
    let nanos = time::parse(text.text.bytes()).ok()?;
    Some(seconds_and_nanos(nanos / 1_000_000_000, nanos % 1_000_000_000))
}

/// The content of a `Duration`: seconds with a fraction, and `s`. One before zero is none that a log has.
pub(super) fn duration(value: Value<'_>) -> Option<Vec<u8>> {
    let Value::Str(text) = value else { return None };
    let digits = std::str::from_utf8(text.text.bytes()).ok()?.strip_suffix('s')?;
    let (seconds, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let nanos = fraction.parse::<u64>().ok()? * 10u64.pow(9 - fraction.len() as u32);
    Some(seconds_and_nanos(seconds.parse().ok()?, nanos))
}

fn seconds_and_nanos(seconds: u64, nanos: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(16);
    for (tag, value) in [(0x08, seconds), (0x10, nanos)] {
        if value != 0 {
            out.push(tag);
            push_varint(&mut out, value);
        }
    }
    out
}

/// Appends the content of a `Struct` whose bracket was read, at most `depth` deep.
pub(super) fn structure(json: &mut Scanner<'_>, depth: u32, out: &mut Vec<u8>) -> Result<(), RejectReason> {
    while let Some(key) = json.key()? {
        let mut entry = Vec::new();
        let mut name = Vec::with_capacity(key.text.len());
        key.unescape_into(&mut name);
        push_field(&mut entry, 0x0a, &name);
        push_field(&mut entry, 0x12, &value(json, depth)?);
        push_field(out, 0x0a, &entry);
    }
    Ok(())
}

/// The content of the `Value` that stands next.
fn value(json: &mut Scanner<'_>, depth: u32) -> Result<Vec<u8>, RejectReason> {
    let at = json.position();
    let deeper = || depth.checked_sub(1).ok_or_else(|| RejectReason::limit("maps and arrays nest deeper than depth_max", at));
    let mut out = Vec::new();
    let number = |value: f64, out: &mut Vec<u8>| {
        out.push(0x11);
        out.extend_from_slice(&value.to_le_bytes());
    };
    match json.value()? {
        Value::Null => out.extend_from_slice(&[0x08, 0]),
        Value::Bool(value) => out.extend_from_slice(&[0x20, u8::from(value)]),
        Value::Int(value) => number(value as f64, &mut out),
        Value::Double(value) => number(value, &mut out),
        Value::Digits(text) => push_field(&mut out, 0x1a, text.bytes()),
        Value::Str(text) => {
            let mut plain = Vec::with_capacity(text.text.len());
            text.unescape_into(&mut plain);
            push_field(&mut out, 0x1a, &plain);
        }
        Value::Object => {
            let mut inner = Vec::new();
            structure(json, deeper()?, &mut inner)?;
            push_field(&mut out, 0x2a, &inner);
        }
        Value::Array => {
            let (depth, mut inner) = (deeper()?, Vec::new());
            while json.item()? {
                push_field(&mut inner, 0x0a, &value(json, depth)?);
            }
            push_field(&mut out, 0x32, &inner);
        }
    }
    Ok(out)
}
