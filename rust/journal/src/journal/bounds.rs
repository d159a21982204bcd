//! What is given up where the journal is full or entries are too old: counted, and journalled as a fact.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    core::{Core, Disk},
    now_unix_nano,
    place::Member,
    sets::Amount,
    state::{After, State},
};
use crate::{
    Draft, Fact, PartHead,
    log::{FileInfo, Log},
};

/// How often ages are looked at, at least.
const LOOK_EVERY_MAX: Duration = Duration::from_secs(60);
/// An age is kept to so much of it.
const AGE_STEPS: u32 = 16;
/// Facts that nobody has asked for yet; the oldest goes.
const FACTS_MAX: usize = 1000;
/// How long a fact is waited for: where the disk does not write, room is made all the same.
const FACT_WAIT: Duration = Duration::from_secs(1);
/// How often it is tried to give up what somebody is just getting done with.
const TRIES: usize = 3;

#[derive(Debug)]
pub(super) struct Bounds {
    age_max: Option<Duration>,
    lossy: Vec<Arc<str>>,
    /// The time when the journal was opened: from then on time passes as it does, whatever is done to the clock.
    opened: (u64, Instant),
    looked: Mutex<Instant>,
    facts: Mutex<VecDeque<Fact>>,
}

/// What one cursor would lose.
struct Loss {
    name: Arc<str>,
    members: Arc<Vec<Member>>,
    done: u64,
    /// Position and amount of each entry of its own.
    own: Vec<(u64, Amount)>,
    is_damaged: bool,
}

impl Bounds {
    pub(super) fn new(age_max: Option<Duration>, lossy: Vec<Arc<str>>) -> Self {
        let now = Instant::now();
        Self { age_max, lossy, opened: (now_unix_nano(), now), looked: Mutex::new(now), facts: Mutex::default() }
    }

    /// When ages are to be looked at again.
    pub(super) fn next_look(&self) -> Option<Instant> {
        let every = (self.age_max? / AGE_STEPS).min(LOOK_EVERY_MAX);
        Some(*self.looked.lock().unwrap_or_else(PoisonError::into_inner) + every)
    }

    /// Entries appended before this time are too old.
    fn oldest_unix_nano(&self) -> Option<u64> {
        let now = self.opened.0.saturating_add(self.opened.1.elapsed().as_nanos() as u64);
        Some(now.saturating_sub(self.age_max?.as_nanos() as u64))
    }

    pub(super) fn is_lossy(&self) -> bool {
        !self.lossy.is_empty()
    }
}

impl Core {
    /// Gives up what is too old, and what a full journal may.
    pub(super) fn keep_bounds(&self, is_full: bool) {
        let Some(disk) = self.disk() else { return };
        let Disk { log, bounds, .. } = disk;
        if bounds.next_look().is_some_and(|look| Instant::now() >= look) {
            *bounds.looked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            self.expire(disk);
        }
        if is_full && bounds.is_lossy() && log.is_full() {
            // Places that were not saved may be all that holds the oldest file.
            let _ = self.save(); // where that does not work, health tells
            if log.is_full() {
                self.make_room(disk);
            }
        }
    }

    fn expire(&self, disk: &Disk) {
        let Disk { log, bounds, .. } = disk;
        let Some(oldest) = bounds.oldest_unix_nano() else { return };
        let files = log.files();
        // The clock may have been set back: no entry is older than those before it.
        let mut latest = 0;
        let mut floor = 0;
        for file in files.iter().filter(|file| file.last > 0) {
            latest = file.last_time_unix_nano.max(latest);
            if latest >= oldest {
                break;
            }
            floor = file.last;
        }
        // So that entries get little older than they may, no file spans more than a step.
        let age = bounds.age_max.unwrap_or_default();
        let begun_before = oldest.saturating_add(age.saturating_sub(age / AGE_STEPS).as_nanos() as u64);
        if files.iter().any(|file| file.active && file.last > 0 && file.first_time_unix_nano < begun_before) {
            log.rotate();
        }
        if floor > 0 {
            self.give_up(disk, floor, "age", &|_| true);
        }
        self.forget_unused(disk, oldest);
    }

    /// Cursors of removed exporters that nothing waits for, and that nobody used for so long.
    fn forget_unused(&self, disk: &Disk, oldest: u64) {
        let mut state = self.lock();
        state.advance_all();
        let head = state.head;
        let is_unused = |place: &super::place::Place| place.holder == 0 && place.seen_unix_nano < oldest && place.done >= head;
        let names: Vec<Arc<str>> = state.places.iter().filter(|place| is_unused(place)).map(|place| Arc::clone(&place.name)).collect();
        let facts: Vec<Fact> = names.iter().filter_map(|name| state.remove_place(name, "age")).collect();
        drop(state);
        for fact in facts {
            disk.tell_fact(fact);
        }
    }

