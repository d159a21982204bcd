//! Processors: Batch to Batch. One file a processor; the names are the config's.
#![forbid(unsafe_code)]

mod filter;
pub mod redaction;

use std::{collections::BTreeMap, sync::Arc};

use logloom_record::Batch;

pub use filter::Filter;
pub use redaction::Redaction;

/// What a processor did, for the counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Records that a rule dropped.
    pub dropped: u64,
    /// Records that it made itself, such as the count of a window.
    pub added: u64,
    /// Records on which the processor failed; they passed on, marked.
    pub failed: u64,
    /// How often each of its rules found something, by the rule's name.
    pub rules: BTreeMap<Arc<str>, u64>,
}

impl Outcome {
    /// A rule found so many.
    pub fn count(&mut self, rule: &Arc<str>, found: u64) {
        if found > 0 {
            *self.rules.entry(Arc::clone(rule)).or_default() += found;
        }
    }

    /// What another time was like is added.
    pub fn add(&mut self, other: &Self) {
        self.dropped += other.dropped;
        self.added += other.added;
        self.failed += other.failed;
        for (rule, found) in &other.rules {
            self.count(rule, *found);
        }
    }
}

/// Shapes records before they are journalled. It holds nothing back: a record on which it fails passes on, marked and counted.
pub trait Processor: std::fmt::Debug + Send + Sync {
    /// The Batch as it is to be; the same one where nothing changed, so that pipelines go on sharing its bytes.
    fn apply(&self, batch: Batch, outcome: &mut Outcome) -> Batch;

    /// Records of the processor's own that are due by now, such as the counts of windows that closed: a Batch for each origin that they have, of
    /// a few MiB at most. They go through the processors behind this one.
    fn tick(&self, _now_unix_nano: u64) -> Vec<Batch> {
        Vec::new()
    }

    /// The same at the end: whatever is open is closed.
    fn flush(&self, now_unix_nano: u64) -> Vec<Batch> {
        self.tick(now_unix_nano)
    }
}
