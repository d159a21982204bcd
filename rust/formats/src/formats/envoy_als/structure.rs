//! `google.protobuf.Struct` as OTLP's values.

use logloom_record::{
    RejectReason, lossy,
    proto::{Fields, Value as Wire, push_field},
};

/// How deep structs nest: reading them is recursive.
const DEPTH_MAX: u32 = 32;

fn malformed() -> RejectReason {
    RejectReason::syntax("metadata is cut, or no protobuf", 0)
}

/// Calls `each` with the key and the `AnyValue` of each field of a `Struct`, or of a map of them.
pub(super) fn fields(bytes: &[u8], mut each: impl FnMut(&[u8], Vec<u8>)) -> Result<(), RejectReason> {
    entries(bytes, |key, value| {
        each(key, any_value(value, DEPTH_MAX)?);
        Ok(())
    })
}

/// Calls `each` with the key and the value of each entry of the map that is field 1.
pub(super) fn entries(bytes: &[u8], mut each: impl FnMut(&[u8], &[u8]) -> Result<(), RejectReason>) -> Result<(), RejectReason> {
    for field in Fields::new(bytes) {
        if let (1, Wire::Len(entry)) = field.map_err(|_| malformed())? {
            let (key, value) = pair(entry)?;
            each(key, value)?;
        }
    }
    Ok(())
}

/// An entry of a map.
pub(super) fn pair(entry: &[u8]) -> Result<(&[u8], &[u8]), RejectReason> {
    let (mut key, mut value) = (&[][..], &[][..]);
    for field in Fields::new(entry) {
        match field.map_err(|_| malformed())? {
            (1, Wire::Len(bytes)) => key = bytes,
            (2, Wire::Len(bytes)) => value = bytes,
            _ => {}
        }
    }
    Ok((key, value))
}

/// The `AnyValue` of a `Value`: a number without a fraction is an integer.
fn any_value(value: &[u8], depth: u32) -> Result<Vec<u8>, RejectReason> {
    let depth = depth.checked_sub(1).ok_or_else(|| RejectReason::limit("metadata nests deeper than 32", 0))?;
    let mut any = Vec::new();
    for field in Fields::new(value) {
        any.clear();
        match field.map_err(|_| malformed())? {
            (2, Wire::Fixed64(bits)) => number(f64::from_bits(bits), &mut any),
            (3, Wire::Len(text)) => push_field(&mut any, 0x0a, lossy(text).as_bytes()),
            (4, Wire::Varint(value)) => any.extend_from_slice(&[0x10, u8::from(value != 0)]),
            (5, Wire::Len(inner)) => {
                let mut map = Vec::new();
                entries(inner, |key, value| {
                    let mut entry = Vec::new();
                    push_field(&mut entry, 0x0a, lossy(key).as_bytes());
                    push_field(&mut entry, 0x12, &any_value(value, depth)?);
                    push_field(&mut map, 0x0a, &entry);
                    Ok(())
                })?;
                push_field(&mut any, 0x32, &map);
            }
            (6, Wire::Len(inner)) => {
                let mut list = Vec::new();
                for item in Fields::new(inner) {
                    if let (1, Wire::Len(item)) = item.map_err(|_| malformed())? {
                        push_field(&mut list, 0x0a, &any_value(item, depth)?);
                    }
                }
                push_field(&mut any, 0x2a, &list);
            }
            _ => {}
        }
    }
    Ok(any)
}

fn number(value: f64, any: &mut Vec<u8>) {
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        any.push(0x18);
        logloom_record::proto::push_varint(any, value as i64 as u64);
    } else {
        any.push(0x21);
        any.extend_from_slice(&value.to_le_bytes());
    }
}
