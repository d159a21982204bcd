//! Protobuf bytes beside a table of their message: whether they are it, and whether their strings are UTF-8.

use logloom_record::{
    RejectReason, lossy,
    proto::{Fields, Value, push_varint},
};

use super::{Field, Kind, Message};

/// Walks all of `message` down to the last value: each known field must have its wire type, and values nest at most `depth` deep. Unknown fields are
/// passed over. `start` is where the bytes stand in their frame, for the reason.
pub(crate) fn check(bytes: &[u8], message: &'static Message, depth: u32, start: usize) -> Result<(), RejectReason> {
    let mut fields = Fields::new(bytes);
    loop {
        let at = start + fields.position();
        let Some(read) = fields.next() else { return Ok(()) };
        let (number, value) = read.map_err(|bad| RejectReason::syntax("the message is cut, or no Protobuf", start + bad.at))?;
        let Some(field) = find(message, number) else { continue };
        match (field.kind, value) {
            (Kind::Message(inner), Value::Len(part)) => {
                let depth = depth.checked_sub(u32::from(inner.is_level));
                let depth = depth.ok_or_else(|| RejectReason::limit("maps and arrays nest deeper than depth_max", at))?;
                check(part, inner, depth, start + fields.position() - part.len())?;
            }
            (
                Kind::Text | Kind::Bytes | Kind::Id(_) | Kind::Timestamp | Kind::Duration | Kind::MaybeUint | Kind::Struct | Kind::Map(_),
                Value::Len(_),
            )
            | (Kind::Bool | Kind::Int | Kind::Uint | Kind::Uint64 | Kind::Enum(_), Value::Varint(_))
            | (Kind::Double | Kind::Fixed64, Value::Fixed64(_))
            | (Kind::Fixed32, Value::Fixed32(_)) => {}
            _ => return Err(RejectReason::value("a field is not of its type: this is another message", at)),
        }
    }
}

/// Whether all strings of a message that was checked are UTF-8.
pub(crate) fn is_text(bytes: &[u8], message: &'static Message) -> bool {
    Fields::new(bytes).flatten().all(|(number, value)| match (find(message, number).map(|field| field.kind), value) {
        (Some(Kind::Text), Value::Len(text)) => simdutf8::basic::from_utf8(text).is_ok(),
        (Some(Kind::Message(inner)), Value::Len(part)) => is_text(part, inner),
        _ => true,
    })
}

/// The same message with each ill-formed part of its strings replaced by U+FFFD; unknown fields are left out.
#[cold]
pub(crate) fn repaired(bytes: &[u8], message: &'static Message) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for (number, value) in Fields::new(bytes).flatten() {
        let Some(field) = find(message, number) else { continue };
        let tag = |wire: u64| u64::from(number) << 3 | wire;
        match (field.kind, value) {
            (_, Value::Varint(value)) => {
                push_varint(&mut out, tag(0));
                push_varint(&mut out, value);
            }
            (_, Value::Fixed64(value)) => {
                push_varint(&mut out, tag(1));
                out.extend_from_slice(&value.to_le_bytes());
            }
            (_, Value::Fixed32(value)) => {
                push_varint(&mut out, tag(5));
                out.extend_from_slice(&value.to_le_bytes());
            }
            (kind, Value::Len(part)) => {
                let text;
                let inner;
                let content = match kind {
                    Kind::Text => {
                        text = lossy(part);
                        text.as_bytes()
                    }
                    Kind::Message(message) => {
                        inner = repaired(part, message);
                        inner.as_slice()
                    }
                    _ => part,
                };
                push_varint(&mut out, tag(2));
                push_varint(&mut out, content.len() as u64);
                out.extend_from_slice(content);
            }
        }
    }
    out
}

#[inline]
fn find(message: &'static Message, number: u32) -> Option<&'static Field> {
    message.fields.iter().find(|field| u32::from(field.number) == number)
}
