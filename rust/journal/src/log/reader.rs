//! Reads durable entries from disk, decrypting only those that are wanted.

use std::{
    fmt, io,
    sync::Arc,
    time::{Duration, Instant},
};

use logloom_record::BlockPool;

use super::{
    file::JournalFile,
    quarantine,
    state::Shared,
    window::{At, Window, is_bad_sector},
};
use crate::{
    entry::{Entry, Head},
    format::{Damage, HEADER_BYTES, Prefix, unseal},
    keys::KeyError,
};

/// The most damaged ranges that are counted apart.
const DAMAGED_MAX: usize = 10_000;

/// What comes next.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // one is there at a time, and nearly all are entries
pub enum Read {
    /// An entry.
    Entry(Entry),
    /// Entries that cannot be read, and never will be: their bytes are damaged. What there was of them is in the quarantine.
    Damaged {
        /// The first position that is lost.
        from: u64,
        /// The last.
        to: u64,
        /// What does not hold, and where.
        why: String,
    },
}

/// Nothing could be read now; the same may work later, and the reader stands where it stood.
#[derive(Debug)]
pub enum ReadError {
    /// The disk does not read.
    Io {
        /// The file.
        file: String,
        /// What it says.
        error: io::Error,
    },
    /// The key provider does not unwrap the file's key.
    Key {
        /// The file.
        file: String,
        /// The key that wrapped it.
        key_id: String,
        /// What it says.
        error: KeyError,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { file, error } => write!(f, "reading the journal file {file}: {error}"),
            Self::Key { file, key_id, error } => write!(f, "the key {key_id} of the journal file {file}: {error}"),
        }
    }
}

impl std::error::Error for ReadError {}

/// Goes through the durable entries in order, as they become durable.
#[derive(Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    after: u64,
    until: u64,
    place: Option<Place>,
}

#[derive(Debug)]
struct Place {
    file: Arc<JournalFile>,
    window: Window,
    offset: u64,
    /// When the disk began not to read here, and how often it did not.
    failing: Option<(Instant, u32)>,
}

/// After so many tries over so long, what the disk does not read is stepped over.
const TRIES_MIN: u32 = 3;
const TRYING_MIN: Duration = Duration::from_millis(if cfg!(test) { 0 } else { 5_000 });

