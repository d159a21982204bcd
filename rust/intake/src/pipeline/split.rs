//! Which records of a batch take which way.

use logloom_record::{Batch, Marks, expr::Condition};

/// The condition of a way.
#[derive(Clone, Debug)]
pub(super) struct When(Condition);

impl When {
    pub(super) fn new(condition: Condition) -> Self {
        Self(condition)
    }
}

/// Gives each of the `ways` the records that it wants (all: no condition), and returns those that none did. `is_first`: what one way took the later
/// ones are not asked for. Nothing is copied where a way takes all.
pub(super) fn split<'w>(
    batch: &Batch,
    ways: impl Iterator<Item = Option<&'w When>>,
    is_first: bool,
    mut give: impl FnMut(usize, Batch),
) -> Option<Batch> {
    let all = Marks::all(batch.len());
    let mut left = all.clone();
    for (way, when) in ways.enumerate() {
        let asked = if is_first { &left } else { &all };
        if is_first && left.is_none() {
            break;
        }
        let wants = when.map_or_else(|| asked.clone(), |When(condition)| condition.among(batch, asked));
        if !wants.is_none() {
            give(way, batch.marked(&wants));
        }
        left.remove(&wants);
    }
    (!left.is_none()).then(|| batch.marked(&left))
}
