//! An open block of one resource and scope.

use std::{ops::Range, sync::Arc};

use crate::{
    batch::{Block, Group},
    pool::BlockPool,
    proto::{push_field, put_varint, varint_len},
};

/// An open buffer of one resource and scope.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) key: Vec<u8>,
    pub(crate) resource: Field,
    pub(crate) scope: Field,
    pub(crate) group: u32,
    pub(crate) buf: Vec<u8>,
    pub(crate) first: usize,
    pub(crate) pos: usize,
}

impl Lane {
    /// An empty block with room for `estimate` bytes.
    pub(crate) fn open(pool: &BlockPool, group: u32, key: Vec<u8>, resource: Field, scope: Field, estimate: usize) -> Self {
        // The most bytes that can stand before the first record: two headers of a tag and a length each, and the two fields.
        let headroom = 6 + resource.bytes.len() + 6 + scope.bytes.len();
        let buf = pool.take(estimate.max(headroom * 2));
        Self { key, resource, scope, group, buf, first: headroom, pos: headroom }
    }

    /// Makes it the Batch's block number `block`, its headers written backwards into the headroom; `None` without records.
    pub(crate) fn seal(mut self, pool: &Arc<BlockPool>, block: u32) -> Option<(Block, Group)> {
        let Self { first, pos, .. } = self;
        if pos == first {
            pool.give(self.buf);
            return None;
        }
        let mut at = first;
        let scope_start = prepend(&mut self.buf, &mut at, &self.scope.bytes);
        let scope_logs_start = at;
        prepend_header(&mut self.buf, &mut at, 0x12, pos - scope_logs_start);
        let resource_start = prepend(&mut self.buf, &mut at, &self.resource.bytes);
        let resource_logs_start = at;
        prepend_header(&mut self.buf, &mut at, 0x0a, pos - resource_logs_start);
        let group = Group {
            block,
            resource_logs: resource_logs_start as u32..pos as u32,
            scope_logs: scope_logs_start as u32..pos as u32,
            resource: self.resource.content(resource_start),
            scope: self.scope.content(scope_start),
            ..Group::default() // a lane has no schema URLs
        };
        // A block that stays in the journal should not keep a buffer four times its size alive.
        if pos * 4 <= self.buf.len() && self.buf.len() > 1 << 14 {
            let mut smaller = pool.take(pos);
            if let (Some(to), Some(from)) = (smaller.get_mut(..pos), self.buf.get(..pos)) {
                to.copy_from_slice(from);
            }
            pool.give(std::mem::replace(&mut self.buf, smaller));
        }
        let bytes = pool.freeze(self.buf).slice(..pos);
        Some((Block { bytes, head: at, merged: None }, group))
    }
}

/// A `Resource` or `InstrumentationScope` message as the field that it will be; nothing for an empty one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Field {
    bytes: Vec<u8>,
    content_len: usize,
}

impl Field {
    pub(crate) fn new(content: &[u8]) -> Self {
        let mut bytes = Vec::new();
        if !content.is_empty() {
            push_field(&mut bytes, 0x0a, content);
        }
        Self { bytes, content_len: content.len() }
    }

    /// Where its content lies when the field stands at `start`.
    fn content(&self, start: usize) -> Range<u32> {
        let end = start + self.bytes.len();
        (end - self.content_len) as u32..end as u32
    }
}

fn prepend(buf: &mut [u8], at: &mut usize, bytes: &[u8]) -> usize {
    let start = *at - bytes.len();
    if let Some(out) = buf.get_mut(start..*at) {
        out.copy_from_slice(bytes);
    }
    *at = start;
    start
}

fn prepend_header(buf: &mut [u8], at: &mut usize, tag: u8, len: usize) {
    let start = *at - 1 - varint_len(len as u64);
    if let Some(out) = buf.get_mut(start..*at)
        && let Some((first, rest)) = out.split_first_mut()
    {
        *first = tag;
        put_varint(rest, len as u64);
    }
    *at = start;
}
