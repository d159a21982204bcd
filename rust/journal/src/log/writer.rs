//! Seals entries and writes them: one write for all that came meanwhile.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use super::{
    file::{JournalFile, Phase},
    prepare::{self, Prepared},
    spent::Spent,
    state::{Closing, EAGER_BYTES, Group, Locked, Pending, Shared},
};
use crate::{
    format::{FileHeader, HEADER_BYTES, Sealer},
    storage::StorageFile,
};

/// The most bytes that one write takes on, unless one entry alone is larger: what was sealed is still in the processor's cache when it is written.
const GROUP_BYTES_MAX: u64 = 2 << 20;
/// What failed is tried again after this, the next times after twice as long each, up to the most.
const RETRY_MIN: Duration = Duration::from_millis(if cfg!(test) { 5 } else { 250 });
const RETRY_MAX: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 1_000 });
/// How long a key is waited for before the senders are told.
const KEY_WAIT_MAX: Duration = Duration::from_secs(5);

/// The file that is written.
#[derive(Debug)]
struct Active {
    file: Arc<JournalFile>,
    handle: Arc<dyn StorageFile>,
    sealer: Sealer,
    /// Where the next entry goes.
    offset: u64,
    /// Its name is not durable yet.
    is_new: bool,
}

/// What the writer does next.
enum Task {
    Write(Vec<Pending>),
    GiveUp(Arc<str>),
    Retry,
    Rotate,
    End,
}

/// The one thread that writes.
pub(super) struct Writer<'a> {
    shared: &'a Shared,
    active: Option<Active>,
    /// The position of the entry before the next.
    chain: u64,
    /// No file begins with a lower position: there may be files that cannot be read now.
    first_min: u64,
    buffer: Vec<u8>,
    spent: Spent,
    /// Tries that failed since something was last written durably.
    tries: u32,
    /// How many commits there were when it last failed.
    commits: u64,
    retry_at: Instant,
}

impl<'a> Writer<'a> {
    pub(super) fn new(shared: &'a Shared, chain: u64, first_min: u64) -> Self {
        let (active, buffer, spent) = (None, Vec::new(), Spent::default());
        Self { shared, active, chain, first_min, buffer, spent, tries: 0, commits: 0, retry_at: Instant::now() }
    }

    pub(super) fn run(mut self) {
        loop {
            match self.next() {
                Task::Write(group) => {
                    if let Err((group, why)) = self.write(group) {
                        self.give_up(group, why);
                    }
                }
                Task::GiveUp(why) => self.give_up(Vec::new(), why),
                Task::Retry => self.retry(),
                Task::Rotate => self.rotate(),
                Task::End => return self.end(),
            }
        }
    }

    fn next(&mut self) -> Task {
        let mut state = self.shared.lock();
        loop {
            if let Some(why) = state.sync_error.clone() {
                return Task::GiveUp(why);
            }
            if state.failing.is_some() {
                if state.closed && self.tries > 1 {
                    return Task::End;
                }
                if Instant::now() >= self.retry_at || state.closed {
                    return Task::Retry;
                }
                state = Shared::wait_until(&self.shared.work, state, Some(self.retry_at));
                continue;
            }
            if std::mem::take(&mut state.rotate) {
                return Task::Rotate;
            }
            let gathers_until = state.gathers_until();
            let is_early = state.queue_bytes < EAGER_BYTES && !state.closed && (state.is_syncing || gathers_until.is_some());
            if !state.queue.is_empty() && !is_early {
                return Task::Write(self.take_group(&mut state));
            }
            if state.closed && state.unsynced.is_empty() && state.committing.is_none() {
                return Task::End;
            }
            // While the disk syncs, what comes is left to wait: when that is done, all of it goes in one write.
            let missing = || state.expected.saturating_sub(state.unsynced.iter().map(|group| group.entries.len()).sum());
            state.wake_at = match (state.is_syncing, gathers_until) {
                (true, _) => usize::MAX,
                (false, Some(_)) => missing(),
                (false, None) => 1,
            };
            let until = gathers_until.filter(|_| !state.is_syncing);
            state = Shared::wait_until(&self.shared.work, state, until);
        }
    }

