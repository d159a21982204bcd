//! Which records go where.

use std::sync::Arc;

use logloom_journal::{Part, Tally};
use logloom_processors::{Outcome, Processor};
use logloom_record::{Batch, expr::Condition};

/// One pipeline of the config.
pub struct Pipeline {
    /// Its id, `logs/mesh`.
    pub name: Arc<str>,
    /// The ids of the receivers whose records it takes.
    pub receivers: Vec<String>,
    /// Which of their records; all without it.
    pub when: Option<Condition>,
    /// What is done with them, in this order: each under its id.
    pub processors: Vec<(Arc<str>, Arc<dyn Processor>)>,
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("name", &self.name).field("receivers", &self.receivers).finish_non_exhaustive()
    }
}

/// All pipelines, and the one that takes what no other does.
#[derive(Debug)]
pub struct Pipelines {
    pub(crate) all: Vec<Pipeline>,
    default: Option<usize>,
    dead_letters: Option<usize>,
}

/// What is wrong with a set of pipelines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineError(pub String);

impl std::fmt::Display for PipelineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PipelineError {}

impl Pipelines {
    /// `default` is the name of the pipeline for records that match none.
    pub fn new(all: Vec<Pipeline>, default: Option<&str>) -> Result<Self, PipelineError> {
        let find = |name: &str| all.iter().position(|pipeline| &*pipeline.name == name);
        if let Some(twice) = all.iter().enumerate().find(|(i, p)| find(&p.name) != Some(*i)) {
            return Err(PipelineError(format!("pipeline '{}' is defined twice", twice.1.name)));
        }
        let default = match default {
            None => None,
            Some(name) => Some(find(name).ok_or_else(|| PipelineError(format!("default_pipeline '{name}' is no pipeline")))?),
        };
        Ok(Self { all, default, dead_letters: None })
    }

    /// The same; the records that processors could do nothing with go to the pipeline with this name too.
    pub fn with_dead_letters(mut self, name: Option<&str>) -> Result<Self, PipelineError> {
        if let Some(name) = name {
            let found = self.all.iter().position(|pipeline| &*pipeline.name == name);
            self.dead_letters = Some(found.ok_or_else(|| PipelineError(format!("dead_letter_pipeline '{name}' is no pipeline")))?);
        }
        Ok(self)
    }

    /// Their names.
    pub fn names(&self) -> Vec<Arc<str>> {
        self.all.iter().map(|pipeline| Arc::clone(&pipeline.name)).collect()
    }

    /// What each pipeline makes of the batch; those that changed nothing share one part. What matches none goes to the default pipeline
    /// and is counted.
    pub(crate) fn route(&self, batch: Batch, tally: &mut Tally) -> Routed {
        let mut routed = Routed::default();
        if batch.is_empty() {
            return routed;
        }
        let mut shared: Vec<Arc<str>> = Vec::new();
        let mut matched = vec![false; batch.len()];
        for pipeline in self.all.iter().filter(|pipeline| pipeline.receivers.contains(&batch.origin().receiver)) {
            // Receiver, format and peer are the same for the whole batch: what asks only for those needs no look at the records.
            let known = pipeline.when.as_ref().map_or(Some(true), |when| when.known(batch.origin()));
            if known == Some(true) {
                matched.fill(true);
                deliver(pipeline, &batch, true, &mut shared, &mut routed, tally);
            }
            let (None, Some(when)) = (known, &pipeline.when) else { continue };
            let keep: Vec<bool> = (0..batch.len()).map(|i| when.matches(&batch, i)).collect();
            let kept = keep.iter().filter(|keep| **keep).count();
            matched.iter_mut().zip(&keep).for_each(|(matched, keep)| *matched |= keep);
            if kept == batch.len() {
                deliver(pipeline, &batch, true, &mut shared, &mut routed, tally);
            } else if kept > 0 {
                deliver(pipeline, &batch.select(|i| keep.get(i) == Some(&true)), false, &mut shared, &mut routed, tally);
            }
        }
        let unrouted = matched.iter().filter(|matched| !**matched).count();
        if unrouted > 0 {
            tally.unrouted += unrouted as u64;
            if let Some(pipeline) = self.default.and_then(|i| self.all.get(i)) {
                let whole = unrouted == batch.len();
                let rest = if whole { batch.clone() } else { batch.select(|i| matched.get(i) == Some(&false)) };
                deliver(pipeline, &rest, whole, &mut shared, &mut routed, tally);
            }
        }
        if !shared.is_empty() {
            routed.parts.push(Part { pipelines: shared, batch });
        }
        self.keep_letters(&mut routed, tally);
        routed
    }

