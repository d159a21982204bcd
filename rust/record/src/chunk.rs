//! Raw bytes as they arrived, and where from.

use std::sync::Arc;

use bytes::Bytes;

/// Where bytes came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The receiver's id in the config, `otlp` or `filelog/mesh`.
    pub receiver: String,
    /// The format's name, `envoy`; empty until it is known.
    pub format: String,
    /// The peer's address, or the path of a file.
    pub peer: String,
    /// Who the peer proved to be; empty where nobody asked.
    pub identity: String,
    /// The tenant; empty means the default one.
    pub tenant: String,
    /// When the bytes arrived, in nanoseconds since the Unix epoch: the records' observed time.
    pub arrival_unix_nano: u64,
    /// Resource attributes known from the channel; written to the Resource of records that a Format makes.
    pub resource: Vec<(String, String)>,
}

/// Raw bytes as they arrived.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    /// The bytes; shared, not copied.
    pub bytes: Bytes,
    /// Where from.
    pub origin: Arc<Origin>,
    /// What its sender said beside the bytes, such as in a request's path: names that the Format documents.
    pub given: Vec<(String, String)>,
}

impl Chunk {
    /// A chunk of these bytes from there.
    pub fn new(bytes: impl Into<Bytes>, origin: Arc<Origin>) -> Self {
        Self { bytes: bytes.into(), origin, given: Vec::new() }
    }
}