impl Place {
    /// The disk does not read. That it does again is given time; then what it does not read counts as damaged.
    fn failed(&mut self, error: io::Error) -> ReadError {
        let (since, tries) = self.failing.unwrap_or((Instant::now(), 0));
        self.failing = Some((since, tries + 1));
        if tries + 1 >= TRIES_MIN && since.elapsed() >= TRYING_MIN && is_bad_sector(&error) {
            self.window.forgive();
        }
        ReadError::Io { file: self.file.name.clone(), error }
    }
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>, after: u64, until: u64) -> Self {
        Self { shared, after, until, place: None }
    }

    /// The position of the last entry that was read or passed over.
    pub fn after(&self) -> u64 {
        self.after
    }

    /// The next entry that is wanted; what is not is passed over without its key. `None`: there is no more now.
    pub fn next_where(&mut self, mut wanted: impl FnMut(&Head) -> bool) -> Result<Option<Read>, ReadError> {
        loop {
            let Some(place) = &mut self.place else {
                let Some(file) = self.find(self.after + 1, 0) else { return Ok(None) };
                self.place = Some(self.open(file)?);
                continue;
            };
            let end = place.file.progress().footer.end_offset;
            if place.offset >= end {
                // Entries become durable in order: once a later file holds some, this one gets no more.
                let later = self.find(self.after + 1, self.place.as_ref().map_or(0, |place| place.file.first + 1));
                let is_same = self.place.as_ref().is_none_or(|place| place.offset >= place.file.progress().footer.end_offset);
                match later {
                    Some(later) if is_same => self.place = Some(self.open(later)?),
                    None if is_same => return Ok(None),
                    _ => {}
                }
                continue;
            }
            place.window.set_end(end);
            match place.window.at(place.offset).map_err(|error| place.failed(error))? {
                At::Entry(prefix, head) => {
                    if head.position > self.until {
                        return Ok(None);
                    }
                    let (offset, position) = (place.offset, head.position);
                    if position <= self.after || !wanted(&head) {
                        place.offset += prefix.total_len() as u64;
                        self.after = self.after.max(position);
                        continue;
                    }
                    let entry = Self::read(&self.shared, place, &prefix)?;
                    place.offset += prefix.total_len() as u64;
                    self.after = position;
                    return Ok(Some(match entry {
                        Ok(entry) => Read::Entry(entry),
                        Err(damage) => self.damaged(offset, position, position, damage),
                    }));
                }
                bad => {
                    let damage = match bad {
                        At::Bad(damage) => damage,
                        At::Footer => Damage::Broken("a footer where an entry should be"),
                        _ => Damage::Broken("zeros where an entry should be"),
                    };
                    if let Some(read) = self.step_over(damage)? {
                        return Ok(Some(read));
                    }
                }
            }
        }
    }

    /// The first file with durable entries at or after `position`, that begins at `first_min` or after it.
    fn find(&self, position: u64, first_min: u64) -> Option<Arc<JournalFile>> {
        let state = self.shared.lock();
        let from = state.files.partition_point(|file| file.first <= position).saturating_sub(1);
        let later = state.files.get(from..)?;
        later.iter().find(|file| file.first >= first_min && file.progress().footer.entries > 0 && file.last() >= position).cloned()
    }

    fn open(&self, file: Arc<JournalFile>) -> Result<Place, ReadError> {
        let handle = self.shared.storage.open(&file.name).map_err(|error| ReadError::Io { file: file.name.clone(), error })?;
        Ok(Place { window: Window::new(handle, HEADER_BYTES as u64), file, offset: HEADER_BYTES as u64, failing: None })
    }

    fn read(shared: &Shared, place: &mut Place, prefix: &Prefix) -> Result<Result<Entry, Damage>, ReadError> {
        let opener = place.file.opener(&*shared.keys).map_err(|error| ReadError::Key {
            file: place.file.name.clone(),
            key_id: place.file.header.wrapped.key_id.clone(),
            error,
        })?;
        let len = prefix.total_len();
        let mut bytes = BlockPool::global().take(len);
        bytes.resize(bytes.len().max(len), 0); // over the pool's largest
        match place.window.copy(place.offset, bytes.get_mut(..len).unwrap_or_default()) {
            Ok(read) if read == len => {}
            Ok(_) => return Ok(Err(Damage::Cut)),
            Err(error) if place.window.is_forgiving() && is_bad_sector(&error) => {
                return Ok(Err(Damage::Broken("the disk does not read it")));
            }
            Err(error) => return Err(place.failed(error)),
        }
        Ok(unseal(&opener, bytes))
    }

    /// Goes to the next whole entry behind damaged bytes. `None`: no entry after the last is lost with them.
    fn step_over(&mut self, damage: Damage) -> Result<Option<Read>, ReadError> {
        let Some(place) = &mut self.place else { return Ok(None) };
        let (offset, end) = (place.offset, place.window.end());
        let found = place.window.resync(offset + 1, self.after, u64::MAX).map_err(|error| place.failed(error))?;
        let next = match found {
            Some(found) => place.window.at(found).map_err(|error| place.failed(error))?,
            None => At::End,
        };
        let to = match next {
            At::Entry(_, head) => head.previous,
            _ => place.file.last(),
        };
        place.offset = found.unwrap_or(end);
        let from = self.after + 1;
        self.after = self.after.max(to);
        Ok((from <= to).then(|| self.damaged(offset, from, to, damage)))
    }

    /// Tells, counts and keeps damaged bytes.
    fn damaged(&self, offset: u64, from: u64, to: u64, damage: Damage) -> Read {
        let Some(place) = &self.place else { return Read::Damaged { from, to, why: damage.to_string() } };
        let mut state = self.shared.lock();
        let is_news = state.damaged.len() < DAMAGED_MAX && state.damaged.insert((place.file.first, offset));
        drop(state);
        if is_news && place.offset > offset {
            quarantine::copy(&*self.shared.storage, &place.file.name, place.window.handle(), offset, place.offset);
        }
        Read::Damaged { from, to, why: format!("{} at byte {offset}: {damage}", place.file.name) }
    }
}
