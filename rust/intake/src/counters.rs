//! What went through, counted where it happened.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use logloom_journal::Tally;
use logloom_processors::Outcome;
use logloom_record::Batch;

use crate::{Pipelines, pipeline::Routed};

/// Counts since the start of the process; those that last are the [journal's](logloom_journal::Journal::accounts).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// By receiver id.
    pub receivers: BTreeMap<String, ReceiverCounts>,
    /// By pipeline: records that it passed on, and records that its processors dropped by rule.
    pub pipelines: BTreeMap<Arc<str>, (u64, u64)>,
    /// By processor id: what it did.
    pub processors: BTreeMap<Arc<str>, Outcome>,
    /// By connector and route: records that took it; `default` is the way of those that no other wanted.
    pub routes: BTreeMap<Arc<str>, BTreeMap<Arc<str>, u64>>,
    /// Records that matched no pipeline, or behind a connector no route.
    pub unrouted: u64,
    /// Rejects by format and kind.
    pub rejects: BTreeMap<(&'static str, &'static str), u64>,
}

/// Of one receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiverCounts {
    /// Records accepted, Rejects among them.
    pub records: u64,
    /// Frames that could not be read and were kept as records.
    pub rejects: u64,
    /// Messages refused.
    pub refused: u64,
    /// Messages whose senders were asked to come again, since the journal took nothing.
    pub later: u64,
    /// Bytes accepted.
    pub bytes: u64,
    /// Messages whose senders were over their limits, and were asked to come again.
    pub throttled: u64,
}

/// The counters of one Intake.
#[derive(Debug)]
pub struct Counters(Mutex<Counted>);

impl Counters {
    pub(crate) fn new(pipelines: &Pipelines) -> Self {
        let counters = Self(Mutex::default());
        counters.know(pipelines);
        counters
    }

    /// A copy of all counts, taken at one moment.
    pub fn read(&self) -> Counted {
        self.lock().clone()
    }

    /// There are these pipelines and routes, too; those that are gone keep their counts.
    pub(crate) fn know(&self, pipelines: &Pipelines) {
        let mut counted = self.lock();
        for name in pipelines.names() {
            counted.pipelines.entry(name).or_default();
        }
        for (connector, route) in pipelines.routes() {
            counted.routes.entry(connector).or_default().entry(route).or_default();
        }
    }

    pub(crate) fn decoded(&self, batch: &Batch, bytes: usize) {
        let mut counted = self.lock();
        let counts = counted.of(&batch.origin().receiver);
        counts.records += batch.len() as u64;
        counts.rejects += batch.rejects().len() as u64;
        counts.bytes += bytes as u64;
        for reject in batch.rejects() {
            *counted.rejects.entry((reject.format, reject.reason.kind.name())).or_default() += 1;
        }
    }

    pub(crate) fn refused(&self, receiver: &str) {
        self.lock().of(receiver).refused += 1;
    }

    pub(crate) fn later(&self, receiver: &str) {
        self.lock().of(receiver).later += 1;
    }

    pub(crate) fn throttled(&self, receiver: &str) {
        self.lock().of(receiver).throttled += 1;
    }

    pub(crate) fn routed(&self, tally: &Tally, routed: &Routed) {
        let mut counted = self.lock();
        counted.unrouted += tally.unrouted;
        for (pipeline, made) in &tally.made {
            counted.pipelines.entry(Arc::clone(pipeline)).or_default().0 += made;
        }
        for (pipeline, dropped) in &tally.dropped {
            let counts = counted.pipelines.entry(Arc::clone(pipeline)).or_default();
            counts.0 = counts.0.saturating_sub(*dropped);
            counts.1 += dropped;
        }
        for (id, outcome) in &routed.outcomes {
            counted.processors.entry(Arc::clone(id)).or_default().add(outcome);
        }
        for (connector, route, records) in &routed.matched {
            *counted.routes.entry(Arc::clone(connector)).or_default().entry(Arc::clone(route)).or_default() += records;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    fn of(&mut self, receiver: &str) -> &mut ReceiverCounts {
        self.receivers.entry(receiver.into()).or_default()
    }
}
