//! JSON values as OTLP's `AnyValue`.

use std::collections::HashMap;

use logloom_record::{RecordCursor, RejectReason, Scalar, Text};

use super::{Scanner, Value};

/// Writes the content of an `AnyValue` that was opened: `value`, which was just read, with all that is in it. An object is a `kvlist_value`,
/// an array an `array_value`, `null` an empty value, [`Digits`](Value::Digits) a string.
///
/// Of two equal keys in an object the last counts: OpenTelemetry's maps have each key once. That costs a look ahead, which is taken only
/// when `scanner` [suspects](Scanner::suspects_duplicates) some: let a copy [`skip`](Scanner::skip) the container first, which also tells
/// whether it is good JSON, and pass on [what it suspects](Scanner::suspecting).
/// `scratch` is overwritten.
pub fn write_value<'a>(
    rec: &mut RecordCursor<'_>,
    scanner: &mut Scanner<'a>,
    value: Value<'a>,
    scratch: &mut Vec<u8>,
) -> Result<(), RejectReason> {
    match value {
        Value::Null => {}
        Value::Bool(value) => rec.scalar(Scalar::Bool(value)),
        Value::Int(value) => rec.scalar(Scalar::Int(value)),
        Value::Double(value) => rec.scalar(Scalar::Double(value)),
        Value::Digits(text) => rec.scalar(Scalar::Str(text)),
        Value::Str(text) => rec.scalar(Scalar::Str(text.resolve(scratch))),
        Value::Array => {
            let array = rec.open(0x2a);
            while scanner.item()? {
                let item = rec.open(0x0a);
                let value = scanner.value()?;
                write_value(rec, scanner, value, scratch)?;
                rec.close(item);
            }
            rec.close(array);
        }
        Value::Object => {
            let last = if scanner.suspects_duplicates() { last_of_each(*scanner)? } else { None };
            let map = rec.open(0x32);
            let mut position = 0;
            while let Some(key) = scanner.key()? {
                let value = scanner.value()?;
                position += 1;
                if last.as_ref().is_some_and(|last| last.binary_search(&position).is_err()) {
                    scanner.skip(value)?;
                    continue;
                }
                let name = key.resolve(scratch);
                let scalar = match value {
                    Value::Str(text) if !text.has_escapes() => Some(Scalar::Str(text.text)),
                    Value::Digits(text) => Some(Scalar::Str(text)),
                    Value::Int(value) => Some(Scalar::Int(value)),
                    Value::Double(value) => Some(Scalar::Double(value)),
                    Value::Bool(value) => Some(Scalar::Bool(value)),
                    Value::Null => Some(Scalar::Null),
                    Value::Str(_) | Value::Object | Value::Array => None,
                };
                if let Some(scalar) = scalar {
                    rec.scalar_entry(0x0a, name, scalar);
                    continue;
                }
                let entry = rec.open(0x0a);
                rec.name(name);
                let any = rec.open(0x12);
                write_value(rec, scanner, value, scratch)?;
                rec.close(any);
                rec.close(entry);
            }
            rec.close(map);
        }
    }
    Ok(())
}

/// Writes `value`, which was just read, as the attribute `name`; over `attributes_max` it is passed over and counted as dropped.
pub fn write_attribute<'a>(
    rec: &mut RecordCursor<'_>,
    name: Text<'_>,
    scanner: &mut Scanner<'a>,
    value: Value<'a>,
    scratch: &mut Vec<u8>,
) -> Result<(), RejectReason> {
    if !rec.admit() {
        return scanner.skip(value);
    }
    let attribute = rec.open(0x32);
    rec.name(name);
    let any = rec.open(0x12);
    write_value(rec, scanner, value, scratch)?;
    rec.close(any);
    rec.close(attribute);
    Ok(())
}

/// The positions (from 1 on) of the entries that count in the object that was opened; `None` where all do.
#[cold]
fn last_of_each(mut scanner: Scanner<'_>) -> Result<Option<Vec<usize>>, RejectReason> {
    let mut last: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut position = 0;
    while let Some(key) = scanner.key()? {
        position += 1;
        let mut name = Vec::with_capacity(key.text.len());
        key.unescape_into(&mut name);
        last.insert(name, position);
        let value = scanner.value()?;
        scanner.skip(value)?;
    }
    if last.len() == position {
        return Ok(None);
    }
    let mut positions: Vec<usize> = last.into_values().collect();
    positions.sort_unstable();
    Ok(Some(positions))
}
