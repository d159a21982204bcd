//! Which records of a batch take which way.

use logloom_record::{Batch, expr::Condition};

/// A condition, and what is asked of it again and again.
#[derive(Clone, Debug)]
pub(super) struct When {
    condition: Condition,
    is_of_group: bool,
}

impl When {
    pub(super) fn new(condition: Condition) -> Self {
        Self { is_of_group: condition.is_of_group(), condition }
    }

    /// For each record that is not `taken` whether it holds; how many these are.
    fn wants(&self, batch: &Batch, taken: Option<&[bool]>) -> (Vec<bool>, usize) {
        // What asks for the resource alone is asked once for all that share it.
        let mut of_groups = if self.is_of_group { vec![None; batch.groups().len()] } else { Vec::new() };
        let holds = |record: usize, group: u32| match of_groups.get_mut(group as usize) {
            Some(of_group) => *of_group.get_or_insert_with(|| self.condition.matches(batch, record)),
            None => self.condition.matches(batch, record),
        };
        select(batch, taken, holds)
    }
}

fn select(batch: &Batch, taken: Option<&[bool]>, mut holds: impl FnMut(usize, u32) -> bool) -> (Vec<bool>, usize) {
    let is_free = |record: usize| taken.and_then(|taken| taken.get(record)) != Some(&true);
    let wants: Vec<bool> = batch.index().iter().enumerate().map(|(record, entry)| is_free(record) && holds(record, entry.group)).collect();
    let count = wants.iter().filter(|wants| **wants).count();
    (wants, count)
}

/// Gives each of the `ways` the records that it wants (all: no condition), and returns those that none did. `is_first`: what one way took the later
/// ones are not asked for. Nothing is copied where a way takes all.
pub(super) fn split<'w>(
    batch: &Batch,
    ways: impl Iterator<Item = Option<&'w When>>,
    is_first: bool,
    mut give: impl FnMut(usize, Batch),
) -> Option<Batch> {
    let mut taken = vec![false; batch.len()];
    let mut left = batch.len();
    for (way, when) in ways.enumerate() {
        if is_first && left == 0 {
            break;
        }
        // Receiver, format and peer are the same for the whole batch: what asks only for those needs no look at the records.
        let known = when.map_or(Some(true), |when| when.condition.known(batch.origin()));
        let before = is_first.then_some(taken.as_slice());
        let (wants, count) = match (known, when) {
            (Some(false), _) => continue,
            (Some(true), _) if !is_first || left == batch.len() => {
                taken.fill(true);
                left = 0;
                give(way, batch.clone());
                continue;
            }
            (None, Some(when)) => when.wants(batch, before),
            _ => select(batch, before, |_, _| true),
        };
        for (taken, _) in taken.iter_mut().zip(&wants).filter(|(taken, wants)| **wants && !**taken) {
            *taken = true;
            left -= 1;
        }
        if count > 0 {
            give(way, batch.select(|record| wants.get(record) == Some(&true)));
        }
    }
    (left > 0).then(|| batch.select(|record| taken.get(record) == Some(&false)))
}
