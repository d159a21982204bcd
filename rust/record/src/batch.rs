//! OTLP bytes plus an index of their records.

use std::{ops::Range, sync::Arc};

use bytes::{Bytes, BytesMut};

use crate::{BlockPool, Limits, Origin, Reject, Run, unread::Unread};

/// A run of `ResourceLogs` fields: concatenated blocks are an `ExportLogsServiceRequest`.
#[derive(Clone, Debug)]
pub struct Block {
    /// The buffer; what lies before `head` is unused headroom.
    pub(crate) bytes: Bytes,
    pub(crate) head: usize,
    /// What the index points into, where it is not `bytes`: see [`Batch::from_otlp`].
    pub(crate) merged: Option<Bytes>,
}

impl Block {
    /// The OTLP bytes.
    pub fn otlp(&self) -> Bytes {
        self.bytes.slice(self.head..)
    }

    /// What the ranges of Groups and Entries point into.
    pub(crate) fn indexed(&self) -> &Bytes {
        self.merged.as_ref().unwrap_or(&self.bytes)
    }

    /// Length of the OTLP bytes.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.head
    }

    /// Whether the block holds no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One `ScopeLogs`: what its records share. Ranges lie in the block's buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The position of its block in the Batch.
    pub block: u32,
    /// The `ResourceLogs` message that it stands in.
    pub resource_logs: Range<u32>,
    /// The `ScopeLogs` message.
    pub scope_logs: Range<u32>,
    /// The `Resource` message; empty where there is none.
    pub resource: Range<u32>,
    /// The `InstrumentationScope` message; empty where there is none.
    pub scope: Range<u32>,
    /// The `schema_url` of its `ResourceLogs`; empty where there is none.
    pub resource_schema_url: Range<u32>,
    /// Its own `schema_url`; empty where there is none.
    pub scope_schema_url: Range<u32>,
}

/// What is known of a record besides its values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntryFlags(pub(crate) u8);

impl EntryFlags {
    pub(crate) const REJECT: u8 = 1;
    pub(crate) const REPAIRED: u8 = 2;

    /// Its Format could not read it.
    pub fn is_reject(self) -> bool {
        self.0 & Self::REJECT != 0
    }

    /// Its bytes were not UTF-8: the original stands in `log.record.original` as bytes.
    pub fn is_repaired(self) -> bool {
        self.0 & Self::REPAIRED != 0
    }
}

/// One record in the index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The position of its group in the Batch.
    pub group: u32,
    /// Where its `LogRecord` message begins in the block's buffer.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// `severity_number`, 0 where there is none; what is over 255 is 255.
    pub severity: u8,
    /// What is known besides.
    pub flags: EntryFlags,
    /// `time_unix_nano`, else `observed_time_unix_nano`.
    pub time_unix_nano: u64,
    /// `trace_id`, zero where there is none.
    pub trace_id: [u8; 16],
}

impl Entry {
    /// The length of its `LogRecord` message.
    #[inline(always)]
    pub(crate) fn bytes_len(&self) -> usize {
        self.end.wrapping_sub(self.start) as usize
    }
}

/// The one form that data has: in memory, on disk and on the wire.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub(crate) blocks: Vec<Block>,
    /// Where the records lie, unless it is [unread](Batch::found): whoever reads it asks the functions of these names.
    pub(crate) groups: Vec<Group>,
    /// Shared by copies of the Batch, as its blocks are.
    pub(crate) index: Arc<Vec<Entry>>,
    pub(crate) unread: Option<Arc<Unread>>,
    pub(crate) rejects: Vec<Reject>,
    pub(crate) origin: Arc<Origin>,
    /// Where its records stand in the Journal with this id.
    pub(crate) runs: Vec<Run>,
    pub(crate) journal: [u8; 16],
}

