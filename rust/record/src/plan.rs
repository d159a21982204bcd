//! What stands in a copy of records. It is planned before the first byte is written, so that the lengths of all messages are known.

use std::ops::Range;

use crate::{
    batch::Entry,
    proto::{Fields, Value, push_field, varint_len},
};

/// A message but for its field 2: what a `ScopeLogs` has besides records, a `ResourceLogs` besides `ScopeLogs`.
#[derive(Clone, Default)]
pub(crate) struct Frame {
    pub(crate) bytes: Vec<u8>,
    /// Where the content of field 1 (scope, resource) lies in `bytes`.
    first: Range<usize>,
    /// The same of field 3, the schema URL.
    schema_url: Range<usize>,
}

impl Frame {
    /// The frame of `message`; `first` is what stands for its field 1.
    pub(crate) fn of(message: &[u8], first: Option<&[u8]>) -> Self {
        Self::beside(&[], 0, message, first)
    }

    /// The same of a message that begins at `offset` in its block. `records` are in it, and passed over unread: a look at each head would fetch a line of
    /// memory for each record.
    pub(crate) fn beside(mut records: &[Entry], offset: u32, message: &[u8], first: Option<&[u8]>) -> Self {
        let mut frame = Self::default();
        if let Some(first) = first {
            push_field(&mut frame.bytes, 0x0a, first);
            frame.first = frame.bytes.len() - first.len()..frame.bytes.len();
        }
        let mut fields = Fields::new(message);
        loop {
            let mut start = fields.position();
            while let [record, rest @ ..] = records {
                let place = record.start.wrapping_sub(offset) as usize;
                // Where its head, as short as can be, would begin here, it does: what is there is one field.
                if start + head_len(record.bytes_len()) == place {
                    start = record.end.wrapping_sub(offset) as usize;
                } else if place >= start {
                    break;
                }
                records = rest;
            }
            fields.go_to(start);
            let Some(Ok((field, value))) = fields.next() else { return frame };
            if field == 2 || field == 1 && first.is_some() {
                continue;
            }
            frame.bytes.extend_from_slice(message.get(start..fields.position()).unwrap_or_default());
            let Value::Len(content) = value else { continue };
            let place = frame.bytes.len() - content.len()..frame.bytes.len();
            match field {
                1 => frame.first = place,
                3 => frame.schema_url = place,
                _ => {}
            }
        }
    }

    /// Fields 1 and 3 in a block where this frame was written at `start`.
    pub(crate) fn places_at(&self, start: usize) -> (Range<u32>, Range<u32>) {
        let place = |part: &Range<usize>| if part.is_empty() { 0..0 } else { (start + part.start) as u32..(start + part.end) as u32 };
        (place(&self.first), place(&self.schema_url))
    }
}

/// What the next block will hold.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) resources: Vec<ResourcePlan>,
    /// An upper bound of the bytes.
    pub(crate) bytes: usize,
}

pub(crate) struct ResourcePlan {
    pub(crate) frame: Frame,
    pub(crate) scopes: Vec<ScopePlan>,
}

pub(crate) struct ScopePlan {
    pub(crate) frame: Frame,
    pub(crate) runs: Vec<Neighbours>,
    pub(crate) records_len: usize,
}

/// Records that are copied in one go: they follow one another in both indexes and stand beside one another in the old bytes.
#[derive(Clone, Copy)]
pub(crate) struct Neighbours {
    /// The place of the first one in the old index.
    pub(crate) position: u32,
    /// And in the new one.
    pub(crate) rank: u32,
    pub(crate) count: u32,
    /// They stay as they are; else it is one record.
    pub(crate) is_untouched: bool,
}

impl Neighbours {
    /// The first and the last one.
    pub(crate) fn ends<'e>(&self, index: &'e [Entry]) -> Option<(&'e Entry, &'e Entry)> {
        let last = (self.position + self.count).checked_sub(1)?;
        Some((index.get(self.position as usize)?, index.get(last as usize)?))
    }

    /// The first half and the rest; `None` of a single one.
    pub(crate) fn halves(&self) -> Option<(Self, Self)> {
        let count = self.count / 2;
        let rest = Self { position: self.position + count, rank: self.rank + count, count: self.count - count, ..*self };
        (count > 0).then_some((Self { count, ..*self }, rest))
    }
}

/// Whether between a record and the `next` one there is the head of that, as it would be written, and nothing else.
#[inline(always)]
pub(crate) fn are_beside(record: &Entry, next: &Entry) -> bool {
    record.group == next.group && next.start.wrapping_sub(record.end) as usize == head_len(next.bytes_len())
}

impl Plan {
    /// Whether some record is in it.
    pub(crate) fn has_records(&self) -> bool {
        self.resources.iter().any(|resource| resource.scopes.iter().any(|scope| scope.records_len > 0))
    }

    pub(crate) fn open_resource(&mut self, frame: &Frame) {
        self.bytes += HEADERS + frame.bytes.len();
        self.resources.push(ResourcePlan { frame: frame.clone(), scopes: Vec::new() });
    }

    pub(crate) fn open_scope(&mut self, frame: &Frame) {
        self.bytes += HEADERS + frame.bytes.len();
        if let Some(resource) = self.resources.last_mut() {
            resource.scopes.push(ScopePlan { frame: frame.clone(), runs: Vec::new(), records_len: 0 });
        }
    }

    /// The next ones, which take `len` bytes with their heads.
    pub(crate) fn push(&mut self, run: &Neighbours, len: usize) {
        self.bytes += len;
        if let Some(scope) = self.resources.last_mut().and_then(|resource| resource.scopes.last_mut()) {
            scope.records_len += len;
            scope.runs.push(*run);
        }
    }

    /// Leaves out what no record is in, and says how many bytes the rest takes.
    pub(crate) fn close(&mut self) -> usize {
        for resource in &mut self.resources {
            resource.scopes.retain(|scope| scope.records_len > 0);
        }
        self.resources.retain(|resource| !resource.scopes.is_empty());
        self.resources.iter().map(|resource| field_len(resource.len())).sum()
    }
}

impl ScopePlan {
    pub(crate) fn len(&self) -> usize {
        self.frame.bytes.len() + self.records_len
    }
}

impl ResourcePlan {
    pub(crate) fn len(&self) -> usize {
        self.frame.bytes.len() + self.scopes.iter().map(|scope| field_len(scope.len())).sum::<usize>()
    }
}

/// Bytes of a length-delimited field with a tag of one byte.
pub(crate) fn field_len(len: usize) -> usize {
    head_len(len) + len
}

/// Bytes of its tag and length.
#[inline(always)]
pub(crate) fn head_len(len: usize) -> usize {
    1 + varint_len(len as u64)
}

/// The most bytes that the headers of a `ResourceLogs` and a `ScopeLogs` take.
const HEADERS: usize = 12;
