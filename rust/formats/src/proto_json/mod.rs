//! OTLP's JSON, as a table says it, into the Protobuf bytes of the same message: one pass, no tree.
//!
//! What Protobuf's JSON and OTLP's [exceptions to it](https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding) ask for: keys in camelCase (or
//! as in the `.proto` file), unknown ones passed over; `null` is absent; 64-bit integers as strings or numbers, enums as numbers (or names), bytes as
//! base64, trace and span ids as hex.

pub(crate) mod check;
mod known;
pub(crate) mod request;
pub(crate) mod scalar;
pub mod schema;
pub(crate) mod shape;
#[cfg(test)]
mod tests;
pub(crate) mod traces;
mod unwrapped;

use std::ops::Range;

use logloom_record::{RejectReason, Text, proto::push_varint, proto::varint_len};

use crate::{
    ids::decode_into,
    json::{Scanner, Str, Value},
};

/// A message type: what its JSON object may hold.
#[derive(Debug)]
pub struct Message {
    /// Its fields.
    pub fields: &'static [Field],
    /// At most one field may have a value: an `AnyValue`.
    pub is_oneof: bool,
    /// It holds values inside a value, and so counts as a level of nesting.
    pub is_level: bool,
    /// What is wrong in one of these is said of it alone: a `LogRecord`, a `Span`.
    pub is_unit: bool,
}

impl Message {
    /// A plain message.
    pub const fn of(fields: &'static [Field]) -> Self {
        Self { fields, is_oneof: false, is_level: false, is_unit: false }
    }
}

/// A field of a message.
#[derive(Debug)]
pub struct Field {
    /// Its name in camelCase.
    pub name: &'static str,
    /// Its number.
    pub number: u8,
    /// Its type.
    pub kind: Kind,
    /// Whether it is a list.
    pub is_list: bool,
}

