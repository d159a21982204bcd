//! Protocols without I/O: bytes in, messages and replies out. One file a protocol; so far what all of them share.
#![forbid(unsafe_code)]

mod content;

pub use content::{ContentError, Decompressor, Encoding, compress, decompress};
