//! What the tests of the Journal share.
#![allow(dead_code, clippy::unwrap_used, clippy::missing_panics_doc)] // each test crate uses a part of it

use std::{sync::Arc, time::Duration};

use logloom_journal::{
    Cursor, CursorOptions, Draft, Fate, Journal, JournalOptions, Opened, Outcome, Part, Start, Step, Tally, keys::testing::Switch,
    log::LogOptions, storage::Storage,
};
use logloom_record::{Batch, BatchWriter, BlockPool, Limits, Origin, Tail, Text};

pub const NOW: Duration = Duration::ZERO;
pub const LONG: Duration = Duration::from_secs(60);

pub fn batch(bodies: &[&str]) -> Batch {
    let room = bodies.iter().map(|body| body.len() + 64).sum::<usize>() + 1024;
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), room);
    for body in bodies {
        out.begin(0, 0, Text::EMPTY).body(Text::from(*body)).finish(&Tail::default());
    }
    let batch = out.finish();
    assert_eq!(batch.len(), bodies.len());
    batch
}

pub fn bodies(batch: &Batch) -> Vec<String> {
    batch.records().map(|record| String::from_utf8_lossy(record.body().unwrap().as_str().unwrap()).into_owned()).collect()
}

/// A push that makes these records for these pipelines.
pub fn draft(parts: &[(&[&str], &[&str])]) -> Draft {
    let part = |(pipelines, bodies): &(&[&str], &[&str])| Part {
        pipelines: pipelines.iter().map(|p| Arc::from(*p)).collect(),
        batch: batch(bodies),
    };
    let made = parts.iter().flat_map(|(pipelines, bodies)| pipelines.iter().map(|p| (Arc::from(*p), bodies.len() as u64)));
    Draft { tally: Tally { made: made.collect(), ..Tally::default() }, parts: parts.iter().map(part).collect(), ..Draft::default() }
}

pub fn options(name: &str, pipelines: &[&str], start: Start) -> CursorOptions {
    CursorOptions { name: name.into(), pipelines: pipelines.iter().map(|p| Arc::from(*p)).collect(), start }
}

pub fn cursor(journal: &Arc<Journal>, name: &str, pipelines: &[&str]) -> Cursor {
    journal.cursor(options(name, pipelines, Start::Tail)).unwrap()
}

pub fn deliver(cursor: &Cursor, step: &Step) {
    let outcome = Outcome { delivered: step.batch.len() as u64, ..Outcome::default() };
    cursor.done(step.position, outcome, None).unwrap();
}

/// Delivers all that is there: the bodies.
pub fn drain(cursor: &Cursor) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(step) = cursor.next(1000, 1 << 20, NOW) {
        all.extend(bodies(&step.batch));
        deliver(cursor, &step);
    }
    all
}

/// Small files, and no waiting.
pub fn small() -> JournalOptions {
    let log = LogOptions {
        file_bytes_max: 16 << 10,
        disk_bytes_max: 8 << 20,
        free_bytes_min: 0,
        fsync_delay_max: Duration::ZERO,
        queue_bytes_max: 8 << 20,
        ..LogOptions::default()
    };
    JournalOptions { log, ..JournalOptions::default() }
}

pub fn open_with(options: JournalOptions, storage: Arc<dyn Storage>) -> (Arc<Journal>, Opened) {
    Journal::open(options, storage, Arc::new(Switch::new())).unwrap()
}

pub fn open(storage: Arc<dyn Storage>) -> Arc<Journal> {
    open_with(small(), storage).0
}

/// Appends, and waits until it is durable and cursors see it.
pub fn append(journal: &Journal, draft: Draft) -> u64 {
    journal.admit().unwrap();
    let position = journal.append(draft);
    assert_eq!(journal.wait(position, LONG), Fate::Durable);
    while journal.accounts().position < position {
        std::thread::yield_now(); // the log tells its waiters and the cursors at about the same time
    }
    position
}
