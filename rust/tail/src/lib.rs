//! Files that grow: what comes next in one of them, and word of which have changed.
//!
//! Which files are read, where they begin and what a rotation made of them is decided above; here is what touches their bytes.
#![forbid(unsafe_code)]

mod file;
mod notices;
mod packed;

pub use file::{Facts, LogFile, MARK_BYTES, Next, Packing};
pub use notices::{Notices, Told};