    /// Sends what processors could do nothing with through the pipeline of dead letters. What its own processors fail on stays there as it came.
    pub(crate) fn keep_letters(&self, routed: &mut Routed, tally: &mut Tally) {
        let Some(pipeline) = self.dead_letters.and_then(|i| self.all.get(i)) else { return };
        for batch in letters(&mut routed.outcomes) {
            let done = routed.outcomes.len();
            deliver(pipeline, &batch, false, &mut Vec::new(), routed, tally);
            for batch in routed.outcomes.get_mut(done..).map(letters).unwrap_or_default() {
                tally.made.push((Arc::clone(&pipeline.name), batch.len() as u64));
                routed.parts.push(Part { pipelines: vec![Arc::clone(&pipeline.name)], batch });
            }
        }
    }
}

/// The dead letters of these processors, each marked with whose it is.
fn letters(outcomes: &mut [(Arc<str>, Outcome)]) -> Vec<Batch> {
    let mut all = Vec::new();
    for (id, outcome) in outcomes {
        let letters = std::mem::take(&mut outcome.letters).into_batches();
        all.extend(letters.iter().map(|batch| batch.stamp(|_, _| vec![(DEAD_LETTER_PROCESSOR, id.to_string())])));
    }
    all
}

/// The attribute that tells which processor could do nothing with a dead letter.
const DEAD_LETTER_PROCESSOR: &str = "logloom.dead_letter.processor";

/// What all pipelines made of a batch.
#[derive(Debug, Default)]
pub(crate) struct Routed {
    pub(crate) parts: Vec<Part>,
    /// What each processor did, by its id.
    pub(crate) outcomes: Vec<(Arc<str>, Outcome)>,
}

/// Runs the processors of a pipeline on what it takes. `whole`: that is the whole batch, which pipelines share whose processors leave it as it is.
fn deliver(pipeline: &Pipeline, batch: &Batch, whole: bool, shared: &mut Vec<Arc<str>>, routed: &mut Routed, tally: &mut Tally) {
    let name = Arc::clone(&pipeline.name);
    let made = process(&name, &pipeline.processors, batch.clone(), &mut routed.outcomes, tally);
    if whole && made.is_same(batch) {
        shared.push(name);
    } else if !made.is_empty() {
        routed.parts.push(Part { pipelines: vec![name], batch: made });
    }
}

/// What these processors of a pipeline make of a batch, which they get in the order of the config.
pub(crate) fn process(
    pipeline: &Arc<str>,
    processors: &[(Arc<str>, Arc<dyn Processor>)],
    batch: Batch,
    outcomes: &mut Vec<(Arc<str>, Outcome)>,
    tally: &mut Tally,
) -> Batch {
    let (mut made, mut added, mut dropped) = (batch, 0, 0);
    let came = made.len() as u64;
    for (id, processor) in processors {
        let mut outcome = Outcome::default();
        made = processor.apply(made, &mut outcome);
        added += outcome.added;
        // Dead letters leave this pipeline; that of dead letters makes them again.
        dropped += outcome.dropped + outcome.letters.len() as u64;
        outcomes.push((Arc::clone(id), outcome));
    }
    tally.made.push((Arc::clone(pipeline), came + added));
    if dropped > 0 {
        tally.dropped.push((Arc::clone(pipeline), dropped));
    }
    made
}
