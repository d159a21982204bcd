//! What the log's threads share.

use std::{
    collections::{BTreeSet, VecDeque},
    io,
    os::fd::OwnedFd,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, atomic::AtomicU64},
    time::{Duration, Instant, SystemTime},
};

use super::{
    LogOptions, OnDurable,
    decided::{Decisions, OnDecided},
    file::{JournalFile, Phase},
    health::{Failing, Histogram},
    prepare::{KeyAhead, Prepared},
    ranges::Ranges,
    removal::Doomed,
};
use crate::{
    entry::{Entry, Fate, NoRoom},
    keys::KeyProvider,
    storage::{Storage, StorageFile},
};

/// How long a sender is asked to wait while something does not work, and while only the queue is full.
const RETRY_AFTER: Duration = Duration::from_secs(1);
const RETRY_SOON: Duration = Duration::from_millis(100);
/// So much is written at once, whatever else goes on: less than that waits for the sync that runs, and goes together.
pub(super) const EAGER_BYTES: u64 = 256 << 10;
/// The most withdrawn positions that wait for somebody to ask after them.
const NEWS_MAX: usize = 1 << 20;

/// An entry that is not durable yet.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) entry: Entry,
    pub(super) revocable: bool,
    /// Bytes that it counts against the queue's bound.
    pub(super) bytes: u64,
}

/// Entries that one write brought to a file.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) file: Arc<JournalFile>,
    pub(super) handle: Arc<dyn StorageFile>,
    pub(super) entries: Vec<Pending>,
    /// Where they end in the file.
    pub(super) end: u64,
    /// The file's name is not durable yet.
    pub(super) is_new: bool,
}

/// A file that waits for its footer.
#[derive(Clone, Debug)]
pub(super) struct Closing {
    pub(super) file: Arc<JournalFile>,
    pub(super) handle: Arc<dyn StorageFile>,
}

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "wishes and facts that do not exclude one another")]
pub(super) struct State {
    // Entries, in order: synced at last, written, in the writer's hands, waiting.
    pub(super) committing: Option<u64>,
    pub(super) unsynced: VecDeque<Group>,
    pub(super) in_hand: Option<u64>,
    pub(super) queue: VecDeque<Pending>,
    /// Bytes of those that wait,
    pub(super) queue_bytes: u64,
    /// so many of which wake the writer.
    pub(super) wake_at: usize,
    /// Bytes of all of these.
    pub(super) queued_bytes: u64,
    /// The position that comes next.
    pub(super) next: u64,
    /// The last position that is durable.
    pub(super) last_durable: u64,
    pub(super) withdrawn: Ranges,
    /// Withdrawn positions that nobody has been told of yet.
    pub(super) news: VecDeque<u64>,
    /// Somebody wants to be told when the positions up to this one are decided,
    pub(super) watched: u64,
    /// and was told up to this one.
    pub(super) told: u64,

    // Files, in order.
    pub(super) files: Vec<Arc<JournalFile>>,
    pub(super) closing: Vec<Closing>,
    /// Files of which nothing is kept: removed before another one begins.
    pub(super) void: Vec<String>,
    /// Files that were read by all: removed when there is time.
    pub(super) doomed: Vec<Doomed>,
    /// Bytes of all files but the active one.
    pub(super) closed_bytes: u64,
    /// Bytes that were written to the active one.
    pub(super) active_bytes: u64,

    // What is prepared ahead.
    pub(super) key_ahead: Option<KeyAhead>,
    pub(super) key_failing: Option<Failing>,
    pub(super) prepared: Option<Prepared>,
    pub(super) prepare_failing: Option<Arc<str>>,
    /// The key provider is being asked.
    pub(super) is_asking: bool,
    /// A key was taken for a file that is being prepared.
    pub(super) is_preparing: bool,
    /// The writer waits for a file.
    pub(super) is_file_wanted: bool,

    // When the next sync begins.
    pub(super) is_syncing: bool,
    /// How many entries the last commit served: so many are likely to come again, from senders that wait for their acknowledgement,
    pub(super) expected: usize,
    /// and are waited for until then.
    pub(super) gather_until: Option<Instant>,

