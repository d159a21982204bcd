//! What the Journal asks of what is below it.

use std::{fmt::Debug, os::fd::BorrowedFd, time::Duration};

use crate::{Draft, Entry, Fate, Head, NoRoom};

/// What a reader comes upon.
#[derive(Debug)]
pub(crate) enum Found {
    Entry(Box<Entry>),
    /// What lay after `from` up to `to` cannot be read any more.
    Damaged {
        to: u64,
        why: String,
    },
}

/// One file of entries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    /// The last position in it; 0: none.
    pub(crate) last: u64,
    pub(crate) bytes: u64,
    /// When its last entry was appended.
    pub(crate) last_unix_nano: u64,
    /// It is being written.
    pub(crate) is_active: bool,
}

/// Entries on disk, in order.
pub(crate) trait Store: Send + Sync + Debug {
    fn id(&self) -> [u8; 16];
    fn admit(&self) -> Result<(), NoRoom>;
    fn append(&self, draft: Draft) -> u64;
    fn fate(&self, position: u64) -> Fate;
    fn wait(&self, position: u64, timeout: Duration) -> Fate;
    fn durable(&self) -> u64;
    fn notify(&self) -> BorrowedFd<'_>;
    fn poll(&self) -> (u64, Vec<u64>);
    /// Reads the durable entries after this one.
    fn reader(&self, after: u64) -> Box<dyn Reading>;
    /// Oldest first.
    fn files(&self) -> Vec<Stored>;
    /// Removes the files that hold nothing after `position`.
    fn remove_to(&self, position: u64);
    /// Begins a new file.
    fn rotate(&self);
    fn close(&self);
}

/// Reads entries in order.
pub(crate) trait Reading: Send + Debug {
    /// The next entry whose head is `wanted`; what is not is passed over without its bytes being read. `None`: no more so far.
    fn next(&mut self, wanted: &mut dyn FnMut(&Head) -> bool) -> Result<Option<Found>, String>;
}
