//! Where the journal's files lie: the few calls that it makes, so that tests can put a faulty disk in their place.

use std::{io, sync::Arc};

/// One folder of flat names.
pub trait Storage: Send + Sync + std::fmt::Debug {
    /// A new file (0600), with room for so many bytes where the file system can promise it. Fails where it is there already.
    fn create(&self, name: &str, allocate_bytes: u64) -> io::Result<Arc<dyn StorageFile>>;
    /// An old file, for reading and cutting.
    fn open(&self, name: &str) -> io::Result<Arc<dyn StorageFile>>;
    /// Names and lengths in bytes.
    fn list(&self) -> io::Result<Vec<(String, u64)>>;
    /// Removes a file; it being absent is no error.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Gives the file these bytes, wholly or not at all, over any crash: a new file, synced and renamed, the folder synced.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()>;
    /// All of a small file; `None` where it is absent; an error where it is over `bytes_max`.
    fn read_small(&self, name: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>>;
    /// Makes names that were created or removed durable.
    fn sync_folder(&self) -> io::Result<()>;
    /// What is free on the file system for us, in bytes.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// One file.
pub trait StorageFile: Send + Sync + std::fmt::Debug {
    /// Writes all of it at `offset`, or fails; then any part of it may be there.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Reads up to `into.len()` bytes at `offset`: how many, 0 at the end.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Makes what was written durable (fdatasync). After an error nobody knows what is.
    fn sync_data(&self) -> io::Result<()>;
    /// Cuts or extends it.
    fn truncate(&self, len_bytes: u64) -> io::Result<()>;
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Whether it has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}
