//! Processors: Batch to Batch. One file a processor; the names are the config's.
#![forbid(unsafe_code)]

use logloom_record::Batch;

/// What a processor did, for the counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Records that a rule dropped.
    pub dropped: u64,
    /// Records on which the processor failed; they passed on, marked.
    pub failed: u64,
}

/// Shapes records before they are journalled. It holds nothing back: a record on which it fails passes on, marked and counted.
pub trait Processor: Send + Sync {
    /// The config word.
    fn name(&self) -> &'static str;

    /// The Batch as it is to be; the same one where nothing changed, so that pipelines go on sharing its bytes.
    fn apply(&self, batch: Batch, outcome: &mut Outcome) -> Batch;

    /// Records of the processor's own that are due by now, such as the counts of a window that closed.
    fn tick(&self, _now_unix_nano: u64) -> Option<Batch> {
        None
    }
}
