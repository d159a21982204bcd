//! The Journal on a faulty disk against a simple model: whatever is appended, read, crashed, removed or given up in whatever order, each exporter
//! gets each of its records at least once, in order, and no others; nothing vanishes that somebody is owed; the accounts add up at each step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use logloom_journal::{
    Cursor, Draft, Fact, Fate, Head, Journal, JournalOptions, Outcome, Part, Start, Tally,
    log::Read,
    storage::{
        Storage,
        faulty::{Disk, EIO, Fault, Op as Call},
    },
};
use proptest::prelude::*;
use serde_json::Value;
use support::{LONG, NOW, batch, bodies, open_with, options, small};

const PIPELINES: [&str; 3] = ["x", "y", "z"];
const EXPORTERS: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum Op {
    /// Parts: the pipelines as bits, and how many records.
    Append {
        parts: Vec<(u8, u8)>,
        is_large: bool,
        waits: bool,
    },
    AppendTo {
        exporter: usize,
    },
    Next {
        exporter: usize,
        records_max: usize,
    },
    Done {
        exporter: usize,
        steps: usize,
        dead: u64,
        dropped: u64,
    },
    Attach {
        exporter: usize,
        pipelines: u8,
        oldest: bool,
    },
    Detach {
        exporter: usize,
    },
    AllAttached,
    Retire {
        exporter: usize,
    },
    Save,
    SavesFail(bool),
    Restart,
    Crash {
        power: bool,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let exporter = 0..EXPORTERS.len();
    let parts = prop::collection::vec((1u8..8, 0u8..4), 1..3);
    prop_oneof![
        8 => (parts, prop::bool::weighted(0.3), prop::bool::weighted(0.8)).prop_map(|(parts, is_large, waits)| Op::Append { parts, is_large, waits }),
        1 => exporter.clone().prop_map(|exporter| Op::AppendTo { exporter }),
        8 => (exporter.clone(), 1usize..8).prop_map(|(exporter, records_max)| Op::Next { exporter, records_max }),
        6 => (exporter.clone(), 1usize..3, 0u64..2, 0u64..2).prop_map(|(exporter, steps, dead, dropped)| Op::Done { exporter, steps, dead, dropped }),
        3 => (exporter.clone(), 1u8..8, any::<bool>()).prop_map(|(exporter, pipelines, oldest)| Op::Attach { exporter, pipelines, oldest }),
        1 => exporter.clone().prop_map(|exporter| Op::Detach { exporter }),
        1 => Just(Op::AllAttached),
        1 => exporter.prop_map(|exporter| Op::Retire { exporter }),
        1 => Just(Op::Save),
        1 => any::<bool>().prop_map(Op::SavesFail),
        1 => Just(Op::Restart),
        2 => any::<bool>().prop_map(|power| Op::Crash { power }),
    ]
}

/// The bounds of one run.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    has_small_tail: bool,
    lossy: u8,
    ages: bool,
    is_small_disk: bool,
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (any::<bool>(), 0u8..8, prop::bool::weighted(0.2), any::<bool>()).prop_map(|(has_small_tail, lossy, ages, is_small_disk)| Bounds {
        has_small_tail,
        lossy,
        ages,
        is_small_disk,
    })
}

fn pipelines(bits: u8) -> Vec<&'static str> {
    PIPELINES.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, name)| *name).collect()
}

/// A record: its entry's position, its number in it, and the pipelines that made it.
#[derive(Clone, Debug)]
struct Record {
    position: u64,
    ordinal: u32,
    id: String,
    pipelines: Vec<String>,
}

/// An exporter as it should be.
#[derive(Default)]
struct Follower {
    cursor: Option<Cursor>,
    /// Pipeline, after, up to.
    members: Vec<(String, u64, u64)>,
    /// It said that it is done up to here, and that was certainly saved up to there.
    done: u64,
    saved: u64,
    /// It has been handed everything of its own up to here.
    read: u64,
    /// After a crash it is not known where it goes on: anywhere from what was saved to what was done.
    is_lost: bool,
    /// What is in hand: where each step ends, and its records.
    steps: Vec<(u64, u64)>,
    /// What a bound gave up for it.
    dropped_to: u64,
}

impl Follower {
    fn owns(&self, record: &Record) -> bool {
        self.members
            .iter()
            .any(|(pipeline, after, to)| record.pipelines.contains(pipeline) && *after < record.position && record.position <= *to)
    }
}

struct World {
    disk: Disk,
    bounds: Bounds,
    journal: Option<Arc<Journal>>,
    records: Vec<Record>,
    /// Appended, and not known to be durable.
    open: Vec<Record>,
    frames: u64,
    open_frames: Vec<(u64, u64)>,
    last: u64,
    next_id: u64,
    followers: BTreeMap<&'static str, Follower>,
    saves_fail: bool,
    log: Vec<String>,
}

