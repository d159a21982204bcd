//! Some of a Batch's records, as a Batch.

use std::ops::Range;

use bytes::Bytes;

use crate::{
    Batch, BlockPool, Limits, Reject,
    batch::{Block, Entry, Group},
    edit::{Edits, New},
    proto::{Fields, Value, push_field, put_varint, varint_len},
};

impl Batch {
    /// The records whose position `keep` says yes to, in the same order, with their Rejects. Where that is all, the same Batch: nothing is copied.
    ///
    /// Else the records are copied with all that stands beside them in their `ScopeLogs` and `ResourceLogs`, unknown fields and schema URLs
    /// included. A `ScopeLogs` of which no record is kept is left out.
    #[must_use]
    pub fn select(&self, keep: impl Fn(usize) -> bool) -> Self {
        // Where all are kept, no list of them is made.
        let Some(first) = (0..self.len()).find(|&i| !keep(i)) else { return self.clone() };
        let kept: Vec<u32> = (0..first).chain((first + 1..self.len()).filter(|&i| keep(i))).map(|i| i as u32).collect();
        self.copied(&kept, &Edits::default())
    }

    /// A copy of these records, which stand in ascending order, as `edits` would have them.
    pub(crate) fn copied(&self, kept: &[u32], edits: &Edits) -> Self {
        let mut selection = Selection {
            from: self,
            edits,
            index: vec![Entry::default(); kept.len()],
            plan: Plan::default(),
            blocks: Vec::new(),
            groups: Vec::new(),
        };
        // By group, then by position: the order in which the records stand in their blocks. What an edit sets apart from its group stands behind it.
        let mut ranks: Vec<Rank> = kept
            .iter()
            .enumerate()
            .filter_map(|(rank, &position)| {
                let entry = self.index.get(position as usize)?;
                Some((edits.place_of(entry.group), edits.variant(position), rank as u32))
            })
            .collect();
        ranks.sort_unstable();
        selection.run(&ranks, kept);
        let place = |reject: &Reject| kept.binary_search(&reject.record).ok().map(|at| Reject { record: at as u32, ..*reject });
        let rejects = self.rejects.iter().filter_map(place).collect();
        let Selection { index, blocks, groups, .. } = selection;
        Self { blocks, groups, index, rejects, origin: self.origin.clone(), runs: self.selected_runs(kept), journal: self.journal }
    }
}

/// Where a record goes: the place of its group, the variant of what that shares, its place among those that are kept.
type Rank = ((u32, u32), u32, u32);

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
        let mut frame = Self::default();
        if let Some(first) = first {
            push_field(&mut frame.bytes, 0x0a, first);
            frame.first = frame.bytes.len() - first.len()..frame.bytes.len();
        }
        let mut fields = Fields::new(message);
        loop {
            let start = fields.position();
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
    fn places_at(&self, start: usize) -> (Range<u32>, Range<u32>) {
        let place = |part: &Range<usize>| if part.is_empty() { 0..0 } else { (start + part.start) as u32..(start + part.end) as u32 };
        (place(&self.first), place(&self.schema_url))
    }
}

/// What the next block will hold.
#[derive(Default)]
struct Plan {
    resources: Vec<ResourcePlan>,
    /// An upper bound of the bytes.
    bytes: usize,
}

struct ResourcePlan {
    frame: Frame,
    scopes: Vec<ScopePlan>,
}

struct ScopePlan {
    frame: Frame,
    runs: Vec<Neighbours>,
    records_len: usize,
}

/// Records that are copied in one go: they follow one another in both indexes and stand beside one another in the old bytes.
struct Neighbours {
    /// The place of the first one in the old index.
    position: u32,
    /// And in the new one.
    rank: u32,
    count: u32,
    /// They stay as they are; else it is one record.
    is_untouched: bool,
}

