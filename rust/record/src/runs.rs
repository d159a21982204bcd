//! Which entry of the Journal each record of a Batch stands in.

use crate::Batch;

/// Records of a Batch that follow one another in one entry of the Journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The first of them: its place in the Batch.
    pub start: u32,
    /// The position of their entry; 0: they stand in none.
    pub position: u64,
    /// The first one's number in its entry, counted over its parts in order.
    pub ordinal: u32,
}

/// What tells a record from every other one, however often and in whatever Batch it is sent: destinations deduplicate by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey {
    /// The Journal's id.
    pub journal: [u8; 16],
    /// The position of the record's entry.
    pub position: u64,
    /// The record's number in it.
    pub ordinal: u32,
}

/// `<32 hex digits>/<position>.<ordinal>`.
impl std::fmt::Display for RecordKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}/{}.{}", u128::from_be_bytes(self.journal), self.position, self.ordinal)
    }
}

impl Batch {
    /// The same Batch, its records those of the entry at `position` from the `ordinal`-th on.
    #[must_use]
    pub fn with_place(mut self, journal: [u8; 16], position: u64, ordinal: u32) -> Self {
        self.journal = journal;
        self.runs = if self.is_empty() { Vec::new() } else { vec![Run { start: 0, position, ordinal }] };
        self
    }

    /// The key of the `i`-th record; `None` where it came from no Journal.
    pub fn key(&self, i: usize) -> Option<RecordKey> {
        let i = u32::try_from(i).ok().filter(|&i| (i as usize) < self.len())?;
        let after = self.runs.partition_point(|run| run.start <= i);
        let run = self.runs.get(after.checked_sub(1)?).filter(|run| run.position != 0)?;
        Some(RecordKey { journal: self.journal, position: run.position, ordinal: run.ordinal + (i - run.start) })
    }

    /// Where the records stand in the Journal; empty where they came from none.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The runs of this Batch, which has records up to `start`, with those of `other` behind them.
    pub(crate) fn append_runs(&mut self, other: &Self, start: u32) {
        if self.runs.is_empty() && other.runs.is_empty() {
            return;
        }
        if self.runs.is_empty() {
            self.runs.extend((start > 0).then(Run::default));
        }
        if self.runs.iter().all(|run| run.position == 0) {
            self.journal = other.journal;
        }
        // Records of another Journal lose their keys: one Batch tells one Journal.
        let keyed = !other.runs.is_empty() && other.journal == self.journal;
        if !keyed {
            if !other.is_empty() {
                push(&mut self.runs, Run { start, ..Run::default() });
            }
            return;
        }
        for run in &other.runs {
            push(&mut self.runs, Run { start: run.start + start, ..*run });
        }
    }

    /// The runs of these records alone, which stand in ascending order.
    pub(crate) fn selected_runs(&self, kept: &[u32]) -> Vec<Run> {
        let mut runs = Vec::new();
        if self.runs.is_empty() {
            return runs;
        }
        let mut at = 0;
        for (rank, &i) in kept.iter().enumerate() {
            while self.runs.get(at + 1).is_some_and(|next| next.start <= i) {
                at += 1;
            }
            let Some(run) = self.runs.get(at) else { break };
            let ordinal = if run.position == 0 { 0 } else { run.ordinal + (i - run.start) };
            push(&mut runs, Run { start: rank as u32, position: run.position, ordinal });
        }
        runs
    }
}

/// Appends a run, or lengthens the last one where the records follow one another.
fn push(runs: &mut Vec<Run>, run: Run) {
    if let Some(last) = runs.last() {
        let follows = last.ordinal + (run.start - last.start) == run.ordinal;
        if last.position == run.position && (run.position == 0 || follows) {
            return;
        }
    }
    runs.push(run);
}
