//! How fast the log is, beside what the disk does without it: `cargo run --release -p logloom-journal --example speed -- FOLDER [--mib 512] [--gib 10]`.
//!
//! Appends are encrypted and synced; beside them, in the same run, the same bytes are written plainly with an `fdatasync` after each entry. Then many small
//! pushes at once, each of which waits for its own acknowledgement; and the time to open a large journal after a kill (`--gib`, 0: not).
#![allow(clippy::print_stdout, clippy::expect_used, clippy::unwrap_used)] // a program for a terminal

use std::{
    collections::VecDeque,
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use logloom_journal::{
    Draft, Fate, Part,
    keys::{KeyProvider, testing::Switch},
    log::{Log, LogOptions, Read},
    storage::RealStorage,
};
use logloom_record::{Batch, Limits};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const ROUNDS: usize = 3;
const LONG: Duration = Duration::from_secs(600);

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let number = |name: &str, default: usize| {
        let at = args.iter().position(|arg| arg == name);
        at.and_then(|at| args.get(at + 1)).map_or(default, |value| value.parse().expect("a number"))
    };
    let folder = PathBuf::from(args.first().expect("a folder")).join("journal-speed");
    if args.iter().any(|arg| arg == "--fill") {
        return fill(&folder, number("--fill", 0));
    }
    let clear = || drop(fs::remove_dir_all(&folder));
    clear();
    let bytes = number("--mib", 512) * MIB;

    println!("{:<34}{:>12}{:>12}{:>8}{:>12}", "append, encrypted and synced", "plain MB/s", "log MB/s", "ratio", "CPU s/GB");
    for size in [64 * KIB, MIB] {
        let (mut plain, mut log, mut alone) = (0f64, 0f64, 0f64);
        let mut cpu = u64::MAX;
        for _ in 0..ROUNDS {
            plain = plain.max(plainly(&folder, size, bytes / 4));
            clear();
            let before = ticks();
            log = log.max(appended(&folder, size, bytes, usize::MAX));
            cpu = cpu.min(ticks() - before);
            clear();
            alone = alone.max(appended(&folder, size, bytes / 4, 1));
            clear();
        }
        let cpu = cpu as f64 / 100.0 / (bytes as f64 / 1e9);
        println!("{:<34}{plain:>12.0}{log:>12.0}{:>8.2}{cpu:>12.2}", format!("{} KiB, as many as are admitted", size / KIB), log / plain);
        println!("{:<34}{plain:>12.0}{alone:>12.0}{:>8.2}", format!("{} KiB, one after the other", size / KIB), alone / plain);
    }
    let once = plainly(&folder, MIB * 64, bytes);
    clear();
    println!("{:<34}{once:>12.0}", "64 MiB, one sync for each");

    println!("\n{:<34}{:>12}{:>12}{:>12}", "small pushes at once", "acks/s", "syncs", "worst ms");
    for senders in [1, 100, 1_000] {
        let (acks, syncs, worst) = pushes(&folder, senders);
        clear();
        println!("{senders:<34}{acks:>12.0}{syncs:>12}{:>12.1}", worst.as_secs_f64() * 1e3);
    }

    let gib = number("--gib", 0);
    if gib > 0 {
        let filled = Command::new(std::env::current_exe().unwrap()).arg(args.first().unwrap()).args(["--fill", &gib.to_string()]).status();
        assert!(filled.expect("it can be started").success());
        recover(&folder);
        clear();
    }
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut len) = (vec![number << 3 | 2], bytes.len());
    while len > 0x7f {
        out.push(len as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
    out.extend_from_slice(bytes);
    out
}

/// Batches of one record, of about so many bytes; together more than the processor's caches hold.
fn batches(size: usize) -> Vec<Batch> {
    let made = (0..(64 * MIB / size).clamp(1, 256)).map(|n| {
        let body: Vec<u8> = (0..size.saturating_sub(32)).map(|i| b'a' + ((i * 31 + n * 7) % 26) as u8).collect();
        let otlp = field(1, &field(2, &field(2, &field(5, &field(1, &body)))));
        Batch::from_otlp(otlp.into(), &Limits::DEFAULT).expect("it is OTLP")
    });
    made.collect()
}

fn draft(batch: &Batch) -> Draft {
    Draft { parts: vec![Part { pipelines: vec!["logs".into()], batch: batch.clone() }], revocable: true, ..Draft::default() }
}

fn open(folder: &Path) -> Arc<Log> {
    let storage = Arc::new(RealStorage::open(folder).expect("the folder can be opened"));
    let options = LogOptions { disk_bytes_max: 64 << 30, free_bytes_min: 0, ..LogOptions::default() };
    let keys: Arc<dyn KeyProvider> = Arc::new(Switch::new());
    Log::open(storage, keys, None, options, Box::new(|_| {})).expect("the log opens").0
}

/// Processor time that this process took so far, in hundredths of a second.
fn ticks() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split(' ');
    fields.skip(12).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn rate(bytes: usize, begun: Instant) -> f64 {
    bytes as f64 / begun.elapsed().as_secs_f64() / 1e6
}

/// Writes plainly, with a sync after each write: MB/s.
fn plainly(folder: &Path, size: usize, bytes: usize) -> f64 {
    fs::create_dir_all(folder).unwrap();
    let file = fs::File::create_new(folder.join("plain")).unwrap();
    let buffers: Vec<Vec<u8>> = (0..4).map(|n| vec![n; size]).collect();
    let begun = Instant::now();
    for n in 0..bytes / size {
        file.write_all_at(&buffers[n % 4], (n * size) as u64).unwrap();
        file.sync_data().unwrap();
    }
    rate(bytes / size * size, begun)
}

/// Appends, with so many on their way at once: MB/s.
fn appended(folder: &Path, size: usize, bytes: usize, at_once: usize) -> f64 {
    let (log, batches) = (open(folder), batches(size));
    log.wait(log.append(draft(&batches[0])), LONG);
    let begun = Instant::now();
    let mut waiting = VecDeque::new();
    for n in 0..bytes / size {
        while waiting.len() >= at_once || (log.admit().is_err() && !waiting.is_empty()) {
            assert_eq!(log.wait(waiting.pop_front().unwrap(), LONG), Fate::Durable);
        }
        waiting.push_back(log.append(draft(&batches[n % batches.len()])));
    }
    assert_eq!(log.wait(waiting.pop_back().unwrap(), LONG), Fate::Durable);
    let rate = rate(bytes / size * size, begun);
    log.close();
    rate
}

/// Senders of small records, each of which waits for its acknowledgement before it sends the next, in one event loop as a server has it: acknowledgements a
/// second, syncs, and the longest wait.
fn pushes(folder: &Path, senders: usize) -> (f64, u64, Duration) {
    const TIME: Duration = Duration::from_secs(3);
    let (log, batches) = (open(folder), batches(200));
    log.wait(log.append(draft(&batches[0])), LONG);
    let syncs = log.health().syncs.count();
    let push = |n: usize| (log.append(draft(&batches[n % batches.len()])), Instant::now());
    let begun = Instant::now();
    let mut waiting: VecDeque<_> = (0..senders).map(push).collect();
    let (mut acks, mut worst) = (0, Duration::ZERO);
    while begun.elapsed() < TIME {
        if waiting.front().is_some_and(|(position, _)| log.watch(*position) == Fate::Waiting) {
            let mut fds = [rustix::event::PollFd::from_borrowed_fd(log.notify(), rustix::event::PollFlags::IN)];
            rustix::event::poll(&mut fds, None).unwrap();
        }
        let (durable, withdrawn) = log.poll();
        assert!(withdrawn.is_empty());
        while waiting.front().is_some_and(|(position, _)| *position <= durable) {
            let (_, since) = waiting.pop_front().unwrap();
            worst = worst.max(since.elapsed());
            acks += 1;
            waiting.push_back(push(acks));
        }
    }
    let rate = acks as f64 / begun.elapsed().as_secs_f64();
    let syncs = log.health().syncs.count() - syncs;
    log.close();
    (rate, syncs, worst)
}

/// Fills a journal and ends without closing it.
fn fill(folder: &Path, gib: usize) {
    let (log, batches) = (open(folder), batches(MIB));
    let mut last = 0;
    for n in 0..gib * KIB {
        while log.admit().is_err() {
            log.wait(last.max(16) - 16, LONG);
        }
        last = log.append(draft(&batches[n % batches.len()]));
    }
    assert_eq!(log.wait(last, LONG), Fate::Durable);
    std::mem::forget(log);
}

fn recover(folder: &Path) {
    let size: u64 = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    let begun = Instant::now();
    let storage = Arc::new(RealStorage::open(folder).unwrap());
    let options = LogOptions { disk_bytes_max: 64 << 30, free_bytes_min: 0, ..LogOptions::default() };
    let (log, recovery) = Log::open(storage, Arc::new(Switch::new()), None, options, Box::new(|_| {})).unwrap();
    let took = begun.elapsed();
    println!(
        "\nopening {:.1} GiB after a kill: {:.2} s ({} files, {} looked through, {} entries)",
        size as f64 / (1u64 << 30) as f64,
        took.as_secs_f64(),
        recovery.files,
        recovery.scanned,
        recovery.entries
    );
    let (begun, mut reader, mut bytes) = (Instant::now(), log.reader(0), 0);
    while let Some(Read::Entry(entry)) = reader.next_where(|_| true).unwrap() {
        bytes += entry.parts[0].batch.otlp_len();
        if bytes > 1 << 30 {
            break;
        }
    }
    println!("reading its first GiB again, decrypted: {:.0} MB/s", rate(bytes, begun));
    let (begun, mut reader) = (Instant::now(), log.reader(0));
    assert!(reader.next_where(|_| false).unwrap().is_none());
    println!("passing over all its entries: {:.2} s", begun.elapsed().as_secs_f64());
}
