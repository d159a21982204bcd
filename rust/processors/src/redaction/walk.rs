//! Every text of a record, wherever it stands; what is not text is never looked at.

use logloom_record::proto::{Fields, Value, push_varint, varint};

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

/// A `KeyValue`.
fn pair(message: &[u8], texts: &mut impl Texts) -> Piece {
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
