//! Keys of lines that were read: a key that follows the same one as in an earlier line is known by its bytes alone, what the table says of it
//! with it, and its attribute's name is laid out already.

use std::ops::Range;

use logloom_record::Text;
use wide::u8x32;

use super::{Dialect, Field, Fields, Place, Put, Table};
use crate::json::{Seen, hash};

/// The longest key that is kept, in bytes.
const LEN_MAX: usize = 32;
/// The most keys that are kept.
const KEYS_MAX: usize = 512;
const SLOTS: usize = 2 * KEYS_MAX;
/// So many keys that are not kept, for want of room, say that the source writes others now.
const MISSED_MAX: u32 = 1 << 14;
/// So many bytes follow each name.
const NAME_ROOM: usize = 64;
/// How many keys that followed a key are tried.
const FOLLOWING: usize = 2;

/// A key, and what is known of it.
#[derive(Clone, Copy, Debug)]
struct Kept {
    text: [u8; LEN_MAX],
    len: u8,
    hash: u32,
    entry: Option<u32>,
    /// What the format itself makes of it; see [`Dialect::with_classes`].
    class: u8,
    /// Where its whole name lies, with what the table has every name begin with.
    name_at: u32,
    name_len: u32,
    /// What followed it, the last first, as positions; 0: nothing.
    next: [u16; FOLLOWING],
}

/// The keys of the lines before. Position 0 is none of them: what follows it begins a line.
#[derive(Debug, Default)]
pub(super) struct Memory {
    table: u64,
    keys: Vec<Kept>,
    /// Positions by the hash's low bits; 0: none.
    slots: Vec<u16>,
    names: Vec<u8>,
    /// The last key of the line.
    last: usize,
    /// A key that was expected and stands in the line: where, its length, and its position.
    found: (usize, usize, usize),
    missed: u32,
}

impl Memory {
    /// Begins a line. Names of the one before may be gone.
    #[inline(always)]
    pub(super) fn begin(&mut self) {
        self.last = 0;
        self.found = (0, 0, 0);
        if self.missed > MISSED_MAX {
            self.table = 0;
        }
    }

    /// A name that a field of the line has.
    #[inline(always)]
    pub(super) fn name(&self, range: Range<usize>) -> Text<'_> {
        Text::of(&self.names, range)
    }

    /// Which of the keys that followed the last one stands here: its position and length. What stands behind it is the caller's to look at.
    #[inline(always)]
    fn following(&self, line: Text<'_>, at: usize, mut ends: impl FnMut(usize) -> bool) -> Option<(usize, usize)> {
        let block = u8x32::from(*line.tail().get(at..).and_then(<[u8]>::first_chunk::<LEN_MAX>)?);
        let last = self.keys.get(self.last)?;
        for next in last.next {
            let next = usize::from(next);
            let kept = self.keys.get(next).filter(|_| next > 0)?;
            let len = usize::from(kept.len);
            let equal = u64::from(block.simd_eq(u8x32::from(kept.text)).to_bitmask());
            if equal | u64::MAX << len == u64::MAX && ends(len) {
                return Some((next, len));
            }
        }
        None
    }

    /// The key at `range` as one that was not expected. `None` where it is not kept.
    #[inline(never)]
    fn unexpected(&mut self, dialect: &Dialect, line: Text<'_>, range: Range<usize>) -> Option<usize> {
        if self.table != dialect.id() {
            *self = Self { table: dialect.id(), ..Self::default() };
            self.slots.resize(SLOTS, 0);
            self.keys.push(Kept {
                text: [0; LEN_MAX],
                len: 0,
                hash: 0,
                entry: None,
                class: 0,
                name_at: 0,
                name_len: 0,
                next: [0; FOLLOWING],
            });
        }
        let key = line.slice(range);
        let mut text = [0; LEN_MAX];
        text.get_mut(..key.len())?.copy_from_slice(key.bytes());
        let hash = hash(key);
        let mut slot = hash as usize % SLOTS;
        let found = loop {
            let position = usize::from(*self.slots.get(slot)?);
            match self.keys.get(position).filter(|_| position > 0) {
                Some(kept) if kept.hash == hash && usize::from(kept.len) == key.len() && kept.text == text => break position,
                Some(_) => slot = (slot + 1) % SLOTS,
                None if self.keys.len() > KEYS_MAX => {
                    self.missed += 1;
                    return None;
                }
                None => {
                    let (name_at, name_len) = (self.names.len(), dialect.prefix().len() + key.len());
                    self.names.extend_from_slice(dialect.prefix().as_bytes());
                    self.names.extend_from_slice(key.bytes());
                    self.names.resize(name_at + name_len + NAME_ROOM, 0);
                    let (entry, len, class) = (dialect.find(hash, key), key.len() as u8, dialect.class_of(key.bytes()));
                    let (name_at, name_len) = (name_at as u32, name_len as u32);
                    let position = self.keys.len();
                    self.keys.push(Kept { text, len, hash, entry, class, name_at, name_len, next: [0; FOLLOWING] });
                    *self.slots.get_mut(slot)? = position as u16;
                    break position;
                }
            }
        };
        if let Some(last) = self.keys.get_mut(self.last) {
            last.next.rotate_right(1);
            last.next[0] = found as u16;
        }
        Some(found)
    }
}

