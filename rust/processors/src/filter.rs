//! `filter`: which records stay.

use std::sync::Arc;

use logloom_record::{Batch, Condition, Marks};

use crate::{Outcome, Processor};

/// Drops the records for which one of the `drop` conditions holds, and, where there are `keep` conditions, those for which none of these does.
#[derive(Debug)]
pub struct Filter {
    rules: Vec<(Arc<str>, Condition)>,
    keep: Vec<Condition>,
}

/// The name of the rule that counts what no `keep` condition wanted.
const NOT_KEPT: &str = "keep";

impl Filter {
    /// Of compiled conditions; each of `drop` counts what it dropped under its text.
    pub fn new(drop: Vec<Condition>, keep: Vec<Condition>) -> Self {
        Self { rules: drop.into_iter().map(|condition| (condition.text().into(), condition)).collect(), keep }
    }
}

impl Processor for Filter {
    fn apply(&self, batch: Batch, outcome: &mut Outcome) -> Batch {
        let mut left = Marks::all(batch.len());
        let mut go = |rule: &Arc<str>, left: &mut Marks, goes: &Marks| {
            let found = goes.count() as u64;
            outcome.dropped += found;
            outcome.count(rule, found);
            left.remove(goes);
        };
        for (rule, condition) in &self.rules {
            let goes = condition.among(&batch, &left);
            go(rule, &mut left, &goes);
        }
        if !self.keep.is_empty() {
            let mut unwanted = left.clone();
            unwanted.remove(&Condition::any_among(&self.keep, &batch, &left));
            go(&NOT_KEPT.into(), &mut left, &unwanted);
        }
        batch.marked(&left)
    }
}
