//! Protobuf's merging, done once where a message needs it, so that no reader has to.
//!
//! A message field that is not repeated may still stand twice, and means the two merged; a `oneof` keeps the last kind. No encoder writes that, but
//! concatenating messages does. Here the known fields of an OTLP logs request that was [scanned](crate::scan) are brought together; unknown fields stay.

use crate::proto::{Fields, Value, push_field, push_varint};

/// What a field holds, as far as merging matters.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    /// A message that stands once.
    One(&'static Message),
    /// A message that may stand any number of times.
    Many(&'static Message),
}

/// The message fields of one message type.
#[derive(PartialEq)]
struct Message {
    fields: &'static [(u32, Kind)],
    /// Whether fields 1 to 7 are a `oneof`.
    is_any_value: bool,
}

static REQUEST: Message = Message { fields: &[(1, Kind::Many(&RESOURCE_LOGS))], is_any_value: false };
static RESOURCE_LOGS: Message = Message { fields: &[(1, Kind::One(&RESOURCE)), (2, Kind::Many(&SCOPE_LOGS))], is_any_value: false };
static SCOPE_LOGS: Message = Message { fields: &[(1, Kind::One(&SCOPE)), (2, Kind::Many(&LOG_RECORD))], is_any_value: false };
static RESOURCE: Message = Message { fields: &[(1, Kind::Many(&KEY_VALUE))], is_any_value: false };
static SCOPE: Message = Message { fields: &[(3, Kind::Many(&KEY_VALUE))], is_any_value: false };
static LOG_RECORD: Message = Message { fields: &[(5, Kind::One(&ANY_VALUE)), (6, Kind::Many(&KEY_VALUE))], is_any_value: false };
static KEY_VALUE: Message = Message { fields: &[(2, Kind::One(&ANY_VALUE))], is_any_value: false };
static ANY_VALUE: Message = Message { fields: &[(5, Kind::One(&ARRAY)), (6, Kind::One(&MAP))], is_any_value: true };
static ARRAY: Message = Message { fields: &[(1, Kind::Many(&ANY_VALUE))], is_any_value: false };
static MAP: Message = Message { fields: &[(1, Kind::Many(&KEY_VALUE))], is_any_value: false };

/// The same request with nothing left to merge. The bytes were scanned.
pub(crate) fn merged(request: &[u8]) -> Vec<u8> {
    merged_message(request, &REQUEST)
}

fn merged_message(bytes: &[u8], message: &Message) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    // A field that stands once is written where it stood last; concatenated, its pieces are the merged message.
    let mut ones: Vec<(u32, &Message, Vec<u8>)> = Vec::new();
    let mut plain: Option<Vec<u8>> = None;
    for (field, value) in Fields::new(bytes).flatten() {
        let kind = message.fields.iter().find(|(number, _)| *number == field).map_or(Kind::Plain, |(_, kind)| *kind);
        let in_oneof = message.is_any_value && (1..=7).contains(&field);
        if in_oneof {
            ones.retain(|(number, ..)| *number == field);
            plain = None;
        }
        match (kind, value) {
            (Kind::Many(inner), Value::Len(part)) => push_message(&mut out, field, &merged_message(part, inner)),
            (Kind::One(inner), Value::Len(part)) => match ones.iter_mut().find(|(number, ..)| *number == field) {
                Some((.., pieces)) => pieces.extend_from_slice(part),
                None => ones.push((field, inner, part.to_vec())),
            },
            _ if in_oneof => push_any(plain.insert(Vec::new()), field, value),
            _ => push_any(&mut out, field, value),
        }
    }
    out.extend_from_slice(&plain.unwrap_or_default());
    for (field, inner, pieces) in ones {
        push_message(&mut out, field, &merged_message(&pieces, inner));
    }
    out
}

fn push_message(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    push_field(out, (field << 3 | 2) as u8, bytes);
}

fn push_any(out: &mut Vec<u8>, field: u32, value: Value<'_>) {
    let tag = |wire: u64| u64::from(field) << 3 | wire;
    match value {
        Value::Varint(value) => {
            push_varint(out, tag(0));
            push_varint(out, value);
        }
        Value::Fixed64(value) => {
            push_varint(out, tag(1));
            out.extend_from_slice(&value.to_le_bytes());
        }
        Value::Len(bytes) => {
            push_varint(out, tag(2));
            push_varint(out, bytes.len() as u64);
            out.extend_from_slice(bytes);
        }
        Value::Fixed32(value) => {
            push_varint(out, tag(5));
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
}