impl ScopePlan {
    /// The record at `position` is the next one; `is_untouched`: it stays as it is.
    fn push(&mut self, index: &[Entry], position: u32, rank: u32, is_untouched: bool) {
        if is_untouched
            && let Some(last) = self.runs.last_mut()
            && last.is_untouched
            && (last.position + last.count, last.rank + last.count) == (position, rank)
            && let (Some(before), Some(entry)) = (index.get(position as usize - 1), index.get(position as usize))
            && before.group == entry.group
            // Between them is the head of the second, as it would be written, and nothing else.
            && entry.start.wrapping_sub(before.end) as usize == head_len((entry.end - entry.start) as usize)
        {
            last.count += 1;
            return;
        }
        self.runs.push(Neighbours { position, rank, count: 1, is_untouched });
    }

    fn len(&self) -> usize {
        self.frame.bytes.len() + self.records_len
    }
}

impl ResourcePlan {
    fn len(&self) -> usize {
        self.frame.bytes.len() + self.scopes.iter().map(|scope| field_len(scope.len())).sum::<usize>()
    }
}

/// Bytes of a length-delimited field with a tag of one byte.
fn field_len(len: usize) -> usize {
    head_len(len) + len
}

/// Bytes of its tag and length.
fn head_len(len: usize) -> usize {
    1 + varint_len(len as u64)
}

/// The most bytes that the headers of a `ResourceLogs` and a `ScopeLogs` take.
const HEADERS: usize = 12;

struct Selection<'a> {
    from: &'a Batch,
    edits: &'a Edits,
    index: Vec<Entry>,
    plan: Plan,
    blocks: Vec<Block>,
    groups: Vec<Group>,
}

