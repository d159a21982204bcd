//! Where the journal's files lie: the few calls that it makes, so that tests can put a faulty disk in their place.

use std::{io, sync::Arc};

pub mod faulty;
mod real;

pub use real::RealStorage;

/// One folder of names; a name may begin with the name of one folder below it (`quarantine/…`), which is made when it is needed.
pub trait Storage: Send + Sync + std::fmt::Debug {
    /// A new file (0600), with room for so many bytes where the file system can promise it. Fails where it is there already; a file that
    /// found no room is not left behind.
    fn create(&self, name: &str, allocate_bytes: u64) -> io::Result<Arc<dyn StorageFile>>;
    /// An old file, for reading and cutting.
    fn open(&self, name: &str) -> io::Result<Arc<dyn StorageFile>>;
    /// Names and lengths in bytes, without what lies in folders.
    fn list(&self) -> io::Result<Vec<(String, u64)>>;
    /// The same of a folder below, each name with the folder's before it; nothing where there is none.
    fn list_in(&self, folder: &str) -> io::Result<Vec<(String, u64)>>;
    /// Removes a file; it being absent is no error.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Gives a file another name, in place of the file that had it: at once for all that look, durable with
    /// [`sync_folder`](Self::sync_folder).
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Gives the file these bytes, wholly or not at all, over any crash: a new file, synced and renamed, the folder synced.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()>;
    /// All of a small file; `None` where it is absent; an error where it is over `bytes_max`.
    fn read_small(&self, name: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>>;
    /// Makes names that were created, renamed or removed durable.
    fn sync_folder(&self) -> io::Result<()>;
    /// What is free on the file system for us, in bytes.
    fn free_bytes(&self) -> io::Result<u64>;
    /// Others may write here from now on: gives up the lock, where it has one.
    fn release(&self) {}
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
    /// The system need not keep these durable bytes in its memory: nobody is about to read them. A hint; it may be passed over.
    fn let_go(&self, _offset: u64, _len_bytes: u64) {}
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Whether it has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Reads until `into` is full or the file ends: how many.
    fn read_full_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut read = 0;
        while let Some(rest) = into.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match self.read_at(rest, offset + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }
}
