//! `filter`: which records stay.

use std::sync::Arc;

use logloom_record::{Batch, Condition, Marks};

use crate::{Outcome, Processor};

/// Drops the records for which one of the `drop` conditions holds, and, where there are `keep` conditions, those for which none of these does.
#[derive(Debug)]
pub struct Filter {
    rules: Vec<(Arc<str>, Box<dyn Rule>)>,
    keep: Vec<Condition>,
}

/// What says of each record whether it goes.
pub trait Rule: std::fmt::Debug + Send + Sync {
    /// What it is counted under.
    fn name(&self) -> &str;

    /// Which of these records of the Batch go.
    fn among(&self, batch: &Batch, asked: &Marks) -> Marks;
}

impl Rule for Condition {
    fn name(&self) -> &str {
        self.text()
    }

    fn among(&self, batch: &Batch, asked: &Marks) -> Marks {
        Self::among(self, batch, asked)
    }
}

/// The name of the rule that counts what no `keep` condition wanted.
const NOT_KEPT: &str = "keep";

impl Filter {
    /// Of compiled conditions; each of `drop` counts what it dropped under its text.
    pub fn new(drop: Vec<Condition>, keep: Vec<Condition>) -> Self {
        let mut filter = Self { rules: Vec::new(), keep };
        for condition in drop {
            filter.push(Box::new(condition));
        }
        filter
    }

    /// And those go that this rule says.
    pub fn push(&mut self, rule: Box<dyn Rule>) {
        self.rules.push((rule.name().into(), rule));
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
        for (name, rule) in &self.rules {
            let goes = rule.among(&batch, &left);
            go(name, &mut left, &goes);
        }
        if !self.keep.is_empty() {
            let mut unwanted = left.clone();
            unwanted.remove(&Condition::any_among(&self.keep, &batch, &left));
            go(&NOT_KEPT.into(), &mut left, &unwanted);
        }
        batch.marked(&left)
    }
}
