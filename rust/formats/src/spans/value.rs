//! Tags, and the values that they have.

use std::{io::Write as _, net::Ipv6Addr};

use logloom_record::Text;

use super::plain;
use crate::json::{Escapes, Str, hash};

/// A value of a tag.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Str(Str<'a>),
    /// Bytes, written as Jaeger does ([`crate::ids::binary_into`]); a string where they are none.
    Hex(Text<'a>),
    /// Bytes as they are.
    Bytes(Text<'a>),
    /// An IP address in network byte order: 4 bytes or 16.
    Address(Text<'a>),
    /// An object or array of JSON that was checked, and whether it may have a key twice.
    Json(Text<'a>, bool),
    /// An OTLP `AnyValue` message that was checked.
    Encoded(Text<'a>),
}

/// Which [`Value`] a tag has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
enum What {
    Null,
    Bool,
    Int,
    Double,
    Str,
    EscapedStr,
    Hex,
    Bytes,
    Address,
    Json,
    Encoded,
}

/// A tag of a span, or a field of an event. Flat and without a gap: copying an enum with gaps costs more than reading the tag did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tag<'a> {
    pub(super) name: Text<'a>,
    text: Text<'a>,
    number: u64,
    what: What,
    pub(super) name_escaped: u16,
    /// Of its name as it stands.
    pub(super) hash: u32,
}

impl<'a> Tag<'a> {
    #[inline(always)]
    pub(crate) fn new(name: Str<'a>, value: Value<'a>) -> Self {
        let (what, text, number) = match value {
            Value::Null => (What::Null, Text::EMPTY, 0),
            Value::Bool(value) => (What::Bool, Text::EMPTY, u64::from(value)),
            Value::Int(value) => (What::Int, Text::EMPTY, value as u64),
            Value::Double(value) => (What::Double, Text::EMPTY, value.to_bits()),
            Value::Str(Str { text, escapes: Escapes::None }) => (What::Str, text, 0),
            Value::Str(Str { text, escapes: Escapes::Some }) => (What::EscapedStr, text, 0),
            Value::Hex(digits) => (What::Hex, digits, 0),
            Value::Bytes(bytes) => (What::Bytes, bytes, 0),
            Value::Address(bytes) => (What::Address, bytes, 0),
            Value::Json(text, suspect) => (What::Json, text, u64::from(suspect)),
            Value::Encoded(any) => (What::Encoded, any, 0),
        };
        Self { name: name.text, text, number, what, name_escaped: u16::from(name.has_escapes()), hash: hash(name.text) }
    }

    pub(crate) fn name(&self) -> Str<'a> {
        Str { text: self.name, escapes: if self.name_escaped == 0 { Escapes::None } else { Escapes::Some } }
    }

    /// Its name as it stands.
    #[inline(always)]
    pub(crate) fn name_text(&self) -> Text<'a> {
        self.name
    }

    pub(crate) fn value(&self) -> Value<'a> {
        match self.what {
            What::Null => Value::Null,
            What::Bool => Value::Bool(self.number != 0),
            What::Int => Value::Int(self.number as i64),
            What::Double => Value::Double(f64::from_bits(self.number)),
            What::Str => Value::Str(plain(self.text)),
            What::EscapedStr => Value::Str(Str { text: self.text, escapes: Escapes::Some }),
            What::Hex => Value::Hex(self.text),
            What::Bytes => Value::Bytes(self.text),
            What::Address => Value::Address(self.text),
            What::Json => Value::Json(self.text, self.number != 0),
            What::Encoded => Value::Encoded(self.text),
        }
    }

    /// Whether its name and value are plain strings, as nearly all are.
    #[inline(always)]
    pub(super) fn is_plain(&self) -> bool {
        self.what == What::Str && self.name_escaped == 0
    }

    /// Its value as it stands, where it is a text or bytes.
    #[inline(always)]
    pub(super) fn text(&self) -> Text<'a> {
        self.text
    }
}

/// Appends the usual text of an IP address of 4 or 16 bytes; nothing of another length.
pub(crate) fn push_address(out: &mut Vec<u8>, address: &[u8]) {
    let written = if let Ok(ipv4) = <[u8; 4]>::try_from(address) {
        push_ipv4(out, ipv4);
        Ok(())
    } else if let Ok(ipv6) = <[u8; 16]>::try_from(address) {
        write!(out, "{}", Ipv6Addr::from(ipv6))
    } else {
        Ok(())
    };
    debug_assert!(written.is_ok(), "writing to memory does not fail");
}

/// `192.0.2.1`: by hand, as the standard library's way costs as much as reading the rest of a span.
#[inline]
fn push_ipv4(out: &mut Vec<u8>, address: [u8; 4]) {
    let mut text = [0; 16];
    let mut at = 0;
    for part in address {
        let digits = [b'0' + part / 100, b'0' + part / 10 % 10, b'0' + part % 10, b'.'];
        let skipped = usize::from(part < 100) + usize::from(part < 10);
        for digit in digits.iter().skip(skipped) {
            if let Some(place) = text.get_mut(at) {
                *place = *digit;
            }
            at += 1;
        }
    }
    out.extend_from_slice(text.get(..at - 1).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_the_standard_library_writes_them() {
        for bits in (0..=u32::from(u16::MAX)).map(|n| n * 65_521) {
            let mut out = Vec::new();
            push_address(&mut out, &bits.to_be_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), std::net::Ipv4Addr::from(bits).to_string());
        }
    }
}
