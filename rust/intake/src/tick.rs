//! What processors say by themselves: the counts of windows that closed go through the rest of their pipeline, and are journalled.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError},
};

use logloom_journal::{Draft, Tally};
use logloom_processors::{Outcome, Processor};
use logloom_record::Batch;

use crate::{Intake, Pipelines, now_unix_nano, pipeline::Stage};

/// What a tick did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Records that were journalled.
    pub records: u64,
    /// The journal has no room: nobody was asked, and the next tick may find some.
    pub is_postponed: bool,
    /// The ids of processors that failed; what they had to say is lost, and they go on.
    pub failed: Vec<Arc<str>>,
}

impl Intake {
    /// Asks every processor for what is due; `is_last`: for all that it holds. From any thread, one after the other.
    pub fn tick(&self, is_last: bool) -> Ticked {
        let _one = self.ticking.lock().unwrap_or_else(PoisonError::into_inner);
        self.ask(&self.pipelines(), is_last, |_| true)
    }

    /// Asks those processors of these pipelines of which `of` says so.
    pub(crate) fn ask(&self, pipelines: &Pipelines, is_last: bool, of: impl Fn(&Arc<dyn Processor>) -> bool) -> Ticked {
        let mut ticked = Ticked::default();
        // What one says may be held by another behind a connector: those before it are asked first.
        for pipeline in pipelines.in_order() {
            for (place, (id, processor)) in pipeline.processors.iter().enumerate().filter(|(_, (_, processor))| of(processor)) {
                // What is asked for is gone from the processor: it is asked only while there is room.
                if self.journal().admit().is_err() {
                    return Ticked { is_postponed: true, ..ticked };
                }
                let said = catch_unwind(AssertUnwindSafe(|| {
                    let now = now_unix_nano();
                    let said = if is_last { processor.flush(now) } else { processor.tick(now) };
                    said.into_iter().map(|batch| self.say((pipelines, pipeline), place, batch)).sum::<u64>()
                }));
                match said {
                    Ok(records) => ticked.records += records,
                    Err(_) => ticked.failed.push(Arc::clone(id)),
                }
            }
        }
        ticked
    }

    /// Sends what the processor at `place` said through those behind it, and journals it: how many records that were.
    fn say(&self, (pipelines, pipeline): (&Pipelines, &Stage), place: usize, batch: Batch) -> u64 {
        let Some((id, _)) = pipeline.processors.get(place) else { return 0 };
        let (origin, said) = (Arc::clone(batch.origin()), batch.len() as u64);
        if said == 0 {
            return 0;
        }
        let mut tally = Tally::default();
        let mut routed = pipelines.run_from(pipeline, place + 1, batch, &mut tally);
        routed.outcomes.push((Arc::clone(id), Outcome { added: said, ..Outcome::default() }));
        let mut draft = Draft { origin, parts: std::mem::take(&mut routed.parts), ..Draft::default() };
        if draft.fits().is_err() {
            for part in draft.parts.drain(..) {
                let records = part.batch.len() as u64;
                tally.dropped.extend(part.pipelines.into_iter().map(|name| (name, records)));
            }
        }
        self.counters.routed(&tally, &routed);
        if draft.parts.is_empty() {
            self.journal().count(&tally);
            return 0;
        }
        let records = draft.parts.iter().map(|part| part.batch.len() as u64).sum();
        draft.tally = tally;
        self.journal().append(draft);
        records
    }
}
