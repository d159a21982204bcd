//! What the heads of a request's messages tell, down to its records: nothing that these hold is looked at.

use std::ops::Range;

use bytes::Bytes;

use crate::{
    Batch,
    batch::{Block, Entry, Group},
    scan::{REQUEST, RESOURCE_LOGS, Reader, SCOPE_LOGS, Scanned},
};

/// How many records there are, by the heads of the messages down to them: nothing of what they hold is looked at.
pub(crate) fn count(bytes: &[u8]) -> Scanned<usize> {
    let mut records = 0;
    each(bytes, |_, _, _| records += 1)?;
    Ok(records)
}

/// The Batch as far as the heads of its messages tell: which records there are, and what they say.
pub(crate) fn by_heads(bytes: &Bytes) -> Batch {
    let (mut groups, mut index) = (Vec::new(), Vec::new());
    let _ = each(bytes, |resource_logs, scope_logs, record| {
        if groups.last().is_none_or(|last: &Group| last.scope_logs != *scope_logs) {
            groups.push(Group { resource_logs: resource_logs.clone(), scope_logs: scope_logs.clone(), ..Group::default() });
        }
        index.push(Entry { group: groups.len() as u32 - 1, start: record.start, end: record.end, ..Entry::default() });
    }); // up to where they hold
    let blocks = vec![Block { bytes: bytes.clone(), head: 0, merged: None }];
    Batch { blocks, groups, index: index.into(), ..Batch::default() }
}

/// Tells of every record, with the `ResourceLogs` and the `ScopeLogs` that it stands in.
fn each(bytes: &[u8], mut told: impl FnMut(&Range<u32>, &Range<u32>, Range<u32>)) -> Scanned {
    let mut request = Reader { bytes, pos: 0 };
    while let Some(mut resource_logs) = request.next_of(0x0a, REQUEST)? {
        let in_resource = resource_logs.range();
        while let Some(mut scope_logs) = resource_logs.next_of(0x12, RESOURCE_LOGS)? {
            let in_scope = scope_logs.range();
            while let Some(record) = scope_logs.next_of(0x12, SCOPE_LOGS)? {
                told(&in_resource, &in_scope, record.range());
            }
        }
    }
    Ok(())
}

impl Reader<'_> {
    /// The next message with this tag, and `None` where there is no more; its other fields, the `known` ones among them, are passed over.
    #[inline(always)]
    fn next_of(&mut self, wanted: u8, known: u32) -> Scanned<Option<Self>> {
        while let Some(tag) = self.tag() {
            match tag {
                _ if tag == wanted => return self.enter().map(Some),
                0x0a | 0x12 | 0x1a => self.skip_len()?,
                _ => self.other(known)?,
            }
        }
        Ok(None)
    }
}
