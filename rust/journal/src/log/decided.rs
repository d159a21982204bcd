//! Who is told what became of entries, as it is decided.

use std::sync::{Arc, PoisonError};

use super::{Log, ranges::Ranges};

/// Is told what the log decides.
pub trait OnDecided: Send + Sync {
    /// Called after each commit and each withdrawal, under the log's lock: it may not ask the log.
    fn decided(&self, decisions: &Decisions<'_>);
    /// Called behind that, without the lock.
    fn announced(&self);
}

/// What became of entries.
#[derive(Debug)]
pub struct Decisions<'l> {
    pub(super) to: u64,
    pub(super) withdrawn: &'l Ranges,
}

impl Decisions<'_> {
    /// The position up to which it is decided what became of each.
    pub fn to(&self) -> u64 {
        self.to
    }

    /// Whether entries behind that were withdrawn: one before them still waits, which nobody else can send again.
    pub fn has_withdrawn_later(&self) -> bool {
        self.withdrawn.has_after(self.to)
    }

    /// Whether the entry there was withdrawn. Otherwise it is durable, where it is decided.
    pub fn is_withdrawn(&self, position: u64) -> bool {
        self.withdrawn.contains(position)
    }
}

impl Log {
    /// From now on it is told: of an entry that is waiting after this, before anybody can know otherwise what became of it, or soon after.
    pub fn tell(&self, whom: Arc<dyn OnDecided>) {
        self.shared.told.write().unwrap_or_else(PoisonError::into_inner).push(whom);
    }

    /// From now on it is not.
    pub fn tell_no_more(&self, whom: &Arc<dyn OnDecided>) {
        self.shared.told.write().unwrap_or_else(PoisonError::into_inner).retain(|other| !Arc::ptr_eq(other, whom));
    }
}
