//! What the events of a group share.

use logloom_record::{lossy, msgpack::Head, proto};

use super::Scratch;
use crate::msgpack_json::{Damage, Reader};

/// What Fluent Bit says of a group: `{resource: {attributes: {...}}, scope: {name, version, attributes: {...}}}`.
pub(super) fn group(reader: &mut Reader<'_>, len: u32, depth: u32, scratch: &mut Scratch) -> Result<(), Damage> {
    for _ in 0..len {
        let owner = reader.text()?.unwrap_or_default();
        let head = reader.head()?;
        let Head::Map(members) = head else {
            reader.rest_of(head)?;
            continue;
        };
        for _ in 0..members {
            let name = reader.text()?.unwrap_or_default();
            match (owner, name) {
                (b"resource", b"attributes") => attributes(reader, depth, 0x0a, &mut scratch.resource)?,
                (b"scope", b"attributes") => attributes(reader, depth, 0x1a, &mut scratch.scope)?,
                (b"scope", b"name" | b"version") => {
                    if let Some(text) = reader.text()? {
                        proto::push_field(&mut scratch.scope, if name == b"name" { 0x0a } else { 0x12 }, lossy(text).as_bytes());
                    }
                }
                _ => reader.pass()?,
            }
        }
    }
    Ok(())
}

/// A map as OTLP attributes under `tag`; what is no scalar as JSON.
fn attributes(reader: &mut Reader<'_>, depth: u32, tag: u8, out: &mut Vec<u8>) -> Result<(), Damage> {
    let head = reader.head()?;
    let Head::Map(len) = head else { return reader.rest_of(head) };
    for _ in 0..len {
        let name = lossy(reader.text()?.unwrap_or_default()).into_owned();
        let before = *reader;
        let mut any = Vec::new();
        match reader.head()? {
            head @ (Head::Str(_) | Head::Bin(_)) => proto::push_field(&mut any, 0x0a, lossy(reader.body(head)?).as_bytes()),
            Head::Bool(value) => any.extend_from_slice(&[0x10, u8::from(value)]),
            Head::Int(value) => {
                any.push(0x18);
                proto::push_varint(&mut any, value as u64);
            }
            Head::Uint(value) if i64::try_from(value).is_ok() => {
                any.push(0x18);
                proto::push_varint(&mut any, value);
            }
            Head::Float(value) => {
                any.push(0x21);
                any.extend_from_slice(&value.to_le_bytes());
            }
            _ => {
                *reader = before;
                let mut json = Vec::new();
                reader.value(depth, &mut json)?;
                proto::push_field(&mut any, 0x0a, &json);
            }
        }
        let mut pair = Vec::new();
        proto::push_field(&mut pair, 0x0a, name.as_bytes());
        proto::push_field(&mut pair, 0x12, &any);
        proto::push_field(out, tag, &pair);
    }
    Ok(())
}
