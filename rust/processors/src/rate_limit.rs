//! `rate_limit`: so many records and bytes a second, by tenant, by service, by whatever a record says.
//!
//! Each key has a bucket of tokens. What is least severe is shed first: in a Batch the more severe are asked first, and the less severe leave a
//! share of the bucket to those that may come.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use logloom_record::{Batch, Lookup, Marks};

use crate::{Outcome, Processor, now_of};

/// What a [`RateLimit`] is made of.
#[derive(Debug)]
pub struct Settings {
    /// What tells one bucket from another.
    pub key: Vec<Lookup>,
    /// Records a second, and the most at once.
    pub records: Option<(f64, f64)>,
    /// Bytes of records a second, and the most at once.
    pub bytes: Option<(f64, f64)>,
    /// Whether the least severe are shed first.
    pub by_severity: bool,
    /// The most keys with a bucket of their own; the others share one.
    pub keys_max: usize,
}

/// Lets so much through, and drops what is over.
#[derive(Debug)]
pub struct RateLimit {
    settings: Settings,
    state: Mutex<State>,
    rules: [Arc<str>; 2],
}

#[derive(Debug, Default)]
struct State {
    buckets: HashMap<Vec<u8>, Bucket>,
    shared: Option<Bucket>,
    /// When full buckets were forgotten last.
    swept_unix_nano: u64,
}

/// How often full buckets are looked for at most, in nanoseconds: that looks at all of them.
const SWEEP_EVERY_NANOS: u64 = 1_000_000_000;

/// What is left, and since when.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    records: f64,
    bytes: f64,
    at_unix_nano: u64,
}

/// The share of a bucket that a record leaves to the more severe.
fn reserve(severity: u8) -> f64 {
    match severity {
        1..=8 => 0.5,
        0 | 9..=12 => 0.25,
        13..=16 => 0.1,
        _ => 0.0,
    }
}

impl RateLimit {
    /// Of these settings.
    pub fn new(settings: Settings) -> Self {
        Self { settings, state: Mutex::default(), rules: ["records_per_second".into(), "bytes_per_second".into()] }
    }

    fn full(&self, now: u64) -> Bucket {
        let most = |limit: Option<(f64, f64)>| limit.map_or(0.0, |(_, burst)| burst);
        Bucket { records: most(self.settings.records), bytes: most(self.settings.bytes), at_unix_nano: now }
    }

    fn refill(&self, bucket: &mut Bucket, now: u64) {
        // A clock that was set back gives nothing, and takes nothing.
        let seconds = now.saturating_sub(bucket.at_unix_nano) as f64 / 1e9;
        bucket.at_unix_nano = now;
        let more = |left: f64, limit: Option<(f64, f64)>| limit.map_or(0.0, |(rate, burst)| (left + rate * seconds).min(burst));
        bucket.records = more(bucket.records, self.settings.records);
        bucket.bytes = more(bucket.bytes, self.settings.bytes);
    }

    /// The bucket of a key; a bucket that is full again needs not be remembered.
    fn bucket<'s>(&self, state: &'s mut State, key: &[u8], now: u64) -> &'s mut Bucket {
        let full = self.full(now);
        if !state.buckets.contains_key(key) {
            if state.buckets.len() >= self.settings.keys_max && now.abs_diff(state.swept_unix_nano) >= SWEEP_EVERY_NANOS {
                state.swept_unix_nano = now;
                state.buckets.retain(|_, bucket| {
                    self.refill(bucket, now);
                    bucket.records < full.records || bucket.bytes < full.bytes
                });
            }
            if state.buckets.len() >= self.settings.keys_max {
                return state.shared.get_or_insert(full);
            }
        }
        // A key that may have taken from the shared bucket begins with what is left there: it gets no second burst.
        let start = state.shared.as_mut().map_or(full, |shared| {
            self.refill(shared, now);
            *shared
        });
        state.buckets.entry(key.to_vec()).or_insert(start)
    }

    /// Which limit a record is over: 0 of records, 1 of bytes; else it is taken from the bucket.
    fn take(&self, bucket: &mut Bucket, severity: u8, bytes: f64) -> Option<usize> {
        let reserve = if self.settings.by_severity { reserve(severity) } else { 0.0 };
        let fits = |left: f64, cost: f64, limit: Option<(f64, f64)>| {
            limit.is_none_or(|(_, burst)| {
                let free = burst - burst * reserve;
                // What is larger than all there can be goes when there is all.
                left - burst * reserve >= cost.min(free)
            })
        };
        if !fits(bucket.records, 1.0, self.settings.records) {
            return Some(0);
        }
        if !fits(bucket.bytes, bytes, self.settings.bytes) {
            return Some(1);
        }
        bucket.records -= 1.0;
        bucket.bytes -= bytes;
        None
    }
}

impl Processor for RateLimit {
    fn apply(&self, batch: Batch, outcome: &mut Outcome) -> Batch {
        let now = now_of(&batch);
        let mut order: Vec<usize> = (0..batch.len()).collect();
        if self.settings.by_severity {
            order.sort_by_key(|at| std::cmp::Reverse(batch.index().get(*at).map_or(0, |entry| entry.severity)));
        }
        let mut stays = Marks::all(batch.len());
        let mut over = [0u64; 2];
        let mut key = Vec::new();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for at in order {
            let Some(entry) = batch.index().get(at) else { continue };
            key.clear();
            for lookup in &self.settings.key {
                let start = key.len();
                let is_there = lookup.append(&batch, at, &mut key);
                let len = (key.len() - start) as u32;
                key.extend_from_slice(&len.to_le_bytes());
                key.push(is_there.into());
            }
            let bucket = self.bucket(&mut state, &key, now);
            self.refill(bucket, now);
            let which = self.take(bucket, entry.severity, f64::from(entry.end - entry.start));
            if let Some(over) = which.and_then(|which| over.get_mut(which)) {
                *over += 1;
                stays.remove_one(at);
            }
        }
        drop(state);
        outcome.dropped += over.iter().sum::<u64>();
        for (rule, over) in self.rules.iter().zip(over) {
            outcome.count(rule, over);
        }
        batch.marked(&stays)
    }
}
