//! The log on disk: entries are queued, sealed, written and synced together, and read again.
//!
//! Threads: a writer seals what waits and writes it, little of it only when no sync runs; a syncer makes durable all that was written meanwhile; a
//! preparer allocates the next file, finishes the last and removes old ones; one talks to the key provider. An entry that is durable is never
//! touched again. When something fails, the file is given up where it was last known to be whole, and what was not durable is written again to
//! a new one, or withdrawn where its sender can send it again.

mod decided;
mod error;
mod file;
mod health;
pub mod inspect;
mod prepare;
mod quarantine;
mod ranges;
mod reader;
mod recover;
mod removal;
mod spent;
mod state;
mod syncer;
#[cfg(test)]
mod tests;
mod window;
mod writer;

use std::{
    collections::HashMap,
    os::fd::{AsFd, BorrowedFd},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

pub use decided::{Decisions, OnDecided};
pub use error::LogError;
pub use file::FileInfo;
pub use health::{Failing, Health, Histogram};
pub use reader::{Read, ReadError, Reader};
pub use recover::{DamagedRange, Recovery, Torn};
use ring::rand::{SecureRandom, SystemRandom};
use state::{Pending, Shared, State, unix_nano};

use crate::{
    entry::{Draft, Entry, Fate, NoRoom},
    format::Total,
    keys::KeyProvider,
    storage::Storage,
};

/// What is called with the entries that became durable, in order, on the log's own thread.
pub type OnDurable = Box<dyn Fn(Vec<Arc<Entry>>) + Send + Sync>;

const KEYS_THREAD: &str = "journal-keys";
/// How long closing waits for a key provider that is being asked.
const KEY_ANSWER_WAIT_MAX: Duration = Duration::from_secs(2);

/// Bytes that an entry is counted with besides its records.
const ENTRY_BYTES: u64 = 512;

/// The log's bounds.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// How large a file gets, unless one entry alone is larger. At most an eighth of `disk_bytes_max` is used.
    pub file_bytes_max: u64,
    /// What all files may take. When they do, nothing is admitted until some are removed.
    pub disk_bytes_max: u64,
    /// The disk keeps so much free, whoever fills it: under it nothing is admitted.
    pub free_bytes_min: u64,
    /// How long a sync waits for more entries, when more are to be expected.
    pub fsync_delay_max: Duration,
    /// What may wait to be written and synced, in memory.
    pub queue_bytes_max: u64,
    /// No position under it is given: the highest that is known from elsewhere, and one, should files have been lost.
    pub position_min: u64,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            file_bytes_max: 64 << 20,
            disk_bytes_max: 4 << 30,
            free_bytes_min: 256 << 20,
            fsync_delay_max: Duration::from_millis(2),
            queue_bytes_max: 64 << 20,
            position_min: 1,
        }
    }
}

/// The log on disk. Dropping it closes it.
#[derive(Debug)]
pub struct Log {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Log {
    /// Opens the journal in this folder: `journal_id` is the one it must be, `None` where that is not known. New ones get an id of their own.
    pub fn open(
        storage: Arc<dyn Storage>,
        keys: Arc<dyn KeyProvider>,
        journal_id: Option<[u8; 16]>,
        options: LogOptions,
        on_durable: OnDurable,
    ) -> Result<(Arc<Self>, Recovery), LogError> {
        let found = recover::recover(&*storage, options.position_min)?;
        let journal_id = match (journal_id, found.journal_id) {
            (Some(wanted), Some(found_id)) if wanted != found_id => {
                return Err(LogError::Foreign { file: found.files.first().map_or_else(String::new, |file| file.name.clone()) });
            }
            (Some(id), _) | (None, Some(id)) => id,
            (None, None) => {
                let mut id = [0; 16];
                SystemRandom::new().fill(&mut id).map_err(|_| LogError::Random)?;
                id
            }
        };
        let recovery = found.recovery;
        let mut state = State { files: found.files, next: recovery.next, last_durable: recovery.last, ..State::default() };
        state.free_bytes = u64::MAX;
        state.recount();
        let (first, last) = (recovery.next, recovery.last);
        let shared = Shared::new(storage, keys, options, journal_id, on_durable, state).map_err(LogError::io("an eventfd"))?;
        let log = Arc::new(Self { shared: Arc::new(shared), threads: Mutex::default() });
        log.start("journal-write", move |shared| writer::Writer::new(shared, last, first).run())?;
        log.start("journal-sync", |shared| syncer::Syncer::new(shared).run())?;
        log.start("journal-files", |shared| prepare::Preparer::new(shared).run())?;
        log.start(KEYS_THREAD, prepare::keep_key)?;
        Ok((log, recovery))
    }

