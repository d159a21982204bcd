//! What is to stand in a message in place of what is there: a few fields and attributes, laid over bytes that stay where they are.
//!
//! An edit names what it changes; whatever it does not name is copied byte for byte, unknown fields included.

use crate::{
    AnyValue, Edit,
    expr::{key_of, pair_of},
    proto::{Fields, Value, push_field, push_varint, text_field, varint_len},
};

/// Edits of one `LogRecord`, `Resource` or `InstrumentationScope`. Use it anew with [`clear`](Self::clear): it keeps its memory.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// The number of the field that holds attributes.
    number: u32,
    /// Whole fields by their number; empty where the field goes.
    fields: Vec<(u32, Place)>,
    pairs: Vec<Pair>,
    bytes: Vec<u8>,
}

/// An attribute that is to have another value.
#[derive(Clone, Copy, Debug)]
struct Pair {
    key: Place,
    /// The `AnyValue` message; `None` where the attribute goes.
    value: Option<Place>,
    /// The message has none with this key.
    is_new: bool,
}

/// A part of the overlay's bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    start: usize,
    end: usize,
}

impl Overlay {
    /// Over a `LogRecord`.
    pub fn record() -> Self {
        Self { number: 6, ..Self::default() }
    }

    /// Over a `Resource`.
    pub fn resource() -> Self {
        Self { number: 1, ..Self::default() }
    }

    /// Over an `InstrumentationScope`.
    pub fn scope() -> Self {
        Self { number: 3, ..Self::default() }
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.pairs.is_empty()
    }

    /// As it was made.
    pub fn clear(&mut self) {
        self.fields.clear();
        self.pairs.clear();
        self.bytes.clear();
    }

    /// The attribute `key` is to have the value that `write` appends as an `AnyValue` message; of several with this key one is left.
    pub fn set(&mut self, key: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
        self.put(key, false, write);
    }

    /// The same where the message is known to have no such attribute: it is not searched for again.
    pub fn add(&mut self, key: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
        self.put(key, true, write);
    }

    /// The same, searched for here: where the message has none, its own bytes need no copy of their own.
    pub fn set_in(&mut self, message: &[u8], key: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
        let is_new = self.attribute_bytes(message, key).is_none();
        self.put(key, is_new, write);
    }

    fn put(&mut self, key: &[u8], is_new: bool, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        let value = Some(Place { start, end: self.bytes.len() });
        self.put_pair(key, value, is_new);
    }

    /// A text as an attribute. Callers see to it that it is UTF-8.
    pub fn set_text(&mut self, key: &[u8], text: &[u8]) {
        self.set(key, |out| push_text(out, text));
    }

    /// All attributes called `key` are to go.
    pub fn remove(&mut self, key: &[u8]) {
        self.put_pair(key, None, false);
    }

