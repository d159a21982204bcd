//! What is found on disk: whole files are taken as they are, others are looked through, cut and finished.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::io::Errno;

use super::{
    LogError,
    file::{JournalFile, Phase, first_of, no_entries},
    prepare::PREPARED_SUFFIX,
    quarantine,
    removal::REMOVED_SUFFIX,
    window::{At, Window},
};
use crate::{
    format::{Damage, FOOTER_TAIL_BYTES, FileHeader, Footer, HEADER_BYTES, PREFIX_BYTES},
    storage::Storage,
};

/// The unwritten end of the last entries: what a crash cut off. Nothing in it was acknowledged, unless the disk lost what it said was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The file.
    pub file: String,
    /// Bytes from the last whole entry to the last byte that was written.
    pub bytes: u64,
    /// The position of the last whole entry before.
    pub after: u64,
    /// The copy of them, in the journal's folder; `None` where there was no room for one.
    pub kept: Option<String>,
}

/// Bytes between whole entries that are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedRange {
    /// The file.
    pub file: String,
    /// Where they begin in it.
    pub offset: u64,
    /// How many they are.
    pub bytes: u64,
    /// The position before them.
    pub after: u64,
    /// The position after them; 0: none is known.
    pub before: u64,
    /// The copy of them, in the journal's folder; `None` where there was no room for one.
    pub kept: Option<String>,
    /// What does not hold.
    pub why: String,
}

/// What opening a journal found and did.
#[derive(Clone, Debug, Default)]
pub struct Recovery {
    /// Files that are there.
    pub files: u64,
    /// Entries in them.
    pub entries: u64,
    /// Files that were looked through, since they were not finished.
    pub scanned: u64,
    /// Bytes of these.
    pub scanned_bytes: u64,
    /// Torn ends that were cut.
    pub torn: Vec<Torn>,
    /// Damaged ranges that were stepped over.
    pub damaged: Vec<DamagedRange>,
    /// Files that cannot be read at all, and why. They were moved to `quarantine/` or, where the disk does not read them, left in place.
    pub unreadable: Vec<(String, String)>,
    /// The last position that is there; 0: none.
    pub last: u64,
    /// The first position that is given from now on.
    pub next: u64,
    /// How long it took.
    pub took: Duration,
}

/// What the log begins with.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) files: Vec<Arc<JournalFile>>,
    pub(super) journal_id: Option<[u8; 16]>,
    pub(super) recovery: Recovery,
}

/// Looks at all files.
pub(super) fn recover(storage: &dyn Storage, position_min: u64) -> Result<Found, LogError> {
    let begun = Instant::now();
    let listed = storage.list().map_err(LogError::io("the journal's folder"))?;
    for (name, _) in listed.iter().filter(|(name, _)| name.ends_with(PREPARED_SUFFIX) || name.ends_with(REMOVED_SUFFIX)) {
        storage.remove(name).map_err(LogError::io(name))?; // begun by a process that is gone, nothing was written; or on its way out
    }
    let mut names: Vec<_> = listed.iter().filter_map(|(name, len)| first_of(name).map(|first| (first, name.as_str(), *len))).collect();
    names.sort_unstable();
    let limits = names.iter().skip(1).map(|(first, ..)| *first).chain([u64::MAX]);
    let mut one = Recoverer { storage, recovery: Recovery { next: position_min.max(1), ..Recovery::default() } };
    let mut files: Vec<Arc<JournalFile>> = Vec::new();
    for (&(first, name, len), limit) in names.iter().zip(limits) {
        one.recovery.next = one.recovery.next.max(first);
        let Some(file) = one.file(name, first, len, limit)? else { continue };
        let (last, entries) = (file.last(), file.progress().footer.entries);
        one.recovery.next = one.recovery.next.max(last + 1);
        one.recovery.entries += entries;
        if entries > 0 {
            one.recovery.last = last;
        }
        files.push(file);
    }
    // What a killed process wrote, a power cut would still take: it is shown to nobody before it is safe.
    storage.sync_folder().map_err(LogError::io("the journal's folder"))?;
    let journal_id = files.last().map(|file| file.header.journal_id);
    if let Some(other) = files.iter().find(|file| Some(file.header.journal_id) != journal_id) {
        return Err(LogError::Foreign { file: other.name.clone() });
    }
    let Recoverer { mut recovery, .. } = one;
    recovery.files = files.len() as u64;
    recovery.took = begun.elapsed();
    Ok(Found { files, journal_id, recovery })
}

