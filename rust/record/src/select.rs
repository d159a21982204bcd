//! Some of a Batch's records, as a Batch.

use std::ops::Range;

use bytes::Bytes;

use crate::{
    Batch, BlockPool, Limits, Marks, Reject,
    batch::{Block, Entry, Group},
    edit::{Edits, New},
    plan::{Frame, Neighbours, Plan, ResourcePlan, are_beside, field_len, head_len},
    proto::put_varint,
};

impl Batch {
    /// The records whose position `keep` says yes to, in the same order, with their Rejects. Where that is all, the same Batch: nothing is copied.
    ///
    /// Else the records are copied with all that stands beside them in their `ScopeLogs` and `ResourceLogs`, unknown fields and schema URLs
    /// included. A `ScopeLogs` of which no record is kept is left out.
    #[must_use]
    pub fn select(&self, keep: impl Fn(usize) -> bool) -> Self {
        self.marked(&Marks::all(self.len()).filter(keep))
    }

    /// The same of the records that are marked.
    #[must_use]
    pub fn marked(&self, marks: &Marks) -> Self {
        let count = marks.count();
        if count == self.len() {
            return self.clone();
        }
        let is_by_group = self.is_by_group();
        // Where nothing else is to be numbered anew, no list of them is made.
        let is_listed = !(is_by_group && self.rejects.is_empty() && self.runs.is_empty());
        let kept: Vec<u32> = if is_listed { marks.runs().flatten().map(|i| i as u32).collect() } else { Vec::new() };
        let edits = Edits::default();
        if !is_by_group {
            return self.copied(&kept, &edits);
        }
        let mut selection = Selection::new(self, &edits, Vec::with_capacity(count), is_by_group);
        selection.run_marks(marks);
        selection.finish(&kept)
    }

    /// A copy of these records, which stand in ascending order, as `edits` would have them.
    pub(crate) fn copied(&self, kept: &[u32], edits: &Edits) -> Self {
        let mut selection = Selection::new(self, edits, vec![Entry::default(); kept.len()], self.is_by_group());
        // By group, then by position: the order in which the records stand in their blocks. What an edit sets apart from its group stands behind it.
        let mut ranks: Vec<Rank> = kept
            .iter()
            .enumerate()
            .filter_map(|(rank, &position)| {
                let entry = self.index().get(position as usize)?;
                Some((edits.place_of(entry.group), edits.variant(position), rank as u32))
            })
            .collect();
        ranks.sort_unstable();
        selection.run(&ranks, kept);
        selection.finish(kept)
    }

    /// Whether records of one group follow one another, and groups do so by their numbers, as they do but for those that were written in turns.
    fn is_by_group(&self) -> bool {
        self.groups().len() == 1 || self.index().is_sorted_by_key(|entry| entry.group)
    }
}

/// Where a record goes: the place of its group, the variant of what that shares, its place among those that are kept.
type Rank = ((u32, u32), u32, u32);

struct Selection<'a> {
    from: &'a Batch,
    edits: &'a Edits,
    is_by_group: bool,
    /// Filled from the start, or by rank where the records come in another order.
    index: Vec<Entry>,
    plan: Plan,
    blocks: Vec<Block>,
    groups: Vec<Group>,
    /// What the records that come now stand in: the first group with its resource, its own, what an edit made of the resource.
    last: Option<(u32, &'a Group, Option<&'a [u8]>)>,
    resource: Frame,
    scope: Frame,
}

impl<'a> Selection<'a> {
    fn new(from: &'a Batch, edits: &'a Edits, index: Vec<Entry>, is_by_group: bool) -> Self {
        Self {
            from,
            edits,
            is_by_group,
            index,
            plan: Plan::default(),
            blocks: Vec::new(),
            groups: Vec::new(),
            last: None,
            resource: Frame::default(),
            scope: Frame::default(),
        }
    }

    fn finish(mut self, kept: &[u32]) -> Batch {
        self.seal();
        let Self { from, index, blocks, groups, .. } = self;
        let place = |reject: &Reject| kept.binary_search(&reject.record).ok().map(|at| Reject { record: at as u32, ..*reject });
        let rejects = from.rejects.iter().filter_map(place).collect();
        Batch {
            blocks,
            groups,
            index: index.into(),
            rejects,
            origin: from.origin.clone(),
            runs: from.selected_runs(kept),
            journal: from.journal,
            unread: None,
        }
    }