    fn put_pair(&mut self, key: &[u8], value: Option<Place>, is_new: bool) {
        if let Some(at) = self.pair(key) {
            if let Some(pair) = self.pairs.get_mut(at) {
                pair.value = value;
            }
            return;
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        self.pairs.push(Pair { key: Place { start, end: self.bytes.len() }, value, is_new });
    }

    /// The place of the pair with this key.
    fn pair(&self, key: &[u8]) -> Option<usize> {
        self.pairs.iter().position(|pair| self.part(pair.key) == key)
    }

    /// Field `number` is to be the whole field that `write` appends, its tag included; where that is nothing, the field goes.
    pub fn set_field(&mut self, number: u32, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        let place = Place { start, end: self.bytes.len() };
        match self.fields.iter_mut().find(|(field, _)| *field == number) {
            Some(field) => field.1 = place,
            None => self.fields.push((number, place)),
        }
    }

    /// The body is to be the `AnyValue` message that `write` appends.
    pub fn set_body(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.set_field(5, |out| {
            let mut value = Vec::new();
            write(&mut value);
            push_field(out, 0x2a, &value);
        });
    }

    /// A field of text or bytes, such as 3, `severity_text`; nothing makes it go.
    pub fn set_bytes(&mut self, number: u32, bytes: &[u8]) {
        self.set_field(number, |out| {
            if !bytes.is_empty() {
                push_field(out, (number << 3 | 2) as u8, bytes);
            }
        });
    }

    /// A field of 64 bits, such as 1, `time_unix_nano`; 0 makes it go.
    pub fn set_fixed64(&mut self, number: u32, value: u64) {
        self.set_field(number, |out| {
            if value != 0 {
                out.push((number << 3 | 1) as u8);
                out.extend_from_slice(&value.to_le_bytes());
            }
        });
    }

    /// A field of 32 bits, such as 8, `flags`; 0 makes it go.
    pub fn set_fixed32(&mut self, number: u32, value: u32) {
        self.set_field(number, |out| {
            if value != 0 {
                out.push((number << 3 | 5) as u8);
                out.extend_from_slice(&value.to_le_bytes());
            }
        });
    }

    /// A field of a number, such as 2, `severity_number`; 0 makes it go.
    pub fn set_varint(&mut self, number: u32, value: u64) {
        self.set_field(number, |out| {
            if value != 0 {
                out.push((number << 3) as u8);
                push_varint(out, value);
            }
        });
    }

    /// The value of the attribute `key` as it will be.
    pub fn attribute<'a>(&'a self, message: &'a [u8], key: &[u8]) -> Option<AnyValue<'a>> {
        self.attribute_bytes(message, key).map(AnyValue::read)
    }

    /// The same as an `AnyValue` message, to be given to another attribute.
    pub fn attribute_bytes<'a>(&'a self, message: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
        if let Some(pair) = self.pair(key).and_then(|at| self.pairs.get(at)) {
            return pair.value.map(|value| self.part(value));
        }
        pair_of(message, self.number, key).map(|pair| text_field(pair, 2))
    }

    /// Appends what is to stand in place of `message`, or behind it, and says which.
    pub fn finish(&self, message: &[u8], out: &mut Vec<u8>) -> Edit {
        if self.is_empty() {
            return Edit::Keep;
        }
        if self.fields.is_empty() && self.pairs.iter().all(|pair| pair.is_new) {
            self.write_rest(&mut Written::default(), out);
            return Edit::Append;
        }
        self.write(message, out);
        Edit::Write
    }

    fn part(&self, place: Place) -> &[u8] {
        self.bytes.get(place.start..place.end).unwrap_or_default()
    }

    /// Appends `message` as it is to be.
    pub fn write(&self, message: &[u8], out: &mut Vec<u8>) {
        let mut written = Written::default();
        let mut fields = Fields::new(message);
        // Up to where `message` was copied: what is untouched goes over in runs.
        let mut copied = 0;
        loop {
            let start = fields.position();
            let Some(Ok((field, value))) = fields.next() else { break };
            let end = fields.position();
            if let Some(at) = self.fields.iter().position(|(number, _)| *number == field) {
                out.extend_from_slice(message.get(copied..start).unwrap_or_default());
                copied = end;
                if written.first_field(at) {
                    out.extend_from_slice(self.fields.get(at).map(|row| self.part(row.1)).unwrap_or_default());
                }
            } else if field == self.number
                && !self.pairs.is_empty()
                && let Value::Len(pair) = value
                && let key = key_of(pair)
                && let Some(at) = self.pair(key)
            {
                out.extend_from_slice(message.get(copied..start).unwrap_or_default());
                copied = end;
                if written.first_pair(at)
                    && let Some(value) = self.pairs.get(at).and_then(|pair| pair.value)
                {
                    self.write_pair(pair, key, self.part(value), out);
                }
            }
        }
        out.extend_from_slice(message.get(copied..).unwrap_or_default());
        self.write_rest(&mut written, out);
    }

