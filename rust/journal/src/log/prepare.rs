//! What is done ahead of need and after it, beside the path of a push: keys wrapped, files allocated, footers written, old files removed.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use super::{
    file::Phase,
    health::Failing,
    removal::{Removal, STEP_EVERY},
    state::{Closing, Locked, Shared, State, unix_nano},
};
use crate::{
    format::FileHeader,
    keys::{FreshKey, Wrapped},
    storage::StorageFile,
};

/// What a prepared file's name ends in, until it gets the one it keeps.
pub(super) const PREPARED_SUFFIX: &str = ".prepared";
/// How often the free space is looked at.
const FLOOR_EVERY: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 1_000 });
/// What failed is tried again after this.
const AGAIN: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 1_000 });

/// A data key for the next file.
#[derive(Debug)]
pub(super) struct KeyAhead {
    pub(super) key: FreshKey,
    pub(super) wrapped: Wrapped,
    pub(super) created_unix_nano: u64,
}

/// The next file: it has room and a key, but no position yet.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) name: String,
    pub(super) handle: Arc<dyn StorageFile>,
    pub(super) key: KeyAhead,
    pub(super) disk_bytes: u64,
}

/// Keeps one wrapped key ready. The provider may take as long as it likes: nothing else waits in this thread.
pub(super) fn keep_key(shared: &Shared) {
    loop {
        let mut state = shared.lock();
        while state.key_ahead.is_some() && !state.drained {
            state = Shared::wait_until(&shared.keyring, state, None);
        }
        if state.drained {
            return;
        }
        state.is_asking = true;
        drop(state);

        let created_unix_nano = unix_nano();
        let made = FreshKey::random().and_then(|key| {
            let wrapped = shared.keys.wrap(key.key(), &FileHeader::context_of(&shared.journal_id, created_unix_nano))?;
            Ok(KeyAhead { key, wrapped, created_unix_nano })
        });
        let mut state = shared.lock();
        state.is_asking = false;
        if state.drained {
            shared.settled.notify_all(); // who closes the log waits a little for this
        }
        match made {
            Ok(key) => {
                state.key_ahead = Some(key);
                state.key_failing = None;
                drop(state);
                shared.chores.notify_all();
            }
            Err(error) => {
                let why = format!("the key provider '{}' gives no key for the next file: {error}", shared.keys.name()).into();
                let since_unix_nano = state.key_failing.as_ref().map_or_else(unix_nano, |failing| failing.since_unix_nano);
                state.key_failing = Some(Failing { why, since_unix_nano });
                shared.work.notify_all();
                drop(Shared::wait_until(&shared.keyring, state, Some(Instant::now() + AGAIN)));
            }
        }
    }
}

/// What the preparer does next.
enum Chore {
    Remove(Removal),
    Finish(Closing),
    Prepare(KeyAhead),
    Look,
    End,
}

/// Prepares files, finishes and removes them, and looks at the free space.
pub(super) struct Preparer<'a> {
    shared: &'a Shared,
    look_at: Instant,
    prepare_at: Instant,
    again_at: Instant,
    /// When the next step of a removal may be.
    step_at: Instant,
}

