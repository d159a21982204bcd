//! Attributes that are put on records after they were read.

use crate::{Batch, Edit, Record, proto::push_string_attribute};

/// A field of `LogRecord.attributes`.
const ATTRIBUTE: u8 = 0x32;

/// What tells a record from all others, in OpenTelemetry's semantic conventions.
pub const UID: &str = "log.record.uid";

impl Batch {
    /// The same records, each with the attributes, all texts, that `of` gives for it at the end of its own. Where that is none for all of them,
    /// the same Batch: nothing is copied.
    #[must_use]
    pub fn stamp<K: AsRef<str>>(&self, of: impl Fn(usize, &Record<'_>) -> Vec<(K, String)>) -> Self {
        let mut at = 0;
        self.edit(
            |record, out| {
                let further = of(at, record);
                at += 1;
                for (key, value) in &further {
                    push_string_attribute(out, ATTRIBUTE, key.as_ref().as_bytes(), value.as_bytes());
                }
                if further.is_empty() { Edit::Keep } else { Edit::Append }
            },
            |_, _, _| false,
        )
    }

    /// The same records, each that has no [`UID`] with its key in the Journal as one, so that destinations know it when it comes again.
    #[must_use]
    pub fn with_uids(&self) -> Self {
        self.stamp(|at, record| match self.key(at) {
            Some(key) if record.attribute(UID).is_none() => vec![(UID, key.to_string())],
            _ => Vec::new(),
        })
    }
}
