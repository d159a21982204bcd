//! Entries in order, and who follows them.

#![allow(dead_code)] // the kind on disk comes with its log

mod accounts;
mod cursor;
mod place;
mod sets;
mod state;
mod store;
mod tail;
mod wake;

use std::{
    os::fd::BorrowedFd,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use logloom_record::Batch;

pub use self::{
    accounts::{Accounts, ExporterRow, PipelineRow, ReceiverRow},
    cursor::{Cursor, CursorOptions, STATE_BYTES_MAX, Start, StateTooLarge, Step},
    place::Outcome,
    sets::Amount,
};
use self::{
    place::Member,
    state::{After, State},
    store::Store,
};
use crate::{Draft, Entry, Fate, NoRoom, Part, Tally};

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
}

/// What cursors, the log's threads and the keeper share.
#[derive(Debug)]
pub(crate) struct Core {
    shared: Arc<Shared>,
    kind: Kind,
    is_closing: AtomicBool,
}

#[derive(Debug, Default)]
pub(crate) struct Shared {
    state: Mutex<State>,
    settled: Condvar,
}

#[derive(Debug)]
enum Kind {
    Memory { bytes_max: u64, id: [u8; 16] },
    Disk { store: Arc<dyn Store> },
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

impl Shared {
    /// Entries became durable, in this order.
    fn arrive(&self, entries: Vec<Arc<Entry>>) {
        let mut after = After::default();
        let mut state = self.lock();
        for entry in entries {
            state.arrive(entry, &mut after);
        }
        drop(state);
        wake::wake(std::mem::take(&mut after.woken));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held; were it so, the state is still whole after each statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }

    fn store(&self) -> Option<&dyn Store> {
        match &self.kind {
            Kind::Memory { .. } => None,
            Kind::Disk { store } => Some(&**store),
        }
    }

    fn id(&self) -> [u8; 16] {
        match &self.kind {
            Kind::Memory { id, .. } => *id,
            Kind::Disk { store } => store.id(),
        }
    }

    /// Somebody is done with more than before.
    fn settled_more(&self, state: &State) {
        if state.settle_waiters > 0 {
            self.shared.settled.notify_all();
        }
    }

    /// There is something to save.
    #[allow(clippy::unused_self)] // in memory there is not
    fn tell(&self, state: MutexGuard<'_, State>) {
        drop(state);
    }

    /// A Cursor is given up: in memory nothing waits for it any more; on disk its place stays, and what it had in hand comes again.
    fn leave(&self, holder: u64) {
        let mut after = After::default();
        let mut guard = self.lock();
        let state = &mut *guard;
        if let Some((place, _)) = state.place(holder) {
            place.holder = 0;
            place.out.clear();
            (place.read, place.read_amount) = (place.done, place.done_amount);
            place.seen_unix_nano = now_unix_nano();
        }
        if self.store().is_none() {
            state.places.retain(|place| place.holder != 0);
        }
        state.find_own();
        state.trim(&mut after);
        state.version += 1;
        self.settled_more(state);
        self.tell(guard);
    }
}

impl Journal {
    /// A journal in memory, which takes entries until it holds `bytes_max` bytes; the entry that reaches the bound is still taken whole.
    pub fn memory(bytes_max: usize) -> Arc<Self> {
        let id = (u128::from(now_unix_nano()) << 64 | u128::from(std::process::id())).to_be_bytes();
        let kind = Kind::Memory { bytes_max: bytes_max as u64, id };
        Arc::new(Self { core: Arc::new(Core { shared: Arc::default(), kind, is_closing: AtomicBool::new(false) }) })
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
            Kind::Disk { store } => store.admit(),
        }
    }

