//! How fast texts are searched, on one core, with one text in a hundred that has something: `cargo run --release --example speed`.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss)]

use std::time::Duration;

use logloom_processors::redaction::{Action, Redaction, Rule, Settings};

/// Values as records have them: short words, paths, agents, messages, original lines.
fn texts() -> Vec<String> {
    let mut seed = 7u64;
    let mut next = |bound: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % bound
    };
    let paths = ["/api/v1/orders", "/cart/checkout", "/healthz", "/static/app.js?v=12", "/users/17/settings"];
    let words = [
        "connection",
        "to",
        "upstream",
        "reset",
        "while",
        "reading",
        "headers",
        "from",
        "the",
        "payment",
        "service",
        "retrying",
        "request",
        "in",
        "ms",
        "after",
    ];
    (0..20_000)
        .map(|n| match n % 5 {
            0 => ["GET", "POST", "HTTP/1.1", "outbound|8080||cart.shop.svc.cluster.local", "via_upstream"][next(5) as usize].to_owned(),
            1 => format!("{}?page={}&sort=name", paths[next(5) as usize], next(100)),
            2 => "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36".to_owned(),
            3 => format!(
                "[2026-11-21T10:{:02}:{:02}.{:03}Z] \"GET {} HTTP/1.1\" 200 - via_upstream - \"-\" 0 {} {} {} \"-\" \"curl/8.5.0\" \"{:08x}-{:04x}-4a1b-9c2d-{:012x}\" \"cart.shop\" outbound|8080||cart",
                next(60), next(60), next(1000), paths[next(5) as usize], next(10_000), next(100), next(100), next(1 << 32), next(1 << 16), next(1 << 31)
            ),
            _ => {
                let text: Vec<_> = (0..12).map(|_| words[next(16) as usize]).collect();
                let tail = if next(20) == 0 { " for bob.smith@example.com" } else { "" };
                format!("{} {}{tail}", text.join(" "), next(5000))
            }
        })
        .collect()
}

/// CPU time of this thread: other programs do not count.
fn cpu() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(told.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default())
}

fn main() {
    let texts = texts();
    let bytes: usize = texts.iter().map(String::len).sum();
    let five = [Rule::CreditCard, Rule::Email, Rule::IpAddress, Rule::Jwt, Rule::KeyValueSecret];
    for (name, rules) in [("all rules", Rule::ALL), ("the five most used", &five[..])] {
        let redaction = Redaction::new(Settings { rules: rules.iter().map(|rule| (*rule, Action::Mask)).collect(), ..Settings::default() });
        let found: usize = texts.iter().map(|text| redaction.find("", text.as_bytes()).len()).sum();
        let best = (0..20)
            .map(|_| {
                let start = cpu();
                let again: usize = texts.iter().map(|text| redaction.find("", text.as_bytes()).len()).sum();
                assert_eq!(again, found);
                cpu().saturating_sub(start).as_secs_f64()
            })
            .fold(f64::MAX, f64::min);
        println!("{name}: {:.0} MB/s, {found} found in {} texts", bytes as f64 / best / 1e6, texts.len());
    }
    for rule in Rule::ALL {
        let redaction = Redaction::new(Settings { rules: vec![(*rule, Action::Mask)], ..Settings::default() });
        let start = cpu();
        let found: usize = texts.iter().map(|text| redaction.find("", text.as_bytes()).len()).sum();
        println!("  {}: {:.0} MB/s, {found}", rule.name(), bytes as f64 / cpu().saturating_sub(start).as_secs_f64() / 1e6);
    }
}