    /// What has no place in the message stands behind it.
    fn write_rest(&self, written: &mut Written, out: &mut Vec<u8>) {
        for (at, (_, field)) in self.fields.iter().enumerate() {
            if written.first_field(at) {
                out.extend_from_slice(self.part(*field));
            }
        }
        for (at, pair) in self.pairs.iter().enumerate() {
            if let (true, Some(value)) = (written.first_pair(at), pair.value) {
                self.write_pair(&[], self.part(pair.key), self.part(value), out);
            }
        }
    }

    /// A `KeyValue` with another value; whatever else `old` holds stays.
    fn write_pair(&self, old: &[u8], key: &[u8], value: &[u8], out: &mut Vec<u8>) {
        let rest: usize = others(old).map(<[u8]>::len).sum();
        let len = [key, value].iter().map(|part| 1 + varint_len(part.len() as u64) + part.len()).sum::<usize>() + rest;
        out.push((self.number << 3 | 2) as u8);
        push_varint(out, len as u64);
        push_field(out, 0x0a, key);
        push_field(out, 0x12, value);
        others(old).for_each(|field| out.extend_from_slice(field));
    }
}

/// The fields of a `KeyValue` that are neither key nor value, whole.
fn others(pair: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut fields = Fields::new(pair);
    std::iter::from_fn(move || {
        loop {
            let start = fields.position();
            let (field, _) = fields.next()?.ok()?;
            if field != 1 && field != 2 {
                return pair.get(start..fields.position());
            }
        }
    })
}

/// What was written already, a bit each; past 64 a list.
#[derive(Default)]
struct Written {
    fields: u64,
    pairs: u64,
    more: Vec<usize>,
}

impl Written {
    fn first_field(&mut self, at: usize) -> bool {
        // A message has fewer fields than bits are here.
        let bit = 1 << at.min(63);
        let is_first = self.fields & bit == 0;
        self.fields |= bit;
        is_first
    }

    fn first_pair(&mut self, at: usize) -> bool {
        if at >= 64 {
            let is_first = !self.more.contains(&at);
            if is_first {
                self.more.push(at);
            }
            return is_first;
        }
        let is_first = self.pairs & (1 << at) == 0;
        self.pairs |= 1 << at;
        is_first
    }
}

/// Appends an `AnyValue` that is a text.
pub fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    push_field(out, 0x0a, text);
}

/// Appends an `AnyValue` that is an integer.
pub fn push_int(out: &mut Vec<u8>, value: i64) {
    out.push(0x18);
    push_varint(out, value as u64);
}

/// Appends an `AnyValue` that is a double.
pub fn push_double(out: &mut Vec<u8>, value: f64) {
    out.push(0x21);
    out.extend_from_slice(&value.to_bits().to_le_bytes());
}

