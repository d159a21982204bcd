//! Fields of protobuf messages as proto3 writes them: what has its type's zero value is left out.

use std::sync::Arc;

use logloom_record::proto::{push_field, push_varint};

/// A field that is a number.
pub(super) fn number(out: &mut Vec<u8>, field: u8, value: u64) {
    if value != 0 {
        out.push(field << 3);
        push_varint(out, value);
    }
}

/// A field of 64 bits that are written as they are.
pub(super) fn fixed64(out: &mut Vec<u8>, field: u8, value: u64) {
    if value != 0 {
        out.push(field << 3 | 1);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// A field of text or bytes.
pub(super) fn text(out: &mut Vec<u8>, field: u8, bytes: impl AsRef<[u8]>) {
    if !bytes.as_ref().is_empty() {
        each(out, field, bytes);
    }
}

/// An item of a repeated field, or a message: it is written also where it is empty.
pub(super) fn each(out: &mut Vec<u8>, field: u8, bytes: impl AsRef<[u8]>) {
    push_field(out, field << 3 | 2, bytes.as_ref());
}

/// A repeated field of names.
pub(super) fn all(out: &mut Vec<u8>, field: u8, names: &[Arc<str>]) {
    for name in names {
        each(out, field, name.as_bytes());
    }
}

/// A packed field of numbers.
pub(super) fn packed(out: &mut Vec<u8>, field: u8, values: &[u32]) {
    if !values.is_empty() {
        let mut bytes = Vec::with_capacity(values.len() * 3);
        for value in values {
            push_varint(&mut bytes, u64::from(*value));
        }
        each(out, field, bytes);
    }
}
