//! The accounts: what came in, what was made of it, what became of that, to the record and for ever.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use crate::Tally;

/// What a receiver took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiverRow {
    /// Frames that were decided on.
    pub frames: u64,
    /// Of these: read by their format.
    pub parsed: u64,
    /// Of these: not read; each became a record with the raw body.
    pub rejects: u64,
    /// Of these: became a part of another one's record.
    pub joined: u64,
    /// Of these: nothing to keep.
    pub passed_over: u64,
    /// Bytes.
    pub bytes: u64,
    /// Records that matched no pipeline, or behind a connector no route.
    pub unrouted: u64,
    /// Messages that were refused or told to come later, by reason. Nothing of them was acknowledged.
    pub refused: BTreeMap<Arc<str>, u64>,
}

/// What a pipeline made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipelineRow {
    /// Records that it took.
    pub made: u64,
    /// Of these: journalled.
    pub journalled: u64,
    /// Of these: dropped by a rule of its processors, or by its condition behind a connector.
    pub dropped: u64,
    /// Of these: handed on to other pipelines, as it has no exporter of its own.
    pub passed_on: u64,
}

/// What an exporter did, since its cursor's start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExporterRow {
    /// Records journalled for it.
    pub journalled: u64,
    /// Of these: its destination took them.
    pub delivered: u64,
    /// Of these: refused for good, and in the dead-letter journal.
    pub dead_lettered: u64,
    /// Of these: given up by a bound.
    pub dropped: u64,
    /// Of these: damaged on disk or gone when it came to them.
    pub missing: u64,
    /// Of these: handed out and not done, or not read yet.
    pub pending: u64,
    /// The OTLP bytes of what is pending.
    pub pending_bytes: u64,
    /// Whether an exporter uses it now.
    pub in_use: bool,
    /// Whether it has read everything, and records that should be there were not.
    pub(crate) unexplained: u64,
}

/// All rows at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// The entries up to this position are in it.
    pub position: u64,
    /// When, in nanoseconds since the Unix epoch.
    pub time_unix_nano: u64,
    /// By receiver id.
    pub receivers: BTreeMap<Arc<str>, ReceiverRow>,
    /// By pipeline.
    pub pipelines: BTreeMap<Arc<str>, PipelineRow>,
    /// By exporter id.
    pub exporters: BTreeMap<Arc<str>, ExporterRow>,
}

/// Reasons that are told apart for one receiver; the others are `other`.
const REASONS_MAX: usize = 32;

impl Accounts {
    pub(crate) fn add(&mut self, tally: &Tally) {
        if !tally.receiver.is_empty() {
            let row = entry(&mut self.receivers, &tally.receiver);
            row.frames += tally.frames;
            row.parsed += tally.parsed;
            row.rejects += tally.rejects;
            row.joined += tally.joined;
            row.passed_over += tally.passed_over;
            row.bytes += tally.bytes;
            row.unrouted += tally.unrouted;
        }
        for (pipeline, records) in &tally.made {
            entry(&mut self.pipelines, pipeline).made += records;
        }
        for (pipeline, records) in &tally.dropped {
            entry(&mut self.pipelines, pipeline).dropped += records;
        }
        for (pipeline, records) in &tally.passed_on {
            entry(&mut self.pipelines, pipeline).passed_on += records;
        }
    }

    pub(crate) fn refused(&mut self, receiver: &Arc<str>, reason: &str) {
        let refused = &mut entry(&mut self.receivers, receiver).refused;
        let reason = if refused.len() >= REASONS_MAX && !refused.contains_key(reason) { "other" } else { reason };
        match refused.get_mut(reason) {
            Some(count) => *count += 1,
            None => drop(refused.insert(reason.into(), 1)),
        }
    }

    /// Whether every row adds up; else each one that does not, with its numbers.
    pub fn balance(&self) -> Result<(), Vec<String>> {
        let mut wrong = Vec::new();
        for (id, row) in &self.receivers {
            let ReceiverRow { frames, parsed, rejects, joined, passed_over, .. } = row;
            if *frames != parsed + rejects + joined + passed_over {
                wrong.push(format!(
                    "receiver {id}: {frames} frames, but {parsed} parsed + {rejects} rejects + {joined} joined + {passed_over} passed over"
                ));
            }
        }
        for (name, PipelineRow { made, journalled, dropped, passed_on }) in &self.pipelines {
            if *made != journalled + dropped + passed_on {
                wrong.push(format!(
                    "pipeline {name}: {made} records made, but {journalled} journalled + {dropped} dropped + {passed_on} passed on"
                ));
            }
        }
        for (id, row) in &self.exporters {
            let ExporterRow { journalled, delivered, dead_lettered, dropped, missing, pending, unexplained, .. } = row;
            if *journalled != delivered + dead_lettered + dropped + missing + pending {
                wrong.push(format!(
                    "exporter {id}: {journalled} records journalled since its start, but {delivered} delivered + {dead_lettered} dead-lettered + \
                     {dropped} dropped + {missing} missing + {pending} pending"
                ));
            }
            if *unexplained > 0 {
                wrong.push(format!("exporter {id}: it has read everything, but {unexplained} records fewer than were journalled for it"));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// All rows, and those that do not add up, as a JSON object on one line.
    pub fn to_json(&self) -> String {
        let balance = self.balance().err().unwrap_or_default();
        let mut all = self.rows();
        if let Value::Object(all) = &mut all {
            all.insert("unbalanced".into(), balance.into());
        }
        all.to_string()
    }

    pub(crate) fn rows(&self) -> Value {
        let receivers: BTreeMap<_, _> = self.receivers.iter().map(|(id, row)| (&**id, receiver_json(row))).collect();
        let pipeline =
            |row: &PipelineRow| json!({"made": row.made, "journalled": row.journalled, "dropped": row.dropped, "passed_on": row.passed_on});
        let pipelines: BTreeMap<_, _> = self.pipelines.iter().map(|(name, row)| (&**name, pipeline(row))).collect();
        let exporter = |row: &ExporterRow| {
            json!({
                "journalled": row.journalled, "delivered": row.delivered, "dead_lettered": row.dead_lettered, "dropped": row.dropped,
                "missing": row.missing, "pending": row.pending, "pending_bytes": row.pending_bytes, "in_use": row.in_use,
            })
        };
        let exporters: BTreeMap<_, _> = self.exporters.iter().map(|(id, row)| (&**id, exporter(row))).collect();
        json!({
            "time_unix_nano": self.time_unix_nano, "position": self.position,
            "receivers": receivers, "pipelines": pipelines, "exporters": exporters,
        })
    }
}

fn receiver_json(row: &ReceiverRow) -> Value {
    let refused: BTreeMap<_, _> = row.refused.iter().map(|(reason, count)| (&**reason, count)).collect();
    json!({
        "frames": row.frames, "parsed": row.parsed, "rejects": row.rejects, "joined": row.joined, "passed_over": row.passed_over,
        "bytes": row.bytes, "unrouted": row.unrouted, "refused": refused,
    })
}

/// The row of this name, made where there is none.
pub(crate) fn entry<'a, T: Default>(rows: &'a mut BTreeMap<Arc<str>, T>, name: &Arc<str>) -> &'a mut T {
    rows.entry(Arc::clone(name)).or_default()
}
