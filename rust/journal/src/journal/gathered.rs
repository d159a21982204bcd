//! What a cursor found, within bounds: whole entries, and what of each is its own.

use std::sync::Arc;

use logloom_record::Batch;

use super::sets::Amount;
use crate::Entry;

/// The bounds on what is handed out at once: one entry alone may be larger.
#[derive(Clone, Copy)]
pub(super) struct Most {
    pub(super) records: usize,
    pub(super) bytes: usize,
}

/// What was found, to be handed out.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) entries: Vec<(Arc<Entry>, Vec<bool>)>,
    pub(super) amount: Amount,
    pub(super) read: u64,
    pub(super) is_full: bool,
}

impl Gathered {
    /// Takes an entry in, unless that would exceed a bound; the first is always taken.
    pub(super) fn take(&mut self, entry: &Arc<Entry>, own: Vec<bool>, most: Most) -> bool {
        let mut amount = Amount::default();
        for (part, _) in entry.parts.iter().zip(&own).filter(|(_, own)| **own) {
            amount += Amount { records: part.batch.len() as u64, bytes: part.batch.otlp_len() as u64 };
        }
        let sum = self.amount + amount;
        let over = sum.records > most.records as u64 || sum.bytes > most.bytes as u64;
        if self.amount.records > 0 && over {
            self.is_full = true;
            return false;
        }
        if amount.records > 0 {
            self.entries.push((Arc::clone(entry), own));
            self.amount = sum;
            self.is_full = sum.records >= most.records as u64 || sum.bytes >= most.bytes as u64;
        }
        self.read = entry.position;
        true
    }

    /// The position of the first entry, and when it was appended.
    pub(super) fn first(&self) -> (u64, u64) {
        self.entries.first().map_or((self.read, 0), |(entry, _)| (entry.position, entry.time_unix_nano))
    }

    /// The records of all, each with its key.
    pub(super) fn merged(&self, journal: [u8; 16]) -> Batch {
        let mut batches = Vec::with_capacity(self.entries.len());
        for (entry, own) in &self.entries {
            let mut ordinal = 0;
            for (part, own) in entry.parts.iter().zip(own) {
                if *own && !part.batch.is_empty() {
                    batches.push(part.batch.clone().with_place(journal, entry.position, ordinal));
                }
                ordinal += part.batch.len() as u32;
            }
        }
        Batch::joined(batches)
    }
}
