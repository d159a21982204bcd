//! One cursor's place: what is its own, how far it has read, what is handed out, what became of it.

use std::{collections::VecDeque, sync::Arc};

use super::{
    sets::{Amount, Sets},
    wake::Slot,
};
use crate::PartHead;

/// A pipeline that an exporter is or was in: entries after `from` up to `to` are its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) pipeline: Arc<str>,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Member {
    /// A pipeline that it is in from now on.
    pub(crate) fn open(pipeline: Arc<str>, from: u64) -> Self {
        Self { pipeline, from, to: u64::MAX }
    }

    pub(crate) fn covers(&self, position: u64) -> bool {
        self.from < position && position <= self.to
    }
}

/// Whether a part for these pipelines, in the entry at `position`, is for one of the members.
pub(crate) fn owns(members: &[Member], pipelines: &[Arc<str>], position: u64) -> bool {
    members.iter().any(|member| member.covers(position) && pipelines.contains(&member.pipeline))
}

/// What of these parts is for one of the members.
pub(crate) fn own_amount(members: &[Member], parts: &[PartHead], position: u64) -> Amount {
    let own = parts.iter().filter(|part| owns(members, &part.pipelines, position));
    own.fold(Amount::default(), |sum, part| sum + Amount { records: part.records, bytes: part.bytes })
}

/// What became of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The destination took them.
    pub delivered: u64,
    /// It never will take them: they are in the dead-letter journal.
    pub dead_lettered: u64,
    /// They were given up by a bound: the journal's, or that of the retries.
    pub dropped: u64,
}

/// What was handed out and is not done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    /// The positions of its first entry and its last.
    pub(crate) first: u64,
    pub(crate) end: u64,
    /// When the first was appended.
    pub(crate) time_unix_nano: u64,
    pub(crate) amount: Amount,
    /// What of it a bound passed over meanwhile; it is counted as dropped until the exporter says better.
    pub(crate) early: Amount,
}

#[derive(Debug, Default)]
pub(crate) struct Place {
    pub(crate) name: Arc<str>,
    /// Which Cursor has it; 0: none.
    pub(crate) holder: u64,
    pub(crate) members: Arc<Vec<Member>>,
    /// By set: the stretches of positions (after, up to) that are its own.
    pub(crate) mine: Vec<Vec<(u64, u64)>>,
    /// What was journalled for it up to when its pipelines last changed, and what the sets had come to by then.
    pub(crate) before: Amount,
    pub(crate) base: Vec<Amount>,
    /// Read up to here, and what of it was its own since its start.
    pub(crate) read: u64,
    pub(crate) read_amount: Amount,
    /// The tail in memory knows its entries from here on.
    pub(crate) tail_from: u64,
    /// Done up to here, and what of it was its own since its start.
    pub(crate) done: u64,
    pub(crate) done_amount: Amount,
    pub(crate) out: VecDeque<Out>,
    pub(crate) outcome: Outcome,
    /// Records that were damaged or gone when it came to them.
    pub(crate) missing: u64,
    /// Something may be missing: to be counted once it has read everything.
    pub(crate) recheck: bool,
    /// Why it cannot read on, where it cannot.
    pub(crate) trouble: Option<Arc<str>>,
    pub(crate) state: Option<Arc<[u8]>>,
    pub(crate) since_unix_nano: u64,
    pub(crate) seen_unix_nano: u64,
    pub(crate) slot: Arc<Slot>,
    /// By set: the round in which it registered as waiting.
    pub(crate) waits: Vec<u64>,
}

impl Place {
    /// Whether a part of this set, in the entry at `position`, is its own.
    pub(crate) fn owns(&self, set: usize, position: u64) -> bool {
        self.mine.get(set).is_some_and(|spans| spans.iter().any(|&(after, to)| after < position && position <= to))
    }

    /// Finds out which stretches of each set are its own, after sets or members came.
    pub(crate) fn find_own(&mut self, sets: &Sets) {
        let members = Arc::clone(&self.members);
        let spans = |pipelines: &[Arc<str>]| {
            let of = members.iter().filter(|member| pipelines.contains(&member.pipeline));
            of.map(|member| (member.from, member.to)).collect()
        };
        self.mine = sets.all.iter().map(|set| spans(&set.pipelines)).collect();
        self.base.resize(sets.all.len(), Amount::default());
        self.waits.resize(sets.all.len(), u64::MAX);
    }