    fn start(&self, name: &str, run: impl FnOnce(&Shared) + Send + 'static) -> Result<(), LogError> {
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || run(&shared)).map_err(LogError::io("a thread"))?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    /// The position that all who read are past, as they say: what lies before it need not be kept in memory.
    pub fn passed(&self) -> &Arc<AtomicU64> {
        &self.shared.passed
    }

    /// The journal's id.
    pub fn id(&self) -> [u8; 16] {
        self.shared.journal_id
    }

    /// Whether there is room for one more. Receivers ask before they decode.
    pub fn admit(&self) -> Result<(), NoRoom> {
        self.shared.admit(&self.shared.lock())
    }

    /// Whether what keeps entries out is the bound on all files, and nothing else.
    pub fn is_full(&self) -> bool {
        self.shared.is_full(&self.shared.lock())
    }

    /// Queues an entry: its position. It never waits for the disk; after [`admit`](Self::admit) there is always room.
    pub fn append(&self, draft: Draft) -> u64 {
        let Draft { tally, origin, parts, fact, revocable } = draft;
        let bytes = parts.iter().map(|part| part.batch.otlp_len() as u64).sum::<u64>();
        let bytes = bytes + fact.as_ref().map_or(0, |fact| fact.json.len() as u64) + ENTRY_BYTES;
        let mut entry = Entry { position: 0, previous: 0, time_unix_nano: unix_nano(), origin, tally, parts, fact };
        let mut state = self.shared.lock();
        entry.position = state.next;
        let pending = Pending { entry, revocable, bytes };
        let position = state.next;
        state.next += 1;
        state.queued_bytes += bytes;
        if state.closed {
            state.withdraw(&pending);
            self.shared.announce(state);
            return position;
        }
        let wakes = state.queue_up(pending);
        drop(state);
        if wakes {
            self.shared.work.notify_one();
        }
        position
    }

    /// What became of an entry.
    pub fn fate(&self, position: u64) -> Fate {
        Shared::fate(&self.shared.lock(), position)
    }

    /// The same; where it waits, [`notify`](Self::notify) tells when that is decided.
    pub fn watch(&self, position: u64) -> Fate {
        let mut state = self.shared.lock();
        let fate = Shared::fate(&state, position);
        if fate == Fate::Waiting {
            state.watched = state.watched.max(position);
        }
        fate
    }

    /// Waits until it is decided what becomes of an entry; [`Fate::Waiting`] when the time is up before.
    pub fn wait(&self, position: u64, timeout: Duration) -> Fate {
        let deadline = Instant::now() + timeout.min(Duration::from_secs(86_400));
        let mut state = self.shared.lock();
        state.waiting += 1;
        let fate = loop {
            let fate = Shared::fate(&state, position);
            if fate != Fate::Waiting || Instant::now() >= deadline {
                break fate;
            }
            state = Shared::wait_until(&self.shared.settled, state, Some(deadline));
        };
        state.waiting -= 1;
        fate
    }

    /// The position up to which it is decided what became of each: durable, unless it was withdrawn.
    pub fn durable(&self) -> u64 {
        self.shared.lock().decided()
    }

    /// Readable after each withdrawal, and after each commit while a position waits that is [watched](Self::watch); until [`poll`](Self::poll).
    pub fn notify(&self) -> BorrowedFd<'_> {
        self.shared.event.as_fd()
    }

    /// What [`durable`](Self::durable) says, and the positions that were withdrawn since this was last asked.
    pub fn poll(&self) -> (u64, Vec<u64>) {
        let _ = rustix::io::read(&self.shared.event, &mut [0; 8]); // nothing there: nothing to clear
        let mut state = self.shared.lock();
        (state.decided(), state.news.drain(..).collect())
    }

    /// Reads the durable entries after a position; it goes on working when the log is closed.
    pub fn reader(&self, after: u64) -> Reader {
        Reader::new(Arc::clone(&self.shared), after, u64::MAX)
    }

    /// The same up to a position.
    pub fn reader_to(&self, after: u64, until: u64) -> Reader {
        Reader::new(Arc::clone(&self.shared), after, until)
    }

