//! Entries in order, and who follows them.

mod accounts;
mod bounds;
mod core;
mod cursor;
mod drain;
mod gathered;
mod keeper;
mod open;
mod place;
mod saved;
mod sets;
mod state;
mod tail;
mod wake;

use std::{
    io,
    os::fd::BorrowedFd,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use logloom_record::Batch;

pub use self::{
    accounts::{Accounts, ExporterRow, PipelineRow, ReceiverRow},
    cursor::{Cursor, CursorOptions, STATE_BYTES_MAX, Start, StateTooLarge, Step},
    open::{JournalOptions, Opened},
    place::Outcome,
    saved::{AtRest, at_rest},
    sets::Amount,
};
use self::{
    core::{Core, Disk, Kind},
    place::Member,
    state::After,
};
use crate::{
    Draft, Entry, Fact, Fate, NoRoom, Part, Tally,
    log::{self, Failing, Log},
};

/// How long a sender is asked to wait when there is no room.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// The longest wait in one call.
const WAIT_MAX: Duration = Duration::from_secs(86_400);
/// The longest name of a cursor.
const NAME_BYTES_MAX: usize = 256;
/// The most cursors, those of removed exporters among them.
const CURSORS_MAX: usize = 4096;

/// The Journal: appended to by the Intake, followed by one [`Cursor`] an exporter.
///
/// On disk ([`open`](Self::open)) an entry is durable once it is encrypted, written and synced, and only then seen by cursors; these keep their
/// places over restarts. In memory ([`memory`](Self::memory)) all ends with the process: an entry is safe once its exporters are done with it.
#[derive(Debug)]
pub struct Journal {
    core: Arc<Core>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

/// How the journal is.
#[derive(Clone, Debug, Default)]
pub struct JournalHealth {
    /// How its files are; `None` in memory.
    pub log: Option<log::Health>,
    /// Places and accounts cannot be saved: after a crash more would come twice.
    pub saving: Option<Failing>,
    /// Cursors that cannot read on, and why.
    pub troubles: Vec<(Arc<str>, Arc<str>)>,
    /// What the newest entries take in memory, in bytes.
    pub tail_bytes: u64,
}

/// What is known of a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorInfo {
    /// Its exporter's id.
    pub name: Arc<str>,
    /// The pipelines that it is in.
    pub pipelines: Vec<Arc<str>>,
    /// It is done with everything up to this position.
    pub done: u64,
    /// Its numbers.
    pub row: ExporterRow,
    /// When it began, in nanoseconds since the Unix epoch.
    pub since_unix_nano: u64,
    /// When an exporter used it last.
    pub seen_unix_nano: u64,
    /// When the oldest entry was appended that it is not done with, where there is one and that is known.
    pub oldest_unix_nano: Option<u64>,
    /// Why it cannot read on, where it cannot.
    pub trouble: Option<Arc<str>>,
}

/// Why there is no cursor, or it does not go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorError(pub String);

impl std::fmt::Display for CursorError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CursorError {}

impl Journal {
    /// A journal in memory, which takes entries until it holds `bytes_max` bytes; the entry that reaches the bound is still taken whole.
    pub fn memory(bytes_max: usize) -> Arc<Self> {
        let id = (u128::from(now_unix_nano()) << 64 | u128::from(std::process::id())).to_be_bytes();
        let kind = Kind::Memory { bytes_max: bytes_max as u64, id };
        let core = Core { shared: Arc::default(), kind, is_closing: AtomicBool::new(false) };
        Arc::new(Self { core: Arc::new(core), keeper: Mutex::default() })
    }

    /// Its id, which the keys of its records begin with.
    pub fn id(&self) -> [u8; 16] {
        self.core.id()
    }

    /// Whether there is room. Receivers ask before they decode, so that "later" leaves no half-read source behind.
    pub fn admit(&self) -> Result<(), NoRoom> {
        if self.core.is_closing.load(Ordering::Acquire) {
            return Err(NoRoom { retry_after: RETRY_AFTER, why: "closed".into() });
        }
        match &self.core.kind {
            Kind::Memory { bytes_max, .. } if self.core.lock().tail.bytes() >= *bytes_max => {
                Err(NoRoom { retry_after: RETRY_AFTER, why: "full".into() })
            }
            Kind::Memory { .. } => Ok(()),
            Kind::Disk(disk) => disk.log.admit().inspect_err(|_| {
                if disk.bounds.is_lossy() {
                    self.core.shared.keeper.full();
                }
            }),
        }
    }

    /// Appends one entry, all or none: its position. After [`admit`](Self::admit) there is room for it. On disk it waits to become durable.
    pub fn append(&self, draft: Draft) -> u64 {
        let Kind::Memory { .. } = &self.core.kind else {
            return self.core.log().map_or(0, |log| log.append(draft));
        };
        let Draft { tally, origin, parts, fact, .. } = draft;
        let mut after = After::default();
        let mut state = self.core.lock();
        let previous = state.head;
        let position = previous + 1;
        let entry = Entry { position, previous, time_unix_nano: now_unix_nano(), origin, tally, parts, fact };
        state.arrive(Arc::new(entry), &mut after);
        drop(state);
        wake::wake(std::mem::take(&mut after.woken));
        position
    }

    /// Appends records for one exporter alone, which are nobody else's: those of the dead-letter journal that it is to try again.
    pub fn append_to(&self, exporter: &str, batch: Batch) -> Result<u64, NoRoom> {
        self.admit()?;
        let own = own_pipeline(exporter);
        let tally = Tally { made: vec![(Arc::clone(&own), batch.len() as u64)], ..Tally::default() };
        let origin = Arc::clone(batch.origin());
        Ok(self.append(Draft { tally, origin, parts: vec![Part { pipelines: vec![own], batch }], ..Draft::default() }))
    }

    /// Counts a push of which nothing was to be appended.
    pub fn count(&self, tally: &Tally) {
        let mut state = self.core.lock();
        state.count(tally);
        self.core.tell(state);
    }

    /// Counts a message that was refused, or told to come later.
    pub fn refused(&self, receiver: &str, reason: &str) {
        let mut state = self.core.lock();
        state.counted.refused(&receiver.into(), reason);
        state.version += 1;
        self.core.tell(state);
    }

    /// What became of an append.
    pub fn fate(&self, position: u64) -> Fate {
        self.core.log().map_or(Fate::Durable, |log| log.fate(position))
    }

    /// The same; where it waits, [`notify`](Self::notify) tells when that is decided.
    pub fn watch(&self, position: u64) -> Fate {
        self.core.log().map_or(Fate::Durable, |log| log.watch(position))
    }

    /// Waits until it is decided; [`Fate::Waiting`] when the time is up before.
    pub fn wait(&self, position: u64, timeout: Duration) -> Fate {
        self.core.log().map_or(Fate::Durable, |log| log.wait(position, timeout.min(WAIT_MAX)))
    }

    /// The position up to which everything is decided: durable or withdrawn.
    pub fn durable(&self) -> u64 {
        self.core.log().map_or_else(|| self.core.lock().head, Log::durable)
    }

    /// Becomes readable when positions were decided that are [watched](Self::watch), or any was withdrawn; [`poll`](Self::poll) says which. None in
    /// memory, where an append is decided at once.
    pub fn notify(&self) -> Option<BorrowedFd<'_>> {
        self.core.log().map(Log::notify)
    }

    /// The position up to which everything is decided, and what was withdrawn since the last call.
    pub fn poll(&self) -> (u64, Vec<u64>) {
        self.core.log().map_or_else(|| (self.core.lock().head, Vec::new()), Log::poll)
    }

    /// The position up to which nothing can be lost any more: durable; in memory, what the exporters are done with.
    pub fn safe(&self) -> u64 {
        self.core.log().map_or_else(|| self.settled(), Log::durable)
    }

    /// The position up to which every cursor in use is done.
    pub fn settled(&self) -> u64 {
        self.core.lock().settled()
    }

    /// Waits until every cursor in use is done with `position`; false when the time is up before.
    pub fn wait_settled(&self, position: u64, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout.min(WAIT_MAX);
        let mut state = self.core.lock();
        loop {
            if state.settled() >= position {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state.settle_waiters += 1;
            state = self.core.shared.settled.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            state.settle_waiters -= 1;
        }
    }

    /// Bytes of memory that the entries hold.
    pub fn bytes(&self) -> usize {
        self.core.lock().tail.bytes() as usize
    }

    /// The bound on what it holds, in bytes.
    pub fn bytes_max(&self) -> usize {
        match &self.core.kind {
            Kind::Memory { bytes_max, .. } => *bytes_max as usize,
            Kind::Disk(_) => 0,
        }
    }

    /// The cursor of this name, where it was left; a new one begins as `start` says.
    pub fn cursor(self: &Arc<Self>, options: CursorOptions) -> Result<Cursor, CursorError> {
        let CursorOptions { name, pipelines, start } = options;
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            return Err(CursorError(format!("a cursor's name has 1 to {NAME_BYTES_MAX} bytes")));
        }
        let pipelines = with_own(pipelines, &name);
        let start = match self.core.disk() {
            None => Start::Tail, // nothing is kept for who is not there
            Some(disk) if disk.is_state_lost => Start::Oldest,
            Some(_) => start,
        };
        // No file goes while it is looked up what is there.
        let mut files =
            self.core.disk().filter(|_| start == Start::Oldest).map(|disk| disk.saved.lock().unwrap_or_else(PoisonError::into_inner));
        let is_new = !self.core.lock().places.iter().any(|place| place.name == name);
        let oldest = if is_new && start == Start::Oldest { Some(self.core.oldest(&pipelines)?) } else { None };
        let mut guard = self.core.lock();
        let state = &mut *guard;
        let holder = state.holder();
        let head = state.head;
        if !state.places.iter().any(|place| place.name == name) {
            if state.places.len() >= CURSORS_MAX {
                return Err(CursorError(format!("there are {CURSORS_MAX} cursors already; retire those that are not needed")));
            }
            let (from, base) = oldest.unwrap_or_else(|| (head, state.totals()));
            if let Some(saved) = &mut files {
                saved.floor = saved.floor.min(from);
            }
            let members = pipelines.iter().map(|name| Member::open(Arc::clone(name), from)).collect();
            state.add_place(Arc::clone(&name), members, from, base, now_unix_nano());
        }
        let sets = &state.sets;
        let Some(place) = state.places.iter_mut().find(|place| place.name == name) else { return Err(CursorError("gone".into())) };
        if place.holder != 0 {
            return Err(CursorError(format!("the cursor '{name}' is in use")));
        }
        place.holder = holder;
        let has_changed = place.follow(&pipelines, sets, head) || is_new;
        place.tail_from = head;
        place.seen_unix_nano = now_unix_nano();
        state.find_own();
        state.version += 1;
        self.core.tell(guard);
        drop(files);
        let cursor = Cursor::new(self, holder, name);
        if has_changed {
            // What is acknowledged from now on is its own: after a crash, too.
            self.core.save().map_err(|error| CursorError(format!("the cursor '{}' cannot be saved: {error}", cursor.name())))?;
        }
        Ok(cursor)
    }

    /// All cursors, those of removed exporters too.
    pub fn cursors(&self) -> Vec<CursorInfo> {
        self.core.lock().cursors()
    }

    /// All exporters that there are have their cursors: what comes from now on is none of the others', which keep what they had until they are
    /// retired, or it is too old.
    pub fn all_attached(&self) {
        let mut guard = self.core.lock();
        let state = &mut *guard;
        for place in state.places.iter_mut().filter(|place| place.holder == 0) {
            place.follow(&[], &state.sets, state.head);
        }
        state.find_own();
        state.version += 1;
        self.core.tell(guard);
        let _ = self.core.save(); // where that does not work, health tells
    }

    /// Forgets the cursor of an exporter that is no more, and what waits for it: the fact that says so, with its last numbers.
    pub fn retire(&self, name: &str) -> Result<Fact, CursorError> {
        let mut state = self.core.lock();
        state.advance_all();
        let is_used = state.places.iter().any(|place| &*place.name == name && place.holder != 0);
        if is_used {
            return Err(CursorError(format!("the cursor '{name}' is in use: take its exporter out of the config first")));
        }
        let Some(fact) = state.remove_place(name, "retired") else {
            return Err(CursorError(format!("there is no cursor '{name}'")));
        };
        drop(state);
        if let Some(disk) = self.core.disk() {
            disk.tell_fact(fact.clone());
        }
        self.core.save().map_err(|error| CursorError(format!("the cursor '{name}' is retired, but that cannot be saved: {error}")))?;
        Ok(fact)
    }

    /// What was given up since this was last asked, for the log: it is journalled too.
    pub fn facts(&self) -> Vec<Fact> {
        self.core.disk().map(Disk::facts).unwrap_or_default()
    }

    /// Saves places and accounts now; they are saved by themselves a fifth of a second after each change, and at the end.
    pub fn save(&self) -> io::Result<()> {
        self.core.save()
    }

    /// How it is.
    pub fn health(&self) -> JournalHealth {
        let saving = self.core.disk().and_then(Disk::saving);
        let log = self.core.log().map(Log::health);
        let state = self.core.lock();
        let trouble = |place: &place::Place| Some((Arc::clone(&place.name), Arc::clone(place.trouble.as_ref()?)));
        JournalHealth { log, saving, troubles: state.places.iter().filter_map(trouble).collect(), tail_bytes: state.tail.bytes() }
    }

    /// The log below, in a journal on disk.
    pub fn log(&self) -> Option<&Log> {
        self.core.log()
    }

    /// All counts at one moment.
    pub fn accounts(&self) -> Accounts {
        self.core.lock().accounts(now_unix_nano())
    }

    /// Nothing more is appended and all that wait wake; what is there can still be read and done with.
    pub fn close(&self) {
        self.core.is_closing.store(true, Ordering::Release);
        if let Some(log) = self.core.log() {
            log.close();
        }
        let mut after = After::default();
        let mut state = self.core.lock();
        state.closed = true;
        state.wake_all(&mut after);
        drop(state);
        for slot in after.woken {
            wake::wake(vec![slot]);
        }
    }

    /// Closes it, saves places and accounts, and gives its folder up, whoever still has a cursor: another journal may be opened there.
    pub fn end(&self) {
        self.close();
        self.core.shared.keeper.end();
        if let Some(keeper) = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = keeper.join(); // its panic, had it had one, is not ours
        }
        self.core.release();
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.core.shared.keeper.end();
        if let Some(keeper) = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = keeper.join(); // its panic, had it had one, is not ours
        }
    }
}

/// The pipelines of an exporter, its own among them, each once.
fn with_own(mut pipelines: Vec<Arc<str>>, exporter: &str) -> Vec<Arc<str>> {
    pipelines.push(own_pipeline(exporter));
    pipelines.sort_unstable();
    pipelines.dedup();
    pipelines
}

/// The pipeline of one exporter alone: what is sent to it once more.
fn own_pipeline(exporter: &str) -> Arc<str> {
    format!(">{exporter}").into()
}

fn now_unix_nano() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
