//! Waking cursors: an append wakes one, and each that is woken wakes two more, so that an append costs the same for any number of them.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Where one cursor waits.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    inner: Mutex<Inner>,
    woken: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    waits: bool,
    /// Others that the woken one wakes.
    rest: Vec<Arc<Slot>>,
}

impl Slot {
    /// Says that it is about to wait: who wakes it from now on is heard. Called where what it waits for cannot come meanwhile.
    pub(crate) fn prepare(&self) {
        self.lock().waits = true;
    }

    /// Waits until it is woken or the time is up.
    pub(crate) fn wait(&self, deadline: Instant) {
        let mut inner = self.lock();
        while inner.waits {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                inner.waits = false;
                return;
            }
            inner = self.woken.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let mut rest = std::mem::take(&mut inner.rest);
        drop(inner);
        let half = rest.split_off(rest.len() / 2);
        wake(rest);
        wake(half);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes all of these, by waking one. Those that do not wait any more are left out.
pub(crate) fn wake(mut slots: Vec<Arc<Slot>>) {
    while let Some(slot) = slots.pop() {
        let mut inner = slot.lock();
        if inner.waits {
            inner.waits = false;
            inner.rest = slots;
            slot.woken.notify_one();
            return;
        }
    }
}
