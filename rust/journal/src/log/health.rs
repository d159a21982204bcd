//! How the log is.

use std::{sync::Arc, time::Duration};

/// What does not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// What failed last, with the way out where there is one.
    pub why: Arc<str>,
    /// When it began to fail, in nanoseconds since the Unix epoch.
    pub since_unix_nano: u64,
}

/// Each bucket of a [`Histogram`] ends at twice the time of the one before; the first at this.
const FIRST_BUCKET: Duration = Duration::from_micros(16);
const BUCKETS: usize = 24;

/// Times, counted by powers of two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// How many took up to 16 µs, 32 µs, 64 µs …; the last also counts what took longer.
    pub counts: [u64; BUCKETS],
    /// Their sum.
    pub total: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Histogram {
    pub(super) fn add(&mut self, time: Duration) {
        let bucket = (0..BUCKETS - 1).find(|n| time <= Self::bound(*n)).unwrap_or(BUCKETS - 1);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.total = self.total.saturating_add(time);
        self.longest = self.longest.max(time);
    }

    /// The longest time that a bucket counts.
    pub fn bound(bucket: usize) -> Duration {
        FIRST_BUCKET.saturating_mul(1 << bucket.min(BUCKETS - 1))
    }

    /// How many times were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// How the log is.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Writing does not work: nothing is admitted until it does again. It is tried several times a second.
    pub failing: Option<Failing>,
    /// The key provider does not answer: pushes are acknowledged as long as a file prepared before has room.
    pub key_failing: Option<Failing>,
    /// The disk has less free than the floor: nothing is admitted.
    pub below_floor: bool,
    /// The files hold as much as they may: nothing is admitted until some go.
    pub full: bool,
    /// Bytes that wait to be written or synced.
    pub queued_bytes: u64,
    /// The bound on them.
    pub queued_bytes_max: u64,
    /// Bytes of all files.
    pub disk_bytes: u64,
    /// The bound on them.
    pub disk_bytes_max: u64,
    /// What is free on the disk, as of about a second ago.
    pub free_bytes: u64,
    /// Files.
    pub files: u64,
    /// How long each sync took.
    pub syncs: Histogram,
    /// Entries that became durable.
    pub entries: u64,
    /// Entries that were withdrawn: their senders were told to send them again.
    pub withdrawn: u64,
    /// Of these, entries that no file can hold.
    pub too_large: u64,
    /// Ranges of bytes that were found damaged, and stepped over.
    pub damaged: u64,
    /// Files given up since a write or a sync failed.
    pub given_up: u64,
}