    /// Appends one entry, all or none: its position. After [`admit`](Self::admit) there is room for it. On disk it waits to become durable.
    pub fn append(&self, draft: Draft) -> u64 {
        let Kind::Memory { .. } = &self.core.kind else {
            return self.core.store().map_or(0, |store| store.append(draft));
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
        self.core.store().map_or(Fate::Durable, |store| store.fate(position))
    }

    /// Waits until it is decided; [`Fate::Waiting`] when the time is up before.
    pub fn wait(&self, position: u64, timeout: Duration) -> Fate {
        self.core.store().map_or(Fate::Durable, |store| store.wait(position, timeout.min(WAIT_MAX)))
    }

    /// The position up to which everything is decided: durable or withdrawn.
    pub fn durable(&self) -> u64 {
        self.core.store().map_or_else(|| self.core.lock().head, Store::durable)
    }

    /// Becomes readable when positions were decided; [`poll`](Self::poll) says which. None in memory, where an append is decided at once.
    pub fn notify(&self) -> Option<BorrowedFd<'_>> {
        self.core.store().map(Store::notify)
    }

    /// The position up to which everything is decided, and what was withdrawn since the last call.
    pub fn poll(&self) -> (u64, Vec<u64>) {
        self.core.store().map_or_else(|| (self.core.lock().head, Vec::new()), Store::poll)
    }

    /// The position up to which nothing can be lost any more: durable; in memory, what the exporters are done with.
    pub fn safe(&self) -> u64 {
        self.core.store().map_or_else(|| self.settled(), Store::durable)
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
            Kind::Disk { .. } => 0,
        }
    }

    /// The cursor of this name, where it was left; a new one begins as `start` says.
    pub fn cursor(self: &Arc<Self>, options: CursorOptions) -> Result<Cursor, CursorError> {
        let CursorOptions { name, mut pipelines, start: _ } = options;
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            return Err(CursorError(format!("a cursor's name has 1 to {NAME_BYTES_MAX} bytes")));
        }
        pipelines.push(own_pipeline(&name));
        pipelines.sort_unstable();
        pipelines.dedup();
        let mut guard = self.core.lock();
        let state = &mut *guard;
        let holder = state.holder();
        let head = state.head;
        if !state.places.iter().any(|place| place.name == name) {
            if state.places.len() >= CURSORS_MAX {
                return Err(CursorError(format!("there are {CURSORS_MAX} cursors already; retire those that are not needed")));
            }
            let members = pipelines.iter().map(|name| Member::open(Arc::clone(name), head)).collect();
            let totals = state.totals();
            state.add_place(Arc::clone(&name), members, head, totals, now_unix_nano());
        }
        let sets = &state.sets;
        let Some(place) = state.places.iter_mut().find(|place| place.name == name) else { return Err(CursorError("gone".into())) };
        if place.holder != 0 {
            return Err(CursorError(format!("the cursor '{name}' is in use")));
        }
        place.holder = holder;
        place.follow(&pipelines, sets, head);
        place.tail_from = head;
        place.seen_unix_nano = now_unix_nano();
        state.find_own();
        state.version += 1;
        self.core.tell(guard);
        Ok(Cursor::new(self, holder, name))
    }

    /// All cursors, those of removed exporters too.
    pub fn cursors(&self) -> Vec<CursorInfo> {
        let mut state = self.core.lock();
        state.advance_all();
        let now = now_unix_nano();
        let info = |place: &place::Place| CursorInfo {
            name: Arc::clone(&place.name),
            pipelines: place.members.iter().filter(|member| member.to == u64::MAX).map(|member| Arc::clone(&member.pipeline)).collect(),
            done: place.done,
            row: state.exporter_row(place),
            since_unix_nano: place.since_unix_nano,
            seen_unix_nano: if place.holder == 0 { place.seen_unix_nano } else { now },
            trouble: place.trouble.clone(),
        };
        state.places.iter().map(info).collect()
    }

    /// All counts at one moment.
    pub fn accounts(&self) -> Accounts {
        self.core.lock().accounts(now_unix_nano())
    }

    /// Nothing more is appended and all that wait wake; what is there can still be read and done with.
    pub fn close(&self) {
        self.core.is_closing.store(true, Ordering::Release);
        if let Some(store) = self.core.store() {
            store.close();
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
}

/// The pipeline of one exporter alone: what is sent to it once more.
fn own_pipeline(exporter: &str) -> Arc<str> {
    format!(">{exporter}").into()
}

fn now_unix_nano() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
