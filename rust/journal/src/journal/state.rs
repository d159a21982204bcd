//! All that changes, behind one lock. An append costs its entry's parts here, whatever the number of cursors.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::json;

use super::{
    CursorInfo,
    accounts::{Accounts, ExporterRow, PipelineRow},
    place::{Member, Place},
    sets::{Amount, Sets},
    tail::{Item, Tail},
    wake::Slot,
};
use crate::{Entry, Fact, Head, PartHead, Tally};

#[derive(Debug, Default)]
pub(crate) struct State {
    /// The last durable position.
    pub(crate) head: u64,
    pub(crate) tail: Tail,
    /// The bound on the tail's bytes; without one, entries stay until all are done with them.
    pub(crate) tail_bytes_max: Option<u64>,
    pub(crate) sets: Sets,
    pub(crate) places: Vec<Place>,
    /// Receivers and pipelines; the exporters' rows are the places'.
    pub(crate) counted: Accounts,
    pub(crate) closed: bool,
    /// Counts what is worth saving.
    pub(crate) version: u64,
    /// The keeper knows that there is something to save.
    pub(crate) told: bool,
    /// Who waits for `settled`.
    pub(crate) settle_waiters: usize,
    /// Nothing in the tail up to here is wanted by a cursor in use.
    trimmed: u64,
    /// The log is told so.
    pub(crate) passed: Arc<AtomicU64>,
    /// No cursor moved on by itself since.
    is_trimmed: bool,
    next_holder: u64,
}

/// What is to be done when the lock is given back.
#[derive(Debug, Default)]
pub(crate) struct After {
    pub(crate) woken: Vec<Arc<Slot>>,
    /// Entries that nobody wants any more: large ones take a while to free.
    pub(crate) freed: Vec<Arc<Entry>>,
}

impl State {
    /// An entry is durable.
    pub(crate) fn arrive(&mut self, entry: Arc<Entry>, after: &mut After) {
        let position = entry.position;
        self.count(&entry.tally);
        let mut wanted = false;
        let mut own_sets = Vec::with_capacity(entry.parts.len());
        for part in &entry.parts {
            let amount = Amount { records: part.batch.len() as u64, bytes: part.batch.otlp_len() as u64 };
            let at = self.journalled(&part.pipelines, position, amount);
            own_sets.push(at);
            let Some(set) = self.sets.all.get_mut(at) else { continue };
            wanted |= set.listeners > 0;
            if !set.waiting.is_empty() {
                set.round += 1;
                if after.woken.is_empty() {
                    after.woken = std::mem::take(&mut set.waiting);
                } else {
                    after.woken.append(&mut set.waiting);
                }
            }
        }
        self.head = position;
        if wanted {
            self.tail.push(entry, own_sets.into());
            while self.tail_bytes_max.is_some_and(|max| self.tail.bytes() > max) {
                after.freed.extend(self.tail.pop(u64::MAX));
            }
        }
    }

    /// An entry of before the start is durable: it is counted.
    pub(crate) fn arrived(&mut self, head: &Head) {
        self.count(&head.tally);
        for PartHead { pipelines, records, bytes } in &head.parts {
            self.journalled(pipelines, head.position, Amount { records: *records, bytes: *bytes });
        }
        self.head = self.head.max(head.position);
    }

    fn journalled(&mut self, pipelines: &[Arc<str>], position: u64, amount: Amount) -> usize {
        let at = self.set(pipelines);
        if let Some(set) = self.sets.all.get_mut(at) {
            set.total += amount;
            set.last = position;
        }
        at
    }

    pub(crate) fn set(&mut self, pipelines: &[Arc<str>]) -> usize {
        let (at, is_new) = self.sets.intern(pipelines);
        if is_new {
            self.find_own();
            // Those that wait could not know of it.
            let slots = self.places.iter().filter(|place| place.holder != 0 && place.listens(at)).map(|place| Arc::clone(&place.slot));
            if let Some(set) = self.sets.all.get_mut(at) {
                set.waiting = slots.collect();
            }
        }
        at
    }

    pub(crate) fn count(&mut self, tally: &Tally) {
        self.counted.add(tally);
        self.version += 1;
    }

    /// After sets, places or their members came or went: rare.
    pub(crate) fn find_own(&mut self) {
        for place in &mut self.places {
            place.find_own(&self.sets);
        }
        let in_use = || self.places.iter().filter(|place| place.holder != 0);
        for (at, set) in self.sets.all.iter_mut().enumerate() {
            set.listeners = in_use().filter(|place| place.listens(at)).count();
        }
    }

    /// Wakes all that wait: they look anew, and register anew.
    pub(crate) fn wake_all(&mut self, after: &mut After) {
        for set in &mut self.sets.all {
            set.round += 1;
            set.waiting.clear();
        }
        after.woken.extend(self.places.iter().map(|place| Arc::clone(&place.slot)));
    }

    pub(crate) fn holder(&mut self) -> u64 {
        self.next_holder += 1;
        self.next_holder
    }

    pub(crate) fn held_by(&self, holder: u64) -> Option<&Place> {
        self.places.iter().find(|place| place.holder == holder)
    }

    /// The place that this Cursor has, and the sets.
    pub(crate) fn place(&mut self, holder: u64) -> Option<(&mut Place, &Sets)> {
        let place = self.places.iter_mut().find(|place| place.holder == holder)?;
        Some((place, &self.sets))
    }

