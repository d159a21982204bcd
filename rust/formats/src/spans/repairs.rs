//! Texts that a frame does not have as they are to be written: repaired, decoded. They live as long as the span that borrows them.

use std::cell::OnceCell;

use logloom_record::{Text, proto::Value as Wire, repair};
use wide::u8x32;

use super::{Tag, UNKNOWN_MAX, Value, plain};

/// Owns such texts, in the order they were made. Nothing is allocated while there are none.
#[derive(Debug, Default)]
pub(crate) struct Repairs {
    text: Vec<u8>,
    next: OnceCell<Box<Repairs>>,
}

impl Drop for Repairs {
    /// One after the other: as many as a hostile frame makes would be too deep a recursion.
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut node) = next {
            next = node.next.take();
        }
    }
}

/// Where the next text goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Repaired<'a> {
    last: &'a Repairs,
    /// A text of the frame was not UTF-8.
    pub(crate) is_repaired: bool,
}

impl<'a> Repaired<'a> {
    pub(crate) fn new(repairs: &'a Repairs) -> Self {
        Self { last: repairs, is_repaired: false }
    }

    /// Keeps a text that was made.
    #[cold]
    pub(crate) fn keep(&mut self, text: Vec<u8>) -> Text<'a> {
        self.last = self.last.next.get_or_init(|| Box::new(Repairs { text, next: OnceCell::new() }));
        Text::from(self.last.text.as_slice())
    }

    /// A field of protobuf that the specification does not have, by its number; `before`: those that came already.
    #[cold]
    pub(crate) fn unknown(&mut self, format: &str, number: u32, value: Wire<'a>, before: &[Tag<'a>]) -> Tag<'a> {
        let mut name = format!("{format}.field.{number}");
        if before.iter().take(UNKNOWN_MAX).any(|tag| tag.name().is(name.as_bytes())) {
            name = format!("{name}.{}", before.len() + 1);
        }
        let value = match value {
            Wire::Varint(value) | Wire::Fixed64(value) => Value::Int(value as i64),
            Wire::Fixed32(value) => Value::Int(i64::from(value)),
            Wire::Len(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if !text.contains(|c: char| c.is_control()) => Value::Str(plain(Text::from(bytes))),
                _ => Value::Bytes(Text::from(bytes)),
            },
        };
        Tag::new(plain(self.keep(name.into_bytes())), value)
    }

    /// The text as UTF-8: itself, or with U+FFFD for each part that is none.
    #[inline(always)]
    pub(crate) fn text(&mut self, text: Text<'a>) -> Text<'a> {
        // What is handed over are bytes, in two registers: a `Text` would go through memory, and be read back before it is there.
        if is_ascii(text) { text } else { self.repair(text.bytes()).map_or(text, Text::from) }
    }

    /// The text repaired; `None` where that takes nothing.
    #[inline(never)]
    fn repair(&mut self, text: &'a [u8]) -> Option<&'a [u8]> {
        if simdutf8::basic::from_utf8(text).is_ok() {
            return None;
        }
        self.is_repaired = true;
        Some(self.keep(repair(text)?).bytes())
    }
}

/// Whether a text is of ASCII alone; a short one is looked at as a whole.
#[inline(always)]
fn is_ascii(text: Text<'_>) -> bool {
    match text.tail().first_chunk() {
        Some(block) if text.len() < 32 => u8x32::new(*block).to_bitmask() & ((1 << text.len()) - 1) == 0,
        _ => text.bytes().is_ascii(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_is_told_at_any_length() {
        for (len, at) in (0..70).flat_map(|len| (0..70).map(move |at| (len, at))) {
            let mut buffer = [b'a'; 100];
            buffer[at] = 0x80;
            assert_eq!(is_ascii(Text::of(&buffer, 0..len)), at >= len, "{len} {at}");
        }
    }

    #[test]
    fn texts_are_kept_in_any_number() {
        let repairs = Repairs::default();
        let mut at = Repaired::new(&repairs);
        let first = at.text(Text::from(&b"caf\xe9"[..]));
        assert_eq!(first.bytes(), "caf\u{fffd}".as_bytes());
        for _ in 0..300_000 {
            at.keep(b"x".to_vec());
        }
        assert!(at.is_repaired);
        assert_eq!(at.text(Text::from("caf\u{e9}")).bytes(), "caf\u{e9}".as_bytes());
    }
}
