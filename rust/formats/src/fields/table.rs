//! From keys to what a format knows of them.

use logloom_record::Text;

use super::Container;
use crate::json::hash;

/// What a format knows of keys.
pub(crate) trait Table {
    /// The position of what is known of `key`, whose hash is given.
    fn find(&self, hash: u32, key: &[u8]) -> Option<u32>;

    /// How the entries of an object under this key are read; `None` is a key of which nothing is known.
    fn container(&self, position: Option<u32>) -> Container;
}

/// Keys by their hash.
#[derive(Debug)]
pub(crate) struct Keys {
    names: Vec<Box<[u8]>>,
    /// Hash and position of the key, counted from 1, by the hash's low bits; 0 is an empty slot.
    slots: Box<[(u32, u32); SLOTS]>,
}

/// Several times as many as there are keys, so that most keys that are not in the table meet an empty slot at once.
const SLOTS: usize = 1024;
/// The most keys of a table; some slots must stay empty.
const KEYS_MAX: usize = SLOTS * 3 / 4;

impl Default for Keys {
    fn default() -> Self {
        Self { names: Vec::new(), slots: Box::new([(0, 0); SLOTS]) }
    }
}

impl Keys {
    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The position of a key.
    pub(crate) fn position(&self, key: &str) -> Option<usize> {
        self.find(hash(Text::from(key)), key.as_bytes()).map(|position| position as usize)
    }

    /// Adds a key; false where it is there already, or no room is left.
    pub(crate) fn add(&mut self, key: &str) -> bool {
        if self.position(key).is_some() || self.len() >= KEYS_MAX {
            return false;
        }
        let hash = hash(Text::from(key));
        let mut slot = hash as usize % SLOTS;
        while self.slots[slot].1 != 0 {
            slot = (slot + 1) % SLOTS;
        }
        self.names.push(key.as_bytes().into());
        self.slots[slot] = (hash, self.names.len() as u32);
        true
    }

    /// The position of `key`, whose hash is given.
    #[inline(always)]
    pub(crate) fn find(&self, hash: u32, key: &[u8]) -> Option<u32> {
        let mut slot = hash as usize % SLOTS;
        loop {
            let (found, position) = self.slots[slot];
            let position = position.checked_sub(1)?;
            if found == hash && self.names.get(position as usize).is_some_and(|name| **name == *key) {
                return Some(position);
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    /// The name at a position.
    pub(crate) fn name(&self, position: usize) -> &[u8] {
        self.names.get(position).map_or(&[], |name| name)
    }
}
