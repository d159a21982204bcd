//! How fast times are read: `cargo run --release --example time_speed`. Millions a second of one core, the best of several runs.

#![allow(clippy::print_stdout, clippy::expect_used, clippy::cast_precision_loss)]

use std::{hint::black_box, time::Instant};

use logloom_formats::time::{Context, TimePattern, Zone, parse_in};

/// So many different texts, so that no branch is learnt by heart.
const TEXTS: usize = 4096;
const RUNS: usize = 40;

fn measure(name: &str, texts: &[String], read: impl Fn(&[u8]) -> u64) {
    let mut best = f64::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        for text in texts {
            black_box(read(black_box(text.as_bytes())));
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{name:42} {:6.1} M/s", texts.len() as f64 / best / 1e6);
}

fn main() {
    let texts = |write: &dyn Fn(u64, u64) -> String| -> Vec<String> {
        let mut state = 1_u64;
        let step = move |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33, state % 1_000_000_000)
        };
        (0..TEXTS).map(step).map(|(a, b)| write(a, b)).collect()
    };
    let date = |a: u64, sign: char| format!("20{:02}{sign}{:02}{sign}{:02}", a % 60, a / 60 % 12 + 1, a / 720 % 28 + 1);
    let clock = |a: u64| format!("{:02}:{:02}:{:02}", a / 20_160 % 24, a / 483_840 % 60, a % 60);
    let berlin = Zone::parse("Europe/Berlin").expect("a zone of the database");
    let iso = |zone: Zone| move |text: &[u8]| parse_in(text, zone).expect("a time");
    measure("RFC 3339, milliseconds, Z", &texts(&|a, b| format!("{}T{}.{:03}Z", date(a, '-'), clock(a), b % 1000)), iso(Zone::UTC));
    measure("RFC 3339, seconds, Z", &texts(&|a, _| format!("{}T{}Z", date(a, '-'), clock(a))), iso(Zone::UTC));
    measure("RFC 3339, microseconds, Z", &texts(&|a, b| format!("{}T{}.{:06}Z", date(a, '-'), clock(a), b % 1_000_000)), iso(Zone::UTC));
    measure("RFC 3339, nanoseconds, Z", &texts(&|a, b| format!("{}T{}.{b:09}Z", date(a, '-'), clock(a))), iso(Zone::UTC));
    measure(
        "RFC 3339, microseconds, offset",
        &texts(&|a, b| format!("{}T{}.{:06}+0{}:30", date(a, '-'), clock(a), b % 1_000_000, b % 10)),
        iso(Zone::UTC),
    );
    measure("a blank, a comma, no zone", &texts(&|a, b| format!("{} {},{:03}", date(a, '-'), clock(a), b % 1000)), iso(Zone::UTC));
    measure("the same in Europe/Berlin", &texts(&|a, b| format!("{} {},{:03}", date(a, '-'), clock(a), b % 1000)), iso(berlin));
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    for (pattern, texts) in [
        (
            "%d/%b/%Y:%H:%M:%S %z",
            texts(&|a, _| format!("{:02}/{}/20{:02}:{} +0200", a % 28 + 1, months[(a / 28 % 12) as usize], a % 60, clock(a))),
        ),
        ("yyyy-MM-dd HH:mm:ss,SSS", texts(&|a, b| format!("{} {},{:03}", date(a, '-'), clock(a), b % 1000))),
        ("%b %e %H:%M:%S", texts(&|a, _| format!("{} {:2} {}", months[(a / 28 % 12) as usize], a % 28 + 1, clock(a)))),
        ("epoch", texts(&|a, b| format!("{}.{:03}", a % 1_000_000_000 + 1_000_000_000, b % 1000))),
    ] {
        let compiled = TimePattern::compile_any(pattern).expect("a pattern");
        let context = Context { zone: Zone::UTC, arrival_unix_nano: 1_795_257_659_000_000_000 };
        measure(pattern, &texts, |text| compiled.parse(text, &context).expect("a time").expect("a moment"));
    }
}
