//! What cursors cost who appends: CPU time of the appending thread and of the process, for each append, beside the same without cursors.
//!
//! `cargo run --release -p logloom-journal --example cursors`
#![allow(clippy::unwrap_used, clippy::print_stdout)] // an example

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use logloom_journal::{
    CursorOptions, Draft, Journal, JournalOptions, Outcome, Part, Start, Tally, keys::testing::Switch, storage::RealStorage,
};
use logloom_record::{Batch, BatchWriter, BlockPool, Limits, Origin, Tail, Text};

const APPENDS: u64 = 20_000;

fn batch(records: usize) -> Batch {
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), records * 128);
    for _ in 0..records {
        out.begin(0, 0, Text::EMPTY)
            .body(Text::from("a line of a log, of some sixty bytes or so, to be delivered"))
            .finish(&Tail::default());
    }
    out.finish()
}

/// Nanoseconds of CPU that this thread has had.
fn cpu() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    told.split(' ').next().unwrap().parse().unwrap()
}

/// The same of the process, in ticks of 10 ms.
fn cpu_of_all() -> u64 {
    let told = std::fs::read_to_string("/proc/self/stat").unwrap();
    let mut fields = told.rsplit(')').next().unwrap().split_whitespace().skip(11);
    let mut next = || fields.next().unwrap().parse::<u64>().unwrap();
    (next() + next()) * 10_000_000
}

struct Case {
    what: &'static str,
    cursors: usize,
    /// Whether they are in the pipeline that is appended to.
    own: bool,
    /// They do not read at all.
    lags: bool,
    on_disk: bool,
}

fn main() {
    let cases = [
        Case { what: "memory, no cursor", cursors: 0, own: true, lags: false, on_disk: false },
        Case { what: "memory, 1 at the tail", cursors: 1, own: true, lags: false, on_disk: false },
        Case { what: "memory, 100 at the tail", cursors: 100, own: true, lags: false, on_disk: false },
        Case { what: "memory, 1 + 100 of other pipelines", cursors: 101, own: false, lags: false, on_disk: false },
        Case { what: "disk, no cursor", cursors: 0, own: true, lags: false, on_disk: true },
        Case { what: "disk, 1 at the tail", cursors: 1, own: true, lags: false, on_disk: true },
        Case { what: "disk, 100 at the tail", cursors: 100, own: true, lags: false, on_disk: true },
        Case { what: "disk, 1 + 100 of other pipelines", cursors: 101, own: false, lags: false, on_disk: true },
        Case { what: "disk, 1 that lags from the start", cursors: 1, own: true, lags: true, on_disk: true },
    ];
    println!("{:<38} {:>12} {:>12} {:>10} {:>10}", "", "append, ns", "all, ns", "wall, ns", "read");
    for case in cases {
        run(&case);
    }
}

fn run(case: &Case) {
    let folder = std::env::temp_dir().join(format!("logloom-cursors-{}", std::process::id()));
    let journal = if case.on_disk {
        let storage = Arc::new(RealStorage::open(&folder).unwrap());
        let options = JournalOptions { tail_bytes_max: if case.lags { 1 << 20 } else { 256 << 20 }, ..JournalOptions::default() };
        Journal::open(options, storage, Arc::new(Switch::new())).unwrap().0
    } else {
        Journal::memory(1 << 30)
    };
    let read = Arc::new(AtomicU64::new(0));
    let readers: Vec<_> = (0..case.cursors)
        .map(|at| {
            let pipeline = if case.own || at == 0 { "x".to_owned() } else { format!("other {at}") };
            let options = CursorOptions { name: format!("exporter {at}").into(), pipelines: vec![pipeline.into()], start: Start::Tail };
            let (cursor, read, lags) = (journal.cursor(options).unwrap(), Arc::clone(&read), case.lags);
            thread::spawn(move || {
                if lags {
                    thread::park_timeout(Duration::from_millis(300));
                }
                while let Some(step) = cursor.next(usize::MAX, 4 << 20, Duration::from_secs(600)) {
                    let delivered = step.batch.len() as u64;
                    read.fetch_add(delivered, Ordering::Relaxed);
                    cursor.done(step.position, Outcome { delivered, ..Outcome::default() }, None).unwrap();
                }
            })
        })
        .collect();
    let batch = batch(10);
    let (began, cpu_began, all_began) = (Instant::now(), cpu(), cpu_of_all());
    let mut last = 0;
    for _ in 0..APPENDS {
        while journal.admit().is_err() {
            thread::park_timeout(Duration::from_millis(1));
        }
        let tally = Tally { receiver: "in".into(), frames: 10, parsed: 10, made: vec![("x".into(), 10)], ..Tally::default() };
        last = journal.append(Draft { tally, parts: vec![Part { pipelines: vec!["x".into()], batch: batch.clone() }], ..Draft::default() });
    }
    let appended = cpu() - cpu_began;
    journal.wait(last, Duration::from_secs(600));
    let wall = began.elapsed().as_nanos() as u64;
    journal.close();
    for reader in readers {
        reader.join().unwrap();
    }
    let all = cpu_of_all() - all_began;
    println!(
        "{:<38} {:>12} {:>12} {:>10} {:>10}",
        case.what,
        appended / APPENDS,
        all / APPENDS,
        wall / APPENDS,
        read.load(Ordering::Relaxed)
    );
    assert_eq!(journal.accounts().balance(), Ok(()));
    drop(journal);
    let _ = std::fs::remove_dir_all(&folder);
}
