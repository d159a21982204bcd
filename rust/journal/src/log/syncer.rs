//! Makes durable what was written: one sync for all that wait.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    file::JournalFile,
    state::{Group, Pending, Shared},
};
use crate::{entry::Entry, storage::StorageFile};

/// One sync.
struct Job {
    file: Arc<JournalFile>,
    handle: Arc<dyn StorageFile>,
    /// So many of the groups that wait.
    groups: usize,
    /// The file's name is to be made durable with it.
    is_new: bool,
}

/// The one thread that syncs.
pub(super) struct Syncer<'a> {
    shared: &'a Shared,
}

impl<'a> Syncer<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        Self { shared }
    }

    pub(super) fn run(mut self) {
        while let Some(job) = self.next() {
            let begun = Instant::now();
            let synced = job.handle.sync_data().and_then(|()| if job.is_new { self.shared.storage.sync_folder() } else { Ok(()) });
            match synced {
                Ok(()) => self.commit(job.groups, begun.elapsed()),
                Err(error) => self.failed(&job.file.name, &error, begun.elapsed()),
            }
        }
    }

    /// Waits for something to sync. `None`: nothing more comes.
    fn next(&self) -> Option<Job> {
        let mut state = self.shared.lock();
        while state.unsynced.is_empty() || state.sync_error.is_some() {
            if state.drained {
                return None;
            }
            state = Shared::wait_until(&self.shared.sync, state, None);
        }
        // More of those that the last commit served may be on their way: they are waited for, but not for long.
        while let Some(until) = state.gathers_until() {
            state = Shared::wait_until(&self.shared.sync, state, Some(until));
        }
        let first = state.unsynced.front()?;
        let (file, handle) = (Arc::clone(&first.file), Arc::clone(&first.handle));
        let (mut groups, mut is_new) = (0, false);
        for group in state.unsynced.iter().take_while(|group| Arc::ptr_eq(&group.file, &file)) {
            groups += 1;
            is_new |= group.is_new;
        }
        state.is_syncing = true;
        Some(Job { file, handle, groups, is_new })
    }

    fn failed(&self, name: &str, error: &io::Error, took: Duration) {
        let mut state = self.shared.lock();
        state.syncs.add(took);
        state.is_syncing = false;
        state.sync_error = Some(format!("syncing the journal file {name}: {error}").into());
        drop(state);
        self.shared.work.notify_all();
    }

    fn commit(&mut self, groups: usize, took: Duration) {
        let mut state = self.shared.lock();
        let groups: Vec<Group> = state.unsynced.drain(..groups).collect();
        state.committing = groups.first().and_then(|group| group.entries.first()).map(|pending| pending.entry.position);
        drop(state);

        let (mut entries, mut bytes) = (Vec::new(), 0);
        for Group { file, entries: pending, end, .. } in groups {
            let heads: Vec<_> = pending.iter().map(|pending| pending.entry.head()).collect();
            let mut progress = file.progress();
            for head in &heads {
                progress.footer.add(head);
            }
            progress.footer.end_offset = end;
            progress.disk_bytes = progress.disk_bytes.max(end);
            drop(progress);
            entries.extend(pending.into_iter().map(|Pending { entry, bytes: counted, .. }| {
                bytes += counted;
                Arc::new(entry)
            }));
        }
        let last = entries.last().map_or(0, |entry: &Arc<Entry>| entry.position);

        let mut state = self.shared.lock();
        state.committing = None;
        state.last_durable = last.max(state.last_durable);
        state.queued_bytes -= bytes;
        state.commits += 1;
        state.entries += entries.len() as u64;
        state.failing = None;
        state.syncs.add(took);
        state.is_syncing = false;
        state.expected = entries.len();
        state.gather_until = Some(Instant::now() + self.shared.options.fsync_delay_max);
        // The writer left what came meanwhile to wait: it looks again, or with the next that comes.
        state.wake_at = 1;
        let is_awaited = state.closed || state.is_idle_awaited || !state.queue.is_empty();
        let is_closing = !state.closing.is_empty();
        drop(state);
        (self.shared.on_durable)(entries);
        self.shared.announce(self.shared.lock());
        if is_closing {
            self.shared.chores.notify_all();
        }
        if is_awaited {
            self.shared.work.notify_all();
        }
    }
}
