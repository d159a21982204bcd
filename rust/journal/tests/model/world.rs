//! The Journal under test, and what was appended to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use logloom_journal::{
    Cursor, Draft, Fate, Head, Journal, JournalOptions, Part, Tally,
    log::Read,
    storage::{
        Storage,
        faulty::{Disk, EIO, Fault, Op as Call},
    },
};

use crate::{
    PIPELINES,
    support::{LONG, batch, open_with, small},
};

/// The bounds of one run.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub has_small_tail: bool,
    pub lossy: u8,
    pub ages: bool,
    pub is_small_disk: bool,
}

pub fn pipelines(bits: u8) -> Vec<&'static str> {
    PIPELINES.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, name)| *name).collect()
}
/// A record: its entry's position, its number in it, and the pipelines that made it.
#[derive(Clone, Debug)]
pub struct Record {
    pub position: u64,
    pub ordinal: u32,
    pub id: String,
    pub pipelines: Vec<String>,
}

/// An exporter as it should be.
#[derive(Default)]
pub struct Follower {
    pub cursor: Option<Cursor>,
    /// Pipeline, after, up to.
    pub members: Vec<(String, u64, u64)>,
    /// It said that it is done up to here, and that was certainly saved up to there.
    pub done: u64,
    pub saved: u64,
    /// It has been handed everything of its own up to here.
    pub read: u64,
    /// After a crash it is not known where it goes on: anywhere from what was saved to what was done.
    pub is_lost: bool,
    /// What is in hand: where each step ends, and its records.
    pub steps: Vec<(u64, u64)>,
    /// What a bound gave up for it.
    pub dropped_to: u64,
}

impl Follower {
    pub fn owns(&self, record: &Record) -> bool {
        self.members
            .iter()
            .any(|(pipeline, after, to)| record.pipelines.contains(pipeline) && *after < record.position && record.position <= *to)
    }
}

pub struct World {
    pub disk: Disk,
    pub bounds: Bounds,
    pub journal: Option<Arc<Journal>>,
    pub records: Vec<Record>,
    /// Appended, and not known to be durable.
    pub open: Vec<Record>,
    pub frames: u64,
    pub open_frames: Vec<(u64, u64)>,
    pub last: u64,
    pub next_id: u64,
    pub followers: BTreeMap<&'static str, Follower>,
    pub saves_fail: bool,
    pub disk_fails: bool,
    pub revocable: BTreeSet<u64>,
    /// What its sender was told to send again; a crash may bring it back, from a file that could not be cut.
    pub withdrawn: Vec<(u64, u64, Vec<Record>)>,
    pub log: Vec<String>,
}
impl World {
    pub fn new(seed: u64, bounds: Bounds) -> Self {
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
            disk_fails: false,
            revocable: BTreeSet::new(),
            withdrawn: Vec::new(),
            log: Vec::new(),
            disk: disk.clone(),
        };
        world.open(disk.storage());
        world
    }

    pub fn journal(&self) -> &Arc<Journal> {
        self.journal.as_ref().unwrap()
    }

    pub fn open(&mut self, storage: Arc<dyn Storage>) {
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
            entry.fact.iter().for_each(|fact| Self::note(&mut self.followers, [&self.records, &self.open], fact));
        }
        self.journal = Some(journal);
    }

    pub fn append(&mut self, parts: &[(u8, u8)], is_large: bool, waits: bool, revocable: bool) {
        if self.journal().admit().is_err() {
            assert!(self.bounds.is_small_disk || self.disk_fails, "only a full journal refuses, and one that cannot write");
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
        let position = self.journal().append(Draft { tally, parts, revocable, ..Draft::default() });
        for record in &mut records {
            record.position = position;
        }
        if revocable {
            self.revocable.insert(position);
        }
        self.appended(position, frames, records, waits);
    }

    pub fn appended(&mut self, position: u64, frames: u64, records: Vec<Record>, waits: bool) {
        self.open.extend(records);
        self.open_frames.push((position, frames));
        if waits {
            self.settle();
        }
    }

    /// Waits until it is decided what becomes of all that was appended, and what is durable is seen.
    pub fn settle(&mut self) {
        for (position, frames) in std::mem::take(&mut self.open_frames) {
            match self.journal().wait(position, LONG) {
                Fate::Durable => {
                    self.frames += frames;
                    self.last = self.last.max(position);
                }
                Fate::Withdrawn => {
                    assert!(self.disk_fails, "only what cannot be written is withdrawn");
                    assert!(self.revocable.contains(&position), "and only what its sender can send again");
                    let withdrawn = self.open.extract_if(.., |record| record.position == position).collect();
                    self.withdrawn.push((position, frames, withdrawn));
                }
                Fate::Waiting => panic!("nothing becomes of {position}"),
            }
        }
        let until = Instant::now() + LONG;
        while self.journal().accounts().position < self.last {
            assert!(Instant::now() < until);
            std::thread::yield_now();
        }
        self.records.append(&mut self.open);
    }

    pub fn disk_fails(&mut self, call: usize, calls: u64) {
        let call = [Call::Write, Call::Sync, Call::Create][call];
        self.disk.fail(call, Fault::Error(EIO), 0, calls);
        self.disk_fails = true;
    }

    pub fn append_to(&mut self, exporter: &'static str) {
        self.next_id += 1;
        let id = format!("{}-again", self.next_id);
        let Ok(position) = self.journal().append_to(exporter, batch(&[&id])) else { return };
        let record = Record { position, ordinal: 0, id, pipelines: vec![format!(">{exporter}")] };
        self.appended(position, 0, vec![record], true);
    }

    pub fn restart(&mut self) {
        self.settle();
        self.withdrawn.clear();
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

    pub fn crash(&mut self, power: bool) {
        let storage = if power { self.disk.power_cut() } else { self.disk.kill() };
        for follower in self.followers.values_mut() {
            follower.cursor = None;
            follower.steps.clear();
            follower.is_lost = true;
        }
        // What was told before is known; what was told and lost with the process is not.
        self.take_facts();
        // What was durable may be gone already, where nobody was to read it.
        let durable = |&(position, _): &(u64, u64)| (self.journal().fate(position) == Fate::Durable).then_some(position);
        let durable: BTreeSet<u64> = self.open_frames.iter().filter_map(durable).collect();
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
        there.extend(durable);
        self.last = self.last.max(last);
        for (position, frames, records) in std::mem::take(&mut self.withdrawn) {
            self.open.extend(records);
            self.open_frames.push((position, frames));
        }
        // Of what was not known to be durable all or nothing is there, entry by entry.
        let open = std::mem::take(&mut self.open);
        self.records.extend(open.into_iter().filter(|record| there.contains(&record.position)));
        self.records.sort_by_key(|record| (record.position, record.ordinal));
        self.frames += self.open_frames.drain(..).filter(|(position, _)| there.contains(position)).map(|(_, frames)| frames).sum::<u64>();
        for record in self.records.iter().filter(|record| record.position >= oldest) {
            assert!(there.contains(&record.position), "an acknowledged record is gone: {record:?}");
        }
    }
}
