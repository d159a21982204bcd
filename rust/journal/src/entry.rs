//! What is appended, and what a cursor reads: one push, all or none.

use std::{sync::Arc, time::Duration};

use logloom_record::{Batch, Origin};

use crate::format::{SEALED_BYTES_MAX, TooLarge};

/// What one or more pipelines made of a push; they share it where their processors changed nothing.
#[derive(Clone, Debug)]
pub struct Part {
    /// The pipelines' names.
    pub pipelines: Vec<Arc<str>>,
    /// Their records.
    pub batch: Batch,
}

/// What a push was, in numbers. It stands in the entry's head, so that the accounts survive a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The receiver's id.
    pub receiver: Arc<str>,
    /// Frames that came: lines, spans, objects, records of OTLP.
    pub frames: u64,
    /// Of these: read by their format.
    pub parsed: u64,
    /// Of these: not read; each became a record with the raw body.
    pub rejects: u64,
    /// Of these: became a part of another one's record.
    pub joined: u64,
    /// Of these: nothing to keep, such as comments and headers.
    pub passed_over: u64,
    /// Bytes that came.
    pub bytes: u64,
    /// Records that matched no pipeline, or behind a connector no route.
    pub unrouted: u64,
    /// Records that a pipeline took, before its processors, by pipeline.
    pub made: Vec<(Arc<str>, u64)>,
    /// Records that a pipeline's processors dropped by rule, by pipeline.
    pub dropped: Vec<(Arc<str>, u64)>,
    /// Records that a pipeline without exporters handed on to others, by pipeline.
    pub passed_on: Vec<(Arc<str>, u64)>,
}

/// Something that happened and must not be forgotten: records that a bound dropped, for instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What: `dropped`.
    pub name: String,
    /// The particulars: a JSON object.
    pub json: String,
}

/// What is to be appended.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// What the push was.
    pub tally: Tally,
    /// Where from.
    pub origin: Arc<Origin>,
    /// What the pipelines made of it.
    pub parts: Vec<Part>,
    /// A fact instead of records.
    pub fact: Option<Fact>,
    /// The sender holds a copy and sends it again when it is told to: it may be withdrawn while it is not durable.
    pub revocable: bool,
}

/// The most bytes of OTLP in one entry, of all its parts together: half of what an entry can hold, so that what stands beside them fits as well.
const OTLP_BYTES_MAX: usize = SEALED_BYTES_MAX / 2;

impl Draft {
    /// Whether an entry can hold it. What is larger is never written, however often it comes again.
    pub fn fits(&self) -> Result<(), TooLarge> {
        let bytes = self.parts.iter().map(|part| part.batch.otlp_len()).sum();
        if bytes <= OTLP_BYTES_MAX {
            return Ok(());
        }
        Err(TooLarge { what: "a push, in the records of all its pipelines,", bytes, bytes_max: OTLP_BYTES_MAX })
    }
}

/// What was appended.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number, from 1; it rises over restarts and may have gaps.
    pub position: u64,
    /// The position of the entry before it; 0: there was none.
    pub previous: u64,
    /// When it was appended, in nanoseconds since the Unix epoch.
    pub time_unix_nano: u64,
    /// Where its bytes came from.
    pub origin: Arc<Origin>,
    /// What the push was.
    pub tally: Tally,
    /// What the pipelines made of it.
    pub parts: Vec<Part>,
    /// A fact instead of records.
    pub fact: Option<Fact>,
}

/// Of a part, what the head of its entry tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartHead {
    /// The pipelines' names.
    pub pipelines: Vec<Arc<str>>,
    /// Records.
    pub records: u64,
    /// Their OTLP bytes.
    pub bytes: u64,
}

/// What can be known of an entry without its key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// As in [`Entry`].
    pub position: u64,
    /// As in [`Entry`].
    pub previous: u64,
    /// As in [`Entry`].
    pub time_unix_nano: u64,
    /// As in [`Entry`].
    pub tally: Tally,
    /// Its parts.
    pub parts: Vec<PartHead>,
    /// Whether it is a fact.
    pub is_fact: bool,
}

impl Entry {
    /// Its head.
    pub fn head(&self) -> Head {
        let part = |part: &Part| PartHead {
            pipelines: part.pipelines.clone(),
            records: part.batch.len() as u64,
            bytes: part.batch.otlp_len() as u64,
        };
        Head {
            position: self.position,
            previous: self.previous,
            time_unix_nano: self.time_unix_nano,
            tally: self.tally.clone(),
            parts: self.parts.iter().map(part).collect(),
            is_fact: self.fact.is_some(),
        }
    }
}

/// Nothing was taken; the same may be pushed again later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoRoom {
    /// When it is worth another try.
    pub retry_after: Duration,
    /// Why: `full`, `closed`, or what the disk or the key provider said.
    pub why: Arc<str>,
}

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// On disk, encrypted and synced (in a journal in memory: there).
    Durable,
    /// Not written, and never will be: its sender must send it again.
    Withdrawn,
    /// Not decided yet.
    Waiting,
}