/// More than can have been on its way to the disk when the process ended.
const REWRITTEN_BYTES_MAX: u64 = 256 << 20;

struct Recoverer<'a> {
    storage: &'a dyn Storage,
    recovery: Recovery,
}

impl Recoverer<'_> {
    /// One file; `None` where it cannot be used.
    fn file(&mut self, name: &str, first: u64, len: u64, limit: u64) -> Result<Option<Arc<JournalFile>>, LogError> {
        // That it cannot be opened says nothing about the file: too many are open, perhaps.
        let handle = self.storage.open(name).map_err(LogError::io(name))?;
        let mut window = Window::new(handle, len);
        window.forgive(); // a bad sector costs what lies in it, and no more
        let header = match window.get(0, HEADER_BYTES) {
            Ok(bytes) => FileHeader::decode(bytes),
            Err(error) => return Ok(self.leave(name, first, len, &error)),
        };
        let header = match header {
            Ok(header) if header.first_position == first => header,
            Ok(_) => return self.set_aside(name, first, len, "its name is not the one that its header says"),
            Err(Damage::Newer { version }) => return Err(LogError::Newer { file: name.to_owned(), version }),
            Err(damage) => {
                let is_blank = window.is_blank_from(0).unwrap_or(false);
                if window.has_holes() {
                    return Ok(self.leave(name, first, len, &io::Error::from_raw_os_error(Errno::IO.raw_os_error())));
                }
                if is_blank {
                    // Allocated, and nothing came to it before the power went: nothing to keep.
                    self.storage.remove(name).map_err(LogError::io(name))?;
                    return Ok(None);
                }
                return self.set_aside(name, first, len, &damage.to_string());
            }
        };
        match footer_of(&mut window) {
            Ok(Some(footer)) if footer.last_position < limit => return Ok(Some(JournalFile::new(header, footer, Phase::Finished, len))),
            Ok(_) => {}
            Err(error) => return Ok(self.leave(name, first, len, &error)),
        }
        self.recovery.scanned += 1;
        self.recovery.scanned_bytes += len;
        let mut footer = no_entries();
        if let Err(error) = self.scan(name, first, limit, &mut window, &mut footer) {
            self.leave(name, first, len, &error);
            return Ok(Some(JournalFile::new(header, footer, Phase::Finished, len)));
        }
        // Where the disk did not read some of it, the file stays as it is, for a disk that reads again; so it does where there is no room for a
        // footer. The next start looks through it again.
        let disk_bytes = if window.has_holes() { len } else { Self::finish(&mut window, &footer).unwrap_or(len) };
        Ok(Some(JournalFile::new(header, footer, Phase::Finished, disk_bytes)))
    }

    /// Looks through the entries of a file that has no footer.
    fn scan(&mut self, name: &str, first: u64, limit: u64, window: &mut Window, footer: &mut Footer) -> io::Result<()> {
        loop {
            let offset = footer.end_offset;
            let after = if footer.entries == 0 { first.saturating_sub(1) } else { footer.last_position };
            let why = match window.at(offset)? {
                At::End if window.is_blank_from(offset)? => return Ok(()),
                At::End => Damage::Broken("zeros where an entry should be"),
                At::Footer => return Ok(()),
                At::Entry(_, head) if head.position >= limit => return Ok(()), // written again in the next file, after a sync that failed
                At::Entry(_, head) if head.position <= after => Damage::Broken("an entry whose position does not rise"),
                At::Entry(prefix, _) => match window.holds(offset, &prefix)? {
                    Ok(head) => {
                        footer.add(&head);
                        footer.end_offset = offset + prefix.total_len() as u64;
                        continue;
                    }
                    Err(damage) => damage,
                },
                At::Bad(damage) => damage,
            };
            let Some(found) = window.resync(offset + 1, after, limit)? else {
                let bytes = written_from(window, offset)?;
                // It may also be what a disk made of entries that were acknowledged: the only copy is not for us to destroy.
                let kept = quarantine::copy(self.storage, name, window.handle(), offset, offset + bytes);
                self.recovery.torn.push(Torn { file: name.to_owned(), bytes, after, kept });
                // What was in it is not known: its positions are not given again.
                self.recovery.next = self.recovery.next.max(after.saturating_add(1 + bytes / PREFIX_BYTES as u64));
                return Ok(());
            };
            let before = match window.at(found)? {
                At::Entry(_, head) => head.position,
                _ => 0,
            };
            let kept = quarantine::copy(self.storage, name, window.handle(), offset, found);
            self.recovery.damaged.push(DamagedRange {
                file: name.to_owned(),
                offset,
                bytes: found - offset,
                after,
                before,
                kept,
                why: why.to_string(),
            });
            footer.end_offset = found;
        }
    }

    /// Cuts a file behind its last entry and gives it a footer: its length then.
    fn finish(window: &mut Window, footer: &Footer) -> io::Result<u64> {
        window.set_end(footer.end_offset);
        write_again(window)?;
        let (handle, bytes) = (window.handle(), footer.encode());
        handle.truncate(footer.end_offset)?;
        if let Err(error) = handle.write_all_at(&bytes, footer.end_offset).and_then(|()| handle.sync_data()) {
            handle.truncate(footer.end_offset)?;
            handle.sync_data()?;
            return Err(error);
        }
        Ok(footer.end_offset + bytes.len() as u64)
    }

    /// A file that the disk does not read.
    fn leave(&mut self, name: &str, first: u64, len: u64, error: &io::Error) -> Option<Arc<JournalFile>> {
        self.pass_positions(first, len);
        self.recovery.unreadable.push((name.to_owned(), error.to_string()));
        None
    }

    /// A file that cannot be used is kept in the quarantine.
    fn set_aside(&mut self, name: &str, first: u64, len: u64, why: &str) -> Result<Option<Arc<JournalFile>>, LogError> {
        self.pass_positions(first, len);
        self.recovery.unreadable.push((name.to_owned(), why.to_owned()));
        let to = quarantine::name_of_whole(self.storage, name, len);
        self.storage.rename(name, &to).map_err(LogError::io(name))?;
        Ok(None)
    }

    /// Positions that may stand in it are not given again.
    fn pass_positions(&mut self, first: u64, len: u64) {
        self.recovery.next = self.recovery.next.max(first.saturating_add(1 + len / PREFIX_BYTES as u64));
    }
}

