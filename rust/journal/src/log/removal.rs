//! Files go when everything in them was read by all: large ones step by step.

use std::{io, sync::Arc, time::Duration};

use super::{
    file::{JournalFile, Phase},
    state::{Locked, Shared, State, unix_nano},
};
use crate::storage::StorageFile;

/// Entries that were read by all lie in the newest file no longer than this, also when nothing comes after them.
const READ_KEPT_MAX: Duration = Duration::from_secs(3_600);

/// What a file's name ends in while it is removed step by step: the next start removes what is left of it.
pub(super) const REMOVED_SUFFIX: &str = ".removed";
/// So much of a file goes at once. A file system that gives back much at a time lets the syncs of the moment wait for that: ten to forty
/// milliseconds for 64 MiB, where a sync takes a fraction of one.
const STEP_BYTES: u64 = if cfg!(test) { 4 << 10 } else { 4 << 20 };
/// And the next step comes after so long.
pub(super) const STEP_EVERY: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 20 });
/// Where more files than this wait to be removed, they come faster than they go by steps: they are removed whole.
const DOOMED_MAX: usize = 4;

/// A file that is being removed.
#[derive(Debug)]
pub(super) struct Doomed {
    file: Arc<JournalFile>,
    /// What it is called by now.
    name: String,
    /// What is left of it.
    pub(super) bytes: u64,
    /// Where it is removed step by step.
    handle: Option<Arc<dyn StorageFile>>,
    /// Steps did not work.
    is_whole: bool,
}

/// What is done with a file that goes.
#[derive(Debug)]
pub(super) enum Removal {
    /// It is removed, as what is left of it is little, or time presses.
    Whole(String),
    /// It gets a name that nobody takes for a journal file's.
    Rename(String),
    /// It is cut to this length.
    Cut(Arc<dyn StorageFile>, u64),
}

impl Doomed {
    /// The next step, by those that go on: `None` where there is time, and it is too early.
    fn next(&self, is_urgent: bool, is_early: bool) -> Option<Removal> {
        // Who is still reading it has it to its end.
        let is_read = Arc::strong_count(&self.file) > 1;
        if is_urgent || is_read || self.is_whole || self.bytes <= STEP_BYTES {
            return Some(Removal::Whole(self.name.clone()));
        }
        match &self.handle {
            None => Some(Removal::Rename(self.name.clone())),
            Some(_) if is_early => None,
            Some(handle) => Some(Removal::Cut(Arc::clone(handle), self.bytes - STEP_BYTES)),
        }
    }
}

impl Shared {
    /// What is to be done next to remove files; `is_early`: not so long after the last step.
    pub(super) fn next_removal(&self, state: &State, is_early: bool) -> Option<Removal> {
        let is_urgent = state.drained || state.doomed.len() > DOOMED_MAX || self.is_full(state);
        state.doomed.first()?.next(is_urgent, is_early)
    }

    /// Does it.
    pub(super) fn remove(&self, removal: &Removal) -> io::Result<()> {
        let done = match removal {
            Removal::Whole(name) => self.storage.remove(name).map(|()| None),
            Removal::Rename(name) => self.set_apart(name).map(Some),
            Removal::Cut(handle, to) => handle.truncate(*to).map(|()| None),
        };
        let mut gone = None;
        let mut state = self.lock();
        let is_drained = state.drained;
        let Some(doomed) = state.doomed.first_mut() else { return Ok(()) };
        let done = match (removal, done) {
            (Removal::Cut(_, to), Ok(_)) => {
                doomed.bytes = *to;
                Ok(())
            }
            (Removal::Rename(_), Ok(Some((name, handle)))) => {
                (doomed.name, doomed.handle) = (name, Some(handle));
                Ok(())
            }
            (Removal::Whole(_), Ok(_)) => {
                gone = Some(state.doomed.remove(0));
                Ok(())
            }
            (_, failed) => {
                if is_drained {
                    gone = Some(state.doomed.remove(0)); // the next start removes it
                } else {
                    doomed.is_whole = true;
                    state.doomed.rotate_left(1);
                }
                failed.map(|_| ())
            }
        };
        state.recount();
        drop(state);
        drop(gone); // with its handle, which was the last hold on what is left of the file
        done
    }

    /// Gives a file a name of those that go, for good: found again, it is not taken for one that was damaged.
    fn set_apart(&self, name: &str) -> io::Result<(String, Arc<dyn StorageFile>)> {
        let apart = format!("{name}{REMOVED_SUFFIX}");
        let handle = self.storage.open(name)?;
        self.storage.rename(name, &apart)?;
        if let Err(error) = self.storage.sync_folder() {
            self.storage.rename(&apart, name)?; // under which it is removed
            return Err(error);
        }
        Ok((apart, handle))
    }

    /// Removes the files whose entries are all at or before `position`.
    pub(super) fn remove_to(&self, position: u64) {
        let mut state = self.lock();
        state.read_to = state.read_to.max(position);
        if remove_read(&mut state) {
            self.chores.notify_all();
        }
        if self.is_full(&state) {
            self.renew(&mut state);
        }
    }

    /// Forgets what may be removed.
    pub(super) fn keep(&self) {
        self.lock().read_to = 0;
    }

    /// What is done now and then: files that were finished since go, and a newest file that was read long ago.
    pub(super) fn remove_idle(&self) {
        let mut state = self.lock();
        remove_read(&mut state);
        let oldest = state.files.last().map_or(0, |file| file.progress().footer.first_unix_nano);
        if oldest.saturating_add(READ_KEPT_MAX.as_nanos() as u64) < unix_nano() {
            self.renew(&mut state);
        }
    }

    /// Lets a new file follow the newest, where that was read by all: then it can go.
    fn renew(&self, state: &mut Locked<'_>) {
        let is_read = |file: &Arc<JournalFile>| file.progress().footer.entries > 0 && file.last() <= state.read_to;
        let is_idle = state.unsynced.is_empty() && state.committing.is_none() && state.in_hand.is_none() && state.queue.is_empty();
        if is_idle && state.files.last().is_some_and(is_read) {
            state.rotate = true;
            self.work.notify_all();
        }
    }
}

/// Takes files that were read out of the list; true where there were some.
fn remove_read(state: &mut State) -> bool {
    let newest = state.files.len().saturating_sub(1);
    let is_done = |file: &&Arc<JournalFile>| {
        let is_written = match file.progress().phase {
            Phase::Active => false,
            Phase::Closing => state.committing.is_none() && !state.unsynced.iter().any(|group| Arc::ptr_eq(&group.file, file)),
            Phase::Finished => true,
        };
        is_written && file.last() <= state.read_to
    };
    let done = state.files.iter().take(newest).take_while(is_done).count();
    let gone: Vec<_> = state.files.drain(..done).collect();
    state.closing.retain(|closing| !gone.iter().any(|file| Arc::ptr_eq(file, &closing.file)));
    let is_some = !gone.is_empty();
    state.doomed.extend(gone.into_iter().map(|file| {
        let (name, bytes) = (file.name.clone(), file.progress().disk_bytes);
        Doomed { file, name, bytes, handle: None, is_whole: false }
    }));
    if is_some {
        state.recount();
    }
    is_some
}