impl Fields {
    /// The length of the key that stands at `at`, where it is one of those that followed the line's last key before, and `end` stands behind it.
    #[inline(always)]
    pub(crate) fn expected(&mut self, dialect: &Dialect, line: Text<'_>, at: usize, end: u8) -> Option<usize> {
        if self.memory.table != dialect.id() {
            return None;
        }
        let (position, len) = self.memory.following(line, at, |len| line.bytes().get(at + len) == Some(&end))?;
        self.memory.found = (at, len, position);
        Some(len)
    }

    /// What the format makes of the key that [`expected`](Self::expected) found.
    #[inline(always)]
    pub(crate) fn expected_class(&self) -> u8 {
        self.memory.keys.get(self.memory.found.2).map_or(0, |kept| kept.class)
    }

    /// The same of a key that ends right before `end`.
    #[inline(always)]
    pub(crate) fn expected_before(&mut self, dialect: &Dialect, line: Text<'_>, end: usize) -> Option<usize> {
        if self.memory.table != dialect.id() {
            return None;
        }
        let last = self.memory.keys.get(self.memory.last)?;
        let (at, len, position) = last.next.iter().find_map(|next| {
            let position = usize::from(*next);
            let kept = self.memory.keys.get(position).filter(|_| position > 0)?;
            let len = usize::from(kept.len);
            let at = end.checked_sub(len)?;
            let block = u8x32::from(*line.tail().get(at..).and_then(<[u8]>::first_chunk::<LEN_MAX>)?);
            let equal = u64::from(block.simd_eq(u8x32::from(kept.text)).to_bitmask());
            (equal | u64::MAX << len == u64::MAX).then_some((at, len, position))
        })?;
        self.memory.found = (at, len, position);
        Some(len)
    }

    /// Adds a field whose name and value stand in the frame.
    #[inline(always)]
    pub(crate) fn add(&mut self, dialect: &Dialect, seen: &mut Seen, frame: Text<'_>, name: Range<usize>, value: Put) {
        let len = name.end.saturating_sub(name.start);
        let expected = if self.memory.table != dialect.id() {
            None
        } else if let (at, found @ 1.., position) = self.memory.found
            && (at, found) == (name.start, len)
        {
            Some(position)
        } else {
            self.memory.following(frame, name.start, |found| found == len).map(|(position, _)| position)
        };
        let Some(position) = expected.or_else(|| self.memory.unexpected(dialect, frame, name.clone())) else {
            return self.add_unkept(dialect, seen, frame, name, value);
        };
        self.memory.last = position;
        let Some(kept) = self.memory.keys.get(position) else { return };
        let (hash, entry, name_at, name_len) = (kept.hash, kept.entry, kept.name_at, kept.name_len);
        // Written in its place: a copy would cost as much as the rest.
        let Some(room) = self.room() else { return };
        if dialect.prefix().is_empty() {
            *room = Field::new(name.start, len, entry);
        } else {
            *room = Field::new(name_at as usize, name_len as usize, entry);
            room.place = Place::Kept;
        }
        room.put(frame, value);
        self.keep(frame, seen, hash);
    }

    /// The same of a name that is too long to be kept, or one of too many.
    #[inline(never)]
    fn add_unkept(&mut self, dialect: &Dialect, seen: &mut Seen, frame: Text<'_>, name: Range<usize>, value: Put) {
        let key = frame.slice(name.clone());
        let hash = hash(key);
        let at = self.names.len();
        if !dialect.prefix().is_empty() {
            self.names.extend(dialect.prefix().as_bytes());
            self.names.put(key);
        }
        let in_names = self.names.len() - at;
        let mut field = Field::new(name.start, key.len(), dialect.find(hash, key));
        if in_names > 0 {
            (field.name_at, field.name_len, field.place) = (at as u32, in_names as u32, Place::Whole);
        }
        field.put(frame, value);
        self.push(frame, seen, hash, field);
    }
}
