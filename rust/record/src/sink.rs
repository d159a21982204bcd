//! What a cursor and its writer share.

use crate::batch::Entry;

/// What a cursor needs of the writer while it writes.
#[derive(Debug)]
pub(crate) struct Sink {
    pub(crate) pos: usize,
    pub(crate) group: u32,
    pub(crate) overflowed: bool,
    pub(crate) attributes_max: u32,
    pub(crate) arrival_unix_nano: u64,
    pub(crate) observed: Option<[u8; 9]>,
    pub(crate) raw: Option<Vec<u8>>,
    pub(crate) index: Vec<Entry>,
}
