//! One journal file, as the log knows it.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::{
    format::{FileHeader, Footer, HEADER_BYTES, Opener},
    keys::{KeyError, KeyProvider},
};

/// What a file has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The writer appends to it.
    Active,
    /// No more is appended; its footer is not on disk yet.
    Closing,
    /// It has its footer.
    Finished,
}

/// How far a file is.
#[derive(Debug)]
pub(super) struct Progress {
    /// What of it is durable: entries, totals, and where they end.
    pub(super) footer: Footer,
    pub(super) phase: Phase,
    /// Bytes that it takes on disk.
    pub(super) disk_bytes: u64,
}

/// One journal file.
#[derive(Debug)]
pub(super) struct JournalFile {
    pub(super) name: String,
    /// The first position that it may hold.
    pub(super) first: u64,
    pub(super) header: FileHeader,
    pub(super) progress: Mutex<Progress>,
    /// What opens its entries: there from the start where this process wrote it, else when it was asked for.
    pub(super) opener: OnceLock<Opener>,
}

/// What is told of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// Its name.
    pub name: String,
    /// The first position that it may hold.
    pub first: u64,
    /// The last position that it holds; 0: it holds none.
    pub last: u64,
    /// Entries.
    pub entries: u64,
    /// Bytes that it takes on disk.
    pub bytes: u64,
    /// When its first entry was appended, in nanoseconds since the Unix epoch; 0: it has none.
    pub first_time_unix_nano: u64,
    /// When its last entry was appended.
    pub last_time_unix_nano: u64,
    /// It is the one that is written, or the newest: it is not removed.
    pub active: bool,
    /// Which of the provider's keys wrapped its key.
    pub key_id: String,
}

const SUFFIX: &str = ".journal";

/// The name of the file whose first position is this.
pub(super) fn name_of(first: u64) -> String {
    format!("{first:020}{SUFFIX}")
}

/// The first position of the file with this name; `None`: it is not a journal file.
pub(super) fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// The footer of a file without entries.
pub(super) fn no_entries() -> Footer {
    let mut footer = Footer::default();
    footer.end_offset = HEADER_BYTES as u64;
    footer
}

impl JournalFile {
    pub(super) fn new(header: FileHeader, footer: Footer, phase: Phase, disk_bytes: u64) -> Arc<Self> {
        let progress = Mutex::new(Progress { footer, phase, disk_bytes });
        Arc::new(Self { name: name_of(header.first_position), first: header.first_position, header, progress, opener: OnceLock::new() })
    }

    /// One that is written from now on.
    pub(super) fn begun(header: FileHeader, opener: Opener, disk_bytes: u64) -> Arc<Self> {
        let file = Self::new(header, no_entries(), Phase::Active, disk_bytes);
        let _ = file.opener.set(opener); // it is new: there is none
        file
    }

    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last position that it holds durably; the one before its first where it holds none.
    pub(super) fn last(&self) -> u64 {
        let last = self.progress().footer.last_position;
        if last == 0 { self.first.saturating_sub(1) } else { last }
    }

    /// What opens its entries. The provider may take its time.
    pub(super) fn opener(&self, keys: &dyn KeyProvider) -> Result<Opener, KeyError> {
        if let Some(opener) = self.opener.get() {
            return Ok(opener.clone());
        }
        let key = keys.unwrap(&self.header.wrapped, &self.header.context())?;
        Ok(self.opener.get_or_init(|| Opener::new(&key)).clone())
    }

    pub(super) fn info(&self, is_newest: bool) -> FileInfo {
        let progress = self.progress();
        let Footer { last_position, entries, first_unix_nano, last_unix_nano, .. } = progress.footer;
        FileInfo {
            name: self.name.clone(),
            first: self.first,
            last: last_position,
            entries,
            bytes: progress.disk_bytes,
            first_time_unix_nano: first_unix_nano,
            last_time_unix_nano: last_unix_nano,
            active: is_newest || progress.phase == Phase::Active,
            key_id: self.header.wrapped.key_id.clone(),
        }
    }
}
