//! Who has each role of a record.

use super::Target;

/// Roles that one field of a record has, each with its place in [`Slots`].
pub(super) mod slot {
    pub(in crate::fields) const TIME: usize = 0;
    pub(in crate::fields) const TIME_SECONDS: usize = 1;
    pub(in crate::fields) const TIME_NANOS: usize = 2;
    pub(in crate::fields) const SEVERITY: usize = 3;
    pub(in crate::fields) const SEVERITY_NUMBER: usize = 4;
    pub(in crate::fields) const BODY: usize = 5;
    pub(in crate::fields) const TRACE_ID: usize = 6;
    pub(in crate::fields) const SPAN_ID: usize = 7;
    pub(in crate::fields) const FLAGS: usize = 8;
    pub(in crate::fields) const TRACEPARENT: usize = 9;
    pub(in crate::fields) const EVENT_NAME: usize = 10;
    pub(in crate::fields) const CALLER: usize = 11;
    pub(in crate::fields) const LOGGER_NAME: usize = 12;
    pub(in crate::fields) const TARGET: usize = 13;
    pub(in crate::fields) const COUNT: usize = TARGET + super::Target::ALL.len();
}

const _: () = assert!(slot::COUNT <= 32, "a bit for each");
const _: () = assert!(super::FIELDS_MAX * 2 < u16::MAX as usize, "what a position is kept in");

/// Who has each role so far: the field's position, and the score it came with.
pub(super) struct Slots {
    /// Which roles are taken: a bit for each.
    pub(super) taken: u32,
    pub(super) holders: [(u16, u16); slot::COUNT],
}

impl Slots {
    /// Whether a field of this score would take the role.
    #[inline(always)]
    pub(super) fn beats(&self, slot: usize, score: u16) -> bool {
        self.taken & 1 << slot == 0 || score > self.holders[slot].1
    }

    #[inline(always)]
    pub(super) fn take(&mut self, slot: usize, position: usize, score: u16) {
        self.taken |= 1 << slot;
        self.holders[slot] = (position as u16, score);
    }

    #[inline(always)]
    pub(super) fn holder(&self, slot: usize) -> Option<usize> {
        (self.taken & 1 << slot != 0).then(|| self.holders[slot].0 as usize)
    }

    pub(super) fn free(&mut self, slot: usize) {
        self.taken &= !(1 << slot);
    }
}
