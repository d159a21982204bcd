//! What makes two records the same.

use std::hash::{BuildHasher, RandomState};

use logloom_record::{
    AnyValue, Record,
    proto::{Fields, Value, push_varint, text_field, varint},
};

/// A field of the body or the attributes: `attributes.src.ip`, `body.time`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Whether it lies in the body.
    pub in_body: bool,
    /// The keys that lead to it, one at least.
    pub keys: Vec<Vec<u8>>,
}

impl Path {
    /// As the Collector writes it: keys divided by dots, `\\.` for one within a key. `None`: it names neither.
    pub fn parse(text: &str) -> Option<Self> {
        let (base, rest) = text.split_once('.')?;
        let (mut keys, mut key, mut chars) = (Vec::new(), String::new(), rest.chars().peekable());
        while let Some(letter) = chars.next() {
            match letter {
                '\\' if chars.peek() == Some(&'.') => key.extend(chars.next()),
                '.' => keys.push(std::mem::take(&mut key).into_bytes()),
                other => key.push(other),
            }
        }
        keys.push(key.into_bytes());
        let is_named = !keys.iter().any(Vec::is_empty);
        (is_named && matches!(base, "body" | "attributes")).then(|| Self { in_body: base == "body", keys })
    }

    /// The value that a record has there.
    fn read<'a>(&self, record: &Record<'a>) -> Option<AnyValue<'a>> {
        let mut keys = self.keys.iter();
        let mut value = if self.in_body {
            record.body()?
        } else {
            let first = keys.next()?;
            record.attributes().find(|(key, _)| key == first)?.1
        };
        for key in keys {
            let AnyValue::Map(mut entries) = value else { return None };
            value = entries.find(|(name, _)| name == key)?.1;
        }
        Some(value)
    }
}

/// Attributes that tell where a record was read, and what it was read from: the same event has others each time.
const OF_THE_SOURCE: [&[u8]; 4] = [b"log.record.original", b"log.record.uid", b"log.file.record_offset", b"log.file.record_number"];

/// Two hashes under keys of this process: what is taken for the same by accident is one in 2^128, and nobody can make such a pair.
#[derive(Debug, Default)]
pub(super) struct Hasher(RandomState, RandomState);

impl Hasher {
    pub(super) fn of(&self, bytes: &[u8]) -> u128 {
        u128::from(self.0.hash_one(bytes)) << 64 | u128::from(self.1.hash_one(bytes))
    }
}

/// What is compared of a record, but for what it shares with others.
pub(super) fn of_record(hasher: &Hasher, record: &Record<'_>, include: &[Path], scratch: &mut Vec<u8>) -> u128 {
    scratch.clear();
    let mut is_any = false;
    for (at, path) in include.iter().enumerate() {
        if let Some(value) = path.read(record) {
            scratch.extend_from_slice(&(at as u32).to_le_bytes());
            value.append_to(scratch);
            is_any = true;
        }
    }
    if is_any {
        return hasher.of(scratch);
    }
    of_message(hasher, record.bytes(), scratch)
}

/// What is compared of a `LogRecord` message: severity, body, name and attributes.
pub(super) fn of_message(hasher: &Hasher, record: &[u8], scratch: &mut Vec<u8>) -> u128 {
    scratch.clear();
    let mut attributes = 0u128;
    for (field, value) in Fields::new(record).flatten() {
        match (field, value) {
            (2, Value::Varint(severity)) => {
                scratch.push(2);
                scratch.extend_from_slice(&severity.to_le_bytes());
            }
            (3 | 5 | 12, Value::Len(bytes)) => {
                scratch.push(field as u8);
                scratch.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
                scratch.extend_from_slice(bytes);
            }
            // In whatever order they stand.
            (6, Value::Len(pair)) if !OF_THE_SOURCE.contains(&text_field(pair, 1)) => attributes = attributes.wrapping_add(hasher.of(pair)),
            _ => {}
        }
    }
    hasher.of(scratch).wrapping_add(attributes)
}

/// A `LogRecord` without these fields; `None` where it has none of them.
pub(super) fn without(record: &[u8], exclude: &[Path]) -> Option<Vec<u8>> {
    exclude.iter().fold(None, |made: Option<Vec<u8>>, path| {
        let now = made.as_deref().unwrap_or(record);
        let cut = if path.in_body {
            rebuilt(now, |field, body| if field == 5 { in_value(body, &path.keys) } else { Piece::Keep })
        } else {
            rebuilt(now, |field, pair| if field == 6 { in_pair(pair, &path.keys) } else { Piece::Keep })
        };
        cut.or(made)
    })
}

enum Piece {
    Keep,
    Replace(Vec<u8>),
    Remove,
}

fn in_pair(pair: &[u8], keys: &[Vec<u8>]) -> Piece {
    match keys.split_first() {
        Some((key, rest)) if text_field(pair, 1) == key => {
            if rest.is_empty() {
                return Piece::Remove;
            }
            rebuilt(pair, |field, value| if field == 2 { in_value(value, rest) } else { Piece::Keep }).map_or(Piece::Keep, Piece::Replace)
        }
        _ => Piece::Keep,
    }
}

/// In an `AnyValue`: only maps have keys.
fn in_value(value: &[u8], keys: &[Vec<u8>]) -> Piece {
    let made = rebuilt(value, |field, map| {
        if field != 6 {
            return Piece::Keep;
        }
        rebuilt(map, |field, pair| if field == 1 { in_pair(pair, keys) } else { Piece::Keep }).map_or(Piece::Keep, Piece::Replace)
    });
    made.map_or(Piece::Keep, Piece::Replace)
}

/// The message with some of its length-delimited fields replaced; `None` where none is.
fn rebuilt(message: &[u8], mut piece: impl FnMut(u32, &[u8]) -> Piece) -> Option<Vec<u8>> {
    let mut out: Option<Vec<u8>> = None;
    let mut fields = Fields::new(message);
    loop {
        let start = fields.position();
        let Some(Ok((field, value))) = fields.next() else { return out };
        let whole = message.get(start..fields.position()).unwrap_or_default();
        let made = if let Value::Len(content) = value { piece(field, content) } else { Piece::Keep };
        if let (Piece::Keep, None) = (&made, &out) {
            continue;
        }
        let out = out.get_or_insert_with(|| message.get(..start).unwrap_or_default().to_vec());
        match made {
            Piece::Keep => out.extend_from_slice(whole),
            Piece::Remove => {}
            Piece::Replace(content) => {
                let tag = varint(whole).map_or(0, |(_, len)| len);
                out.extend_from_slice(whole.get(..tag).unwrap_or_default());
                push_varint(out, content.len() as u64);
                out.extend_from_slice(&content);
            }
        }
    }
}
