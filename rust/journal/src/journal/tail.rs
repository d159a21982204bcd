//! The newest entries, in memory.

use std::{collections::VecDeque, sync::Arc};

use crate::Entry;

#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) entry: Arc<Entry>,
    /// The set of each of its parts.
    pub(crate) sets: Box<[usize]>,
    bytes: u64,
}

/// Entries that some cursor in use wants, in order.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    items: VecDeque<Item>,
    bytes: u64,
    /// Nothing up to here is in it.
    pub(crate) left: u64,
}

/// What an entry takes beside its bytes.
const ENTRY_BYTES: usize = 512;

impl Tail {
    pub(crate) fn push(&mut self, entry: Arc<Entry>, sets: Box<[usize]>) {
        let bytes = (ENTRY_BYTES + entry.parts.iter().map(|part| part.batch.memory_len()).sum::<usize>()) as u64;
        self.bytes += bytes;
        self.items.push_back(Item { entry, sets, bytes });
    }

    /// The entries after `position`.
    pub(crate) fn after(&self, position: u64) -> impl Iterator<Item = &Item> {
        let first = self.items.partition_point(|item| item.entry.position <= position);
        self.items.iter().skip(first)
    }

    /// The bytes of memory that the entries hold.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes out the oldest entry where it is at most `position`. The caller drops it outside of its lock.
    pub(crate) fn pop(&mut self, position: u64) -> Option<Arc<Entry>> {
        self.items.front().filter(|item| item.entry.position <= position)?;
        let item = self.items.pop_front()?;
        self.bytes -= item.bytes;
        self.left = item.entry.position;
        Some(item.entry)
    }
}
