//! Every text of a record, wherever it stands; what is not text is never looked at.

use logloom_record::proto::{Fields, Value, push_field, push_varint, varint};

/// What becomes of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It stays as it is.
    Keep,
    /// This text stands for it.
    Text(Vec<u8>),
    /// It goes, with the key that it is the value of.
    Drop,
}

/// Whoever is shown the texts.
pub(super) trait Texts {
    /// A text, the value of `key`: the innermost one, empty for a body.
    fn text(&mut self, key: &[u8], text: &[u8]) -> Change;

    /// Whether an attribute may stay at all, before its value is looked at.
    fn allows(&mut self, _key: &[u8]) -> bool {
        true
    }
}

/// A part of a message.
#[derive(Debug, PartialEq)]
enum Piece {
    Keep,
    Replace(Vec<u8>),
    Remove,
}

/// The message with some of its length-delimited fields replaced; `None` where none is.
fn rebuilt(message: &[u8], mut piece: impl FnMut(u32, &[u8]) -> Piece) -> Option<Vec<u8>> {
    let mut out: Option<Vec<u8>> = None;
    let mut fields = Fields::new(message);
    loop {
        let start = fields.position();
        let Some(Ok((field, value))) = fields.next() else { return out };
        let end = fields.position();
        let whole = message.get(start..end).unwrap_or_default();
        let made = if let Value::Len(content) = value { piece(field, content) } else { Piece::Keep };
        match made {
            Piece::Keep => {
                if let Some(out) = &mut out {
                    out.extend_from_slice(whole);
                }
            }
            Piece::Remove => {
                out.get_or_insert_with(|| message.get(..start).unwrap_or_default().to_vec());
            }
            Piece::Replace(content) => {
                let out = out.get_or_insert_with(|| message.get(..start).unwrap_or_default().to_vec());
                let tag = varint(whole).map_or(0, |(_, len)| len);
                out.extend_from_slice(whole.get(..tag).unwrap_or_default());
                push_varint(out, content.len() as u64);
                out.extend_from_slice(&content);
            }
        }
    }
}

/// A `LogRecord`: its body and attributes.
pub(super) fn record(message: &[u8], texts: &mut impl Texts) -> Option<Vec<u8>> {
    rebuilt(message, |field, content| match field {
        5 => match value(content, b"", texts) {
            Changed::Same => Piece::Keep,
            Changed::To(body) => Piece::Replace(body),
            Changed::Drop => Piece::Remove,
        },
        6 => pair(content, texts),
        _ => Piece::Keep,
    })
}

/// A `Resource` (whose attributes are field 1) or an `InstrumentationScope` (field 3).
pub(super) fn attributes(message: &[u8], number: u32, texts: &mut impl Texts) -> Option<Vec<u8>> {
    rebuilt(message, |field, content| if field == number { pair(content, texts) } else { Piece::Keep })
}

enum Changed {
    Same,
    To(Vec<u8>),
    Drop,
}

/// A field with this tag at the start of a message, and what follows it.
#[inline(always)]
fn delimited(message: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = message.split_first()?;
    let (len, n) = varint(rest).filter(|_| *first == tag)?;
    rest.get(n..)?.split_at_checked(usize::try_from(len).ok()?)
}

/// A `KeyValue` that is written as nearly all are, both once and the key first: the key, its field, and the `AnyValue`.
#[inline(always)]
fn plain(message: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (key, rest) = delimited(message, 0x0a)?;
    let (value, behind) = delimited(rest, 0x12)?;
    let field = message.get(..message.len() - rest.len())?;
    behind.is_empty().then_some((key, field, value))
}

/// Whether an `AnyValue` is a boolean, an integer or a double and nothing else.
#[inline(always)]
fn is_number(value: &[u8]) -> bool {
    match value {
        [0x10 | 0x18, rest @ ..] => varint(rest).is_some_and(|(_, len)| len == rest.len()),
        [0x21, rest @ ..] => rest.len() == 8,
        _ => false,
    }
}

/// A `KeyValue`.
fn pair(message: &[u8], texts: &mut impl Texts) -> Piece {
    let Some((key, field, value)) = plain(message) else { return any_pair(message, texts) };
    if is_number(value) {
        return if texts.allows(key) { Piece::Keep } else { Piece::Remove };
    }
    let Some((text, [])) = delimited(value, 0x0a) else { return any_pair(message, texts) };
    if !texts.allows(key) {
        return Piece::Remove;
    }
    match texts.text(key, text) {
        Change::Keep => Piece::Keep,
        Change::Drop => Piece::Remove,
        Change::Text(text) => {
            let (mut made, mut out) = (Vec::with_capacity(text.len() + 6), Vec::with_capacity(field.len() + text.len() + 16));
            push_field(&mut made, 0x0a, &text);
            out.extend_from_slice(field);
            push_field(&mut out, 0x12, &made);
            Piece::Replace(out)
        }
    }
}

