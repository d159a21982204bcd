//! Values as `AnyValue`, encoded.

use logloom_record::{
    lossy,
    proto::{Value as Wire, push_field, push_varint},
};

pub(super) fn string(text: &[u8]) -> Vec<u8> {
    let mut any = Vec::new();
    push_field(&mut any, 0x0a, lossy(text).as_bytes());
    any
}

/// The `AnyValue` of a field of which only the wire's type is known: a number, text where it is text, bytes where not.
pub(in super::super) fn of(value: Wire<'_>) -> Vec<u8> {
    let bytes = match value {
        Wire::Varint(value) | Wire::Fixed64(value) => return int(value as i64),
        Wire::Fixed32(value) => return int(i64::from(value)),
        Wire::Len(bytes) => bytes,
    };
    let is_text = std::str::from_utf8(bytes).is_ok_and(|text| !text.contains(|c: char| c.is_control()));
    let mut any = Vec::new();
    push_field(&mut any, if is_text { 0x0a } else { 0x3a }, bytes);
    any
}

pub(super) fn int(value: i64) -> Vec<u8> {
    let mut any = vec![0x18];
    push_varint(&mut any, value as u64);
    any
}

pub(super) fn double(value: f64) -> Vec<u8> {
    let mut any = vec![0x21];
    any.extend_from_slice(&value.to_le_bytes());
    any
}
