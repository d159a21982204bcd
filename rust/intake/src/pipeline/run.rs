//! A batch on its way through pipelines and connectors, to where it is journalled.

use std::sync::Arc;

use logloom_journal::{Part, Tally};
use logloom_processors::Outcome;
use logloom_record::Batch;

use super::{Pipelines, Stage, split::split};
use crate::{SenderRule, TapOn};

/// What counters call the way of records that no route of a connector took.
pub(super) const DEFAULT: &str = "default";

/// The attribute that tells which processor could do nothing with a dead letter.
const DEAD_LETTER_PROCESSOR: &str = "logloom.dead_letter.processor";

/// The dead letters of these processors, each marked with whose it is.
fn letters(outcomes: &mut [(Arc<str>, Outcome)]) -> Vec<Batch> {
    let mut all = Vec::new();
    for (id, outcome) in outcomes {
        let letters = std::mem::take(&mut outcome.letters).into_batches();
        all.extend(letters.iter().map(|batch| batch.stamp(|_, _| vec![(DEAD_LETTER_PROCESSOR, id.to_string())])));
    }
    all
}

/// What all pipelines made of a batch.
#[derive(Debug, Default)]
pub(crate) struct Routed {
    /// What is to be journalled; pipelines share a part where it is the same for them.
    pub(crate) parts: Vec<Part>,
    /// What each processor did, by its id.
    pub(crate) outcomes: Vec<(Arc<str>, Outcome)>,
    /// How many records took which route: the connector's name, the route's, records.
    pub(crate) matched: Vec<(Arc<str>, Arc<str>, u64)>,
}

impl Pipelines {
    /// What the pipelines make of a batch that came. What none of them takes goes to the default pipeline, and is counted. `rule`: what holds
    /// for its sender; each pipeline is asked whether it may take that.
    pub(crate) fn route(&self, batch: &Batch, tally: &mut Tally, rule: Option<&SenderRule>) -> Routed {
        let mut run = Run { pipelines: self, routed: Routed::default(), tally };
        if batch.is_empty() {
            return run.routed;
        }
        self.taps.offer(TapOn::Receiver, &batch.origin().receiver, batch);
        let fed = self.by_receiver.get(&batch.origin().receiver).map_or(&[][..], Vec::as_slice);
        let may = |stage: &&Stage| rule.is_none_or(|rule| rule.may_write(&stage.name));
        let fed: Vec<&Stage> = fed.iter().filter_map(|place| self.all.get(*place)).filter(may).collect();
        let whens = fed.iter().map(|stage| stage.when.as_ref());
        let rest = split(batch, whens, self.is_first, |way, batch| {
            if let Some(stage) = fed.get(way) {
                run.through(stage, 0, batch);
            }
        });
        if let Some(rest) = rest {
            run.tally.unrouted += rest.len() as u64;
            if let Some(stage) = self.default.and_then(|place| self.all.get(place)).filter(may) {
                run.through(stage, 0, rest);
            }
        }
        run.keep_letters();
        run.routed
    }

    /// What becomes of a batch that the processors of `stage` before `processor` are done with: records of a processor's own, for instance.
    pub(crate) fn run_from(&self, stage: &Stage, processor: usize, batch: Batch, tally: &mut Tally) -> Routed {
        let mut run = Run { pipelines: self, routed: Routed::default(), tally };
        run.through(stage, processor, batch);
        run.keep_letters();
        run.routed
    }
}

/// One batch underway. It goes as deep as pipelines stand one behind the other, which is bounded.
struct Run<'a> {
    pipelines: &'a Pipelines,
    routed: Routed,
    tally: &'a mut Tally,
}

