//! Who waits for which entry of the journal to be on disk. The journal says what it decided, and one task of the runtime wakes all whose entry it was:
//! a commit costs one wake-up of a thread, however many wait for it.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use logloom_journal::{
    Fate, Journal,
    log::{Decisions, OnDecided},
};
use tokio::sync::{Notify, oneshot};

use crate::Runtime;

/// The requests that wait for their entry, woken as the journal commits.
#[derive(Debug)]
pub struct Commits {
    journal: Arc<Journal>,
    /// It holds no journal: who begins anew after this is dropped finds that closed.
    shared: Arc<Shared>,
    _runtime: Runtime,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// There is somebody to wake, or it is over.
    ready: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// By position, and a number for those that wait for the same one.
    waiting: BTreeMap<(u64, u64), oneshot::Sender<bool>>,
    next: u64,
    /// Those whose entry was decided, and whether it is durable.
    ready: Vec<(oneshot::Sender<bool>, bool)>,
    is_closed: bool,
}

impl Commits {
    /// Of this journal.
    ///
    /// # Errors
    /// There is no runtime to be had.
    pub fn new(journal: Arc<Journal>) -> io::Result<Arc<Self>> {
        let runtime = Runtime::shared()?;
        let shared = Arc::new(Shared::default());
        if let Some(log) = journal.log() {
            log.tell(Arc::clone(&shared) as Arc<dyn OnDecided>);
        }
        runtime.handle()?.spawn(Arc::clone(&shared).wake_all());
        Ok(Arc::new(Self { journal, shared, _runtime: runtime }))
    }

    /// The journal.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Waits until the entry at `position` is on disk; false: it was withdrawn, or the server ends: its sender must send it again.
    pub async fn durable(&self, position: u64) -> bool {
        if position == 0 || self.journal.log().is_none() {
            return true; // nothing was appended, or to memory
        }
        let receiver = self.shared.wait(position);
        // Asked behind that: what is decided from now on is told.
        match self.journal.fate(position) {
            Fate::Durable => true,
            Fate::Withdrawn => false,
            Fate::Waiting => receiver.await.unwrap_or(false),
        }
    }
}

impl Shared {
    fn wait(&self, position: u64) -> oneshot::Receiver<bool> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.lock();
        if !state.is_closed {
            state.next += 1;
            let number = state.next;
            state.waiting.insert((position, number), sender);
        }
        receiver
    }

    fn take_ready(&self) -> (Vec<(oneshot::Sender<bool>, bool)>, bool) {
        let mut state = self.lock();
        (std::mem::take(&mut state.ready), state.is_closed)
    }

    async fn wake_all(self: Arc<Self>) {
        loop {
            let (ready, is_closed) = self.take_ready();
            for (sender, is_durable) in ready {
                let _ = sender.send(is_durable); // who gave up waits no more
            }
            if is_closed {
                return;
            }
            self.ready.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OnDecided for Shared {
    fn decided(&self, decisions: &Decisions<'_>) {
        let mut state = self.lock();
        while let Some(first) = state.waiting.first_entry().filter(|first| first.key().0 <= decisions.to()) {
            let ((position, _), sender) = first.remove_entry();
            state.ready.push((sender, !decisions.is_withdrawn(position)));
        }
        if decisions.has_withdrawn_later() {
            let State { waiting, ready, .. } = &mut *state;
            let withdrawn = waiting.extract_if(.., |(position, _), _| decisions.is_withdrawn(*position));
            ready.extend(withdrawn.map(|(_, sender)| (sender, false)));
        }
    }

    fn announced(&self) {
        if !self.lock().ready.is_empty() {
            self.ready.notify_one();
        }
    }
}

impl Drop for Commits {
    fn drop(&mut self) {
        if let Some(log) = self.journal.log() {
            log.tell_no_more(&(Arc::clone(&self.shared) as Arc<dyn OnDecided>));
        }
        let mut state = self.shared.lock();
        state.is_closed = true;
        state.waiting.clear();
        state.ready.clear();
        drop(state);
        self.shared.ready.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use logloom_journal::{
        Draft, JournalOptions, Part,
        keys::testing::Switch,
        log::LogOptions,
        storage::faulty::{Disk, EIO, Fault, Op},
    };
    use logloom_record::{Batch, Limits};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// One record without anything in it.
    fn draft() -> Draft {
        let batch = Batch::from_otlp(Bytes::from_static(&[10, 4, 18, 2, 18, 0]), &Limits::DEFAULT).unwrap();
        Draft { parts: vec![Part { pipelines: vec!["logs".into()], batch }], revocable: true, ..Draft::default() }
    }

    fn opened() -> (Disk, Arc<Journal>) {
        let disk = Disk::new(1, 256 << 20);
        let log = LogOptions { free_bytes_min: 0, file_bytes_max: 1 << 20, ..LogOptions::default() };
        let options = JournalOptions { log, ..JournalOptions::default() };
        let (journal, _) = Journal::open(options, disk.storage(), Arc::new(Switch::new())).unwrap();
        assert_eq!(journal.wait(journal.append(draft()), LONG), Fate::Durable);
        (disk, journal)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn all_whose_entries_one_sync_made_durable_are_woken() {
        let (disk, journal) = opened();
        let commits = Commits::new(Arc::clone(&journal)).unwrap();
        disk.hold(Op::Sync);
        let positions: Vec<u64> = (0..100).map(|_| journal.append(draft())).collect();
        let last = *positions.last().unwrap();
        let mut all = tokio::task::JoinSet::new();
        for position in positions.into_iter().chain([last]) {
            let commits = Arc::clone(&commits);
            all.spawn(async move { commits.durable(position).await });
        }
        tokio::task::yield_now().await;
        disk.release(Op::Sync);
        assert!(all.join_all().await.into_iter().all(|is_durable| is_durable));
        assert!(commits.durable(last).await && commits.durable(0).await);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_withdrawn_is_not_durable() {
        let (disk, journal) = opened();
        let commits = Commits::new(Arc::clone(&journal)).unwrap();
        disk.fail(Op::Sync, Fault::Error(EIO), 0, u64::MAX);
        assert!(!commits.durable(journal.append(draft())).await);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_withdrawn_is_told_though_an_entry_before_it_still_waits() {
        let (disk, journal) = opened();
        let commits = Commits::new(Arc::clone(&journal)).unwrap();
        disk.hold(Op::Sync);
        let kept = journal.append(Draft { revocable: false, ..draft() });
        let withdrawn = journal.append(draft());
        let receiver = commits.shared.wait(withdrawn);
        disk.fail(Op::Sync, Fault::Error(EIO), 0, u64::MAX);
        disk.release(Op::Sync);
        assert_eq!(tokio::time::timeout(LONG, receiver).await.expect("it is told at once"), Ok(false));
        assert_eq!(journal.fate(kept), Fate::Waiting);
        disk.heal();
        assert!(commits.durable(kept).await);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_waits_when_it_ends_is_told_and_the_journal_is_let_go() {
        let (disk, journal) = opened();
        let commits = Commits::new(Arc::clone(&journal)).unwrap();
        disk.hold(Op::Sync);
        let receiver = commits.shared.wait(journal.append(draft()));
        let weak = Arc::downgrade(&journal);
        drop(commits);
        assert!(receiver.await.is_err());
        disk.release(Op::Sync);
        drop(journal);
        assert!(weak.upgrade().is_none());
    }
}
