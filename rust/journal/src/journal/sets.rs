//! The sets of pipelines that parts are for: few, so that an append counts and wakes by set and never by cursor.

use std::{
    collections::HashMap,
    ops::{Add, AddAssign, Sub},
    sync::Arc,
};

use super::wake::Slot;

/// Records and their OTLP bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many records.
    pub records: u64,
    /// Their OTLP bytes.
    pub bytes: u64,
}

impl Add for Amount {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { records: self.records.wrapping_add(other.records), bytes: self.bytes.wrapping_add(other.bytes) }
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// What would be less than nothing is nothing: the accounts' check tells of it, and no counter runs wild.
impl Sub for Amount {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { records: self.records.saturating_sub(other.records), bytes: self.bytes.saturating_sub(other.bytes) }
    }
}

/// One set of pipelines.
#[derive(Debug, Default)]
pub(crate) struct Set {
    pub(crate) pipelines: Vec<Arc<str>>,
    /// What was journalled for it, ever.
    pub(crate) total: Amount,
    /// The position of its last entry.
    pub(crate) last: u64,
    /// Cursors in use that read it: without any, its entries need not stay in memory.
    pub(crate) listeners: usize,
    /// Cursors that wait for it, woken all at once: with that a new `round` begins.
    pub(crate) waiting: Vec<Arc<Slot>>,
    pub(crate) round: u64,
}

/// All sets there were.
#[derive(Debug, Default)]
pub(crate) struct Sets {
    pub(crate) all: Vec<Set>,
    by_pipelines: HashMap<Vec<Arc<str>>, usize>,
}

impl Sets {
    /// The set of these pipelines; true where it is new.
    pub(crate) fn intern(&mut self, pipelines: &[Arc<str>]) -> (usize, bool) {
        if let Some(&at) = self.by_pipelines.get(pipelines) {
            return (at, false);
        }
        let at = self.all.len();
        self.by_pipelines.insert(pipelines.to_vec(), at);
        self.all.push(Set { pipelines: pipelines.to_vec(), ..Set::default() });
        (at, true)
    }

    /// What was journalled for it, ever.
    pub(crate) fn total(&self, set: usize) -> Amount {
        self.all.get(set).map(|set| set.total).unwrap_or_default()
    }
}
