//! Processors: Batch to Batch. One file a processor; the names are the config's.
#![forbid(unsafe_code)]

pub mod attributes;
pub mod correlate;
pub mod dedup;
pub mod enrich;
mod filter;
mod group_by;
pub mod metrics;
pub mod python;
pub mod rate_limit;
pub mod redaction;
mod resource;
pub mod sample;
#[cfg(feature = "vrl")]
pub mod transform;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use logloom_record::Batch;

pub use attributes::Attributes;
pub use correlate::Correlate;
pub use dedup::Dedup;
pub use enrich::Enrich;
pub use filter::{Filter, Rule};
pub use group_by::GroupBy;
pub use metrics::Metrics;
pub use python::Python;
pub use rate_limit::RateLimit;
pub use redaction::Redaction;
pub use resource::ResourceAttributes;
pub use sample::Sample;

/// What a processor did, for the counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Records that came to it; counted by who calls it.
    pub incoming: u64,
    /// Records that it passed on; counted by who calls it.
    pub outgoing: u64,
    /// Records that a rule dropped.
    pub dropped: u64,
    /// Records that it made itself, such as the count of a window.
    pub added: u64,
    /// Records on which the processor failed; they passed on, marked, or as its `on_error` says.
    pub failed: u64,
    /// Records on which it failed and that are to be kept elsewhere, each with the reason as an attribute.
    pub letters: Letters,
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

    /// What another time was like is added; its letters went their way.
    pub fn add(&mut self, other: &Self) {
        self.incoming += other.incoming;
        self.outgoing += other.outgoing;
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

    /// Whether it may wait for what is not done on the caller's thread: then it is called where waiting holds up nobody else.
    fn waits(&self) -> bool {
        false
    }

    /// Records of the processor's own that are due by now, such as the counts of windows that closed: a Batch for each origin that they have, of
    /// a few MiB at most. They go through the processors behind this one.
    fn tick(&self, _now_unix_nano: u64) -> Vec<Batch> {
        Vec::new()
    }

    /// The same at the end: whatever is open is closed.
    fn flush(&self, now_unix_nano: u64) -> Vec<Batch> {
        self.tick(now_unix_nano)
    }

    /// What it counted and measured since it was made, where that is what it is for.
    fn measured(&self) -> Vec<metrics::Measured> {
        Vec::new()
    }
}

/// What becomes of records on which a processor fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// They pass on as they came, marked with the reason as an attribute.
    #[default]
    Pass,
    /// They pass on as they came.
    Ignore,
    /// They are dropped, and counted.
    Drop,
    /// They go to the dead letters, as they came.
    DeadLetter,
}

/// The attribute that tells why a record is a dead letter.
pub const REASON: &str = "logloom.dead_letter.reason";

/// Records as they came to the processor. Whoever runs it takes them out of its [`Outcome`].
#[derive(Clone, Debug, Default)]
pub struct Letters(Vec<Batch>);

/// The very same ones.
impl PartialEq for Letters {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(one, other)| one.is_same(other))
    }
}

impl Eq for Letters {}

impl Letters {
    /// Them, one Batch a run of the processor.
    pub fn into_batches(self) -> Vec<Batch> {
        self.0
    }

    /// How many records.
    pub fn len(&self) -> usize {
        self.0.iter().map(Batch::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Outcome {
    /// These records of a Batch, by their place in ascending order, go to the dead letters: each marked with why.
    pub fn dead_letters(&mut self, batch: &Batch, failed: &[(usize, String)]) {
        let reason = |place: usize| failed.binary_search_by_key(&place, |(place, _)| *place).ok().and_then(|at| failed.get(at));
        if failed.is_empty() {
            return;
        }
        let chosen = batch.select(|place| reason(place).is_some());
        let marked = chosen.stamp(|at, _| failed.get(at).map(|(_, why)| vec![(REASON, why.clone())]).unwrap_or_default());
        self.letters.0.push(marked);
    }
}

/// When the records of a Batch came: the clock of windows and rates.
fn now_of(batch: &Batch) -> u64 {
    match batch.origin().arrival_unix_nano {
        0 => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64),
        arrival => arrival,
    }
}