impl World {
    fn new(seed: u64, bounds: Bounds) -> Self {
        let disk = Disk::new(seed, 64 << 20);
        let mut world = Self {
            journal: None,
            bounds,
            records: Vec::new(),
            open: Vec::new(),
            frames: 0,
            open_frames: Vec::new(),
            last: 0,
            next_id: 0,
            followers: BTreeMap::new(),
            saves_fail: false,
            log: Vec::new(),
            disk: disk.clone(),
        };
        world.open(disk.storage());
        world
    }

    fn journal(&self) -> &Arc<Journal> {
        self.journal.as_ref().unwrap()
    }

    fn open(&mut self, storage: Arc<dyn Storage>) {
        let mut options: JournalOptions = small();
        if self.bounds.is_small_disk {
            options.log.disk_bytes_max = 192 << 10;
        }
        options.tail_bytes_max = if self.bounds.has_small_tail { 3000 } else { 1 << 20 };
        options.lossy = pipelines(self.bounds.lossy).into_iter().map(Arc::from).collect();
        options.age_max = self.bounds.ages.then_some(Duration::from_millis(40));
        let (journal, opened) = open_with(options, storage);
        assert_eq!(opened.state_lost, None);
        self.log.push(format!("{:?} {:?}", opened.recovery, journal.accounts().position));
        // What was told just before the end is journalled.
        let mut reader = journal.log().unwrap().reader(0);
        while let Some(read) = reader.next_where(|head| head.is_fact).unwrap() {
            let Read::Entry(entry) = read else { panic!("{read:?}") };
            entry.fact.iter().for_each(|fact| Self::note(&mut self.followers, &self.records, fact));
        }
        self.journal = Some(journal);
    }

    fn append(&mut self, parts: &[(u8, u8)], is_large: bool, waits: bool) {
        if self.journal().admit().is_err() {
            assert!(self.bounds.is_small_disk, "only a full journal refuses");
            return;
        }
        let mut made: BTreeMap<&str, u64> = BTreeMap::new();
        let mut records = Vec::new();
        let parts: Vec<Part> = parts
            .iter()
            .map(|&(bits, count)| {
                let names = pipelines(bits);
                let mut texts = Vec::new();
                for _ in 0..count {
                    self.next_id += 1;
                    let id = format!("{}-{}", self.next_id, "x".repeat(if is_large { 1500 } else { 5 }));
                    let ordinal = records.len() as u32;
                    records.push(Record {
                        position: 0,
                        ordinal,
                        id: id.clone(),
                        pipelines: names.iter().map(|&name| name.into()).collect(),
                    });
                    texts.push(id);
                }
                for &name in &names {
                    *made.entry(name).or_default() += u64::from(count);
                }
                Part {
                    pipelines: names.into_iter().map(Arc::from).collect(),
                    batch: batch(&texts.iter().map(|text| &**text).collect::<Vec<_>>()),
                }
            })
            .collect();
        let frames = records.len() as u64;
        let made = made.into_iter().map(|(name, count)| (name.into(), count)).collect();
        let tally = Tally { receiver: "in".into(), frames, parsed: frames, made, ..Tally::default() };
        let position = self.journal().append(Draft { tally, parts, ..Draft::default() });
        for record in &mut records {
            record.position = position;
        }
        self.appended(position, frames, records, waits);
    }

    fn appended(&mut self, position: u64, frames: u64, records: Vec<Record>, waits: bool) {
        self.open.extend(records);
        self.open_frames.push((position, frames));
        if waits {
            self.settle();
        }
    }

    /// Waits until all that was appended is durable and seen.
    fn settle(&mut self) {
        if let Some(&(position, _)) = self.open_frames.last() {
            assert_eq!(self.journal().wait(position, LONG), Fate::Durable);
            let until = Instant::now() + LONG;
            while self.journal().accounts().position < position {
                assert!(Instant::now() < until);
                std::thread::yield_now();
            }
            self.last = self.last.max(position);
        }
        self.records.append(&mut self.open);
        self.frames += self.open_frames.drain(..).map(|(_, frames)| frames).sum::<u64>();
    }

    fn append_to(&mut self, exporter: &'static str) {
        self.next_id += 1;
        let id = format!("{}-again", self.next_id);
        let Ok(position) = self.journal().append_to(exporter, batch(&[&id])) else { return };
        let record = Record { position, ordinal: 0, id, pipelines: vec![format!(">{exporter}")] };
        self.appended(position, 0, vec![record], true);
    }

