//! The fields of a map of `MessagePack`, without JSON in between.

use std::cell::Cell;

use logloom_record::{Text, msgpack::Head};

use super::{Container, Field, Fields, Kind, PATH_LEN_MAX, Path, Place, Table, packed_shapes::Span};
use crate::{
    json::{Scanner, Seen, hash},
    msgpack_json::{Reader, digits, is_verbatim, string},
};

/// So many keys are remembered from map to map, each of so many bytes at most.
const KEYS_MAX: usize = 128;
const KEY_LEN_MAX: usize = 64;

/// What is known of the keys of the maps before: mostly those of the next map are the same.
#[derive(Debug, Default)]
pub(crate) struct PackedKeys {
    /// Of which table.
    table: u64,
    keys: Vec<(Box<[u8]>, u32, Option<u32>)>,
    /// Which of them is expected next.
    next: usize,
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
        keys.next = 0;
        let result = read(&mut keys);
        KEPT.set(Some(keys));
        result
    }

    /// The hash of this key, and what the table knows of it; `None` for one that JSON would not write as it is. Keys mostly follow each other as they
    /// did before.
    #[inline]
    fn find(&mut self, key: &[u8], table: &impl Table) -> Option<(u32, Option<u32>)> {
        if let Some((known, hash, entry)) = self.keys.get(self.next)
            && **known == *key
        {
            self.next += 1;
            return Some((*hash, *entry));
        }
        self.find_anywhere(key, table)
    }

    #[inline(never)]
    fn find_anywhere(&mut self, key: &[u8], table: &impl Table) -> Option<(u32, Option<u32>)> {
        if let Some(place) = self.keys.iter().position(|(known, _, _)| **known == *key) {
            self.next = place + 1;
            return self.keys.get(place).map(|(_, hash, entry)| (*hash, *entry));
        }
        if !is_verbatim(key) {
            return None;
        }
        let text = Text::from(key);
        let hash = hash(text);
        let entry = table.find(hash, text);
        if self.keys.len() >= KEYS_MAX {
            self.keys.clear(); // what comes now counts
        }
        if key.len() <= KEY_LEN_MAX {
            self.next = self.next.min(self.keys.len());
            self.keys.insert(self.next, (key.into(), hash, entry));
            self.next += 1;
        }
        Some((hash, entry))
    }
}

/// A map, and where the names of its entries belong.
#[derive(Clone, Copy)]
struct Map {
    len: u32,
    /// What stands before them; `None` in the record itself.
    path: Option<Path>,
    /// How deep further maps and arrays may lie in it, as `MessagePack` and as JSON.
    depth: u32,
    depth_json: u32,
    /// In how many maps it stands.
    deep: u16,
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
        let map = Map { len, path: None, depth, depth_json: self.depth_max.checked_sub(1)?, deep: 0 };
        self.gather_map(table, keys, &mut Seen::default(), reader, map, frame)
    }

    /// The same of one map.
    #[allow(clippy::too_many_arguments)] // no struct: it would live in memory
    fn gather_map(
        &mut self,
        table: &impl Table,
        keys: &mut PackedKeys,
        seen: &mut Seen,
        reader: &mut Reader<'_>,
        map: Map,
        frame: &mut Vec<u8>,
    ) -> Option<()> {
        for _ in 0..map.len {
            let key = reader.text().ok()??;
            let name_at = reader.at - key.len();
            let start = self.names.len();
            let (hash, mut field, entry) = if let Some(path) = map.path {
                if !is_verbatim(key) {
                    return None;
                }
                // The path is written once more for each entry: names must not overlap.
                self.names.again(path.at, path.len);
                self.names.extend(key);
                let name = self.names.text(start..self.names.len());
                let (hash, entry) = keys.find(name.bytes(), table)?;
                let mut field = Field::new(start, name.len(), entry);
                (field.place, field.container) = (Place::Names, path.container);
                (hash, field, entry)
            } else {
                let (hash, entry) = keys.find(key, table)?;
                (hash, Field::new(name_at, key.len(), entry), entry)
            };
            let before = *reader;
            let head = reader.head().ok()?;
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
                Head::Map(len) if !matches!(table.container(entry), Container::No) => {
                    let container @ Container::Dotted = table.container(entry) else { return None };
                    if field.name_len as usize >= PATH_LEN_MAX {
                        return None;
                    }
                    if map.path.is_none() {
                        self.names.extend(key);
                    }
                    let path = Some(self.path(start, field.name_len as usize, container));
                    let inner = Map {
                        len,
                        path,
                        depth: map.depth.checked_sub(1)?,
                        depth_json: map.depth_json.checked_sub(1)?,
                        deep: map.deep.checked_add(1)?,
                    };
                    self.gather_map(table, keys, seen, reader, inner, frame)?;
                    continue;
                }
                _ => {
                    *reader = before;
                    field.json(key, reader, map.depth, map.depth_json, frame)?;
                }
            }
            if self.len >= self.count_max && field.entry == 0 {
                self.dropped = self.dropped.saturating_add(1);
                self.names.truncate(start);
                continue;
            }
            if seen.add(hash) && self.has(&field, frame) {
                return None;
            }
            *self.room()? = field;
            self.len += 1;
            if self.shapes.is_learning {
                let key_len = u16::try_from(key.len()).ok();
                self.shapes.is_learning = key_len.is_some();
                self.shapes.spans.push(Span { at: before.at, end: reader.at, depth: map.deep, key_len: key_len.unwrap_or_default() });
            }
        }
        Some(())
    }

    /// Whether a field of this one's name is there.
    #[cold]
    fn has(&self, field: &Field, frame: &[u8]) -> bool {
        let frame = Text::from(frame);
        let name = self.name(frame, field).bytes();
        self.fields().iter().any(|other| self.name(frame, other).bytes() == name)
    }
}

impl Field {
    /// A text that JSON writes otherwise.
    #[cold]
    pub(super) fn escaped(&mut self, value: &[u8], frame: &mut Vec<u8>) {
        let at = frame.len();
        string(value, frame);
        (self.at, self.len) = (at as u32 + 1, (frame.len() - at - 2) as u32);
        if frame.get(at..).is_some_and(|text| memchr::memchr(b'\\', text).is_some()) {
            self.kind = Kind::Escaped;
        }
    }

    /// A whole number; its digits are asked for where it is a time, or an id.
    #[inline]
    pub(super) fn integral(&mut self, value: i64, frame: &mut Vec<u8>) {
        let at = frame.len();
        if value < 0 {
            frame.push(b'-');
        }
        digits(value.unsigned_abs(), frame);
        (self.at, self.len) = (at as u32, (frame.len() - at) as u32);
        (self.kind, self.number) = (Kind::Int, value as u64);
    }

    /// Any other value, as it is in JSON.
    pub(super) fn json(&mut self, key: &[u8], reader: &mut Reader<'_>, depth: u32, depth_json: u32, frame: &mut Vec<u8>) -> Option<()> {
        let at = frame.len();
        reader.named(key, depth, frame).ok()?;
        let mut json = Scanner::new(Text::of(frame, at..frame.len()), depth_json);
        let value = json.value().ok()?;
        self.read(&mut json, 0, value).ok()?;
        self.at += at as u32;
        Some(())
    }
}