/// A `KeyValue`, whatever it has.
fn any_pair(message: &[u8], texts: &mut impl Texts) -> Piece {
    let key = Fields::new(message).flatten().find_map(|field| match field {
        (1, Value::Len(key)) => Some(key),
        _ => None,
    });
    let key = key.unwrap_or_default();
    if !texts.allows(key) {
        return Piece::Remove;
    }
    let mut is_dropped = false;
    let made = rebuilt(message, |field, content| {
        if field != 2 {
            return Piece::Keep;
        }
        match value(content, key, texts) {
            Changed::Same => Piece::Keep,
            Changed::To(value) => Piece::Replace(value),
            Changed::Drop => {
                is_dropped = true;
                Piece::Keep
            }
        }
    });
    match made {
        _ if is_dropped => Piece::Remove,
        Some(made) => Piece::Replace(made),
        None => Piece::Keep,
    }
}

/// An `AnyValue`. In an array or a map, what is dropped is dropped there.
fn value(message: &[u8], key: &[u8], texts: &mut impl Texts) -> Changed {
    let mut is_dropped = false;
    let made = rebuilt(message, |field, content| match field {
        // Texts, and bytes: what was not UTF-8 is kept so.
        1 | 7 => match texts.text(key, content) {
            Change::Keep => Piece::Keep,
            Change::Text(text) => Piece::Replace(text),
            Change::Drop => {
                is_dropped = true;
                Piece::Keep
            }
        },
        5 => {
            let made = rebuilt(content, |field, item| match (field, if field == 1 { value(item, key, texts) } else { Changed::Same }) {
                (_, Changed::Same) => Piece::Keep,
                (_, Changed::To(item)) => Piece::Replace(item),
                (_, Changed::Drop) => Piece::Remove,
            });
            made.map_or(Piece::Keep, Piece::Replace)
        }
        6 => rebuilt(content, |field, item| if field == 1 { pair(item, texts) } else { Piece::Keep }).map_or(Piece::Keep, Piece::Replace),
        _ => Piece::Keep,
    });
    match made {
        _ if is_dropped => Changed::Drop,
        Some(made) => Changed::To(made),
        None => Changed::Same,
    }
}

#[cfg(test)]
mod tests {
    use logloom_record::proto::push_string_attribute;
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    /// Changes what says so, and remembers what it was shown.
    #[derive(Default)]
    struct Shown(Vec<(Vec<u8>, Option<Vec<u8>>)>);

    impl Texts for Shown {
        fn text(&mut self, key: &[u8], text: &[u8]) -> Change {
            self.0.push((key.to_vec(), Some(text.to_vec())));
            match text.first() {
                Some(b'd') => Change::Drop,
                Some(b't') => Change::Text(text.repeat(70)),
                _ => Change::Keep,
            }
        }

        fn allows(&mut self, key: &[u8]) -> bool {
            self.0.push((key.to_vec(), None));
            key.first() != Some(&b'n')
        }
    }

    const FIELDS: &[&[u8]] = &[&[0x0a, 1, b'k'], &[0x0a, 0x81, 0, b'n'], &[0x12, 0], &[0x12, 3, 0x0a, 1, b't'], &[0x18, 1]];

    const VALUES: &[&[u8]] =
        &[&[0x10, 1], &[0x18, 0x80, 1], &[0x21, 0, 0, 0, 0, 0, 0, 0, 0], &[0x10, 1, 0x0a, 1, b't'], &[0x3a, 1, b't'], &[0x21, 0x0a]];

    /// A `KeyValue` with a text, with another value, with more than these, or with bytes that are no message.
    fn message() -> impl Strategy<Value = Vec<u8>> {
        let (field, value) = (select(FIELDS), select(VALUES));
        let text = ("[kn]{0,2}", "[dtk]{0,3}").prop_map(|(key, text)| {
            let mut attribute = Vec::new();
            push_string_attribute(&mut attribute, 0x0a, key.as_bytes(), text.as_bytes());
            delimited(&attribute, 0x0a).map(|(message, _)| message.to_vec()).unwrap_or_default()
        });
        let other = ("[kn]{0,2}", value).prop_map(|(key, value)| {
            let mut message = Vec::new();
            push_field(&mut message, 0x0a, key.as_bytes());
            push_field(&mut message, 0x12, value);
            message
        });
        prop_oneof![
            3 => text,
            3 => other,
            2 => vec(field, 0..4).prop_map(|fields| fields.concat()),
            1 => vec(any::<u8>(), 0..12),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn the_short_way_is_the_long_way(message in message(), cut in proptest::option::of(0usize..12)) {
            let message = message.get(..cut.unwrap_or(message.len())).unwrap_or(&message);
            let (mut one, mut other) = (Shown::default(), Shown::default());
            prop_assert_eq!(pair(message, &mut one), any_pair(message, &mut other));
            prop_assert_eq!(one.0, other.0);
        }
    }
}