    /// A place that begins behind `from`, its sets' counts so far being `base`.
    pub(crate) fn add_place(&mut self, name: Arc<str>, members: Vec<Member>, from: u64, base: Vec<Amount>, now_unix_nano: u64) {
        let place = Place {
            name,
            members: Arc::new(members),
            base,
            read: from,
            done: from,
            tail_from: self.head,
            since_unix_nano: now_unix_nano,
            seen_unix_nano: now_unix_nano,
            ..Place::default()
        };
        self.places.push(place);
        self.find_own();
    }

    /// The sets' counts now.
    pub(crate) fn totals(&self) -> Vec<Amount> {
        self.sets.all.iter().map(|set| set.total).collect()
    }

    /// Lets each cursor pass over what is not its own.
    pub(crate) fn advance_all(&mut self) {
        for place in &mut self.places {
            if place.advance(&self.sets, self.head) {
                self.version += 1;
                self.is_trimmed = false;
            }
        }
    }

    /// The position up to which every cursor is done, those of removed exporters too.
    pub(crate) fn floor(&mut self) -> u64 {
        self.advance_all();
        self.places.iter().map(|place| place.done).min().unwrap_or(self.head)
    }

    /// The same of the cursors in use.
    pub(crate) fn settled(&mut self) -> u64 {
        self.advance_all();
        self.places.iter().filter(|place| place.holder != 0).map(|place| place.done).min().unwrap_or(self.head)
    }

    /// A cursor moved on from `was`: where it was the last one, the tail is trimmed.
    pub(crate) fn trim_from(&mut self, was: u64, after: &mut After) {
        if was <= self.trimmed || !self.is_trimmed {
            self.trim(after);
        }
    }

    /// Takes out of memory what no cursor in use reads any more; without a bound on it, what each is done with.
    pub(crate) fn trim(&mut self, after: &mut After) {
        self.advance_all();
        let bounded = self.tail_bytes_max.is_some();
        let passed = self.places.iter().filter(|place| place.holder != 0).map(|place| if bounded { place.read } else { place.done });
        self.trimmed = passed.min().unwrap_or(self.head);
        self.is_trimmed = true;
        self.passed.store(self.trimmed, Ordering::Relaxed);
        while let Some(entry) = self.tail.pop(self.trimmed) {
            after.freed.push(entry);
        }
    }

    /// Forgets a cursor: the fact that tells of it.
    pub(crate) fn remove_place(&mut self, name: &str, why: &str) -> Option<Fact> {
        let at = self.places.iter().position(|place| &*place.name == name)?;
        let place = self.places.remove(at);
        let row = self.exporter_row(&place);
        self.find_own();
        self.version += 1;
        let json = json!({
            "exporter": name, "why": why, "done": place.done, "journalled": row.journalled, "delivered": row.delivered,
            "dead_lettered": row.dead_lettered, "dropped": row.dropped, "missing": row.missing, "pending": row.pending,
        });
        Some(Fact { name: "retired".to_owned(), json: json.to_string() })
    }

    /// All cursors.
    pub(crate) fn cursors(&mut self) -> Vec<CursorInfo> {
        self.advance_all();
        let info = |place: &Place| CursorInfo {
            name: Arc::clone(&place.name),
            pipelines: place.members.iter().filter(|member| member.to == u64::MAX).map(|member| Arc::clone(&member.pipeline)).collect(),
            done: place.done,
            row: self.exporter_row(place),
            since_unix_nano: place.since_unix_nano,
            seen_unix_nano: if place.holder == 0 { place.seen_unix_nano } else { super::now_unix_nano() },
            oldest_unix_nano: self.oldest_unix_nano(place),
            trouble: place.trouble.clone(),
        };
        self.places.iter().map(info).collect()
    }

    /// When the oldest entry was appended that the place is not done with, as far as that is known without a look at the disk.
    fn oldest_unix_nano(&self, place: &Place) -> Option<u64> {
        let first_unread = || {
            let is_own = |item: &&Item| item.sets.iter().any(|&set| place.owns(set, item.entry.position));
            self.tail.after(place.read).find(is_own).map(|item| item.entry.time_unix_nano)
        };
        place.out.front().map(|out| out.time_unix_nano).or_else(first_unread)
    }

    /// All rows.
    pub(crate) fn accounts(&mut self, now_unix_nano: u64) -> Accounts {
        self.advance_all();
        let mut accounts = self.counted.clone();
        (accounts.position, accounts.time_unix_nano) = (self.head, now_unix_nano);
        for set in &self.sets.all {
            for pipeline in &set.pipelines {
                let row: &mut PipelineRow = super::accounts::entry(&mut accounts.pipelines, pipeline);
                row.journalled += set.total.records;
            }
        }
        let row = |place: &Place| (Arc::clone(&place.name), self.exporter_row(place));
        accounts.exporters = self.places.iter().map(row).collect::<BTreeMap<_, _>>();
        accounts
    }

    pub(crate) fn exporter_row(&self, place: &Place) -> ExporterRow {
        let (unread, out) = (place.unread(&self.sets), place.out_amount());
        ExporterRow {
            journalled: place.journalled(&self.sets).records,
            delivered: place.outcome.delivered,
            dead_lettered: place.outcome.dead_lettered,
            dropped: place.outcome.dropped,
            missing: place.missing,
            pending: unread.records + out.records,
            pending_bytes: unread.bytes + out.bytes,
            in_use: place.holder != 0,
            unexplained: if place.has_more(&self.sets) || place.recheck { 0 } else { unread.records },
        }
    }
}
