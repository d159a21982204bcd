//! Records of one resource brought together.

use std::collections::HashMap;

use crate::{Batch, edit::Edits, plan::Frame};

impl Batch {
    /// The same records in the same order, those whose `ResourceLogs` and `ScopeLogs` say the same standing in one. Where there is nothing to
    /// bring together, the same Batch.
    #[must_use]
    pub fn compact(&self) -> Self {
        let (mut resources, mut groups) = (HashMap::new(), HashMap::new());
        let mut alike = Vec::with_capacity(self.groups().len());
        for id in 0..self.groups().len() as u32 {
            let frame = |part: &[u8]| Frame::of(part, None).bytes;
            let resource = *resources.entry(frame(self.group_bytes(id, |group| group.resource_logs.clone()))).or_insert(id);
            let scope = frame(self.group_bytes(id, |group| group.scope_logs.clone()));
            alike.push((resource, *groups.entry((resource, scope)).or_insert(id)));
        }
        let follows = |pair: &[(u32, u32)]| matches!(pair, [a, b] if a.0 == b.0);
        let is_apart = |(id, (resource, group)): (usize, &(u32, u32))| {
            let stands_beside = alike.get(id.wrapping_sub(1)..=id).is_some_and(follows);
            *group != id as u32 || *resource != id as u32 && !stands_beside
        };
        // What stands in several `ResourceLogs` side by side is apart too.
        let split = |pair: &[(u32, u32)], at: usize| {
            let logs = |id: usize| self.groups().get(id).map(|group| (group.block, group.resource_logs.clone()));
            follows(pair) && logs(at) != logs(at + 1)
        };
        let is_compact = !alike.iter().enumerate().any(is_apart) && !alike.windows(2).enumerate().any(|(at, pair)| split(pair, at));
        if is_compact {
            return self.clone();
        }
        let kept: Vec<u32> = (0..self.len() as u32).collect();
        self.copied(&kept, &Edits::alike(alike))
    }
}
