//! What exporters do, and what they must be given.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use logloom_journal::{
    Journal, Outcome, Start,
    storage::faulty::{EIO, Fault, Op as Call},
};

use crate::{
    support::{NOW, bodies, options},
    world::{Follower, World, pipelines},
};

impl World {
    pub fn attach(&mut self, exporter: &'static str, bits: u8, oldest: bool) {
        self.settle();
        self.take_facts();
        if self.followers.get(exporter).is_some_and(|follower| follower.cursor.is_some()) {
            return;
        }
        self.set_saves_fail(false);
        let start = if oldest { Start::Oldest } else { Start::Tail };
        let since = |journal: &Journal| journal.cursors().iter().find(|info| &*info.name == exporter).map(|info| info.since_unix_nano);
        let before = since(self.journal());
        let names = pipelines(bits);
        let cursor = self.journal().cursor(options(exporter, &names, start)).unwrap();
        let oldest_there = self.journal().log().unwrap().files().iter().find(|file| file.last > 0).map_or(u64::MAX, |file| file.first);
        if before.is_none() || since(self.journal()) != before {
            self.followers.remove(exporter);
        }
        let last = self.last;
        let mut names: Vec<String> = names.into_iter().map(String::from).collect();
        names.push(format!(">{exporter}"));
        let follower = self.followers.entry(exporter).or_insert_with(|| {
            let from = if oldest { oldest_there.saturating_sub(1).min(last) } else { last };
            let members = names.iter().map(|name| (name.clone(), from, u64::MAX)).collect();
            Follower { members, done: from, saved: from, read: from, ..Follower::default() }
        });
        for member in follower.members.iter_mut().filter(|member| member.2 == u64::MAX && !names.contains(&member.0)) {
            member.2 = last;
        }
        for name in names {
            if !follower.members.iter().any(|member| member.0 == name && member.2 == u64::MAX) {
                follower.members.push((name, last, u64::MAX));
            }
        }
        follower.cursor = Some(cursor);
        self.saved();
    }

    pub fn set_saves_fail(&mut self, fail: bool) {
        self.disk.heal();
        if fail {
            self.disk.fail_at_random(Call::Replace, Fault::Error(EIO), 700);
        }
        self.saves_fail = fail;
    }

    /// Everything that was said so far is saved.
    pub fn saved(&mut self) {
        if self.journal().save().is_ok() {
            self.followers.values_mut().filter(|follower| !follower.is_lost).for_each(|follower| follower.saved = follower.done);
        } else {
            assert!(self.saves_fail);
        }
    }

    pub fn next(&mut self, exporter: &'static str, records_max: usize) {
        self.settle();
        let Some(step) = self.followers.get(exporter).and_then(|follower| follower.cursor.as_ref()?.next(records_max, 1 << 20, NOW)) else {
            return;
        };
        let follower = &self.followers[exporter];
        let seen: Vec<(u64, u32, String)> = bodies(&step.batch)
            .into_iter()
            .enumerate()
            .map(|(i, body)| step.batch.key(i).map(|key| (key.position, key.ordinal, body)).unwrap())
            .collect();
        assert!(!seen.is_empty());
        let entries: BTreeSet<u64> = seen.iter().map(|(position, ..)| *position).collect();
        assert!(seen.len() <= records_max || entries.len() == 1, "the bound is kept but for an entry alone");
        let from = if follower.is_lost {
            let first = *entries.first().unwrap();
            assert!(
                first > follower.saved,
                "{exporter}: what was saved as done up to {} does not come again: {seen:?}, {:?}, {:?}",
                follower.saved,
                follower.members,
                self.journal().cursors()
            );
            follower.done.min(first - 1)
        } else {
            follower.read
        };
        let mut expected = self.expected(exporter, from, step.position);
        let skipped = expected.iter().filter(|record| !seen.contains(record)).map(|record| record.0).max();
        expected.retain(|record| seen.contains(record));
        assert_eq!(seen, expected, "{exporter}: each of its own, in order, and no others, after {from}");
        if let Some(skipped) = skipped {
            // Only what a bound gave up is not handed out; then a fact says so.
            let until = Instant::now() + Duration::from_secs(5);
            while self.followers[exporter].dropped_to < skipped {
                assert!(Instant::now() < until, "{exporter}: its own at {skipped} was not handed out, after {from}");
                std::thread::park_timeout(Duration::from_millis(1));
                self.take_facts();
            }
        }
        let follower = self.followers.get_mut(exporter).unwrap();
        if std::mem::take(&mut follower.is_lost) {
            follower.done = from;
        }
        follower.read = step.position;
        follower.steps.push((step.position, seen.len() as u64));
    }

    /// What is its own after `from` and up to `to`.
    pub fn expected(&self, exporter: &str, from: u64, to: u64) -> Vec<(u64, u32, String)> {
        let follower = &self.followers[exporter];
        let own = self.records.iter().filter(|record| follower.owns(record) && record.position > from && record.position <= to);
        own.map(|record| (record.position, record.ordinal, record.id.clone())).collect()
    }

    pub fn done(&mut self, exporter: &'static str, steps: usize, dead: u64, dropped: u64) {
        let Some(follower) = self.followers.get_mut(exporter) else { return };
        let (Some(cursor), false) = (&follower.cursor, follower.steps.is_empty()) else { return };
        let steps: Vec<_> = follower.steps.drain(..steps.min(follower.steps.len())).collect();
        let (position, records) = (steps.last().unwrap().0, steps.iter().map(|step| step.1).sum::<u64>());
        let dead_lettered = dead.min(records);
        let dropped = dropped.min(records - dead_lettered);
        let state = format!("{position}");
        cursor
            .done(position, Outcome { delivered: records - dead_lettered - dropped, dead_lettered, dropped }, Some(state.as_bytes()))
            .unwrap();
        assert_eq!(cursor.state().as_deref(), Some(state.as_bytes()));
        follower.done = position;
    }

    pub fn detach(&mut self, exporter: &'static str) {
        let Some(follower) = self.followers.get_mut(exporter) else { return };
        follower.cursor = None;
        follower.steps.clear();
        if !follower.is_lost {
            follower.read = follower.done;
        }
    }

    pub fn all_attached(&mut self) {
        self.settle();
        self.set_saves_fail(false);
        self.journal().all_attached();
        let last = self.last;
        for follower in self.followers.values_mut().filter(|follower| follower.cursor.is_none()) {
            follower.members.iter_mut().for_each(|member| member.2 = member.2.min(last));
        }
        self.saved();
    }

    pub fn retire(&mut self, exporter: &'static str) {
        self.set_saves_fail(false);
        let is_used = self.followers.get(exporter).is_some_and(|follower| follower.cursor.is_some());
        match self.journal().retire(exporter) {
            Ok(_) => assert!(!is_used && self.followers.remove(exporter).is_some()),
            Err(_) => assert!(is_used || !self.followers.contains_key(exporter) || self.bounds.ages),
        }
        self.followers.retain(|name, follower| *name != exporter || follower.cursor.is_some());
    }
}
