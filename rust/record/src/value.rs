//! Values as they stand in a Batch: walked, not built.

use std::borrow::Cow;

use crate::proto::{Fields, Value};

/// One OTLP `AnyValue`. Nothing is allocated to walk it; strings are the bytes as they came: [`lossy`] makes text of them.
#[derive(Clone, Debug)]
pub enum AnyValue<'a> {
    /// No value is set.
    Null,
    /// `string_value`: meant to be UTF-8, which is not checked.
    Str(&'a [u8]),
    /// `bool_value`.
    Bool(bool),
    /// `int_value`.
    Int(i64),
    /// `double_value`.
    Double(f64),
    /// `bytes_value`.
    Bytes(&'a [u8]),
    /// `array_value`.
    Array(Values<'a>),
    /// `kvlist_value`.
    Map(Attributes<'a>),
}

impl<'a> AnyValue<'a> {
    /// The value whose message is `bytes`. What is malformed in it is passed over (the bytes of a Batch were scanned).
    #[inline]
    pub fn read(bytes: &'a [u8]) -> Self {
        // What most are: a short text and no more.
        if let [0x0a, len @ 0..0x80, text @ ..] = bytes
            && text.len() == usize::from(*len)
        {
            return Self::Str(text);
        }
        Self::walk(bytes)
    }

    fn walk(bytes: &'a [u8]) -> Self {
        let mut found = Self::Null;
        for (field, value) in Fields::new(bytes).flatten() {
            found = match (field, value) {
                (1, Value::Len(text)) => Self::Str(text),
                (2, Value::Varint(value)) => Self::Bool(value != 0),
                (3, Value::Varint(value)) => Self::Int(value as i64),
                (4, Value::Fixed64(bits)) => Self::Double(f64::from_bits(bits)),
                (5, Value::Len(array)) => Self::Array(Values { fields: Fields::new(array) }),
                (6, Value::Len(map)) => Self::Map(Attributes::new(map, 1)),
                (7, Value::Len(bytes)) => Self::Bytes(bytes),
                _ => continue, // a field that OTLP logs do not have
            };
        }
        found
    }

    /// Appends what tells this value from every other one: its kind, and what it holds.
    pub fn append_to(&self, out: &mut Vec<u8>) {
        let part = |out: &mut Vec<u8>, kind: u8, bytes: &[u8]| {
            out.push(kind);
            out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            out.extend_from_slice(bytes);
        };
        match self {
            Self::Null => out.push(0),
            Self::Str(text) => part(out, 1, text),
            Self::Bool(value) => out.extend_from_slice(&[2, (*value).into()]),
            Self::Int(value) => part(out, 3, &value.to_le_bytes()),
            Self::Double(value) => part(out, 4, &value.to_bits().to_le_bytes()),
            Self::Bytes(bytes) => part(out, 7, bytes),
            Self::Array(values) => {
                out.push(5);
                values.clone().for_each(|value| value.append_to(out));
                out.push(8);
            }
            Self::Map(entries) => {
                out.push(6);
                for (key, value) in entries.clone() {
                    part(out, 1, key);
                    value.append_to(out);
                }
                out.push(8);
            }
        }
    }

    /// The string; `None` for other kinds.
    pub fn as_str(&self) -> Option<&'a [u8]> {
        if let Self::Str(text) = self { Some(text) } else { None }
    }
}

/// The values of an array, in order.
#[derive(Clone, Debug)]
pub struct Values<'a> {
    fields: Fields<'a>,
}

impl<'a> Iterator for Values<'a> {
    type Item = AnyValue<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.fields.by_ref().flatten().find_map(|field| match field {
            (1, Value::Len(value)) => Some(AnyValue::read(value)),
            _ => None,
        })
    }
}

/// Pairs of key and value, in order; a key that stands twice comes twice.
#[derive(Clone, Debug)]
pub struct Attributes<'a> {
    fields: Fields<'a>,
    number: u32,
}

impl<'a> Attributes<'a> {
    /// The `KeyValue` messages that are field `number` of `message`.
    pub fn new(message: &'a [u8], number: u32) -> Self {
        Self { fields: Fields::new(message), number }
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a [u8], AnyValue<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let number = self.number;
        self.fields.by_ref().flatten().find_map(|field| match field {
            (field, Value::Len(pair)) if field == number => Some(read_pair(pair)),
            _ => None,
        })
    }
}

#[inline]
fn read_pair(pair: &[u8]) -> (&[u8], AnyValue<'_>) {
    let (mut key, mut found): (&[u8], _) = (&[], AnyValue::Null);
    for field in Fields::new(pair).flatten() {
        match field {
            (1, Value::Len(name)) => key = name,
            (2, Value::Len(value)) => found = AnyValue::read(value),
            _ => {}
        }
    }
    (key, found)
}

/// The bytes of a string as text: without a copy where they are UTF-8, as OTLP demands; else each ill-formed part becomes U+FFFD. The
/// bytes themselves stay as they came in the Batch and in what is sent on as OTLP.
pub fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    match simdutf8::basic::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}