/// Writes the end of a file again, as it is. After a sync that failed, the system may count pages as written that are not: whoever reads them finds
/// them whole, until the power goes.
fn write_again(window: &mut Window) -> io::Result<()> {
    const STEP_BYTES: usize = 1 << 20;
    let handle = Arc::clone(window.handle());
    let mut offset = window.end().saturating_sub(REWRITTEN_BYTES_MAX);
    while offset < window.end() {
        let bytes = window.get(offset, STEP_BYTES)?;
        if bytes.is_empty() {
            break;
        }
        handle.write_all_at(bytes, offset)?;
        offset += bytes.len() as u64;
    }
    Ok(())
}

/// The footer, where the file ends with one that holds.
pub(super) fn footer_of(window: &mut Window) -> io::Result<Option<Footer>> {
    let end = window.end();
    let tail = window.get(end.saturating_sub(FOOTER_TAIL_BYTES as u64), FOOTER_TAIL_BYTES)?;
    let Some(len) = Footer::len_at_end(tail) else { return Ok(None) };
    let Some(offset) = end.checked_sub(len as u64) else { return Ok(None) };
    let footer = Footer::decode(window.get(offset, len)?);
    Ok(footer.ok().filter(|footer| footer.end_offset == offset))
}

/// Bytes from `offset` to the last that is not zero.
fn written_from(window: &mut Window, offset: u64) -> io::Result<u64> {
    const STEP_BYTES: usize = 1 << 20;
    let (mut at, mut last) = (offset, offset);
    while at < window.end() {
        let bytes = window.get(at, STEP_BYTES)?;
        if bytes.is_empty() {
            break;
        }
        if let Some(found) = bytes.iter().rposition(|byte| *byte != 0) {
            last = at + found as u64 + 1;
        }
        at += bytes.len() as u64;
    }
    Ok(last - offset)
}
