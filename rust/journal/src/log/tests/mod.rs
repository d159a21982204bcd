//! What the log promises, on a disk that fails as disks do.

mod damage;
mod faults;
mod inspect;
mod model;
mod plain;
mod real;

use std::sync::{Arc, Mutex};

use logloom_record::{Batch, Limits};

use super::*;
use crate::{
    Part,
    keys::testing::Switch,
    storage::{Storage, faulty::Disk},
};

const MIB: u64 = 1 << 20;
const LONG: Duration = Duration::from_secs(60);

/// One record: `ResourceLogs { ScopeLogs { LogRecord { body } } }`.
fn batch(body: &str) -> Batch {
    let field = |number: u8, bytes: &[u8]| {
        let (mut out, mut len) = (vec![number << 3 | 2], bytes.len());
        while len > 0x7f {
            out.push(len as u8 | 0x80);
            len >>= 7;
        }
        out.push(len as u8);
        [&out, bytes].concat()
    };
    let otlp = field(1, &field(2, &field(2, &field(5, &field(1, body.as_bytes())))));
    Batch::from_otlp(otlp.into(), &Limits::DEFAULT).unwrap()
}

fn draft(body: &str, revocable: bool) -> Draft {
    let part = Part { pipelines: vec!["logs".into()], batch: batch(body) };
    Draft { parts: vec![part], revocable, ..Draft::default() }
}

/// A log, and what became durable in it.
struct Open {
    log: Arc<Log>,
    recovery: Recovery,
    keys: Arc<Switch>,
    told: Arc<Mutex<Vec<u64>>>,
}

fn options() -> LogOptions {
    LogOptions {
        file_bytes_max: 64 << 10,
        disk_bytes_max: 64 * MIB,
        free_bytes_min: 0,
        fsync_delay_max: Duration::ZERO,
        ..LogOptions::default()
    }
}

fn open(storage: Arc<dyn Storage>) -> Open {
    open_with(storage, options())
}

fn open_with(storage: Arc<dyn Storage>, options: LogOptions) -> Open {
    try_open(storage, options).unwrap()
}

fn try_open(storage: Arc<dyn Storage>, options: LogOptions) -> Result<Open, LogError> {
    let (keys, told) = (Arc::new(Switch::new()), Arc::new(Mutex::new(Vec::new())));
    let into = Arc::clone(&told);
    let on_durable = move |entries: Vec<Arc<Entry>>| into.lock().unwrap().extend(entries.iter().map(|entry| entry.position));
    let (log, recovery) = Log::open(storage, Arc::clone(&keys) as Arc<dyn KeyProvider>, None, options, Box::new(on_durable))?;
    Ok(Open { log, recovery, keys, told })
}

impl Open {
    fn append(&self, body: &str) -> u64 {
        self.log.append(draft(body, true))
    }

    /// Appends and waits.
    fn push(&self, body: &str) -> (u64, Fate) {
        let position = self.append(body);
        (position, self.log.wait(position, LONG))
    }

    /// All durable entries after a position: positions and bodies. Panics where something is damaged.
    fn read(&self, after: u64) -> Vec<(u64, String)> {
        let mut reader = self.log.reader(after);
        let mut read = Vec::new();
        while let Some(next) = reader.next_where(|_| true).unwrap() {
            match next {
                Read::Entry(entry) => read.push((entry.position, body(&entry))),
                Read::Damaged { from, to, why } => panic!("{from}..={to}: {why}"),
            }
        }
        read
    }
}

fn body(entry: &Entry) -> String {
    match entry.parts[0].batch.record(0).unwrap().body() {
        Some(logloom_record::AnyValue::Str(text)) => str::from_utf8(text).unwrap().to_owned(),
        other => panic!("{other:?}"),
    }
}