    /// What one write takes: all that waits, as far as it goes into the file.
    fn take_group(&self, state: &mut Locked<'_>) -> Vec<Pending> {
        let file_bytes = self.shared.file_bytes().saturating_sub(HEADER_BYTES as u64);
        let room = self.active.as_ref().map_or(file_bytes, |active| self.shared.file_bytes().saturating_sub(active.offset));
        let first = state.queue.front().map_or(0, |pending| pending.bytes);
        let most = if first > room { file_bytes } else { room }.min(GROUP_BYTES_MAX);
        let (mut group, mut bytes) = (Vec::new(), 0);
        while state.queue.front().is_some_and(|pending| bytes == 0 || bytes + pending.bytes <= most)
            && let Some(pending) = state.next_queued()
        {
            bytes += pending.bytes;
            group.push(pending);
        }
        state.in_hand = group.first().map(|pending| pending.entry.position);
        group
    }

    fn write(&mut self, mut group: Vec<Pending>) -> Result<(), (Vec<Pending>, Arc<str>)> {
        let estimate = group.iter().map(|pending| pending.bytes).sum::<u64>();
        let is_full = |active: &Active| active.offset > HEADER_BYTES as u64 && active.offset + estimate > self.shared.file_bytes();
        if self.active.as_ref().is_some_and(is_full) {
            self.close_active();
        }
        if self.active.is_none()
            && let Err(why) = self.begin()
        {
            return Err((group, why));
        }
        let Some(active) = &mut self.active else { return Err((group, "no journal file".into())) };

        self.buffer.clear();
        let mut too_large = Vec::new();
        let mut chain = self.chain;
        for (index, pending) in group.iter_mut().enumerate() {
            pending.entry.previous = chain;
            match active.sealer.seal(&pending.entry, &mut self.buffer) {
                Ok(_) => chain = pending.entry.position,
                Err(_) => too_large.push(index),
            }
        }
        let too_large: Vec<_> = too_large.into_iter().rev().map(|index| group.remove(index)).collect();
        // Right before memory is needed: what was just given back is filled the fastest.
        self.spent.passed(self.shared.passed.load(Ordering::Relaxed));
        if let Err(error) = active.handle.write_all_at(&self.buffer, active.offset) {
            let why = format!("writing to the journal file {}: {error}", active.file.name);
            group.extend(too_large);
            group.sort_unstable_by_key(|pending| pending.entry.position);
            return Err((group, why.into()));
        }
        self.chain = chain;
        let end = active.offset + self.buffer.len() as u64;
        self.spent.wrote(&active.handle, active.offset, end, chain);
        active.offset = end;
        if self.buffer.capacity() as u64 > 8 * GROUP_BYTES_MAX {
            self.buffer = Vec::new();
        }

        let mut state = self.shared.lock();
        state.in_hand = None;
        state.active_bytes = active.offset;
        for pending in &too_large {
            state.withdraw(pending);
        }
        state.too_large += too_large.len() as u64;
        if !group.is_empty() {
            let Active { file, handle, offset, is_new, .. } = active;
            let (file, handle) = (Arc::clone(file), Arc::clone(handle));
            state.unsynced.push_back(Group { file, handle, entries: group, end: *offset, is_new: std::mem::take(is_new) });
            self.shared.sync.notify_one();
        }
        if too_large.is_empty() {
            drop(state);
        } else {
            self.shared.announce(state);
        }
        Ok(())
    }

