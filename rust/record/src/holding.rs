//! Which records hold what is searched for: the bytes of many in one go.

use crate::Batch;

/// Records that stand further apart than this, in bytes, are searched by themselves: what stands between records is searched for nothing.
const GAP_BYTES_MAX: u32 = 256;

impl Batch {
    /// Adds to `holding`, by position, the records in which `find` finds something; others may be added, where it finds what goes over the end of one.
    ///
    /// `find` is given bytes of any number of neighbouring records with what stands between them, and says where the first find begins, or that
    /// of any two the one that ends first; it is not asked again for the rest of a record in which it found something.
    pub fn mark_holding(&self, holding: &mut [bool], mut find: impl FnMut(&[u8]) -> Option<usize>) {
        let mut first = 0;
        while let Some(entry) = self.index().get(first) {
            let block = self.groups().get(entry.group as usize).map(|group| group.block);
            let mut end = entry.end;
            let mut count = 1;
            while let Some(next) = self.index().get(first + count) {
                let is_near = next.start >= end && next.start - end <= GAP_BYTES_MAX;
                if !is_near || self.groups().get(next.group as usize).map(|group| group.block) != block {
                    break;
                }
                end = next.end;
                count += 1;
            }
            self.mark_run(first, count, holding, &mut find);
            first += count;
        }
    }

    /// The same of `count` records from `first` on that stand beside one another.
    fn mark_run(&self, first: usize, count: usize, holding: &mut [bool], mut find: impl FnMut(&[u8]) -> Option<usize>) {
        let Some(entries @ [head, ..]) = self.index().get(first..first + count) else { return };
        let start = head.start;
        let bytes = self.group_bytes(head.group, |_| start..entries.last().map_or(start, |last| last.end));
        let mut at = 0;
        while let Some(entry) = entries.get(at) {
            let from = (entry.start - start) as usize;
            let Some(found) = bytes.get(from..).and_then(&mut find) else { return };
            let found = start + (from + found) as u32;
            // Finds are few or near: the record is looked for in steps that double.
            let rest = entries.get(at..).unwrap_or_default();
            let mut reach = 1;
            while rest.get(reach).is_some_and(|entry| entry.end <= found) {
                reach *= 2;
            }
            let near = rest.get(..=reach).unwrap_or(rest);
            at += near.partition_point(|entry| entry.end <= found);
            let Some(entry) = entries.get(at) else { return };
            if entry.start <= found {
                if let Some(holding) = holding.get_mut(first + at) {
                    *holding = true;
                }
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use crate::{Batch, Limits, proto::push_field};

    /// A `ResourceLogs` for each list, with the records in it.
    fn batch(all: &[Vec<Vec<u8>>], between: usize) -> Batch {
        let mut out = Vec::new();
        for records in all {
            let (mut scope_logs, mut logs) = (Vec::new(), Vec::new());
            for text in records {
                let (mut record, mut body) = (Vec::new(), Vec::new());
                push_field(&mut body, 0x0a, text);
                push_field(&mut record, 0x2a, &body);
                push_field(&mut scope_logs, 0x12, &record);
            }
            push_field(&mut scope_logs, 0x1a, &vec![b'b'; between]);
            push_field(&mut logs, 0x12, &scope_logs);
            push_field(&mut out, 0x0a, &logs);
        }
        Batch::from_otlp(out.into(), &Limits::DEFAULT).unwrap()
    }

    proptest! {
        #[test]
        fn what_holds_it_is_marked(
            all in vec(vec(vec(prop::sample::select(&b"abc"[..]), 0..9), 0..9), 0..5),
            between in prop::sample::select(vec![0usize, 100, 300]),
            is_mixed: bool,
            needle in "[ab]{1,3}",
        ) {
            let mut batch = batch(&all, between);
            if is_mixed {
                let index = std::sync::Arc::make_mut(&mut batch.index);
                index.reverse();
                let by = index.len() / 2;
                index.rotate_left(by);
            }
            let find = |bytes: &[u8]| memchr::memmem::find(bytes, needle.as_bytes());
            let mut marked = vec![false; batch.len()];
            batch.mark_holding(&mut marked, find);
            for (entry, marked) in batch.index().iter().zip(marked) {
                let holds = find(batch.record_bytes(entry)).is_some();
                prop_assert!(marked || !holds);
                // What goes over the end of a record begins with the last bytes of it.
                let tail = batch.record_bytes(entry).last().is_some_and(|last| needle.as_bytes().contains(last));
                prop_assert!(holds || !marked || tail);
            }
        }
    }
}