impl Batch {
    /// How many records.
    pub fn len(&self) -> usize {
        self.unread.as_ref().map_or(self.index.len(), |unread| unread.records())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Length of the OTLP bytes.
    pub fn otlp_len(&self) -> usize {
        self.blocks.iter().map(Block::len).sum()
    }

    /// The bytes of memory that the Batch keeps alive, its index included where there is one.
    pub fn memory_len(&self) -> usize {
        let known = self.found_so_far();
        let blocks = known.blocks.iter().map(|b| b.bytes.len() + b.merged.as_ref().map_or(0, Bytes::len)).sum::<usize>();
        blocks + known.index.len() * size_of::<Entry>() + known.groups.len() * size_of::<Group>()
    }

    /// The request as contiguous bytes: without a copy while there is one block.
    pub fn to_otlp(&self) -> Bytes {
        match self.blocks.as_slice() {
            [] => Bytes::new(),
            [block] => block.otlp(),
            blocks if self.otlp_len() <= Limits::BLOCK_BYTES_MAX => {
                let pool = BlockPool::global();
                let mut whole = pool.take(self.otlp_len());
                let mut at = 0;
                for block in blocks {
                    let bytes = block.bytes.get(block.head..).unwrap_or_default();
                    if let Some(to) = whole.get_mut(at..at + bytes.len()) {
                        to.copy_from_slice(bytes);
                    }
                    at += bytes.len();
                }
                pool.freeze(whole).slice(..at)
            }
            blocks => {
                let mut whole = BytesMut::with_capacity(self.otlp_len());
                for block in blocks {
                    whole.extend_from_slice(block.bytes.get(block.head..).unwrap_or_default());
                }
                whole.freeze()
            }
        }
    }

    /// The blocks, in order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The groups, by first arrival.
    pub fn groups(&self) -> &[Group] {
        &self.found().groups
    }

    /// The index, in order of arrival.
    pub fn index(&self) -> &[Entry] {
        &self.found().index
    }

    /// The frames that could not be read, in order of arrival.
    pub fn rejects(&self) -> &[Reject] {
        &self.rejects
    }

    /// Where the bytes came from.
    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// The same Batch from elsewhere.
    #[must_use]
    pub fn with_origin(mut self, origin: Arc<Origin>) -> Self {
        self.origin = origin;
        self
    }

    /// The bytes of one `LogRecord` message.
    pub fn record_bytes(&self, entry: &Entry) -> &[u8] {
        self.group_bytes(entry.group, |_| entry.start..entry.end)
    }

    /// A part of the block that a group lies in.
    pub(crate) fn group_bytes(&self, group: u32, part: impl FnOnce(&Group) -> Range<u32>) -> &[u8] {
        let Some(range) = self.groups().get(group as usize).map(part) else { return &[] };
        self.block_of(group).get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// The entries of one group, where the index is by group.
    pub(crate) fn records_of(&self, group: u32) -> &[Entry] {
        let index = self.index();
        let [start, end] = [group, group + 1].map(|group| index.partition_point(|entry| entry.group < group));
        index.get(start..end).unwrap_or_default()
    }

    /// What the ranges of a group and of its entries point into.
    pub(crate) fn block_of(&self, group: u32) -> &[u8] {
        self.groups().get(group as usize).and_then(|group| self.indexed(group)).map_or(&[], |block| block)
    }

    /// The same, of a group of this Batch.
    pub(crate) fn indexed(&self, group: &Group) -> Option<&Bytes> {
        self.found().blocks.get(group.block as usize).map(Block::indexed)
    }

    /// Whether it has the very blocks of `other`, record for record: nothing was done with it.
    pub fn is_same(&self, other: &Self) -> bool {
        let place = |block: &Block| (block.bytes.as_ptr(), block.bytes.len(), block.head);
        self.len() == other.len() && self.blocks.iter().map(place).eq(other.blocks.iter().map(place))
    }

    /// Appends all of `other`: blocks are shared, nothing is copied but index entries.
    pub fn append(&mut self, other: &Self) {
        self.find();
        self.append_beside(other, self.len());
        self.append_index(other);
    }

    /// Appends what is known of the records of `other` beside where they lie; before them there are so many.
    pub(crate) fn append_beside(&mut self, other: &Self, records: usize) {
        self.append_runs(other, records as u32);
        self.rejects.extend(other.rejects.iter().map(|r| Reject { record: r.record + records as u32, ..*r }));
    }

    /// Appends the blocks of `other`, and where its records lie in them.
    pub(crate) fn append_index(&mut self, other: &Self) {
        let (blocks, groups, other) = (self.blocks.len() as u32, self.groups.len() as u32, other.found());
        self.blocks.extend_from_slice(&other.blocks);
        if blocks == 0 && groups == 0 {
            self.groups.clone_from(&other.groups);
            self.index = Arc::clone(&other.index);
            return;
        }
        self.groups.extend(other.groups.iter().map(|g| Group { block: g.block + blocks, ..g.clone() }));
        Arc::make_mut(&mut self.index).extend(other.index.iter().map(|e| Entry { group: e.group + groups, ..*e }));
    }
}
