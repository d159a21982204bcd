//! Entries in memory.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{Cursor, NoRoom, Part};

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) position: u64,
    pub(crate) parts: Vec<Part>,
    bytes: usize,
}

/// Where one cursor is. Positions count from 1; 0 is before the first entry.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) id: u64,
    pub(crate) read: u64,
    pub(crate) done: u64,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) entries: VecDeque<Arc<Entry>>,
    pub(crate) last: u64,
    pub(crate) bytes: usize,
    pub(crate) places: Vec<Place>,
    pub(crate) closed: bool,
    next_cursor: u64,
}

impl State {
    /// The position up to which every cursor is done.
    fn settled(&self) -> u64 {
        self.places.iter().map(|place| place.done).min().unwrap_or(self.last)
    }

    /// Drops what every cursor is done with.
    pub(crate) fn trim(&mut self) {
        let settled = self.settled();
        while let Some(entry) = self.entries.front().filter(|entry| entry.position <= settled) {
            self.bytes -= entry.bytes;
            self.entries.pop_front();
        }
    }

    /// The entries after `position`.
    pub(crate) fn after(&self, position: u64) -> impl Iterator<Item = &Arc<Entry>> {
        let first = self.entries.front().map_or(self.last + 1, |entry| entry.position);
        self.entries.iter().skip((position + 1).saturating_sub(first) as usize)
    }
}

/// Entries in order, bounded in bytes.
#[derive(Debug)]
pub struct Journal {
    pub(crate) state: Mutex<State>,
    pub(crate) changed: Condvar,
    bytes_max: usize,
}

/// How long a sender is asked to wait when there is no room.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Journal {
    /// A journal that takes entries until it holds `bytes_max` bytes; the entry that reaches the bound is still taken whole.
    pub fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), changed: Condvar::new(), bytes_max })
    }

    /// Whether there is room. Receivers ask before they decode, so that "later" leaves no half-read source behind.
    pub fn admit(&self) -> Result<(), NoRoom> {
        let state = self.lock();
        if state.closed || state.bytes >= self.bytes_max {
            Err(NoRoom { retry_after: RETRY_AFTER, why: if state.closed { "closed" } else { "full" }.into() })
        } else {
            Ok(())
        }
    }

    /// Appends one entry, all or none: its position. After [`admit`](Self::admit) it always has room.
    pub fn append(&self, parts: Vec<Part>) -> u64 {
        let bytes = parts.iter().map(|part| part.batch.memory_len()).sum();
        let mut state = self.lock();
        state.last += 1;
        let position = state.last;
        state.bytes += bytes;
        state.entries.push_back(Arc::new(Entry { position, parts, bytes }));
        state.trim(); // without any cursor nothing is kept
        drop(state);
        self.changed.notify_all();
        position
    }

    /// A cursor of an exporter in these pipelines, at the tail.
    pub fn cursor(self: &Arc<Self>, pipelines: Vec<Arc<str>>) -> Cursor {
        let mut state = self.lock();
        state.next_cursor += 1;
        let (id, last) = (state.next_cursor, state.last);
        state.places.push(Place { id, read: last, done: last });
        drop(state);
        Cursor::new(Arc::clone(self), id, pipelines)
    }

    /// Bytes of memory that the entries hold.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// The bound on them.
    pub fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// The position up to which every cursor is done.
    pub fn settled(&self) -> u64 {
        self.lock().settled()
    }

    /// Waits until every cursor is done with `position`; false when the time is up before.
    pub fn wait_settled(&self, position: u64, timeout: Duration) -> bool {
        self.wait(timeout, |state| state.settled() >= position)
    }

    /// Nothing more is appended and all that wait wake; what is there can still be read.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn wait(&self, timeout: Duration, met: impl Fn(&State) -> bool) -> bool {
        let deadline = Instant::now() + timeout.min(Duration::from_secs(86_400));
        let mut state = self.lock();
        loop {
            if met(&state) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(crate) fn wait_for(&self, timeout: Duration, met: impl Fn(&State) -> bool) -> bool {
        self.wait(timeout, met)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held; were it so, the state is still whole after each statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
