//! What a cursor and its writer share.

use crate::{batch::Entry, envelope::Envelope, placed::Places};

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
    /// The severity that an HTTP status means, where that was asked for.
    pub(crate) severity_of_status: Option<fn(i64) -> u8>,
    pub(crate) envelope: Envelope,
    /// What each record says of its source.
    pub(crate) places: Option<Box<Places>>,
    /// Where the frame that is read begins in its source.
    pub(crate) frame_offset: u64,
    pub(crate) index: Vec<Entry>,
    pub(crate) open: OpenRecord,
}

/// What the index will say of the record that is being written. It stands here and not in the cursor, which is to fit in registers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OpenRecord {
    /// Where the `LogRecord` message begins.
    pub(crate) start: usize,
    pub(crate) time_unix_nano: u64,
    pub(crate) severity: u8,
    pub(crate) flags: u8,
    /// Attributes of names not known beforehand.
    pub(crate) attributes: u32,
    pub(crate) dropped: u32,
}

/// `observed_time_unix_nano` as it is encoded.
#[inline(always)]
pub(crate) fn observed(unix_nano: u64) -> Option<[u8; 9]> {
    let mut encoded = [0x59; 9];
    encoded[1..].copy_from_slice(&unix_nano.to_le_bytes());
    (unix_nano != 0).then_some(encoded)
}
