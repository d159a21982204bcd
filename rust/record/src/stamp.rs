//! Attributes that are put on records after they were read.

use crate::{Batch, Record, proto::push_string_attribute};

/// A field of `LogRecord.attributes`.
const ATTRIBUTE: u8 = 0x32;

impl Batch {
    /// The same records, each with the attributes, all texts, that `of` gives for it at the end of its own. Where that is none for all of them,
    /// the same Batch: nothing is copied.
    #[must_use]
    pub fn stamp(&self, of: impl Fn(usize, &Record<'_>) -> Vec<(&'static str, String)>) -> Self {
        let field = |(at, record): (usize, Record<'_>)| {
            let mut further = Vec::new();
            for (key, value) in of(at, &record) {
                push_string_attribute(&mut further, ATTRIBUTE, key.as_bytes(), value.as_bytes());
            }
            further
        };
        let further: Vec<Vec<u8>> = self.records().enumerate().map(field).collect();
        if further.iter().all(Vec::is_empty) {
            return self.clone();
        }
        let all: Vec<u32> = (0..self.len() as u32).collect();
        self.copied(&all, &further)
    }
}