    fn attach(&mut self, exporter: &'static str, bits: u8, oldest: bool) {
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

    fn set_saves_fail(&mut self, fail: bool) {
        self.disk.heal();
        if fail {
            self.disk.fail_at_random(Call::Replace, Fault::Error(EIO), 700);
        }
        self.saves_fail = fail;
    }

    /// Everything that was said so far is saved.
    fn saved(&mut self) {
        if self.journal().save().is_ok() {
            self.followers.values_mut().filter(|follower| !follower.is_lost).for_each(|follower| follower.saved = follower.done);
        } else {
            assert!(self.saves_fail);
        }
    }

    fn next(&mut self, exporter: &'static str, records_max: usize) {
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
    fn expected(&self, exporter: &str, from: u64, to: u64) -> Vec<(u64, u32, String)> {
        let follower = &self.followers[exporter];
        let own = self.records.iter().filter(|record| follower.owns(record) && record.position > from && record.position <= to);
        own.map(|record| (record.position, record.ordinal, record.id.clone())).collect()
    }

    fn done(&mut self, exporter: &'static str, steps: usize, dead: u64, dropped: u64) {
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

    fn detach(&mut self, exporter: &'static str) {
        let Some(follower) = self.followers.get_mut(exporter) else { return };
        follower.cursor = None;
        follower.steps.clear();
        if !follower.is_lost {
            follower.read = follower.done;
        }
    }

    fn all_attached(&mut self) {
        self.settle();
        self.set_saves_fail(false);
        self.journal().all_attached();
        let last = self.last;
        for follower in self.followers.values_mut().filter(|follower| follower.cursor.is_none()) {
            follower.members.iter_mut().for_each(|member| member.2 = member.2.min(last));
        }
        self.saved();
    }

    fn retire(&mut self, exporter: &'static str) {
        self.set_saves_fail(false);
        let is_used = self.followers.get(exporter).is_some_and(|follower| follower.cursor.is_some());
        match self.journal().retire(exporter) {
            Ok(_) => assert!(!is_used && self.followers.remove(exporter).is_some()),
            Err(_) => assert!(is_used || !self.followers.contains_key(exporter) || self.bounds.ages),
        }
        self.followers.retain(|name, follower| *name != exporter || follower.cursor.is_some());
    }

    fn restart(&mut self) {
        self.settle();
        self.set_saves_fail(false);
        for follower in self.followers.values_mut() {
            follower.cursor = None;
            follower.steps.clear();
        }
        self.take_facts();
        self.journal = None; // saves at the end
        for follower in self.followers.values_mut() {
            if !follower.is_lost {
                (follower.saved, follower.read) = (follower.done, follower.done);
            }
        }
        self.open(self.disk.storage());
    }

    fn crash(&mut self, power: bool) {
        let storage = if power { self.disk.power_cut() } else { self.disk.kill() };
        for follower in self.followers.values_mut() {
            follower.cursor = None;
            follower.steps.clear();
            follower.is_lost = true;
        }
        // What was told before is known; what was told and lost with the process is not.
        self.take_facts();
        self.journal = None;
        self.set_saves_fail(false);
        self.open(storage);
        let (mut there, mut oldest, mut last) = (BTreeSet::new(), u64::MAX, 0);
        let mut reader = self.journal().log().unwrap().reader(0);
        let mut see = |head: &Head| {
            (oldest, last) = (oldest.min(head.position), last.max(head.position));
            // A position that was given to what nobody was told of may be given again, here to a fact.
            if !head.is_fact {
                there.insert(head.position);
            }
            false
        };
        assert!(reader.next_where(&mut see).unwrap().is_none());
        self.last = self.last.max(last);
        // Of what was not known to be durable all or nothing is there, entry by entry.
        let open = std::mem::take(&mut self.open);
        self.records.extend(open.into_iter().filter(|record| there.contains(&record.position)));
        self.frames += self.open_frames.drain(..).filter(|(position, _)| there.contains(position)).map(|(_, frames)| frames).sum::<u64>();
        for record in self.records.iter().filter(|record| record.position >= oldest) {
            assert!(there.contains(&record.position), "an acknowledged record is gone: {record:?}");
        }
    }

    fn note(followers: &mut BTreeMap<&'static str, Follower>, records: &[Record], fact: &Fact) {
        let json: Value = serde_json::from_str(&fact.json).unwrap();
        let name = json["exporter"].as_str().unwrap();
        let Some(follower) = followers.iter_mut().find(|(known, _)| **known == name).map(|(_, follower)| follower) else { return };
        if fact.name == "dropped" {
            let (first, last) = (json["first_position"].as_u64().unwrap(), json["last_position"].as_u64().unwrap());
            let own = records.iter().filter(|record| follower.owns(record) && (first..=last).contains(&record.position)).count();
            // None: it is of an exporter of the same name that was forgotten since.
            assert!(own == 0 || json["records"].as_u64() == Some(own as u64), "a drop is counted to the record: {own}, {}", fact.json);
            follower.dropped_to = follower.dropped_to.max(last);
        }
    }

    fn take_facts(&mut self) {
        let facts = self.journal().facts();
        for fact in &facts {
            Self::note(&mut self.followers, &self.records, fact);
        }
    }

    fn check(&mut self) {
        let accounts = self.journal().accounts();
        assert_eq!(accounts.balance(), Ok(()), "{}", accounts.to_json());
        if self.open_frames.is_empty() {
            let frames = accounts.receivers.get("in").map_or(0, |row| row.frames);
            assert_eq!(frames, self.frames, "{}", self.log.join("\n"));
            for name in PIPELINES {
                let made = self.records.iter().filter(|record| record.pipelines.iter().any(|pipeline| pipeline == name)).count() as u64;
                let row = accounts.pipelines.get(name).cloned().unwrap_or_default();
                assert_eq!((row.made, row.journalled), (made, made), "pipeline {name}");
            }
            for (name, follower) in &self.followers {
                let Some(row) = accounts.exporters.get(*name) else { continue };
                assert_eq!(row.missing, 0, "{name}");
                if !self.bounds.ages {
                    let own = self.records.iter().filter(|record| follower.owns(record)).count() as u64;
                    assert_eq!(row.journalled, own, "exporter {name}");
                }
            }
        }
        // No file is gone that somebody is owed a record of.
        let files = self.journal().log().unwrap().files();
        let oldest = files.iter().find(|file| file.last > 0).map_or(u64::MAX, |file| file.first);
        self.take_facts();
        for (name, follower) in &self.followers {
            let owed = self.records.iter().find(|record| follower.owns(record) && record.position > follower.done.max(follower.dropped_to));
            if let Some(owed) = owed.filter(|owed| owed.position < oldest) {
                // A fact is told a moment after its file may go.
                let listed = self.journal().cursors().into_iter().find(|info| &*info.name == *name);
                assert!(listed.is_none_or(|info| info.row.dropped > 0), "{name} is owed {owed:?}, but the files begin at {oldest}");
            }
        }
    }

    /// In the end everybody gets everything, room comes back, and nothing is pending.
    fn finish(&mut self) {
        self.settle();
        self.set_saves_fail(false);
        for exporter in EXPORTERS {
            if self.followers.contains_key(exporter) {
                let bits = 7;
                self.attach(exporter, bits, false);
            }
            for _ in 0..1000 {
                let before = self.followers.get(exporter).map(|follower| follower.steps.len());
                self.next(exporter, 5);
                if self.followers.get(exporter).map(|follower| follower.steps.len()) == before {
                    break;
                }
            }
            self.done(exporter, usize::MAX, 0, 0);
            self.check();
        }
        let accounts = self.journal().accounts();
        for (name, row) in accounts.exporters.iter().filter(|(_, row)| row.in_use) {
            assert_eq!((row.pending, row.missing, row.journalled), (0, 0, row.delivered + row.dead_lettered + row.dropped), "{name}");
            assert_eq!(row.pending_bytes, 0, "{name}");
        }
        self.saved();
        let until = Instant::now() + LONG;
        let holds = |info: &logloom_journal::CursorInfo| !info.row.in_use && info.row.pending > 0;
        while self.journal().admit().is_err() && !self.journal().cursors().iter().any(holds) {
            assert!(Instant::now() < until, "room does not come back");
            std::thread::park_timeout(Duration::from_millis(2));
        }
    }
}

/// `LOGLOOM_MODEL_CASES` for a longer look.
#[allow(clippy::disallowed_methods)] // no config comes to a test
fn cases() -> u32 {
    std::env::var("LOGLOOM_MODEL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_exporter_gets_each_of_its_records(bounds in bounds(), seed: u64, ops in prop::collection::vec(op(), 1..90)) {
        let mut world = World::new(seed, bounds);
        for op in ops {
            world.log.push(format!("{op:?} after {}", world.last));
            match op {
                Op::Append { parts, is_large, waits } => world.append(&parts, is_large, waits),
                Op::AppendTo { exporter } => world.append_to(EXPORTERS[exporter]),
                Op::Next { exporter, records_max } => world.next(EXPORTERS[exporter], records_max),
                Op::Done { exporter, steps, dead, dropped } => world.done(EXPORTERS[exporter], steps, dead, dropped),
                Op::Attach { exporter, pipelines, oldest } => world.attach(EXPORTERS[exporter], pipelines, oldest),
                Op::Detach { exporter } => world.detach(EXPORTERS[exporter]),
                Op::AllAttached => world.all_attached(),
                Op::Retire { exporter } => world.retire(EXPORTERS[exporter]),
                Op::Save => world.saved(),
                Op::SavesFail(fail) => world.set_saves_fail(fail),
                Op::Restart => world.restart(),
                Op::Crash { power } => world.crash(power),
            }
            world.check();
        }
        world.finish();
    }
}
