//! From keys to what a format knows of them.

use logloom_record::Text;

use super::Container;
use crate::json::hash;

/// What a format knows of keys.
pub(crate) trait Table {
    /// The position of what is known of `key`, whose hash is given.
    fn find(&self, hash: u32, key: Text<'_>) -> Option<u32>;

    /// How the entries of an object under this key are read; `None` is a key of which nothing is known.
    fn container(&self, position: Option<u32>) -> Container;

    /// Whether `_` before a key says that it is the user's own, and is no part of its name.
    #[inline(always)]
    fn strips_underscore(&self) -> bool {
        false
    }

    /// The path of a [`Container::Renamed`].
    fn path(&self, _position: u16) -> Text<'_> {
        Text::EMPTY
    }

    /// What tells it from all other tables there ever were, where its lines may be learned; 0 where not.
    #[inline(always)]
    fn id(&self) -> u64 {
        0
    }

    /// What stands before the names of keys of which nothing is known.
    #[inline(always)]
    fn prefix(&self) -> &'static str {
        ""
    }
}

/// Keys by their hash.
#[derive(Debug)]
pub(crate) struct Keys {
    names: Vec<Name>,
    /// The high half of the hash and, in the low half, the position of the key, counted from 1, by the hash's low bits; 0 is an empty slot.
    slots: Box<[u32; SLOTS]>,
}

/// A key, and its first 16 bytes in one piece.
#[derive(Debug)]
struct Name {
    head: u128,
    bytes: Box<[u8]>,
}

/// The first 16 bytes of a text, or all of a shorter one and zeros.
#[inline(always)]
fn head(text: Text<'_>) -> u128 {
    match text.tail().first_chunk() {
        Some(block) if text.len() >= 16 => u128::from_le_bytes(*block),
        Some(block) => u128::from_le_bytes(*block) & ((1 << (text.len() * 8)) - 1),
        None => {
            let mut block = [0; 16];
            block.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = *from);
            u128::from_le_bytes(block)
        }
    }
}

/// Several times as many as there are keys, so that most keys that are not in the table meet an empty slot at once.
const SLOTS: usize = 2048;
/// The most keys of a table; some slots must stay empty.
const KEYS_MAX: usize = SLOTS * 3 / 4;

impl Default for Keys {
    fn default() -> Self {
        Self { names: Vec::new(), slots: Box::new([0; SLOTS]) }
    }
}

impl Keys {
    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The position of a key.
    pub(crate) fn position(&self, key: &str) -> Option<usize> {
        self.find(hash(Text::from(key)), Text::from(key)).map(|position| position as usize)
    }

    /// Adds a key; false where it is there already, or no room is left.
    pub(crate) fn add(&mut self, key: &str) -> bool {
        if self.position(key).is_some() || self.len() >= KEYS_MAX {
            return false;
        }
        let hash = hash(Text::from(key));
        let mut slot = hash as usize % SLOTS;
        while self.slots[slot] != 0 {
            slot = (slot + 1) % SLOTS;
        }
        self.names.push(Name { head: head(Text::from(key)), bytes: key.as_bytes().into() });
        self.slots[slot] = (hash & !0xffff) | self.names.len() as u32;
        true
    }

    /// The position of `key`, whose hash is given.
    #[inline(always)]
    pub(crate) fn find(&self, hash: u32, key: Text<'_>) -> Option<u32> {
        let mut slot = hash as usize % SLOTS;
        loop {
            let found = self.slots[slot];
            let position = (found & 0xffff).checked_sub(1)?;
            if (found ^ hash) >> 16 == 0
                && let Some(name) = self.names.get(position as usize)
                && name.bytes.len() == key.len()
                && (if key.len() <= 16 { name.head == head(key) } else { *name.bytes == *key.bytes() })
            {
                return Some(position);
            }
            slot = (slot + 1) % SLOTS;
        }
    }
}
