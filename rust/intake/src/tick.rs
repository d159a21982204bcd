//! What processors say by themselves: the counts of windows that closed go through the rest of their pipeline, and are journalled.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError},
};

use logloom_journal::{Draft, Part, Tally};
use logloom_processors::Outcome;
use logloom_record::Batch;

use crate::{
    Intake, now_unix_nano,
    pipeline::{Pipeline, Routed, process},
};

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
        let mut ticked = Ticked::default();
        for pipeline in &self.pipelines.all {
            for (place, (id, processor)) in pipeline.processors.iter().enumerate() {
                // What is asked for is gone from the processor: it is asked only while there is room.
                if self.journal().admit().is_err() {
                    return Ticked { is_postponed: true, ..ticked };
                }
                let said = catch_unwind(AssertUnwindSafe(|| {
                    let now = now_unix_nano();
                    let said = if is_last { processor.flush(now) } else { processor.tick(now) };
                    said.into_iter().map(|batch| self.say(pipeline, place, batch)).sum::<u64>()
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
    fn say(&self, pipeline: &Pipeline, place: usize, batch: Batch) -> u64 {
        let Some(((id, _), rest)) = pipeline.processors.get(place..).and_then(<[_]>::split_first) else { return 0 };
        let (origin, said) = (Arc::clone(batch.origin()), batch.len() as u64);
        if said == 0 {
            return 0;
        }
        let (mut tally, name) = (Tally::default(), Arc::clone(&pipeline.name));
        let mut outcomes = vec![(Arc::clone(id), Outcome { added: said, ..Outcome::default() })];
        let made = process(&name, rest, batch, &mut outcomes, &mut tally);
        let mut routed = Routed { parts: Vec::new(), outcomes };
        if !made.is_empty() {
            routed.parts.push(Part { pipelines: vec![name], batch: made });
        }
        self.pipelines.keep_letters(&mut routed, &mut tally);
        let Routed { parts, outcomes } = routed;
        let records: u64 = parts.iter().map(|part| part.batch.len() as u64).sum();
        let mut draft = Draft { origin, parts, ..Draft::default() };
        if draft.fits().is_err() {
            for part in draft.parts.drain(..) {
                let records = part.batch.len() as u64;
                tally.dropped.extend(part.pipelines.into_iter().map(|name| (name, records)));
            }
        }
        self.counters.routed(&tally, outcomes);
        if draft.parts.is_empty() {
            self.journal().count(&tally);
            return 0;
        }
        draft.tally = tally;
        self.journal().append(draft);
        records
    }
}
