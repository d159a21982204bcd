//! What sealing and opening an entry costs, and what of it is copying, encrypting and checksums: `cargo run --release -p logloom-journal --example sealing`.
//! MB of OTLP per second of CPU time, so that a busy machine does not count.
#![allow(clippy::unwrap_used, clippy::print_stdout)] // a program for people

use std::{hint::black_box, sync::Arc};

use bytes::Bytes;
use logloom_journal::{
    Entry, Part, Tally,
    format::{Sealer, check, decrypt, unseal},
    keys::FreshKey,
};
use logloom_record::{Batch, BatchWriter, BlockPool, Limits, Origin, Tail, Text};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// Nanoseconds that this thread has run, as of the scheduler's last tick: measure for much longer than that.
fn cpu_nano() -> u64 {
    std::fs::read_to_string("/proc/thread-self/schedstat").unwrap().split_whitespace().next().unwrap().parse().unwrap()
}

fn measure(name: &str, bytes: usize, mut run: impl FnMut()) {
    let rounds = (2 << 30) / bytes;
    (0..rounds / 16).for_each(|_| run());
    let best = (0..2).map(|_| {
        let begun = cpu_nano();
        (0..rounds).for_each(|_| run());
        cpu_nano() - begun
    });
    println!("  {name:36} {:7.0} MB/s", (bytes * rounds) as f64 * 1e3 / best.min().unwrap() as f64);
}

fn main() {
    for size in [0, 64 << 10, 1 << 20] {
        let origin = Arc::new(Origin { receiver: "otlp".into(), peer: "127.0.0.1:1".into(), ..Origin::default() });
        let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &origin, size);
        let body = "GET /cart?item=7 HTTP/1.1 503 ".repeat(20);
        for n in 0..=size / (body.len() + 40) {
            out.begin(1_795_000_000_000_000_000 + n as u64, 9, Text::from("INFO")).body(Text::from(body.as_str())).finish(&Tail::default());
            out.end_frame();
        }
        let batch = out.finish();
        let otlp = batch.to_otlp();
        let bytes = otlp.len();
        println!("{bytes} bytes of OTLP in {} records", batch.len());
        let part = Part { pipelines: vec!["logs".into()], batch };
        let entry = Entry { position: 1, previous: 0, time_unix_nano: 1, origin, tally: Tally::default(), parts: vec![part], fact: None };

        let mut buffer = Vec::with_capacity(bytes * 2);
        measure("copy", bytes, || {
            buffer.clear();
            buffer.extend_from_slice(black_box(&otlp));
        });
        measure("crc32", bytes, || {
            black_box(crc32fast::hash(black_box(&otlp)));
        });
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).unwrap());
        measure("AES-256-GCM", bytes, || {
            let nonce = Nonce::assume_unique_for_key([1; 12]);
            let _ = black_box(cipher.seal_in_place_separate_tag(nonce, Aad::empty(), &mut buffer).unwrap());
        });
        measure("scan of OTLP", bytes, || {
            black_box(Batch::from_otlp(otlp.clone(), &Limits::DEFAULT).unwrap());
        });
        let mut sealer = Sealer::new(FreshKey::random().unwrap());
        measure("seal", bytes, || {
            buffer.clear();
            sealer.seal(black_box(&entry), &mut buffer).unwrap();
        });
        let sealed = buffer.clone();
        let opener = sealer.opener();
        measure("check, without a key", bytes, || {
            black_box(check(black_box(&sealed)).unwrap());
        });
        measure("copy, decrypt", bytes, || {
            buffer.copy_from_slice(black_box(&sealed));
            black_box(decrypt(&opener, &mut buffer).unwrap());
        });
        measure("copy, unseal (pooled)", bytes, || {
            let mut bytes = BlockPool::global().take(sealed.len());
            bytes[..sealed.len()].copy_from_slice(black_box(&sealed));
            black_box(unseal(&opener, bytes).unwrap());
        });
        buffer.copy_from_slice(&sealed);
        let opened = decrypt(&opener, &mut buffer).unwrap();
        let plain = Bytes::from(buffer);
        measure("read what was decrypted", bytes, || {
            black_box(opened.read(black_box(&plain)).unwrap());
        });
    }
}