    /// The durable entries after a position: for each set of pipelines its records and their OTLP bytes. One file at most is looked
    /// through; of the others the sums are known.
    pub fn totals(&self, after: u64) -> Result<HashMap<Vec<Arc<str>>, Total>, ReadError> {
        let mut totals: HashMap<Vec<Arc<str>>, Total> = HashMap::new();
        let mut add = |pipelines: &[Arc<str>], records: u64, bytes: u64| {
            let total = match totals.get_mut(pipelines) {
                Some(total) => total,
                None => totals.entry(pipelines.to_vec()).or_default(),
            };
            total.records += records;
            total.bytes += bytes;
        };
        let files = self.shared.lock().files.clone();
        for file in files {
            let (last, footer) = (file.last(), file.progress().footer.clone());
            if footer.entries == 0 || last <= after {
                continue;
            }
            if footer.first_position > after && !footer.totals_left_out {
                footer.totals.iter().for_each(|(pipelines, total)| add(pipelines, total.records, total.bytes));
                continue;
            }
            let mut reader = Reader::new(Arc::clone(&self.shared), after.max(file.first.saturating_sub(1)), last);
            let mut count = |head: &crate::Head| {
                head.parts.iter().for_each(|part| add(&part.pipelines, part.records, part.bytes));
                false
            };
            while reader.next_where(&mut count)?.is_some() {}
        }
        Ok(totals)
    }

    /// The files, in order.
    pub fn files(&self) -> Vec<FileInfo> {
        let files = self.shared.lock().files.clone();
        let newest = files.len().saturating_sub(1);
        files.iter().enumerate().map(|(index, file)| file.info(index == newest)).collect()
    }

    /// Removes the files whose entries are all at or before `position`, now and when they are finished; never the newest, which knows the positions. A
    /// newest file that was read for an hour, or fills the journal, is followed by a new one, and goes too.
    pub fn remove_to(&self, position: u64) {
        self.shared.remove_to(position);
    }

    /// Until [`remove_to`](Self::remove_to) is called again nothing is removed: somebody is about to read all that is there.
    pub fn keep(&self) {
        self.shared.keep();
    }

    /// Begins a new file, where the newest holds entries: so that it can go when it was read.
    pub fn rotate(&self) {
        self.shared.lock().rotate = true;
        self.shared.work.notify_all();
    }

    /// Files that are begun from now on tell the SHA-256 of this policy; where it is another one, what comes next begins a file.
    pub fn set_policy(&self, policy: Option<[u8; 32]>) {
        let before = std::mem::replace(&mut self.shared.lock().policy, policy);
        if before != policy {
            self.rotate();
        }
    }

    /// How it goes.
    pub fn health(&self) -> Health {
        let state = self.shared.lock();
        Health {
            failing: state.failing.clone(),
            key_failing: state.key_failing.clone(),
            below_floor: state.below_floor,
            full: self.shared.is_full(&state),
            queued_bytes: state.queued_bytes,
            queued_bytes_max: self.shared.options.queue_bytes_max,
            disk_bytes: state.closed_bytes + state.active_bytes,
            disk_bytes_max: self.shared.options.disk_bytes_max,
            free_bytes: state.free_bytes,
            files: state.files.len() as u64,
            syncs: state.syncs.clone(),
            entries: state.entries,
            withdrawn: state.withdrawals,
            too_large: state.too_large,
            damaged: state.damaged.len() as u64,
            given_up: state.given_up,
        }
    }

    /// Takes no more, writes and syncs what waits, and ends the threads. Where writing does not work, what waits is withdrawn after one more try.
    pub fn close(&self) {
        self.shared.lock().closed = true;
        for condvar in [&self.shared.work, &self.shared.sync, &self.shared.chores, &self.shared.keyring] {
            condvar.notify_all();
        }
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // The last owner may be what `on_durable` holds: a thread does not wait for itself. And a key service may take its time.
            let is_self = thread.thread().id() == thread::current().id();
            if is_self || (thread.thread().name() == Some(KEYS_THREAD) && !self.has_key_answer()) {
                continue;
            }
            let _ = thread.join(); // its panic, had it had one, is not ours
        }
    }
}

impl Log {
    /// Waits a little until the key provider is not being asked; nobody asks it any more.
    fn has_key_answer(&self) -> bool {
        let deadline = Instant::now() + KEY_ANSWER_WAIT_MAX;
        let mut state = self.shared.lock();
        while state.is_asking && Instant::now() < deadline {
            state = Shared::wait_until(&self.shared.settled, state, Some(deadline));
        }
        !state.is_asking
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.close();
    }
}