    /// Begins a new file, where the newest holds entries. It is there for good at once: the newest file is never removed, and knows the positions.
    fn rotate(&mut self) {
        if self.active.as_ref().is_some_and(|active| active.offset == HEADER_BYTES as u64) || self.shared.lock().files.is_empty() {
            return;
        }
        self.close_active();
        let begun = self.begin().and_then(|()| self.probe().map_err(|error| format!("syncing a new journal file: {error}").into()));
        if let Err(why) = begun {
            self.give_up(Vec::new(), why);
        }
    }

    /// Nothing more goes to the active file; it gets its footer when all of it is durable.
    fn close_active(&mut self) {
        let Some(active) = self.active.take() else { return };
        let mut state = self.shared.lock();
        Self::close_file(&mut state, active);
        drop(state);
        self.shared.chores.notify_all();
    }

    fn close_file(state: &mut Locked<'_>, active: Active) {
        let Active { file, handle, offset, .. } = active;
        {
            let mut progress = file.progress();
            progress.phase = Phase::Closing;
            progress.disk_bytes = progress.disk_bytes.max(offset);
        }
        state.closing.push(Closing { file, handle });
        state.active_bytes = 0;
        state.recount();
    }

    /// Begins the next file: prepared ahead, mostly.
    fn begin(&mut self) -> Result<(), Arc<str>> {
        let prepared = self.take_prepared()?;
        let name = prepared.name.clone();
        self.activate(prepared).map_err(|error| {
            let _ = self.shared.storage.remove(&name); // else the next start does
            format!("beginning a journal file: {error}").into()
        })
    }

    fn take_prepared(&self) -> Result<Prepared, Arc<str>> {
        let deadline = Instant::now() + KEY_WAIT_MAX;
        let mut state = self.shared.lock();
        if state.prepared.is_none() {
            state.is_file_wanted = true;
            state.prepare_failing = None;
            self.shared.chores.notify_all();
        }
        loop {
            if let Some(prepared) = state.prepared.take() {
                state.is_file_wanted = false;
                drop(state);
                self.shared.chores.notify_all();
                return Ok(prepared);
            }
            if let Some(why) = &state.prepare_failing {
                return Err(Arc::clone(why));
            }
            if state.key_ahead.is_none() && !state.is_preparing {
                if let Some(failing) = &state.key_failing {
                    return Err(Arc::clone(&failing.why));
                }
                if Instant::now() >= deadline {
                    let why = format!("the key provider '{}' has not answered for {KEY_WAIT_MAX:?}", self.shared.keys.name());
                    return Err(why.into());
                }
            }
            state = Shared::wait_until(&self.shared.work, state, Some(deadline.max(Instant::now() + RETRY_MIN)));
        }
    }

    fn activate(&mut self, prepared: Prepared) -> io::Result<()> {
        let Prepared { name, handle, key, disk_bytes } = prepared;
        let Shared { storage, journal_id, keys, .. } = self.shared;
        let header = FileHeader {
            journal_id: *journal_id,
            first_position: self.first_min.max(self.chain + 1),
            created_unix_nano: key.created_unix_nano,
            provider: keys.name().to_owned(),
            wrapped: key.wrapped,
            policy: self.shared.lock().policy,
        };
        let block = header.encode().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
        handle.write_all_at(&block, 0)?;
        let sealer = Sealer::new(key.key);
        let file = JournalFile::begun(header, sealer.opener(), disk_bytes);
        // Files that were given up before anything in them was durable: their positions come again in this one.
        let void = self.shared.lock().void.clone();
        for old in void.iter().filter(|old| **old != file.name) {
            storage.remove(old)?;
        }
        storage.rename(&name, &file.name)?;

        let mut state = self.shared.lock();
        state.void.clear();
        state.files.retain(|other| other.name != file.name); // one that held nothing, whose place it takes
        state.files.push(Arc::clone(&file));
        state.active_bytes = HEADER_BYTES as u64;
        state.recount();
        drop(state);
        self.active = Some(Active { file, handle, sealer, offset: HEADER_BYTES as u64, is_new: true });
        Ok(())
    }

