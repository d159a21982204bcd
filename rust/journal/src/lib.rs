//! The Journal: entries in order, followed by cursors.
//!
//! A push is one entry, all or none, for all its pipelines. Each exporter follows with its own [`Cursor`] and passes over pipelines that it is
//! not in. A full journal says "later" and never drops, but where a pipeline says so.
#![forbid(unsafe_code)]

mod entry;
pub mod format;
mod journal;
pub mod keys;
pub mod log;
pub mod storage;

pub use entry::{Draft, Entry, Fact, Fate, Head, NoRoom, Part, PartHead, Tally};
pub use journal::{
    Accounts, Amount, AtRest, Cursor, CursorError, CursorInfo, CursorOptions, ExporterRow, Journal, JournalHealth, JournalOptions, Opened,
    Outcome, PipelineRow, ReceiverRow, STATE_BYTES_MAX, Start, StateTooLarge, Step, at_rest,
};
