//! What processors cost, and how fast texts are searched, on one core, with one text in a hundred that has something: `cargo run --release --example
//! speed`.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss)]

use std::time::Duration;

use logloom_processors::{
    Attributes, Dedup, Filter, GroupBy, Outcome, Processor, RateLimit, ResourceAttributes, Sample,
    attributes::{Action, Source},
    dedup, rate_limit,
    redaction::{Action as Masking, Redaction, Rule, Settings},
    sample,
};
use logloom_record::{
    Batch, Condition, Limits, Lookup,
    overlay::push_text,
    proto::{push_field, push_string_attribute},
};

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
    rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).try_into().unwrap()
}

/// Records of an access log: a time, a severity, a body, a trace id, twelve attributes.
fn records(count: u64) -> Batch {
    let mut scope_logs = Vec::new();
    for n in 0..count {
        let mut record = vec![0x09];
        record.extend_from_slice(&(n + 1).to_le_bytes());
        record.extend_from_slice(&[0x10, [5, 9, 9, 13, 17][n as usize % 5]]);
        let mut body = Vec::new();
        push_field(&mut body, 0x0a, format!("GET /cart/{n} HTTP/1.1 200 {} ms by the upstream", n % 700).as_bytes());
        push_field(&mut record, 0x2a, &body);
        for attribute in 0..12 {
            let (key, value) = (format!("http.attribute.{attribute:02}"), format!("value of it {}", (n + attribute) % 50));
            push_string_attribute(&mut record, 0x32, key.as_bytes(), value.as_bytes());
        }
        push_field(&mut record, 0x4a, &u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_be_bytes());
        push_field(&mut scope_logs, 0x12, &record);
    }
    let (mut logs, mut out) = (Vec::new(), Vec::new());
    push_field(&mut logs, 0x12, &scope_logs);
    push_field(&mut out, 0x0a, &logs);
    Batch::from_otlp(out.into(), &Limits::DEFAULT).unwrap()
}

/// How long a round is timed at least, in seconds: the kernel tells a thread's CPU time every few milliseconds.
const ROUND_SECONDS: f64 = 0.1;

/// The least seconds that it takes.
fn least(mut run: impl FnMut()) -> f64 {
    let mut round = |times: u32| {
        let start = cpu();
        (0..times).for_each(|_| run());
        cpu().saturating_sub(start).as_secs_f64()
    };
    let mut times = 1;
    while round(times) < ROUND_SECONDS {
        times *= 2;
    }
    (0..8).map(|_| round(times)).fold(f64::MAX, f64::min) / f64::from(times)
}

/// The least nanoseconds a record that it takes.
fn nanos(records: &Batch, run: impl FnMut()) -> f64 {
    least(run) * 1e9 / records.len() as f64
}

