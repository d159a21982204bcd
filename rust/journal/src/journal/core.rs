//! What the Journal, its cursors, the log's threads and the keeper share.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
};

use super::{
    CursorError, bounds, keeper, now_unix_nano,
    place::{Member, own_amount},
    sets::Amount,
    state::{After, State},
    wake,
};
use crate::{
    Entry, Head,
    log::{Failing, Log},
    storage::Storage,
};

/// The Journal but for its keeper.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) shared: Arc<Shared>,
    pub(super) kind: Kind,
    pub(super) is_closing: AtomicBool,
}

/// What the log's threads come by.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) settled: Condvar,
    pub(super) keeper: keeper::Signal,
}

#[derive(Debug)]
pub(super) enum Kind {
    Memory { bytes_max: u64, id: [u8; 16] },
    Disk(Box<Disk>),
}

/// What only a journal on disk has.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) log: Arc<Log>,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) bounds: bounds::Bounds,
    pub(super) accounts_folder: Option<PathBuf>,
    pub(super) is_state_lost: bool,
    /// Held while it is being saved.
    pub(super) saved: Mutex<keeper::Saved>,
    /// Apart from `saved`: whoever asks how it goes does not wait for a disk that hangs.
    pub(super) saving_failing: Mutex<Option<Failing>>,
}

impl Disk {
    pub(super) fn saving(&self) -> Option<Failing> {
        self.saving_failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Shared {
    /// Entries became durable, in this order.
    pub(super) fn arrive(&self, entries: Vec<Arc<Entry>>) {
        let mut after = After::default();
        let mut state = self.lock();
        for entry in entries {
            state.arrive(entry, &mut after);
        }
        let tells = !std::mem::replace(&mut state.told, true);
        drop(state);
        wake::wake(std::mem::take(&mut after.woken));
        if tells {
            self.keeper.changed();
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held; were it so, the state is still whole after each statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }

    pub(super) fn disk(&self) -> Option<&Disk> {
        match &self.kind {
            Kind::Memory { .. } => None,
            Kind::Disk(disk) => Some(disk),
        }
    }

    pub(super) fn log(&self) -> Option<&Log> {
        self.disk().map(|disk| &*disk.log)
    }

    pub(super) fn id(&self) -> [u8; 16] {
        match &self.kind {
            Kind::Memory { id, .. } => *id,
            Kind::Disk(disk) => disk.log.id(),
        }
    }

    /// Somebody is done with more than before.
    pub(super) fn settled_more(&self, state: &State) {
        if state.settle_waiters > 0 {
            self.shared.settled.notify_all();
        }
    }

    /// There is something to save.
    pub(super) fn tell(&self, mut state: MutexGuard<'_, State>) {
        let tells = self.log().is_some() && !std::mem::replace(&mut state.told, true);
        drop(state);
        if tells {
            self.shared.keeper.changed();
        }
    }

    /// The position before the oldest entry that is there, and what the sets had come to by then, as far as they are for these pipelines. An
    /// older file may turn up again after a crash: a cursor that begins here passes over it.
    pub(super) fn oldest(&self, pipelines: &[Arc<str>]) -> Result<(u64, Vec<Amount>), CursorError> {
        let Some(log) = self.log() else { return Ok((0, Vec::new())) };
        let members: Vec<Member> = pipelines.iter().map(|name| Member::open(Arc::clone(name), 0)).collect();
        log.keep();
        let oldest = log.files().iter().find(|file| file.last > 0).map_or(u64::MAX, |file| file.first);
        let state = self.lock();
        let (head, mut base) = (state.head, state.totals());
        let sets: HashMap<Vec<Arc<str>>, usize> = state.sets.all.iter().map(|set| set.pipelines.clone()).zip(0..).collect();
        drop(state);
        let from = oldest.saturating_sub(1).min(head);
        let mut reader = log.reader_to(from, head);
        let mut count = |entry: &Head| {
            for part in &entry.parts {
                let amount = own_amount(&members, std::slice::from_ref(part), entry.position);
                if let Some(base) = sets.get(&part.pipelines).and_then(|set| base.get_mut(*set)) {
                    *base = *base - amount;
                }
            }
            false
        };
        while reader.next_where(&mut count).map_err(|error| CursorError(error.to_string()))?.is_some() {}
        Ok((from, base))
    }

    /// A Cursor is given up: in memory nothing waits for it any more; on disk its place stays, and what it had in hand comes again.
    pub(super) fn leave(&self, holder: u64) {
        let mut after = After::default();
        let mut guard = self.lock();
        let state = &mut *guard;
        if let Some((place, _)) = state.place(holder) {
            place.holder = 0;
            place.rewind();
            place.seen_unix_nano = now_unix_nano();
        }
        if self.log().is_none() {
            state.places.retain(|place| place.holder != 0);
        }
        state.find_own();
        state.trim(&mut after);
        state.version += 1;
        self.settled_more(state);
        self.tell(guard);
    }
}
