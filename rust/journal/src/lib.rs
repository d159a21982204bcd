//! The Journal: entries in order, followed by cursors.
//!
//! For now entries live in memory, bounded in bytes; the seam is the one that the durable journal keeps: a push is one entry, all or
//! none, for all its pipelines; each exporter follows with its own [`Cursor`] and passes over pipelines that it is not in; a full
//! journal says "later" and never drops.
#![forbid(unsafe_code)]

mod cursor;
mod entry;
pub mod format;
pub mod keys;
pub mod log;
mod memory;
pub mod storage;

pub use cursor::Cursor;
pub use entry::{Draft, Entry, Fact, Fate, Head, NoRoom, Part, PartHead, Tally};
pub use memory::Journal;
