//! Labels of a line that stand where they stood in the line before: what is known of them need not be looked up again.

use std::ops::Range;

use logloom_record::Text;
use wide::u8x32;

use super::{Field, Fields, Put, Table};
use crate::json::{Seen, hash};

/// The longest label that is kept, with what ends it, in bytes.
const LEN_MAX: usize = 32;
/// The most labels that are kept.
const LABELS_MAX: usize = 64;

/// A label, and what the table knows of it.
#[derive(Clone, Copy, Debug)]
struct Label {
    /// With what ends it.
    text: [u8; LEN_MAX],
    len: u8,
    entry: Option<u32>,
    hash: u32,
}

/// The labels of the lines before, each at its place in the line.
#[derive(Debug, Default)]
pub(super) struct Labels {
    table: u64,
    list: Vec<Label>,
}

/// A label of the line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// Its length, without what ends it.
    pub(crate) len: usize,
    entry: Option<u32>,
    hash: u32,
}

impl Fields {
    /// The `n`th label of the line, where it stands at `at` and is the `n`th of the line before.
    #[inline(always)]
    pub(crate) fn label(&self, n: usize, line: Text<'_>, at: usize) -> Option<Found> {
        let label = self.labels.list.get(n)?;
        let block = line.tail().get(at..).and_then(<[u8]>::first_chunk::<LEN_MAX>)?;
        let len = usize::from(label.len);
        let equal = u64::from(u8x32::from(*block).simd_eq(u8x32::from(label.text)).to_bitmask());
        let is_it = equal | u64::MAX << len == u64::MAX && at + len <= line.len();
        is_it.then_some(Found { len: len - 1, entry: label.entry, hash: label.hash })
    }

    /// Looks up the `n`th label of the line, `range` and the byte behind it, and keeps it.
    #[inline(never)]
    pub(crate) fn new_label(&mut self, table: &impl Table, n: usize, line: Text<'_>, range: Range<usize>) -> Found {
        let key = line.slice(range.clone());
        let hash = hash(key);
        let entry = table.find(hash, key);
        let found = Found { len: key.len(), entry, hash };
        let mut text = [0; LEN_MAX];
        let labelled = line.slice(range.start..range.end + 1);
        if let Some(place) = text.get_mut(..labelled.len())
            && n < LABELS_MAX
        {
            place.copy_from_slice(labelled.bytes());
            let label = Label { text, len: labelled.len() as u8, entry, hash };
            // Those behind it belong to a line of other labels.
            self.labels.list.truncate(n);
            self.labels.list.push(label);
        }
        found
    }

    /// Makes ready for a line of this table: labels of another one say nothing here.
    #[inline(always)]
    pub(crate) fn labels_of(&mut self, table: &impl Table) {
        if self.labels.table != table.id() {
            self.labels.table = table.id();
            self.labels.list.clear();
        }
    }

    /// Adds a field whose label stands at `at`.
    #[inline(always)]
    pub(crate) fn add_labelled(&mut self, seen: &mut Seen, line: Text<'_>, at: usize, label: Found, value: Put) {
        // Written in its place: a copy would cost as much as the rest.
        let Some(room) = self.room() else { return };
        *room = Field::new(at, label.len, label.entry);
        room.put(line, value);
        self.keep(line, seen, label.hash);
    }
}