    // How it goes.
    pub(super) sync_error: Option<Arc<str>>,
    pub(super) failing: Option<Failing>,
    /// Rises with each commit.
    pub(super) commits: u64,
    pub(super) free_bytes: u64,
    pub(super) below_floor: bool,
    pub(super) syncs: Histogram,
    pub(super) entries: u64,
    pub(super) withdrawals: u64,
    pub(super) too_large: u64,
    /// Damaged ranges that were found: their file's first position and where they begin.
    pub(super) damaged: BTreeSet<(u64, u64)>,
    pub(super) given_up: u64,
    /// What is at or before it was read by all.
    pub(super) read_to: u64,
    pub(super) rotate: bool,
    /// The SHA-256 of the policy that files are begun under.
    pub(super) policy: Option<[u8; 32]>,
    pub(super) closed: bool,
    /// The writer waits until nothing is being synced.
    pub(super) is_idle_awaited: bool,
    /// The writer has ended: nothing more comes.
    pub(super) drained: bool,
    pub(super) waiting: usize,
}

impl State {
    /// The position up to which it is decided what became of each.
    pub(super) fn decided(&self) -> u64 {
        let unsynced = self.unsynced.iter().find_map(|group| group.entries.first()).map(|pending| pending.entry.position);
        let queued = self.queue.front().map(|pending| pending.entry.position);
        [self.committing, unsynced, self.in_hand, queued].into_iter().flatten().min().unwrap_or(self.next) - 1
    }

    /// Whether more is likely to come before it is worth a sync: until then.
    pub(super) fn gathers_until(&self) -> Option<Instant> {
        let coming = || self.queue.len() + self.unsynced.iter().map(|group| group.entries.len()).sum::<usize>();
        self.gather_until.filter(|until| !self.closed && coming() < self.expected && Instant::now() < *until)
    }

    /// Puts an entry behind those that wait; true where the writer is to be woken for it.
    pub(super) fn queue_up(&mut self, pending: Pending) -> bool {
        let before = self.queue_bytes;
        self.queue_bytes += pending.bytes;
        self.queue.push_back(pending);
        self.queue.len() == self.wake_at || (before < EAGER_BYTES && self.queue_bytes >= EAGER_BYTES)
    }

    /// Takes the first of those that wait.
    pub(super) fn next_queued(&mut self) -> Option<Pending> {
        let pending = self.queue.pop_front()?;
        self.queue_bytes -= pending.bytes;
        Some(pending)
    }

    /// Puts back what was taken.
    pub(super) fn queue_again(&mut self, pending: Pending) {
        self.queue_bytes += pending.bytes;
        self.queue.push_front(pending);
    }

    /// These are not written and never will be.
    pub(super) fn withdraw(&mut self, pending: &Pending) {
        let position = pending.entry.position;
        self.withdrawn.insert(position);
        self.withdrawals += 1;
        self.queued_bytes -= pending.bytes;
        self.news.push_back(position);
        if self.news.len() > NEWS_MAX {
            self.news.pop_front();
        }
    }

    /// Withdraws of the queue what its senders hold copies of; all of it where nothing will be written any more.
    pub(super) fn withdraw_queued(&mut self, all: bool) {
        let queue = std::mem::take(&mut self.queue);
        self.queue_bytes = 0;
        for pending in queue {
            if all || pending.revocable {
                self.withdraw(&pending);
            } else {
                self.queue_up(pending);
            }
        }
    }

    pub(super) fn fails(&mut self, why: Arc<str>) {
        let since_unix_nano = self.failing.as_ref().map_or_else(unix_nano, |failing| failing.since_unix_nano);
        self.failing = Some(Failing { why, since_unix_nano });
    }

    /// Counts the files' bytes anew.
    pub(super) fn recount(&mut self) {
        let bytes = |file: &Arc<JournalFile>| {
            let progress = file.progress();
            if progress.phase == Phase::Active { 0 } else { progress.disk_bytes }
        };
        self.closed_bytes = self.files.iter().map(bytes).sum::<u64>() + self.doomed.iter().map(|doomed| doomed.bytes).sum::<u64>();
    }
}

/// The log, as its threads know it.
pub(super) struct Shared {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) keys: Arc<dyn KeyProvider>,
    pub(super) options: LogOptions,
    pub(super) journal_id: [u8; 16],
    pub(super) on_durable: OnDurable,
    /// Those that are told what is decided.
    pub(super) told: RwLock<Vec<Arc<dyn OnDecided>>>,
    pub(super) event: OwnedFd,
    pub(super) prepared_number: AtomicU64,
    /// The position that all who read are past.
    pub(super) passed: Arc<AtomicU64>,
    state: Mutex<State>,
    /// The writer waits here,
    pub(super) work: Condvar,
    /// the syncer here,
    pub(super) sync: Condvar,
    /// the preparer here,
    pub(super) chores: Condvar,
    /// the one that talks to the key provider here,
    pub(super) keyring: Condvar,
    /// and here those that want to know what became of an entry.
    pub(super) settled: Condvar,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("options", &self.options).finish_non_exhaustive()
    }
}