    /// Gives up the oldest file, where only lossy pipelines hold it.
    fn make_room(&self, disk: &Disk) {
        let Disk { log, bounds, .. } = disk;
        let files: Vec<FileInfo> = log.files().into_iter().filter(|file| file.last > 0).collect();
        let Some(oldest) = files.first() else { return };
        if oldest.active {
            log.rotate();
        }
        let is_lossy = |matched: &[&Arc<str>]| matched.iter().all(|pipeline| bounds.lossy.contains(*pipeline));
        if self.give_up(disk, oldest.last, "full", &is_lossy) {
            let _ = self.save(); // it removes the file; where it does not work, health tells
        }
    }

    /// Lets every cursor pass over what it has at or before `floor`; false, and nothing is given up, where a part of that is not `allowed` for
    /// the pipelines by which it is a cursor's.
    fn give_up(&self, disk: &Disk, floor: u64, why: &str, allowed: &dyn Fn(&[&Arc<str>]) -> bool) -> bool {
        // What is given up is not saved before the fact that tells of it is durable.
        let _saves = disk.saved.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..TRIES {
            let Some(losses) = self.losses(&disk.log, floor, allowed) else { return false };
            let mut after = After::default();
            let mut state = self.lock();
            let is_same = |loss: &Loss| {
                state.places.iter().any(|place| place.name == loss.name && place.members == loss.members && place.done >= loss.done)
            };
            if !losses.iter().all(is_same) {
                continue;
            }
            let facts: Vec<Fact> = losses.iter().filter_map(|loss| loss.take(&mut state, floor, why)).collect();
            state.version += 1;
            state.trim(&mut after);
            self.settled_more(&state);
            drop(state);
            drop(after);
            if let Some(last) = facts.into_iter().map(|fact| disk.tell_fact(fact)).max() {
                disk.log.wait(last, FACT_WAIT);
            }
            return true;
        }
        false
    }

    /// What each cursor has at or before `floor`.
    fn losses(&self, log: &Log, floor: u64, allowed: &dyn Fn(&[&Arc<str>]) -> bool) -> Option<Vec<Loss>> {
        let mut state = self.lock();
        state.advance_all();
        let loss = |place: &super::place::Place| Loss {
            name: Arc::clone(&place.name),
            members: Arc::clone(&place.members),
            done: place.done,
            own: Vec::new(),
            is_damaged: false,
        };
        let mut losses: Vec<Loss> = state.places.iter().filter(|place| place.done < floor).map(loss).collect();
        drop(state);
        let Some(from) = losses.iter().map(|loss| loss.done).min() else { return Some(losses) };
        let mut reader = log.reader_to(from, floor);
        let mut is_allowed = true;
        loop {
            let read = reader.next_where(|head| {
                for loss in losses.iter_mut().filter(|loss| loss.done < head.position) {
                    let mut amount = Amount::default();
                    for part in &head.parts {
                        let matched = loss.matched(part, head.position);
                        if !matched.is_empty() {
                            is_allowed &= part.records == 0 || allowed(&matched);
                            amount += Amount { records: part.records, bytes: part.bytes };
                        }
                    }
                    if amount.records > 0 {
                        loss.own.push((head.position, amount));
                    }
                }
                false
            });
            match read {
                Ok(None) => break,
                Ok(Some(_)) => losses.iter_mut().for_each(|loss| loss.is_damaged = true),
                Err(_) => return None, // later
            }
        }
        is_allowed.then_some(losses)
    }
}

impl Disk {
    /// Journals a fact, and keeps it for the log.
    pub(super) fn tell_fact(&self, fact: Fact) -> u64 {
        let mut facts = self.bounds.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if facts.len() >= FACTS_MAX {
            facts.pop_front();
        }
        facts.push_back(fact.clone());
        drop(facts);
        self.log.append(Draft { fact: Some(fact), ..Draft::default() })
    }

    /// The facts since this was asked last.
    pub(super) fn facts(&self) -> Vec<Fact> {
        self.bounds.facts.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }
}

impl Loss {
    /// The pipelines by which a part is the cursor's.
    fn matched<'a>(&'a self, part: &PartHead, position: u64) -> Vec<&'a Arc<str>> {
        let of = self.members.iter().filter(|member| member.covers(position) && part.pipelines.contains(&member.pipeline));
        of.map(|member| &member.pipeline).collect()
    }

    /// Passes over it; the fact that tells of it, where anything was lost for good.
    fn take(&self, state: &mut State, floor: u64, why: &str) -> Option<Fact> {
        let place = state.places.iter_mut().find(|place| place.name == self.name)?;
        place.recheck |= self.is_damaged;
        // What it got done with meanwhile is not lost.
        let own: Vec<_> = self.own.iter().copied().filter(|(position, _)| *position > place.done).collect();
        let amount = own.iter().fold(Amount::default(), |sum, (_, amount)| sum + *amount);
        let lost = place.pass_over(floor, &own);
        if amount.records == 0 {
            return None;
        }
        let pipelines: Vec<&str> = self.members.iter().map(|member| &*member.pipeline).collect();
        let json = json!({
            "exporter": &*self.name, "pipelines": pipelines, "why": why,
            "first_position": own.first().map_or(0, |own| own.0), "last_position": own.last().map_or(0, |own| own.0),
            "records": amount.records, "bytes": amount.bytes, "handed_out_records": amount.records - lost.records,
        });
        Some(Fact { name: "dropped".to_owned(), json: json.to_string() })
    }
}