    /// Something failed: what is not durable goes back to the queue, and the file is given up where it was last known to be whole.
    fn give_up(&mut self, group: Vec<Pending>, why: Arc<str>) {
        let mut state = self.shared.lock();
        // What was written before may still become durable.
        state.is_idle_awaited = true;
        while state.sync_error.is_none() && (!state.unsynced.is_empty() || state.committing.is_some()) {
            state = Shared::wait_until(&self.shared.work, state, None);
        }
        state.is_idle_awaited = false;
        let active = self.active.as_ref().map(|active| Closing { file: Arc::clone(&active.file), handle: Arc::clone(&active.handle) });
        let given_up = prepare::given_up(&state, active);
        drop(state);
        prepare::cut(&given_up);
        let mut state = self.shared.lock();
        let why = state.sync_error.take().unwrap_or(why);
        let written = std::mem::take(&mut state.unsynced).into_iter().flat_map(|group| group.entries);
        let mut back: Vec<_> = written.chain(group).collect();
        while let Some(pending) = back.pop() {
            state.queue_again(pending);
        }
        state.in_hand = None;
        self.chain = state.last_durable;

        if let Some(active) = self.active.take() {
            state.given_up += 1;
            Self::close_file(&mut state, active);
        }
        // Of files that hold nothing durable, nothing may be left: their positions come again.
        let is_void = |file: &Arc<JournalFile>| {
            let progress = file.progress();
            progress.phase == Phase::Closing && progress.footer.entries == 0
        };
        let void: Vec<_> = state.files.iter().filter(|file| is_void(file)).map(|file| file.name.clone()).collect();
        state.files.retain(|file| !void.contains(&file.name));
        state.closing.retain(|closing| !void.contains(&closing.file.name));
        state.void.extend(void);
        state.recount();

        if state.commits > self.commits {
            self.tries = 0;
        }
        self.commits = state.commits;
        state.fails(why);
        if self.tries == 0 {
            self.retry_at = Instant::now(); // once, before anybody is told to come again
            self.tries = 1;
            drop(state);
        } else {
            self.back_off(state);
        }
        self.shared.chores.notify_all();
    }

    /// It failed again: senders that can are told to come again, and the next try waits a little longer.
    fn back_off(&mut self, mut state: Locked<'_>) {
        state.withdraw_queued(false);
        self.shared.announce(state);
        self.retry_at = Instant::now() + (RETRY_MIN * (1 << (self.tries - 1).min(4))).min(RETRY_MAX);
        self.tries += 1;
    }

    /// Tries whether a new file can be begun.
    fn retry(&mut self) {
        let begun = self.begin().and_then(|()| self.probe().map_err(|error| format!("syncing a new journal file: {error}").into()));
        let mut state = self.shared.lock();
        match begun {
            // Where something waits, its sync will tell whether it works again.
            Ok(()) => state.failing = None,
            Err(why) => {
                drop(state);
                if let Some(active) = self.active.take() {
                    let mut state = self.shared.lock();
                    let name = active.file.name.clone();
                    state.files.retain(|file| file.name != name);
                    state.void.push(name);
                    state.active_bytes = 0;
                    state.recount();
                }
                state = self.shared.lock();
                state.fails(why);
                self.back_off(state);
            }
        }
    }

    fn probe(&mut self) -> io::Result<()> {
        let Some(active) = &mut self.active else { return Ok(()) };
        active.handle.sync_data()?;
        self.shared.storage.sync_folder()?;
        active.is_new = false;
        Ok(())
    }

    fn end(mut self) {
        self.close_active();
        let mut state = self.shared.lock();
        state.withdraw_queued(true); // only where writing fails: it is not on disk, and nobody is told that it is
        state.drained = true;
        self.shared.announce(state);
        for condvar in [&self.shared.sync, &self.shared.chores, &self.shared.keyring, &self.shared.work] {
            condvar.notify_all();
        }
    }
}
