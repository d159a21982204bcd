//! The tasks of one server: none outlives it unseen.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::{runtime::Handle, sync::Notify, task::AbortHandle};

use crate::{
    caught::caught,
    server::{Tell, Told},
};

/// Spawned tasks, which can be waited for and cut off.
#[derive(Clone)]
pub struct Tasks(Arc<Inner>);

struct Inner {
    handle: Handle,
    tell: Tell,
    state: Mutex<State>,
    empty: Notify,
}

#[derive(Default)]
struct State {
    next: u64,
    /// Nothing more is begun.
    is_cut: bool,
    running: HashMap<u64, Option<AbortHandle>>,
}

/// One of them, until it is dropped: at its end, or when it is cut off.
struct Place {
    tasks: Weak<Inner>,
    id: u64,
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tasks").field("running", &self.0.lock().running.len()).finish_non_exhaustive()
    }
}

impl Tasks {
    pub(crate) fn new(handle: Handle, tell: Tell) -> Self {
        Self(Arc::new(Inner { handle, tell, state: Mutex::default(), empty: Notify::new() }))
    }

    /// Runs `work`; a panic of it is told.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut state = self.0.lock();
        if state.is_cut {
            return;
        }
        state.next += 1;
        let id = state.next;
        state.running.insert(id, None);
        drop(state);
        let place = Place { tasks: Arc::downgrade(&self.0), id };
        let tell = Arc::clone(&self.0.tell);
        let task = self.0.handle.spawn(async move {
            let _place = place;
            if let Err(words) = caught(work).await {
                tell(Told::Panicked(words));
            }
        });
        let mut state = self.0.lock();
        if state.is_cut {
            task.abort();
        } else if let Some(running) = state.running.get_mut(&id) {
            *running = Some(task.abort_handle());
        }
    }

    /// Tells of a panic.
    pub(crate) fn panicked(&self, words: String) {
        (self.0.tell)(Told::Panicked(words));
    }

    /// Waits until all have ended.
    pub async fn ended(&self) {
        loop {
            let empty = self.0.empty.notified();
            if self.0.lock().running.is_empty() {
                return;
            }
            empty.await;
        }
    }

    /// Ends all of them where they wait next; no more begin.
    pub fn cut(&self) {
        let mut state = self.0.lock();
        state.is_cut = true;
        let running: Vec<AbortHandle> = state.running.values().flatten().cloned().collect();
        drop(state);
        running.iter().for_each(AbortHandle::abort);
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(tasks) = self.tasks.upgrade() else { return };
        let mut state = tasks.lock();
        state.running.remove(&self.id);
        let is_last = state.running.is_empty();
        drop(state);
        if is_last {
            tasks.empty.notify_waiters();
        }
    }
}