impl Run<'_> {
    /// Through the processors of a pipeline from the one at `first` on, and out of it.
    fn through(&mut self, stage: &Stage, first: usize, batch: Batch) {
        let came = batch.len() as u64;
        let (mut made, mut added, mut dropped) = (batch, 0, 0);
        for (id, processor) in stage.processors.iter().skip(first) {
            let mut outcome = Outcome { incoming: made.len() as u64, ..Outcome::default() };
            made = processor.apply(made, &mut outcome);
            outcome.outgoing = made.len() as u64;
            self.pipelines.taps.offer(TapOn::Processor, id, &made);
            added += outcome.added;
            // Dead letters leave this pipeline; that of dead letters makes them again.
            dropped += outcome.dropped + outcome.letters.len() as u64;
            self.routed.outcomes.push((Arc::clone(id), outcome));
        }
        self.tally.made.push((Arc::clone(&stage.name), came + added));
        if dropped > 0 {
            self.tally.dropped.push((Arc::clone(&stage.name), dropped));
        }
        if made.is_empty() {
            return;
        }
        self.pipelines.taps.offer(TapOn::Pipeline, &stage.name, &made);
        if stage.is_passage {
            self.tally.passed_on.push((Arc::clone(&stage.name), made.len() as u64));
        } else {
            self.journal(&stage.name, &made);
        }
        for junction in &stage.next {
            self.across(*junction, &made);
        }
    }

    /// A part for the pipeline: one that another has, where nothing was changed since they parted.
    fn journal(&mut self, name: &Arc<str>, batch: &Batch) {
        let same = self.routed.parts.iter_mut().find(|part| part.batch.is_same(batch) && !part.pipelines.contains(name));
        match same {
            Some(part) => part.pipelines.push(Arc::clone(name)),
            None => self.routed.parts.push(Part { pipelines: vec![Arc::clone(name)], batch: batch.clone() }),
        }
    }

    /// Over a connector, to the pipelines behind it.
    fn across(&mut self, junction: usize, batch: &Batch) {
        let pipelines = self.pipelines;
        let Some(junction) = pipelines.junctions.get(junction) else { return };
        let whens = junction.ways.iter().map(|way| way.when.as_ref());
        let rest = split(batch, whens, junction.is_first, |way, batch| {
            if let Some(way) = junction.ways.get(way) {
                self.matched(&junction.name, &way.name, &batch);
                self.hand_on(&way.to, &batch);
            }
        });
        let Some(rest) = rest else { return };
        self.matched(&junction.name, &Arc::from(DEFAULT), &rest);
        if junction.default.is_empty() {
            self.tally.unrouted += rest.len() as u64;
        }
        self.hand_on(&junction.default, &rest);
    }

    /// Sends what processors could do nothing with through the pipeline of dead letters. What its own processors fail on stays there as it came.
    fn keep_letters(&mut self) {
        let pipelines = self.pipelines;
        let Some(stage) = pipelines.dead_letters.and_then(|place| pipelines.all.get(place)) else { return };
        for batch in letters(&mut self.routed.outcomes) {
            let done = self.routed.outcomes.len();
            self.through(stage, 0, batch);
            for batch in self.routed.outcomes.get_mut(done..).map(letters).unwrap_or_default() {
                self.tally.made.push((Arc::clone(&stage.name), batch.len() as u64));
                self.journal(&stage.name, &batch);
            }
        }
    }

    fn matched(&mut self, connector: &Arc<str>, route: &Arc<str>, batch: &Batch) {
        self.routed.matched.push((Arc::clone(connector), Arc::clone(route), batch.len() as u64));
    }

    /// Into pipelines; what the `when:` of one does not want is dropped by that rule of it, and counted.
    fn hand_on(&mut self, to: &[usize], batch: &Batch) {
        let pipelines = self.pipelines;
        for stage in to.iter().filter_map(|place| pipelines.all.get(*place)) {
            let refused = split(batch, [stage.when.as_ref()].into_iter(), false, |_, batch| self.through(stage, 0, batch));
            if let Some(refused) = refused {
                let refused = (Arc::clone(&stage.name), refused.len() as u64);
                self.tally.made.push(refused.clone());
                self.tally.dropped.push(refused);
            }
        }
    }
}
