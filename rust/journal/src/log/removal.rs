//! Files go when everything in them was read by all.

use std::{sync::Arc, time::Duration};

use super::{
    file::{JournalFile, Phase},
    state::{Locked, Shared, State, unix_nano},
};

/// Entries that were read by all lie in the newest file no longer than this, also when nothing comes after them.
const READ_KEPT_MAX: Duration = Duration::from_secs(3_600);

impl Shared {
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
    state.doomed.extend(gone.iter().map(|file| (file.name.clone(), file.progress().disk_bytes)));
    if !gone.is_empty() {
        state.recount();
    }
    !gone.is_empty()
}