    /// All that are marked, untouched, of a Batch whose index is by group.
    fn run_marks(&mut self, marks: &Marks) {
        let index = self.from.index();
        let mut rank = 0;
        let mut now = None;
        for run in marks.runs() {
            let mut rest = index.get(run.clone()).unwrap_or_default();
            let mut position = run.start;
            while let Some(first) = rest.first() {
                if now != Some(first.group) && !self.turn_to((first.group, first.group), 0) {
                    return; // there is no such group: no index says so
                }
                now = Some(first.group);
                let count = 1 + rest.windows(2).take_while(|pair| matches!(pair, [one, next] if are_beside(one, next))).count();
                self.put(&Neighbours { position: position as u32, rank, count: count as u32, is_untouched: true });
                (position, rank) = (position + count, rank + count as u32);
                rest = rest.get(count..).unwrap_or_default();
            }
        }
    }

    fn run(&mut self, ranks: &[Rank], kept: &[u32]) {
        let position_of = |rank: u32| kept.get(rank as usize).copied();
        let from = self.from;
        let entry = |position: u32| from.index().get(position as usize);
        for run in ranks.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let Some(&(place, variant, _)) = run.first() else { continue };
            if !self.turn_to(place, variant) {
                continue;
            }
            let mut rest = run;
            while let Some((_, _, rank)) = rest.first() {
                let Some(position) = position_of(*rank) else { break };
                let is_untouched = self.edits.record(position) == New::Nothing;
                let mut count = 1;
                while is_untouched
                    && rest.get(count as usize).is_some_and(|(_, _, next)| *next == rank + count)
                    && position_of(rank + count) == Some(position + count)
                    && self.edits.record(position + count) == New::Nothing
                    && let (Some(before), Some(next)) = (entry(position + count - 1), entry(position + count))
                    && are_beside(before, next)
                {
                    count += 1;
                }
                self.put(&Neighbours { position, rank: *rank, count, is_untouched });
                rest = rest.get(count as usize..).unwrap_or_default();
            }
        }
    }

    /// What comes now is of this group and variant; false where there is no such group.
    fn turn_to(&mut self, (resource_of, id): (u32, u32), variant: u32) -> bool {
        let (from, edits) = (self.from, self.edits);
        let Some(group) = from.groups().get(id as usize) else { return false };
        let block = from.block_of(id);
        let part = |range: &Range<u32>| block.get(range.start as usize..range.end as usize).unwrap_or_default();
        let edited = edits.resource(id, variant);
        if self.last.is_none_or(|(last_of, last, as_edited)| {
            let is_alike = last_of == resource_of || last.block == group.block && last.resource_logs == group.resource_logs;
            !is_alike || as_edited != edited
        }) {
            self.resource = Frame::of(part(&group.resource_logs), edited);
            self.plan.open_resource(&self.resource);
        }
        self.last = Some((resource_of, group, edited));
        let records = if self.is_by_group { from.records_of(id) } else { &[] };
        self.scope = Frame::beside(records, group.scope_logs.start, part(&group.scope_logs), edits.scope(id, variant));
        self.plan.open_scope(&self.scope);
        true
    }

    /// The next ones.
    fn put(&mut self, run: &Neighbours) {
        let Some((first, last)) = run.ends(self.from.index()) else { return };
        let was = (last.end - first.start) as usize;
        let len = match self.new_of(run) {
            New::Nothing => head_len(first.bytes_len()) + was,
            New::Whole(record) => field_len(record.len()),
            New::Behind(more) => field_len(was + more.len()),
        };
        if self.plan.bytes + len > Limits::BLOCK_BYTES_MAX {
            if let Some((one, other)) = run.halves() {
                self.put(&one);
                return self.put(&other);
            }
            if self.plan.has_records() {
                self.seal();
                self.plan.open_resource(&self.resource);
                self.plan.open_scope(&self.scope);
            }
        }
        self.plan.push(run, len);
    }

    fn new_of(&self, run: &Neighbours) -> New<'a> {
        if run.is_untouched { New::Nothing } else { self.edits.record(run.position) }
    }

    /// Makes a block of the plan.
    fn seal(&mut self) {
        let mut plan = std::mem::take(&mut self.plan);
        let total = plan.close();
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
        let Some(entries) = self.from.index().get(places) else { return };
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return };
        let bytes = self.from.group_bytes(first.group, |_| first.start..last.end);
        let new = self.new_of(run);
        let made = match new {
            New::Nothing => out.header(0x12, first.bytes_len()),
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
        let moved = |entry: &Entry| {
            let place = |at: u32| at - first.start + made.start;
            Entry { group, start: place(entry.start), end: place(entry.end), ..*entry }
        };
        if run.is_untouched && self.index.len() == run.rank as usize {
            self.index.extend(entries.iter().map(moved));
            return;
        }
        let Some(index) = self.index.get_mut(run.rank as usize..(run.rank + run.count) as usize) else { return };
        if run.is_untouched {
            index.iter_mut().zip(entries).for_each(|(to, entry)| *to = moved(entry));
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