/// Appends an `AnyValue` that is a boolean.
pub fn push_bool(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(&[0x10, value.into()]);
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// A record of a body, attributes (some keys twice), a severity and a field that nobody knows.
    fn message(attributes: &[(String, i64)], body: &str) -> Vec<u8> {
        let mut out = vec![0x10, 9];
        let mut value = Vec::new();
        push_text(&mut value, body.as_bytes());
        push_field(&mut out, 0x2a, &value);
        for (key, number) in attributes {
            let (mut pair, mut value) = (Vec::new(), Vec::new());
            push_int(&mut value, *number);
            push_field(&mut pair, 0x0a, key.as_bytes());
            push_field(&mut pair, 0x12, &value);
            push_field(&mut pair, 0x7a, b"unknown");
            push_field(&mut out, 0x32, &pair);
        }
        out.extend_from_slice(&[0xfa, 0x01, 1, 7]); // field 31, of one byte
        out
    }

    /// All fields, whole, but for those of attributes called `key`.
    fn without<'a>(message: &'a [u8], key: &str) -> Vec<&'a [u8]> {
        let mut fields = Fields::new(message);
        let mut whole = Vec::new();
        loop {
            let start = fields.position();
            let Some(Ok((field, value))) = fields.next() else { return whole };
            if !matches!(value, Value::Len(pair) if field == 6 && text_field(pair, 1) == key.as_bytes()) {
                whole.push(&message[start..fields.position()]);
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_not_named_stays(attributes in vec(("[a-d]{0,2}", any::<i64>()), 0..9), key in "[a-d]{0,2}", body: String, value: String) {
            let message = message(&attributes, &body);
            let mut overlay = Overlay::record();
            overlay.set_text(key.as_bytes(), value.as_bytes());
            let mut out = Vec::new();
            overlay.write(&message, &mut out);
            prop_assert_eq!(without(&out, &key), without(&message, &key));
            let found: Vec<_> = crate::Attributes::new(&out, 6).filter(|(name, _)| *name == key.as_bytes()).collect();
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(found[0].1.as_str(), Some(value.as_bytes()));
            prop_assert_eq!(overlay.attribute(&message, key.as_bytes()).unwrap().as_str(), Some(value.as_bytes()));
            overlay.remove(key.as_bytes());
            out.clear();
            overlay.write(&message, &mut out);
            prop_assert_eq!(without(&out, "none"), without(&message, &key));
            prop_assert!(overlay.attribute(&message, key.as_bytes()).is_none());
        }

        #[test]
        fn finishing_is_writing(
            attributes in vec(("[a-d]{0,2}", any::<i64>()), 0..9), keys in vec("[a-f]{0,2}", 0..4), gone in vec("[a-f]{0,2}", 0..2), severity: bool,
        ) {
            let message = message(&attributes, "b");
            let mut overlay = Overlay::record();
            for key in &gone {
                overlay.remove(key.as_bytes());
            }
            for key in &keys {
                overlay.set_in(&message, key.as_bytes(), |out| push_bool(out, true));
            }
            if severity {
                overlay.set_varint(2, 7);
            }
            let (mut whole, mut out) = (Vec::new(), Vec::new());
            overlay.write(&message, &mut whole);
            match overlay.finish(&message, &mut out) {
                Edit::Append => out = [&message[..], &out].concat(),
                Edit::Keep => out.clone_from(&message),
                edit => prop_assert_eq!(edit, Edit::Write),
            }
            prop_assert_eq!(out, whole);
        }

        #[test]
        fn many_keys(keys in vec("[a-z]{1,2}", 60..90), before in vec(("[a-z]{1,2}", any::<i64>()), 0..70)) {
            let message = message(&before, "");
            let mut overlay = Overlay::record();
            for key in &keys {
                overlay.set(key.as_bytes(), |out| push_bool(out, true));
            }
            let mut out = Vec::new();
            overlay.write(&message, &mut out);
            for key in &keys {
                let mut found = crate::Attributes::new(&out, 6).filter(|(name, _)| *name == key.as_bytes());
                prop_assert!(matches!(found.next(), Some((_, AnyValue::Bool(true)))));
                prop_assert!(found.next().is_none());
            }
        }
    }

    #[test]
    fn fields_are_replaced_added_and_removed() {
        let message = message(&[], "a");
        let mut overlay = Overlay::record();
        assert!(overlay.is_empty());
        overlay.set_body(|out| push_double(out, 1.5));
        overlay.set_varint(2, 0);
        overlay.set_bytes(3, b"ERROR");
        overlay.set_fixed64(1, 7);
        overlay.set_fixed32(8, 1);
        let mut out = Vec::new();
        overlay.write(&message, &mut out);
        let fields: Vec<_> = Fields::new(&out).flatten().collect();
        let mut body = Vec::new();
        push_double(&mut body, 1.5);
        let expected =
            vec![(5, Value::Len(&body)), (31, Value::Len(&[7])), (3, Value::Len(b"ERROR")), (1, Value::Fixed64(7)), (8, Value::Fixed32(1))];
        assert_eq!(fields, expected);
        overlay.clear();
        out.clear();
        overlay.write(&message, &mut out);
        assert_eq!(out, message);
    }
}
