//! How fast a format reads a file, beside a copy of what it writes: `cargo run --release --example speed -- json app.log [--bare] [--digest] [NAME=VALUE ..]`.
//! `--bare` leaves the original lines out; `--digest` measures nothing, but tells whether two builds write the same bytes; the rest are options
//! of the format, such as `multiline=off`. The best of several rounds counts; other work on the machine only makes figures worse.
#![allow(clippy::print_stdout, clippy::expect_used)] // a program for a terminal

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use logloom_formats::{OptionValue, Options, compile};
use logloom_record::{Batch, BatchWriter, BlockPool, Limits, Origin};

const ROUNDS: usize = 40;

fn main() {
    let mut args = std::env::args().skip(1);
    let (format, path) = (args.next().expect("a format"), args.next().expect("a file"));
    let (mut bare, mut digest, mut options) = (false, false, Options::default());
    for arg in args {
        if let Some((name, value)) = arg.split_once('=') {
            options.0.insert(name.to_owned(), OptionValue::Str(value.to_owned()));
        }
        bare |= arg == "--bare";
        digest |= arg == "--digest";
    }
    let input = Bytes::from(std::fs::read(path).expect("the file can be read"));
    let format = compile(&format, &options).expect("the format is known");
    let pool = BlockPool::new(64 << 20);
    let origin = Arc::new(Origin { arrival_unix_nano: 1, ..Origin::default() });
    let read = || -> Batch {
        let mut out = BatchWriter::new(&pool, &Limits::DEFAULT, &origin, input.len() * 4);
        out.keep_original(!bare);
        let mut decoder = Arc::clone(&format).open(Limits::DEFAULT.frame_bytes_max);
        decoder.feed(&input, &mut out);
        decoder.flush(&mut out);
        out.finish()
    };
    let batch = read();
    let output = batch.to_otlp();
    if digest {
        let mut hasher = DefaultHasher::new();
        output.hash(&mut hasher);
        println!("{:016x} of {} records, {} rejects", hasher.finish(), batch.len(), batch.rejects().len());
        return;
    }
    let mut copy = vec![0; output.len()];
    let (mut best, mut best_copy) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        black_box(read());
        best = best.min(start.elapsed());
        let start = Instant::now();
        copy.copy_from_slice(black_box(&output));
        black_box(&mut copy);
        best_copy = best_copy.min(start.elapsed());
    }
    let records = batch.len() as f64;
    println!(
        "{:.2} M records/s, {:.0} ns and {:.0} B in, {:.0} B out a record, {:.0} MB/s in; copying the output: {:.0} ns; {} rejects",
        records / best.as_secs_f64() / 1e6,
        best.as_secs_f64() * 1e9 / records,
        input.len() as f64 / records,
        output.len() as f64 / records,
        input.len() as f64 / best.as_secs_f64() / 1e6,
        best_copy.as_secs_f64() * 1e9 / records,
        batch.rejects().len(),
    );
}