    /// It is in these pipelines from now on: what was journalled before for another one is still its own. False where it was so already.
    pub(crate) fn follow(&mut self, pipelines: &[Arc<str>], sets: &Sets, head: u64) -> bool {
        let is_open = |member: &&Member| member.to == u64::MAX;
        let open = self.members.iter().filter(is_open).count();
        let known = |pipeline: &Arc<str>| self.members.iter().any(|member| is_open(&member) && member.pipeline == *pipeline);
        if open == pipelines.len() && pipelines.iter().all(known) {
            return false;
        }
        let mut members: Vec<Member> =
            pipelines.iter().filter(|name| !known(name)).map(|name| Member::open(Arc::clone(name), head)).collect();
        for member in self.members.iter() {
            let to = if pipelines.contains(&member.pipeline) { member.to } else { member.to.min(head) };
            if to > self.done && to > member.from {
                members.push(Member { to, ..member.clone() });
            }
        }
        self.before = self.journalled(sets);
        self.base = sets.all.iter().map(|set| set.total).collect();
        self.members = Arc::new(members);
        true
    }

    /// Whether it goes on reading this set.
    pub(crate) fn listens(&self, set: usize) -> bool {
        self.mine.get(set).is_some_and(|spans| spans.iter().any(|span| span.1 == u64::MAX))
    }

    /// What was journalled for it since its start.
    pub(crate) fn journalled(&self, sets: &Sets) -> Amount {
        let own = (0..sets.all.len()).filter(|&set| self.listens(set));
        own.fold(self.before, |sum, set| sum + (sets.total(set) - self.base.get(set).copied().unwrap_or_default()))
    }

    /// Its own that it has not read yet.
    pub(crate) fn unread(&self, sets: &Sets) -> Amount {
        self.journalled(sets) - self.read_amount
    }

    /// What is handed out and not done.
    pub(crate) fn out_amount(&self) -> Amount {
        self.out.iter().fold(Amount::default(), |sum, out| sum + (out.amount - out.early))
    }

    /// Whether there is anything of its own behind what it has read.
    pub(crate) fn has_more(&self, sets: &Sets) -> bool {
        let (read, spans) = (self.read, self.mine.iter().zip(&sets.all));
        spans.into_iter().any(|(spans, set)| set.last > read && spans.iter().any(|&(after, to)| to > read && set.last > after))
    }

    /// Passes over what is not its own, in one step, where nothing else is left; true where it came further by that.
    pub(crate) fn advance(&mut self, sets: &Sets, head: u64) -> bool {
        let was = (self.read, self.done);
        if !self.has_more(sets) {
            self.read = self.read.max(head);
        }
        self.pass();
        if self.recheck && self.read >= head {
            self.recheck = false;
            let missing = self.unread(sets);
            self.missing += missing.records;
            self.read_amount += missing;
            self.done_amount += missing;
        }
        was != (self.read, self.done)
    }

    /// It has read up to `read`, and this was its own of it, from `first` on: handed out now.
    pub(crate) fn hand_out(&mut self, (first, time_unix_nano): (u64, u64), read: u64, amount: Amount) {
        self.read = self.read.max(read);
        self.read_amount += amount;
        if amount.records > 0 {
            self.out.push_back(Out { first, end: read, time_unix_nano, amount, early: Amount::default() });
        }
        self.pass();
    }

    /// What was handed out and is not done comes again.
    pub(crate) fn rewind(&mut self) {
        self.out.clear();
        (self.read, self.read_amount) = (self.done, self.done_amount);
    }

    /// It is done with what is not its own, too.
    fn pass(&mut self) {
        let to = self.out.front().map_or(self.read, |out| out.first.saturating_sub(1));
        self.done = self.done.max(to);
    }

    /// The exporter is done with what was handed out up to `position`; false where that is nothing.
    pub(crate) fn settle(&mut self, position: u64, outcome: Outcome) -> bool {
        let (mut any, mut early) = (false, 0);
        while let Some(out) = self.out.front().copied().filter(|out| out.end <= position) {
            self.out.pop_front();
            self.done = self.done.max(out.end);
            self.done_amount += out.amount - out.early;
            early += out.early.records;
            any = true;
        }
        self.pass();
        if any {
            // What a bound gave up while the exporter had it in hand became something after all.
            self.outcome.dropped = (self.outcome.dropped + outcome.dropped).saturating_sub(early);
            self.outcome.delivered += outcome.delivered;
            self.outcome.dead_lettered += outcome.dead_lettered;
        }
        any
    }

    /// A bound gives up its own up to `floor`: so much at these positions. What of it is handed out may still become something else. What was
    /// given up and never handed out.
    pub(crate) fn pass_over(&mut self, floor: u64, own: &[(u64, Amount)]) -> Amount {
        let mut rest = Amount::default();
        for &(position, amount) in own {
            self.outcome.dropped += amount.records;
            self.done_amount += amount;
            match self.out.iter_mut().find(|out| out.first <= position && position <= out.end) {
                Some(out) => out.early += amount,
                None => rest += amount,
            }
        }
        self.read_amount += rest;
        self.read = self.read.max(floor);
        self.done = self.done.max(floor);
        rest
    }
}