/// What each processor costs a record, and what a copy of its bytes does.
fn processors(count: u64) {
    let records = records(count);
    let condition = |text: &str| Condition::parse(text).unwrap();
    // As `filter` has them; no record is one of these.
    for text in [
        "severity >= FATAL",
        "time_unix_nano > 77777",
        "attributes['http.attribute.00'] == 'x'",
        "attributes['http.attribute.11'] == 'x'",
        "attributes['absent'] == 'x'",
    ] {
        let filter = Filter::new(vec![condition(text)], Vec::new());
        let took = nanos(&records, || {
            std::hint::black_box(filter.apply(records.clone(), &mut Outcome::default()));
        });
        println!("condition {text}: {took:.1} ns a record");
    }
    // Into memory that is there already, as a filter has it from the pool.
    let mut warm = vec![0; records.otlp_len()];
    let mut copy_of = |len: usize| {
        let (from, to) = (records.to_otlp(), std::hint::black_box(&mut warm));
        nanos(&records, || to[..len].copy_from_slice(std::hint::black_box(&from[..len])))
    };
    let copied = copy_of(records.otlp_len());
    println!("a copy of the records: {copied:.1} ns a record, {} bytes each", records.otlp_len() / records.len());
    for text in [
        "severity >= ERROR",
        "severity < ERROR",
        "severity == 9",
        "attributes['http.attribute.03'] == 'value of it 7'",
        "attributes['http.attribute.11'] =~ '[02468]$'",
    ] {
        let filter = Filter::new(vec![condition(text)], Vec::new());
        let made = filter.apply(records.clone(), &mut Outcome::default());
        let copied = copy_of(made.otlp_len());
        let took = nanos(&records, || {
            std::hint::black_box(filter.apply(records.clone(), &mut Outcome::default()));
        });
        println!(
            "filter {text}: {} of {} stay, {took:.1} ns a record, {:.2} times a copy of what stays",
            made.len(),
            records.len(),
            took / copied
        );
    }
    let put = |key: &str| {
        let mut value = Vec::new();
        push_text(&mut value, b"production");
        Action::Put { key: key.into(), inserts: true, updates: true, source: Source::Value(value), default: None }
    };
    let sampling = |percentage| sample::Settings {
        mode: sample::Mode::HashSeed,
        percentage,
        rates: Vec::new(),
        hash_seed: 0,
        precision: 4,
        by_trace_id: true,
        from_attribute: None,
        priority: None,
        fail_closed: None,
        keep: None,
        count_attribute: Some("sampling.adjusted_count".into()),
    };
    let timezone = dedup::timezone_of("UTC").unwrap();
    let window = dedup::Settings {
        interval_nanos: u64::MAX,
        count_attribute: "log_count".into(),
        timezone,
        exclude: Vec::new(),
        include: Vec::new(),
        conditions: Vec::new(),
        keys_max: 1 << 20,
    };
    let rate = rate_limit::Settings {
        key: vec![Lookup::parse("tenant").unwrap()],
        records: Some((1e12, 1e12)),
        bytes: None,
        by_severity: true,
        keys_max: 10,
    };
    let rows: Vec<(&str, Box<dyn Processor>)> = vec![
        ("filter, none goes", Box::new(Filter::new(vec![condition("severity >= FATAL")], Vec::new()))),
        ("filter, a fifth goes", Box::new(Filter::new(vec![condition("severity >= ERROR")], Vec::new()))),
        ("attributes, one set", Box::new(Attributes::new(vec![put("environment")], None))),
        ("resource, one set", Box::new(ResourceAttributes::new(vec![put("environment")]))),
        ("sample, a tenth", Box::new(Sample::new(sampling(10.0)))),
        ("dedup, all again", Box::new(Dedup::new(window))),
        ("rate_limit, none goes", Box::new(RateLimit::new(rate))),
        ("group_by, one key", Box::new(GroupBy::new(vec!["http.attribute.03".into()]))),
    ];
    for (name, processor) in rows {
        let took = nanos(&records, || {
            std::hint::black_box(processor.apply(records.clone(), &mut Outcome::default()));
        });
        println!("{name}: {took:.1} ns a record, {:.2} times a copy", took / copied);
    }
}

/// Programs over records.
#[cfg(feature = "vrl")]
fn programs() {
    use logloom_processors::transform::{OnError, Transform};
    let batch = records(10_000);
    let three = ".attributes.\"http.attribute.03\" = upcase(string!(.attributes.\"http.attribute.03\"))\n\
                 .attributes.\"http.attribute.11\" = truncate(string!(.attributes.\"http.attribute.11\"), 4)\n\
                 .attributes.new = .severity_number + 1";
    for (name, source) in [
        ("three fields", three),
        ("one that does not hold", "if .severity_number > 20 { .body = \"\" }"),
        ("all attributes", ".attributes = compact(.attributes)"),
        ("JSON of each body", ".body, _err = parse_json(.body)"),
    ] {
        let transform = Transform::vrl(source, OnError::Pass).unwrap();
        let best = least(|| assert_eq!(transform.apply(batch.clone(), &mut Outcome::default()).len(), batch.len()));
        println!("transform, {name}: {:.0} k records/s, {} bytes each", batch.len() as f64 / best / 1e3, batch.otlp_len() / batch.len());
    }
}

fn main() {
    #[cfg(feature = "vrl")]
    programs();
    for count in [1_000, 10_000] {
        println!("{count} records at once");
        processors(count);
    }
    let texts = texts();
    let bytes: usize = texts.iter().map(String::len).sum();
    let five = [Rule::CreditCard, Rule::Email, Rule::IpAddress, Rule::Jwt, Rule::KeyValueSecret];
    for (name, rules) in [("all rules", Rule::ALL), ("the five most used", &five[..])] {
        let redaction =
            Redaction::new(Settings { rules: rules.iter().map(|rule| (*rule, Masking::Mask)).collect(), ..Settings::default() });
        let found: usize = texts.iter().map(|text| redaction.find("", text.as_bytes()).len()).sum();
        let best = least(|| assert_eq!(texts.iter().map(|text| redaction.find("", text.as_bytes()).len()).sum::<usize>(), found));
        println!("{name}: {:.0} MB/s, {found} found in {} texts", bytes as f64 / best / 1e6, texts.len());
    }
    for rule in Rule::ALL {
        let redaction = Redaction::new(Settings { rules: vec![(*rule, Masking::Mask)], ..Settings::default() });
        let mut found = 0;
        let best = least(|| found = texts.iter().map(|text| redaction.find("", text.as_bytes()).len()).sum::<usize>());
        println!("  {}: {:.0} MB/s, {found}", rule.name(), bytes as f64 / best / 1e6);
    }
}
