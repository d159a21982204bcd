//! A Batch in pieces that a destination takes.

use crate::Batch;

impl Batch {
    /// The records in order, in pieces of at most `otlp_bytes_max` bytes of OTLP each; one record that is over it alone is a piece of
    /// its own. Where all fit, the same Batch: nothing is copied.
    #[must_use]
    pub fn split(&self, otlp_bytes_max: usize) -> Vec<Self> {
        let mut pieces = Vec::new();
        self.split_into(otlp_bytes_max.max(1), &mut pieces);
        pieces
    }

    fn split_into(&self, max: usize, pieces: &mut Vec<Self>) {
        if self.otlp_len() <= max || self.len() <= 1 {
            pieces.push(self.clone());
            return;
        }
        // By the records' own bytes; what stands beside them (resources, scopes) shows only in the piece, which is split again if need be.
        let total: usize = self.index().iter().map(|entry| (entry.end - entry.start) as usize).sum();
        let target = total / self.otlp_len().div_ceil(max) + 1;
        let mut start = 0;
        while start < self.len() {
            let mut bytes = 0;
            let rest = self.index().get(start..).unwrap_or_default();
            let over = rest.iter().position(|entry| {
                bytes += (entry.end - entry.start) as usize;
                bytes > target
            });
            // At least one record, and never all of them: each step makes progress.
            let end = over.map_or(self.len(), |n| start + n.max(1));
            let end = if start == 0 && end == self.len() { self.len() / 2 } else { end };
            self.select(|i| (start..end).contains(&i)).split_into(max, pieces);
            start = end;
        }
    }
}