impl Selection<'_> {
    fn run(&mut self, ranks: &[Rank], kept: &[u32]) {
        let mut last: Option<(u32, &Group, Option<&[u8]>)> = None;
        let mut resource = Frame::default();
        for run in ranks.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let Some(&((resource_of, id), variant, _)) = run.first() else { continue };
            let Some(group) = self.from.groups.get(id as usize) else { continue };
            let Some(block) = self.from.blocks.get(group.block as usize) else { continue };
            let part = |range: &Range<u32>| block.indexed().get(range.start as usize..range.end as usize).unwrap_or_default();
            let edits = self.edits;
            let edited = edits.resource(id, variant);
            if last.is_none_or(|(last_of, last, as_edited)| {
                let is_alike = last_of == resource_of || last.block == group.block && last.resource_logs == group.resource_logs;
                !is_alike || as_edited != edited
            }) {
                resource = Frame::of(part(&group.resource_logs), edited);
                self.open_resource(&resource);
            }
            last = Some((resource_of, group, edited));
            let scope = Frame::of(part(&group.scope_logs), edits.scope(id, variant));
            self.open_scope(&scope);
            for &(_, _, rank) in run {
                let Some(&position) = kept.get(rank as usize) else { continue };
                let Some(entry) = self.from.index.get(position as usize) else { continue };
                let (was, new) = ((entry.end - entry.start) as usize, self.edits.record(position));
                let len = field_len(match new {
                    New::Nothing => was,
                    New::Whole(record) => record.len(),
                    New::Behind(more) => was + more.len(),
                });
                if self.plan.bytes + len > Limits::BLOCK_BYTES_MAX
                    && self.plan.resources.iter().any(|r| r.scopes.iter().any(|s| s.records_len > 0))
                {
                    self.seal();
                    self.open_resource(&resource);
                    self.open_scope(&scope);
                }
                self.plan.bytes += len;
                if let Some(scope) = self.plan.resources.last_mut().and_then(|resource| resource.scopes.last_mut()) {
                    scope.push(&self.from.index, position, rank, new == New::Nothing);
                    scope.records_len += len;
                }
            }
        }
        self.seal();
    }

    fn open_resource(&mut self, frame: &Frame) {
        self.plan.bytes += HEADERS + frame.bytes.len();
        self.plan.resources.push(ResourcePlan { frame: frame.clone(), scopes: Vec::new() });
    }

    fn open_scope(&mut self, frame: &Frame) {
        self.plan.bytes += HEADERS + frame.bytes.len();
        if let Some(resource) = self.plan.resources.last_mut() {
            resource.scopes.push(ScopePlan { frame: frame.clone(), runs: Vec::new(), records_len: 0 });
        }
    }

    /// Makes a block of the plan.
    fn seal(&mut self) {
        let mut plan = std::mem::take(&mut self.plan);
        for resource in &mut plan.resources {
            resource.scopes.retain(|scope| scope.records_len > 0);
        }
        plan.resources.retain(|resource| !resource.scopes.is_empty());
        let total: usize = plan.resources.iter().map(|resource| field_len(resource.len())).sum();
        if total == 0 {
            return;
        }
        let pool = BlockPool::global();
        // Only a record that came in over the size of a block needs a buffer that is not the pool's.
        let pooled = total <= Limits::BLOCK_BYTES_MAX;
        let mut out = Out { buf: if pooled { pool.take(total) } else { vec![0; total] }, pos: 0 };
        for resource in &plan.resources {
            self.write_resource(resource, &mut out);
        }
        let buf = out.buf;
        let bytes = if pooled { pool.freeze(buf).slice(..total) } else { Bytes::from(buf) };
        self.blocks.push(Block { bytes, head: 0, merged: None });
    }

    fn write_resource(&mut self, plan: &ResourcePlan, out: &mut Out) {
        let resource_logs = out.header(0x0a, plan.len());
        let (resource, resource_schema_url) = plan.frame.places_at(out.pos);
        out.put(&plan.frame.bytes);
        for scope_plan in &plan.scopes {
            let scope_logs = out.header(0x12, scope_plan.len());
            let (scope, scope_schema_url) = scope_plan.frame.places_at(out.pos);
            out.put(&scope_plan.frame.bytes);
            let group = self.groups.len() as u32;
            let block = self.blocks.len() as u32;
            self.groups.push(Group {
                block,
                resource_logs: resource_logs.clone(),
                scope_logs,
                resource: resource.clone(),
                scope,
                resource_schema_url: resource_schema_url.clone(),
                scope_schema_url,
            });
            for run in &scope_plan.runs {
                self.write_run(run, group, out);
            }
        }
    }

    fn write_run(&mut self, run: &Neighbours, group: u32, out: &mut Out) {
        let places = run.position as usize..(run.position + run.count) as usize;
        let Some(entries) = self.from.index.get(places) else { return };
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return };
        let bytes = self.from.group_bytes(first.group, |_| first.start..last.end);
        let new = if run.is_untouched { New::Nothing } else { self.edits.record(run.position) };
        let made = match new {
            New::Nothing => out.header(0x12, (first.end - first.start) as usize),
            New::Whole(record) => out.header(0x12, record.len()),
            New::Behind(more) => out.header(0x12, bytes.len() + more.len()),
        };
        match new {
            New::Nothing => out.put(bytes),
            New::Whole(record) => out.put(record),
            New::Behind(more) => {
                out.put(bytes);
                out.put(more);
            }
        }
        let Some(index) = self.index.get_mut(run.rank as usize..(run.rank + run.count) as usize) else { return };
        if run.is_untouched {
            for (to, entry) in index.iter_mut().zip(entries) {
                let place = |at: u32| at - first.start + made.start;
                *to = Entry { group, start: place(entry.start), end: place(entry.end), ..*entry };
            }
        } else if let [to] = index {
            let entry = if let New::Whole(record) = new { first.of(record) } else { *first };
            *to = Entry { group, start: made.start, end: made.end, ..entry };
        }
    }
}

/// A buffer that was sized beforehand.
struct Out {
    buf: Vec<u8>,
    pos: usize,
}

impl Out {
    fn put(&mut self, bytes: &[u8]) {
        let end = self.pos + bytes.len();
        if let Some(out) = self.buf.get_mut(self.pos..end) {
            out.copy_from_slice(bytes);
        }
        self.pos = end;
    }

    /// The head of a length-delimited field; where its content will lie.
    fn header(&mut self, tag: u8, len: usize) -> Range<u32> {
        self.put(&[tag]);
        if let Some(out) = self.buf.get_mut(self.pos..) {
            self.pos += put_varint(out, len as u64).unwrap_or_default();
        }
        self.pos as u32..(self.pos + len) as u32
    }
}