/// The log's lock, held.
pub(super) type Locked<'a> = MutexGuard<'a, State>;

impl Shared {
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        keys: Arc<dyn KeyProvider>,
        options: LogOptions,
        journal_id: [u8; 16],
        on_durable: OnDurable,
        state: State,
    ) -> io::Result<Self> {
        use rustix::event::{EventfdFlags, eventfd};
        Ok(Self {
            storage,
            keys,
            options,
            journal_id,
            on_durable,
            told: RwLock::default(),
            event: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            prepared_number: AtomicU64::new(0),
            passed: Arc::default(),
            state: Mutex::new(state),
            work: Condvar::new(),
            sync: Condvar::new(),
            chores: Condvar::new(),
            keyring: Condvar::new(),
            settled: Condvar::new(),
        })
    }

    pub(super) fn lock(&self) -> Locked<'_> {
        // Nothing panics while the lock is held; were it so, the state is still whole after each statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was decided: tells all that wait for it.
    pub(super) fn announce(&self, mut state: Locked<'_>) {
        let is_awaited = state.waiting > 0;
        let is_watched = state.told < state.watched || !state.news.is_empty();
        let decided = state.decided();
        state.told = decided;
        let told = self.told.read().unwrap_or_else(PoisonError::into_inner);
        told.iter().for_each(|told| told.decided(&Decisions { to: decided, withdrawn: &state.withdrawn }));
        drop(state);
        told.iter().for_each(|told| told.announced());
        drop(told);
        if is_awaited {
            self.settled.notify_all();
        }
        if is_watched {
            let _ = rustix::io::write(&self.event, &1u64.to_ne_bytes()); // full: it is readable already
        }
    }

    pub(super) fn fate(state: &State, position: u64) -> Fate {
        if state.withdrawn.contains(position) {
            Fate::Withdrawn
        } else if position <= state.decided() {
            Fate::Durable
        } else {
            Fate::Waiting
        }
    }

    /// Whether there is room for one more.
    pub(super) fn admit(&self, state: &State) -> Result<(), NoRoom> {
        let no = |retry_after, why: Arc<str>| Err(NoRoom { retry_after, why });
        if state.closed {
            return no(RETRY_AFTER, "closed".into());
        }
        if let Some(failing) = &state.failing {
            return no(RETRY_AFTER, Arc::clone(&failing.why));
        }
        // What is prepared is used up first.
        let is_ready = state.prepared.is_some() || state.key_ahead.is_some() || state.is_preparing;
        let is_keyless = state.active_bytes == 0 && !is_ready;
        if let Some(failing) = state.key_failing.as_ref().filter(|_| is_keyless) {
            return no(RETRY_AFTER, Arc::clone(&failing.why));
        }
        if state.below_floor {
            return no(RETRY_AFTER, self.floor_words(state.free_bytes));
        }
        if self.is_full(state) {
            let why = format!("full: the journal holds {} bytes, the most it may", self.options.disk_bytes_max);
            return no(RETRY_AFTER, why.into());
        }
        if state.queued_bytes >= self.options.queue_bytes_max {
            return no(RETRY_SOON, "full: more waits to be written than the disk keeps up with".into());
        }
        Ok(())
    }

    pub(super) fn floor_words(&self, free_bytes: u64) -> Arc<str> {
        let floor = self.options.free_bytes_min;
        format!("full: the disk has {free_bytes} bytes free, under the floor of {floor}; free some, or lower journal.free_mib_min").into()
    }

    /// Whether the files, and what waits to go to them, reach their bound. One file is kept back: the next one, prepared ahead.
    pub(super) fn is_full(&self, state: &State) -> bool {
        let taken = state.closed_bytes + state.active_bytes + state.queued_bytes;
        taken >= self.options.disk_bytes_max.saturating_sub(self.file_bytes())
    }

    /// How large files get: a bound on all of them is reached by several.
    pub(super) fn file_bytes(&self) -> u64 {
        self.options.file_bytes_max.min(self.options.disk_bytes_max / 8)
    }

    /// Waits on `condvar` until `deadline`, or for a long time.
    pub(super) fn wait_until<'a>(condvar: &Condvar, state: Locked<'a>, deadline: Option<Instant>) -> Locked<'a> {
        match deadline {
            None => condvar.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                condvar.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }
}

pub(super) fn unix_nano() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64)
}
