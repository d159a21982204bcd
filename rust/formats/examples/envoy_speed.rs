//! Times a format on files: `envoy_speed FORMAT FILE [FORMAT_STRING]…`, chunks of 1 MiB, the original kept, warm buffers, beside a
//! copy of the output. For work on the formats; the figures that are published come from `make bench`.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)]

use std::{hint::black_box, sync::Arc, time::Instant};

use bytes::Bytes;
use logloom_formats::{OptionValue, Options, compile};
use logloom_record::{Batch, BatchWriter, BlockPool, Limits, Origin};

const CHUNK_BYTES: usize = 1 << 20;
const ROUNDS: usize = 40;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [name, path, rest @ ..] = args.as_slice() else { return println!("envoy_speed FORMAT FILE [FORMAT_STRING]") };
    let mut options = Options::default();
    if let [format_string, ..] = rest {
        options.0.insert("format_string".into(), OptionValue::Str(format_string.clone()));
    }
    let format = compile(name, &options).unwrap();
    let text = std::fs::read(path).unwrap();
    let cut = text.iter().take(CHUNK_BYTES).rposition(|b| *b == b'\n').unwrap() + 1;
    let chunk = Bytes::copy_from_slice(&text[..cut]);
    let lines = bytecount(&chunk);
    let origin = Arc::new(Origin { arrival_unix_nano: 1_795_257_659_000_000_000, ..Origin::default() });
    let parse = || -> Batch {
        let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &origin, chunk.len() * 4);
        let mut decoder = Arc::clone(&format).open(Limits::DEFAULT.frame_bytes_max);
        decoder.feed(&chunk, &mut out);
        decoder.flush(&mut out);
        out.finish()
    };
    let batch = parse();
    let otlp = batch.to_otlp();
    let mut copy = vec![0u8; otlp.len()];
    let (mut best, mut best_copy) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        black_box(parse());
        best = best.min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        copy.copy_from_slice(black_box(&otlp));
        black_box(&copy);
        best_copy = best_copy.min(start.elapsed().as_secs_f64());
    }
    println!(
        "{:.2} M lines/s, {:.0} ns a line, {:.0} MB/s; {} records, {} rejects, {:.0} B a line in, {:.0} out; copying the output {:.0} ns a line",
        lines as f64 / best / 1e6,
        best * 1e9 / lines as f64,
        chunk.len() as f64 / best / 1e6,
        batch.len(),
        batch.rejects().len(),
        chunk.len() as f64 / lines as f64,
        otlp.len() as f64 / lines as f64,
        best_copy * 1e9 / lines as f64,
    );
}

fn bytecount(chunk: &[u8]) -> usize {
    chunk.split(|b| *b == b'\n').count() - 1
}
