//! `filter`: which records stay.

use std::sync::Arc;

use logloom_record::{Batch, Condition};

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

    /// The rule by which the record goes: its place among the conditions of `drop`, or behind them; `None` where it stays.
    fn dropped_by(&self, batch: &Batch, record: usize) -> Option<usize> {
        let dropped = self.rules.iter().position(|(_, condition)| condition.matches(batch, record));
        dropped.or_else(|| {
            let is_wanted = self.keep.is_empty() || self.keep.iter().any(|condition| condition.matches(batch, record));
            (!is_wanted).then_some(self.rules.len())
        })
    }
}

impl Processor for Filter {
    fn apply(&self, batch: Batch, outcome: &mut Outcome) -> Batch {
        let mut found = vec![0; self.rules.len() + 1];
        let mut stays = vec![true; batch.len()];
        for (record, stays) in stays.iter_mut().enumerate() {
            if let Some(found) = self.dropped_by(&batch, record).and_then(|rule| found.get_mut(rule)) {
                *stays = false;
                *found += 1;
            }
        }
        outcome.dropped += found.iter().sum::<u64>();
        for ((rule, _), found) in self.rules.iter().zip(&found) {
            outcome.count(rule, *found);
        }
        outcome.count(&NOT_KEPT.into(), found.last().copied().unwrap_or_default());
        batch.select(|record| stays.get(record) == Some(&true))
    }
}
