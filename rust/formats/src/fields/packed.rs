//! The fields of a map of `MessagePack`, without JSON in between.

use std::cell::Cell;

use logloom_record::{Text, msgpack::Head};

use super::{Container, Field, Fields, Kind, Table};
use crate::{
    json::{Scanner, Seen, hash},
    msgpack_json::{Reader, digits, is_verbatim, string},
};

/// So many keys are remembered from map to map, each of so many bytes at most.
const KEYS_MAX: usize = 128;
const KEY_LEN_MAX: usize = 64;

/// What is known of the keys of the maps before, by their places: mostly those of the next map are the same.
#[derive(Debug, Default)]
pub(crate) struct PackedKeys {
    /// Of which table.
    table: u64,
    keys: Vec<(Vec<u8>, u32, Option<u32>)>,
}

thread_local! {
    /// Those of this thread's last map.
    static KEPT: Cell<Option<Box<PackedKeys>>> = const { Cell::new(None) };
}

impl PackedKeys {
    /// Runs `read` with what is known of the keys of this table.
    pub(crate) fn with<T>(table: &impl Table, read: impl FnOnce(&mut Self) -> T) -> T {
        let mut keys = KEPT.take().unwrap_or_default();
        if keys.table != table.id() || table.id() == 0 {
            keys.keys.clear();
            keys.table = table.id();
        }
        let result = read(&mut keys);
        KEPT.set(Some(keys));
        result
    }

    /// The hash of the key that stands at this place, and what the table knows of it; `None` for one that JSON would not write as it is.
    #[inline]
    fn find(&mut self, place: usize, key: &[u8], table: &impl Table) -> Option<(u32, Option<u32>)> {
        if let Some((known, hash, entry)) = self.keys.get(place)
            && known == key
        {
            return Some((*hash, *entry));
        }
        if !is_verbatim(key) {
            return None;
        }
        let text = Text::from(key);
        let hash = hash(text);
        let entry = table.find(hash, text);
        if place < KEYS_MAX && key.len() <= KEY_LEN_MAX {
            if self.keys.len() <= place {
                self.keys.resize_with(place + 1, Default::default);
            }
            if let Some(known) = self.keys.get_mut(place) {
                *known = (key.to_vec(), hash, entry);
            }
        }
        Some((hash, entry))
    }
}

impl Fields {
    /// Gathers the next `len` pairs of a map, as [`gather`](Self::gather) does the members of the same object in JSON. `frame` begins with the bytes
    /// that `reader` reads; what does not stand there as text is written behind them. `None`: there is something that is to be read as JSON, such as
    /// a key that comes twice, or what is wrong; what was gathered is of no use then.
    pub(crate) fn gather_packed(
        &mut self,
        table: &impl Table,
        keys: &mut PackedKeys,
        reader: &mut Reader<'_>,
        len: u32,
        depth: u32,
        frame: &mut Vec<u8>,
    ) -> Option<()> {
        let mut seen = Seen::default();
        for place in 0..len as usize {
            let key = reader.text().ok()??;
            let name_at = reader.at - key.len();
            let (hash, entry) = keys.find(place, key, table)?;
            let before = *reader;
            let head = reader.head().ok()?;
            let mut field = Field::new(name_at, key.len(), entry);
            match head {
                Head::Str(_) => {
                    let value = reader.body(head).ok()?;
                    (field.at, field.len) = ((reader.at - value.len()) as u32, value.len() as u32);
                    field.kind = Kind::Text;
                    if !is_verbatim(value) {
                        field.escaped(value, frame);
                    }
                }
                Head::Int(value) => field.integral(value, frame),
                Head::Uint(value) if i64::try_from(value).is_ok() => field.integral(value as i64, frame),
                Head::Bool(value) => (field.kind, field.number) = (Kind::Bool, u64::from(value)),
                Head::Nil => field.kind = Kind::Null,
                Head::Map(_) if !matches!(table.container(entry), Container::No) => return None,
                _ => {
                    *reader = before;
                    field.json(key, reader, depth, self.depth_max, frame)?;
                }
            }
            if self.len >= self.count_max && field.entry == 0 {
                self.dropped = self.dropped.saturating_add(1);
                continue;
            }
            if seen.add(hash) && self.has(key, frame) {
                return None;
            }
            *self.room()? = field;
            self.len += 1;
        }
        Some(())
    }

    /// Whether a field of this name is there.
    #[cold]
    fn has(&self, key: &[u8], frame: &[u8]) -> bool {
        self.fields().iter().any(|field| {
            frame.get(field.name_at as usize..).is_some_and(|name| field.name_len as usize == key.len() && name.starts_with(key))
        })
    }
}

impl Field {
    /// A text that JSON writes otherwise.
    #[cold]
    fn escaped(&mut self, value: &[u8], frame: &mut Vec<u8>) {
        let at = frame.len();
        string(value, frame);
        (self.at, self.len) = (at as u32 + 1, (frame.len() - at - 2) as u32);
        if frame.get(at..).is_some_and(|text| memchr::memchr(b'\\', text).is_some()) {
            self.kind = Kind::Escaped;
        }
    }

    /// A whole number; its digits are asked for where it is a time, or an id.
    #[inline]
    fn integral(&mut self, value: i64, frame: &mut Vec<u8>) {
        let at = frame.len();
        if value < 0 {
            frame.push(b'-');
        }
        digits(value.unsigned_abs(), frame);
        (self.at, self.len) = (at as u32, (frame.len() - at) as u32);
        (self.kind, self.number) = (Kind::Int, value as u64);
    }

    /// Any other value, as it is in JSON.
    fn json(&mut self, key: &[u8], reader: &mut Reader<'_>, depth: u32, depth_max: u32, frame: &mut Vec<u8>) -> Option<()> {
        let at = frame.len();
        reader.named(key, depth, frame).ok()?;
        let mut json = Scanner::new(Text::of(frame, at..frame.len()), depth_max.checked_sub(1)?);
        let value = json.value().ok()?;
        self.read(&mut json, 0, value).ok()?;
        self.at += at as u32;
        Some(())
    }
}
