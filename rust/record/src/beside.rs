//! What a Batch knows of its records that their OTLP bytes do not tell, so that it can be had again from the bytes and this.

use std::sync::Arc;

use crate::{Batch, DataError, EntryFlags, Reject, batch::Entry};

/// Lists of records by their place in the Batch; all empty for most Batches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// For each record, in order of arrival, its place among the records in the bytes; empty where that is the same.
    pub order: Vec<u32>,
    /// Those that are [rejects](EntryFlags::is_reject), ascending.
    pub rejected: Vec<u32>,
    /// Those that are [repaired](EntryFlags::is_repaired), ascending.
    pub repaired: Vec<u32>,
    /// The frames that could not be read.
    pub rejects: Vec<Reject>,
}

impl Beside {
    /// Whether the bytes tell everything.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty() && self.rejected.is_empty() && self.repaired.is_empty() && self.rejects.is_empty()
    }
}

impl Batch {
    /// What [`from_otlp`](Self::from_otlp) of [`to_otlp`](Self::to_otlp) would not know.
    pub fn beside(&self) -> Beside {
        let flagged = |flag: u8| {
            let is_flagged = |(place, entry): (usize, &Entry)| (entry.flags.0 & flag != 0).then_some(place as u32);
            self.index().iter().enumerate().filter_map(is_flagged).collect()
        };
        Beside {
            order: self.order(),
            rejected: flagged(EntryFlags::REJECT),
            repaired: flagged(EntryFlags::REPAIRED),
            rejects: self.rejects.clone(),
        }
    }

    fn order(&self) -> Vec<u32> {
        let place = |entry: &Entry| (self.groups().get(entry.group as usize).map_or(0, |group| group.block), entry.start);
        if self.index().is_sorted_by_key(place) {
            return Vec::new();
        }
        let mut by_place: Vec<u32> = (0..self.len() as u32).collect();
        by_place.sort_by_key(|record| self.index().get(*record as usize).map(place));
        let mut order = vec![0; by_place.len()];
        for (place, record) in by_place.into_iter().enumerate() {
            if let Some(order) = order.get_mut(record as usize) {
                *order = place as u32;
            }
        }
        order
    }

    /// The Batch again, of its bytes and what was beside them.
    pub fn with_beside(mut self, beside: Beside) -> Result<Self, DataError> {
        self.find();
        let other = || DataError::value("what is told of the records is not of these", 0);
        if !beside.order.is_empty() {
            self.reorder(&beside.order).ok_or_else(other)?;
        }
        let index = Arc::make_mut(&mut self.index);
        for (records, flag) in [(&beside.rejected, EntryFlags::REJECT), (&beside.repaired, EntryFlags::REPAIRED)] {
            for record in records {
                index.get_mut(*record as usize).ok_or_else(other)?.flags.0 |= flag;
            }
        }
        if beside.rejects.iter().any(|reject| reject.record as usize >= self.index.len()) {
            return Err(other());
        }
        self.rejects = beside.rejects;
        Ok(self)
    }

    /// Puts the records in this order; `None` where it is not an order of them.
    fn reorder(&mut self, order: &[u32]) -> Option<()> {
        if order.len() != self.index.len() {
            return None;
        }
        let mut seen = vec![false; order.len()];
        let mut index = Vec::with_capacity(order.len());
        for place in order {
            let seen = seen.get_mut(*place as usize)?;
            if std::mem::replace(seen, true) {
                return None;
            }
            index.push(*self.index.get(*place as usize)?);
        }
        self.index = index.into();
        Some(())
    }
}