impl<'a> Preparer<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        let now = Instant::now();
        Self { shared, look_at: now, prepare_at: now, again_at: now, step_at: now }
    }

    pub(super) fn run(mut self) {
        loop {
            match self.next() {
                Chore::Remove(removal) => {
                    if self.shared.remove(&removal).is_err() {
                        self.again_at = Instant::now() + AGAIN;
                    }
                    self.step_at = Instant::now() + STEP_EVERY;
                }
                Chore::Finish(closing) => self.finish(&closing),
                Chore::Prepare(key) => self.prepare(key),
                Chore::Look => {
                    let free = self.shared.storage.free_bytes();
                    self.shared.remove_idle();
                    let mut state = self.shared.lock();
                    // Where it cannot be asked, the writes will tell.
                    state.free_bytes = free.unwrap_or(u64::MAX);
                    state.below_floor = state.free_bytes < self.shared.options.free_bytes_min;
                    self.look_at = Instant::now() + FLOOR_EVERY;
                }
                Chore::End => return self.end(),
            }
        }
    }

    fn next(&mut self) -> Chore {
        let mut state = self.shared.lock();
        loop {
            let now = Instant::now();
            if now >= self.again_at || state.drained {
                if let Some(removal) = self.shared.next_removal(&state, now < self.step_at) {
                    return Chore::Remove(removal);
                }
                let is_written = |closing: &&Closing| !state.unsynced.iter().any(|group| Arc::ptr_eq(&group.file, &closing.file));
                if state.committing.is_none()
                    && let Some(closing) = state.closing.iter().find(is_written)
                {
                    return Chore::Finish(closing.clone());
                }
            }
            if state.drained {
                return Chore::End;
            }
            if state.prepared.is_none()
                && (now >= self.prepare_at || state.is_file_wanted)
                && self.may_prepare(&state)
                && let Some(key) = state.key_ahead.take()
            {
                state.is_preparing = true;
                self.shared.keyring.notify_all();
                return Chore::Prepare(key);
            }
            if now >= self.look_at {
                return Chore::Look;
            }
            let step_at = (!state.doomed.is_empty() && self.step_at > now).then_some(self.step_at);
            let later = |at: Instant| (at > now).then_some(at);
            let next = [Some(self.look_at), later(self.again_at), later(self.prepare_at), step_at];
            state = Shared::wait_until(&self.shared.chores, state, next.into_iter().flatten().min());
        }
    }

    /// Ahead of need only within the bound; for entries that were admitted in any case.
    fn may_prepare(&self, state: &Locked<'_>) -> bool {
        let allocated = state.closed_bytes + self.shared.file_bytes();
        state.is_file_wanted || allocated + self.shared.file_bytes() <= self.shared.options.disk_bytes_max
    }

    fn prepare(&mut self, key: KeyAhead) {
        let Shared { storage, options, .. } = self.shared;
        let bytes = self.shared.file_bytes();
        let number = self.shared.prepared_number.fetch_add(1, Ordering::Relaxed);
        let name = format!("{number}{PREPARED_SUFFIX}");
        let made = storage.free_bytes().map_or(Ok(()), |free| {
            let is_room = free >= bytes.saturating_add(options.free_bytes_min);
            if is_room { Ok(()) } else { Err(self.shared.floor_words(free)) }
        });
        let made = made.and_then(|()| storage.create(&name, bytes).map_err(|error| format!("a new journal file: {error}").into()));
        let mut state = self.shared.lock();
        (state.is_file_wanted, state.is_preparing) = (false, false);
        match made {
            Ok(handle) => {
                state.prepare_failing = None;
                state.prepared = Some(Prepared { name, handle, key, disk_bytes: bytes });
            }
            Err(why) => {
                state.prepare_failing = Some(why);
                // The key sealed nothing: it serves the next try.
                if state.key_ahead.is_none() {
                    state.key_ahead = Some(key);
                }
                self.prepare_at = Instant::now() + AGAIN;
            }
        }
        drop(state);
        self.shared.work.notify_all();
    }

    fn finish(&mut self, closing: &Closing) {
        let written = write_footer(closing);
        let mut state = self.shared.lock();
        if written.is_ok() {
            state.closing.retain(|other| !Arc::ptr_eq(&other.file, &closing.file));
            state.recount();
        } else {
            self.again_at = Instant::now() + AGAIN;
            if state.drained {
                state.closing.clear(); // the next start looks through it
            }
        }
    }

    fn end(&self) {
        let mut state = self.shared.lock();
        let prepared = state.prepared.take();
        state.key_ahead = None;
        drop(state);
        if let Some(prepared) = prepared {
            let _ = self.shared.storage.remove(&prepared.name); // else the next start does
        }
        let _ = self.shared.storage.sync_folder(); // removed files come back otherwise, and are removed again
    }
}

/// The files that hold what was written and is not durable, the active one with them.
pub(super) fn given_up(state: &State, active: Option<Closing>) -> Vec<Closing> {
    let written = state.unsynced.iter().map(|group| Closing { file: Arc::clone(&group.file), handle: Arc::clone(&group.handle) });
    let mut files: Vec<_> = written.chain(active).collect();
    files.dedup_by(|one, other| Arc::ptr_eq(&one.file, &other.file));
    files
}

/// Cuts files behind what is durable, before anybody is told to send the rest again: else the next process finds it whole, and it comes twice.
pub(super) fn cut(files: &[Closing]) {
    for Closing { file, handle } in files {
        let end = file.progress().footer.end_offset;
        let _ = handle.truncate(end).and_then(|()| handle.sync_data()); // where it works
    }
}

/// Writes the footer of a file, and cuts it there.
fn write_footer(closing: &Closing) -> io::Result<()> {
    let Closing { file, handle } = closing;
    let (end, bytes) = {
        let progress = file.progress();
        (progress.footer.end_offset, progress.footer.encode())
    };
    let len = end + bytes.len() as u64;
    let written = handle.write_all_at(&bytes, end).and_then(|()| handle.truncate(len)).and_then(|()| handle.sync_data());
    let mut progress = file.progress();
    if let Err(error) = written {
        // At least the room is given back.
        if handle.truncate(end).is_ok() {
            progress.disk_bytes = end;
        }
        return Err(error);
    }
    progress.phase = Phase::Finished;
    progress.disk_bytes = len;
    Ok(())
}
