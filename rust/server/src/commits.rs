//! Who waits for which entry of the journal to be on disk: one thread waits for all of them.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use logloom_journal::{Fate, Journal};
use tokio::sync::oneshot;

/// How long the thread waits for an entry before it looks whether anybody still waits.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The requests that wait for their entry, woken as the journal commits.
#[derive(Debug)]
pub struct Commits {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    journal: Arc<Journal>,
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: BTreeMap<u64, Vec<oneshot::Sender<bool>>>,
    is_closed: bool,
}

impl Commits {
    /// Of this journal.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn new(journal: Arc<Journal>) -> io::Result<Arc<Self>> {
        let shared = Arc::new(Shared { journal, state: Mutex::default(), work: Condvar::new() });
        let waits = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("commits".into()).spawn(move || waits.run())?;
        Ok(Arc::new(Self { shared, thread: Some(thread) }))
    }

    /// The journal.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.shared.journal
    }

    /// Waits until the entry at `position` is on disk; false: it was withdrawn, or the server ends: its sender must send it again.
    pub async fn durable(&self, position: u64) -> bool {
        if position == 0 {
            return true; // nothing was appended
        }
        match self.shared.journal.fate(position) {
            Fate::Durable => return true,
            Fate::Withdrawn => return false,
            Fate::Waiting => {}
        }
        let (sender, receiver) = oneshot::channel();
        self.shared.lock().waiting.entry(position).or_default().push(sender);
        self.shared.work.notify_one();
        receiver.await.unwrap_or(false)
    }
}

impl Shared {
    fn run(&self) {
        while let Some(first) = self.first() {
            self.journal.wait(first, LOOK_EVERY);
            let decided = self.journal.durable();
            let mut state = self.lock();
            let later = state.waiting.split_off(&(decided + 1));
            let ready = std::mem::replace(&mut state.waiting, later);
            drop(state);
            for (position, senders) in ready {
                let is_durable = self.journal.fate(position) == Fate::Durable;
                for sender in senders {
                    let _ = sender.send(is_durable); // who gave up waits no more
                }
            }
        }
    }

    /// The lowest position that is waited for; `None` at the end.
    fn first(&self) -> Option<u64> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                state.waiting.clear();
                return None;
            }
            if let Some((first, _)) = state.waiting.first_key_value() {
                return Some(*first);
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Commits {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.work.notify_all();
        // It holds the journal: who begins anew after this finds that closed.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // its panic, had it had one, is not ours
        }
    }
}