/// The type of a field.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `string`.
    Text,
    /// `bool`.
    Bool,
    /// `int64`.
    Int,
    /// `double`.
    Double,
    /// `bytes`, as base64.
    Bytes,
    /// `bytes` of this length, as hex; empty is absent.
    Id(usize),
    /// `fixed64`.
    Fixed64,
    /// `fixed32`.
    Fixed32,
    /// `uint32`.
    Uint,
    /// An enum: its names, in the order of their numbers from 0 on.
    Enum(&'static [&'static str]),
    /// `uint64`.
    Uint64,
    /// A message.
    Message(&'static Message),
    /// `google.protobuf.Timestamp`, as RFC 3339.
    Timestamp,
    /// `google.protobuf.Duration`, as seconds with `s`.
    Duration,
    /// `google.protobuf.UInt32Value`, as its value.
    MaybeUint,
    /// `google.protobuf.Struct`, as an object of anything.
    Struct,
    /// A map from strings to what this is, as an object.
    Map(&'static Kind),
}

/// A unit that could not be read: where it stands, in bytes, and why, with the place in the unit.
#[derive(Clone, Copy, Debug)]
pub struct BadUnit {
    /// Where it begins in the frame.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Why.
    pub reason: RejectReason,
}

/// The message that was read.
#[derive(Debug, Default)]
pub struct Transcoded {
    /// Its Protobuf bytes, without the units that could not be read.
    pub bytes: Vec<u8>,
    /// These.
    pub bad: Vec<BadUnit>,
    /// Where the other units stand in the frame, in their order.
    pub units: Vec<Range<usize>>,
}

/// Levels of JSON that one level of OTLP's values takes: `{"kvlistValue": {"values": [{"value":`.
const JSON_LEVELS: u32 = 4;
/// Levels of JSON around a record's values, and some more.
const JSON_LEVELS_AROUND: u32 = 16;

/// Reads the one object of `frame`, which is UTF-8, as `message`. Maps and arrays nest at most `depth_max` deep, and never deeper than about 120. An
/// error inside a [unit](Message::is_unit) leaves the others alone, as long as the JSON itself is good.
pub fn transcode(frame: Text<'_>, message: &'static Message, depth_max: u32) -> Result<Transcoded, RejectReason> {
    let mut scanner = Scanner::new(frame, depth_max.saturating_mul(JSON_LEVELS).saturating_add(JSON_LEVELS_AROUND));
    let Value::Object = scanner.value()? else { return Err(RejectReason::syntax("expected an object", 0)) };
    let mut reader =
        Reader { out: Vec::with_capacity(frame.len() / 2), bad: Vec::new(), units: Vec::new(), scratch: Vec::new(), known: 0, unknown: 0 };
    reader.message(&mut scanner, message, depth_max)?;
    scanner.end()?;
    if reader.known == 0 && reader.unknown > 0 {
        return Err(RejectReason::value("the object has none of the request's fields: it is something else", 0));
    }
    Ok(Transcoded { bytes: reader.out, bad: reader.bad, units: reader.units })
}

struct Reader {
    out: Vec<u8>,
    bad: Vec<BadUnit>,
    units: Vec<Range<usize>>,
    scratch: Vec<u8>,
    /// Fields that a table has, and others.
    known: usize,
    unknown: usize,
}

impl Reader {
    /// The rest of an object whose bracket was read.
    fn message(&mut self, scanner: &mut Scanner<'_>, message: &'static Message, depth: u32) -> Result<(), RejectReason> {
        let mut values = 0;
        let (before, mut keys) = (*scanner, 0_usize);
        // Fields mostly come in the order of the table.
        let mut next = 0;
        while let Some(key) = scanner.key()? {
            keys += 1;
            let Some((position, field)) = find_from(message.fields, next, key) else {
                // Asked once an object, as it looks at all of it.
                if message.is_oneof && keys == 1 && unwrapped::is_map(before)? {
                    *scanner = before;
                    return self.unwrapped(scanner, depth);
                }
                self.unknown += 1;
                let value = scanner.value()?;
                scanner.skip(value)?;
                continue;
            };
            self.known += 1;
            next = position + 1;
            let start = start_of(*scanner);
            match scanner.value()? {
                Value::Null => continue,
                Value::Array if field.is_list => self.list(scanner, field, depth)?,
                _ if field.is_list => return Err(RejectReason::value("expected a list", start)),
                value => self.field(scanner, field, (value, start), message.is_oneof, depth)?,
            }
            values += 1;
            if message.is_oneof && values > 1 {
                return Err(RejectReason::value("a value has one type, this one has two", start));
            }
        }
        Ok(())
    }

    fn list(&mut self, scanner: &mut Scanner<'_>, field: &'static Field, depth: u32) -> Result<(), RejectReason> {
        while scanner.item()? {
            let (before, start, mark) = (*scanner, start_of(*scanner), self.out.len());
            let value = scanner.value()?;
            let read = self.field(scanner, field, (value, start), true, depth);
            let is_unit = matches!(field.kind, Kind::Message(Message { is_unit: true, .. }));
            let Err(reason) = read else {
                if is_unit {
                    self.units.push(start..scanner.position());
                }
                continue;
            };
            if !is_unit {
                return Err(reason);
            }
            self.out.truncate(mark);
            // Where the JSON itself is broken, this fails in the same place: then nothing has a known end.
            *scanner = before;
            let value = scanner.value()?;
            scanner.skip(value)?;
            let at = reason.at.saturating_sub(start as u32);
            self.bad.push(BadUnit { start, end: scanner.position(), reason: RejectReason { at, ..reason } });
        }
        Ok(())
    }

    /// One value of a field, which was just read and begins at `start`; a scalar at its default is written only where `explicit`.
    fn field<'a>(
        &mut self,
        scanner: &mut Scanner<'a>,
        field: &Field,
        (value, start): (Value<'a>, usize),
        explicit: bool,
        depth: u32,
    ) -> Result<(), RejectReason> {
        let bad = |what| RejectReason::value(what, start);
        let tag = |wire: u8| u16::from(field.number) << 3 | u16::from(wire);
        match field.kind {
            Kind::Message(message) => {
                let Value::Object = value else { return Err(bad("expected an object")) };
                let depth = depth.checked_sub(u32::from(message.is_level));
                let depth = depth.ok_or_else(|| RejectReason::limit("maps and arrays nest deeper than depth_max", start))?;
                let mark = self.open(tag(2));
                self.message(scanner, message, depth)?;
                self.close(mark);
            }
            Kind::Text => {
                let Value::Str(text) = value else { return Err(bad("expected a string")) };
                if explicit || !text.text.is_empty() {
                    let mut scratch = std::mem::take(&mut self.scratch);
                    self.bytes(tag(2), text.resolve(&mut scratch).bytes());
                    self.scratch = scratch;
                }
            }
            Kind::Bytes => {
                let decoded = if let Value::Str(text) = value {
                    let mut plain = Vec::new();
                    text.unescape_into(&mut plain); // a slash may be escaped
                    scalar::base64(&plain)
                } else {
                    None
                };
                let decoded = decoded.ok_or_else(|| bad("expected bytes in base64"))?;
                if explicit || !decoded.is_empty() {
                    self.bytes(tag(2), &decoded);
                }
            }
            Kind::Id(len) => {
                let Value::Str(text) = value else { return Err(bad("expected an id in hex")) };
                if !text.text.is_empty() {
                    push_varint(&mut self.out, tag(2).into());
                    push_varint(&mut self.out, len as u64);
                    if text.text.len() != 2 * len || !decode_into(&mut self.out, text.text.bytes()) {
                        return Err(bad(if len == 16 { "expected 32 hex digits" } else { "expected 16 hex digits" }));
                    }
                }
            }
            Kind::Bool => {
                let Value::Bool(value) = value else { return Err(bad("expected true or false")) };
                self.varint(tag(0), value.into(), explicit);
            }
            Kind::Int => {
                let value: Option<i64> = scalar::integer(value);
                self.varint(tag(0), value.ok_or_else(|| bad("expected an integer of 64 bits"))? as u64, explicit);
            }
            Kind::Uint => {
                let value: Option<u32> = scalar::integer(value);
                self.varint(tag(0), value.ok_or_else(|| bad("expected an integer of 0 to 4294967295"))?.into(), explicit);
            }
            Kind::Uint64 => {
                let value: Option<u64> = scalar::integer(value);
                self.varint(tag(0), value.ok_or_else(|| bad("expected an integer of 0 to 18446744073709551615"))?, explicit);
            }
            Kind::MaybeUint => {
                let value: Option<u32> = scalar::integer(value);
                let mark = self.open(tag(2));
                self.varint(8, value.ok_or_else(|| bad("expected an integer of 0 to 4294967295"))?.into(), false);
                self.close(mark);
            }
            Kind::Timestamp => self.bytes(tag(2), &known::timestamp(value).ok_or_else(|| bad("expected a time of RFC 3339"))?),
            Kind::Duration => self.bytes(tag(2), &known::duration(value).ok_or_else(|| bad("expected seconds, as in 1.5s"))?),
            Kind::Struct => {
                let Value::Object = value else { return Err(bad("expected an object")) };
                let mut inner = Vec::new();
                known::structure(scanner, depth, &mut inner)?;
                self.bytes(tag(2), &inner);
            }
            Kind::Map(kind) => {
                let Value::Object = value else { return Err(bad("expected an object")) };
                while let Some(key) = scanner.key()? {
                    let mark = self.open(tag(2));
                    let mut name = Vec::with_capacity(key.text.len());
                    key.unescape_into(&mut name);
                    self.bytes(0x0a, &name);
                    let start = start_of(*scanner);
                    let value = scanner.value()?;
                    self.field(scanner, &Field { name: "", number: 2, kind: *kind, is_list: false }, (value, start), true, depth)?;
                    self.close(mark);
                }
            }
            Kind::Enum(names) => {
                let value = scalar::enumeration(value, names).ok_or_else(|| bad("expected the number (or name) of an enum's value"))?;
                self.varint(tag(0), i64::from(value) as u64, explicit);
            }
            Kind::Double => {
                let value = scalar::double(value).ok_or_else(|| bad("expected a number"))?;
                self.fixed(tag(1), &value.to_le_bytes(), explicit);
            }
            Kind::Fixed64 => {
                let value: Option<u64> = scalar::integer(value);
                self.fixed(tag(1), &value.ok_or_else(|| bad("expected an integer of 0 to 18446744073709551615"))?.to_le_bytes(), explicit);
            }
            Kind::Fixed32 => {
                let value: Option<u32> = scalar::integer(value);
                self.fixed(tag(5), &value.ok_or_else(|| bad("expected an integer of 0 to 4294967295"))?.to_le_bytes(), explicit);
            }
        }
        Ok(())
    }

    fn varint(&mut self, tag: u16, value: u64, explicit: bool) {
        if explicit || value != 0 {
            push_varint(&mut self.out, tag.into());
            push_varint(&mut self.out, value);
        }
    }

    fn fixed(&mut self, tag: u16, bytes: &[u8], explicit: bool) {
        if explicit || bytes.iter().any(|byte| *byte != 0) {
            push_varint(&mut self.out, tag.into());
            self.out.extend_from_slice(bytes);
        }
    }

    fn bytes(&mut self, tag: u16, bytes: &[u8]) {
        push_varint(&mut self.out, tag.into());
        push_varint(&mut self.out, bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    fn open(&mut self, tag: u16) -> usize {
        push_varint(&mut self.out, tag.into());
        self.out.push(0);
        self.out.len()
    }

    /// Fills in the length, moving the content where it takes more than the byte that was kept.
    fn close(&mut self, mark: usize) {
        let end = self.out.len();
        let len = end - mark;
        let extra = varint_len(len as u64) - 1;
        self.out.resize(end + extra, 0);
        self.out.copy_within(mark..end, mark + extra);
        if let Some(head) = self.out.get_mut(mark - 1..) {
            logloom_record::proto::put_varint(head, len as u64);
        }
    }
}

/// Where the next value begins: blanks and a comma may come first.
fn start_of(scanner: Scanner<'_>) -> usize {
    let rest = scanner.frame().bytes().get(scanner.position()..).unwrap_or_default();
    scanner.position() + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',')).count()
}

/// The field that a key names, and its place; `next` is where it mostly is.
#[inline(always)]
fn find_from(fields: &'static [Field], next: usize, key: Str<'_>) -> Option<(usize, &'static Field)> {
    let from = |next: usize| fields.iter().enumerate().skip(next);
    let is_it = |(_, field): &(usize, &Field)| field.name.as_bytes() == key.text.bytes();
    // A field's name has no escapes.
    from(next).find(is_it).or_else(|| {
        let field = find(fields, key)?;
        from(0).find(|(_, other)| std::ptr::eq(*other, field))
    })
}

/// The field that a key names: in camelCase, or as the `.proto` file has it.
#[inline(never)]
fn find(fields: &'static [Field], key: Str<'_>) -> Option<&'static Field> {
    if key.has_escapes() {
        return fields.iter().find(|field| key.is(field.name.as_bytes()));
    }
    let key = key.text.bytes();
    fields
        .iter()
        .find(|field| field.name.as_bytes() == key)
        .or_else(|| fields.iter().find(|field| key.contains(&b'_') && is_snake(key, field.name)))
}

/// Whether `key` is the camelCase `name` in `snake_case`.
fn is_snake(key: &[u8], name: &str) -> bool {
    let mut key = key.iter();
    name.bytes().all(|byte| {
        if byte.is_ascii_uppercase() {
            key.next() == Some(&b'_') && key.next() == Some(&byte.to_ascii_lowercase())
        } else {
            key.next() == Some(&byte)
        }
    }) && key.next().is_none()
}
