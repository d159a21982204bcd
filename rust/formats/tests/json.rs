//! The formats `json`, `logfmt` and `envoy_json` against other people's lines, and against lines made from random values.
//! The lines of tests/formats/json/python.log and node.log were printed by structlog, loguru, python-json-logger, ecs-logging, pino, bunyan and
//! winston themselves, those of go.log (here, and in golang, hclog, klog and logfmt) by zap, zerolog, logrus, slog, hclog and klog; paths and host names
//! were replaced, stack traces cut.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // clippy knows only #[test] functions as tests

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path, sync::Arc};

use bytes::Bytes;
use logloom_formats::{Options, compile, time};
use logloom_record::{AnyValue, Batch, BatchWriter, BlockPool, Limits, Origin, Record};
use proptest::{collection, prelude::*};
use serde_json::{Map, Value, json};

fn parse(format: &str, text: &[u8]) -> Batch {
    let format = compile(format, &Options::default()).unwrap();
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
    let mut decoder = format.open(1 << 20);
    decoder.feed(&Bytes::copy_from_slice(text), &mut out);
    decoder.flush(&mut out);
    out.finish()
}

fn plain(value: &AnyValue<'_>) -> Value {
    match value {
        AnyValue::Null => Value::Null,
        AnyValue::Str(bytes) => String::from_utf8(bytes.to_vec()).unwrap().into(),
        AnyValue::Bool(value) => (*value).into(),
        AnyValue::Int(value) => (*value).into(),
        AnyValue::Double(value) => (*value).into(),
        AnyValue::Bytes(bytes) => json!({ "$bytes": bytes }),
        AnyValue::Array(items) => items.clone().map(|item| plain(&item)).collect(),
        AnyValue::Map(pairs) => Value::Object(object(pairs.clone())),
    }
}

fn object<'a>(pairs: impl Iterator<Item = (&'a [u8], AnyValue<'a>)>) -> Map<String, Value> {
    let mut map = Map::new();
    for (key, value) in pairs {
        let earlier = map.insert(String::from_utf8(key.to_vec()).unwrap(), plain(&value));
        assert_eq!(earlier, None, "{} stands twice", String::from_utf8_lossy(key));
    }
    map
}

fn corpus(path: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora").join(path);
    let bytes = fs::read(&path).ok();
    if bytes.is_none() {
        println!("NOT RUN: {} is not here", path.display());
    }
    bytes
}

/// Whether what a line says under a key is still there: as the attribute, under another name, or in a field of the record.
fn is_kept(record: &Record<'_>, attributes: &Map<String, Value>, key: &str, value: &Value) -> bool {
    let text = |bytes: &[u8]| Value::from(String::from_utf8(bytes.to_vec()).unwrap());
    let digits = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let time = time::parse(digits.as_bytes()).or_else(|_| time::epoch::parse(digits.as_bytes()));
    attributes.get(key).is_some_and(|found| same(found, value))
        || record.body().is_some_and(|body| same(&plain(&body), value))
        || text(record.severity_text) == digits
        || text(record.event_name) == *value
        || time.is_ok_and(|time| record.time_unix_nano == time)
        || attributes.iter().any(|(name, found)| name != "log.record.original" && same(found, value))
        || attributes.get("code.file.path").zip(attributes.get("code.line.number")).is_some_and(|(file, line)| {
            format!("{}:{line}", file.as_str().unwrap()) == digits
        })
        // A header is a list; a path has its query beside it.
        || attributes.values().any(|found| found.as_array().is_some_and(|list| list.len() == 1 && same(&list[0], value)))
        // What has one value and comes as a list of it is that value.
        || value.as_array().is_some_and(|list| list.len() == 1 && attributes.values().any(|found| same(found, &list[0])))
        || attributes.get("url.path").zip(attributes.get("url.query")).is_some_and(|(path, query)| {
            format!("{}?{}", path.as_str().unwrap(), query.as_str().unwrap_or_default()) == digits
        })
        // An object whose entries stand under their paths.
        || value.as_object().is_some_and(|map| {
            map.iter().all(|(inner, value)| is_kept(record, attributes, &format!("{key}.{inner}"), value))
        })
}

/// Equal by value: what neither 64 bits nor a double hold is a string here.
fn same(found: &Value, value: &Value) -> bool {
    match (found, value) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| a.to_bits() == b.to_bits()),
        (Value::String(a), Value::Number(_) | Value::Bool(_)) => serde_json::from_str::<Value>(a).is_ok_and(|a| a == *value),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && b.iter().all(|(key, b)| a.get(key).is_some_and(|a| same(a, b))),
        (a, b) => a == b,
    }
}

fn check(format: &str, line: &str, expected: &Map<String, Value>) {
    let batch = parse(format, line.as_bytes());
    assert!(batch.len() == 1 && batch.rejects().is_empty(), "{line}: {:?}", batch.rejects());
    let record = batch.record(0).unwrap();
    let attributes = object(record.attributes());
    for (key, value) in expected {
        assert!(is_kept(&record, &attributes, key, value), "{key} of {line} is lost: {attributes:?}");
    }
    let original = attributes.get("log.record.original").cloned().or_else(|| record.body().map(|body| plain(&body)));
    assert_eq!(original, Some(line.into()));
}

#[test]
fn what_logging_libraries_print() {
    for file in ["zerolog", "slog"] {
        let Some(cases) = corpus(&format!("logger-libraries/{file}.cases.json")) else { continue };
        let cases: Vec<Value> = serde_json::from_slice(&cases).unwrap();
        for case in &cases {
            let format = case["format"].as_str().unwrap();
            let mut expected = case["expected"].as_object().unwrap().clone();
            if format == "cloudtrail" {
                // Its frames are objects, wherever lines end.
            } else if format == "logfmt" {
                // The oracle has all values as text; ours are typed.
                for value in expected.values_mut() {
                    *value = value.as_str().and_then(|text| text.parse::<i64>().ok()).map_or(value.clone(), Value::from);
                }
            }
            check(format, case["input"].as_str().unwrap(), &expected);
        }
        println!("{}: {} cases", file, cases.len());
    }
}

#[test]
fn bunyan_logs_with_bogus_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/bunyan/test/corpus");
    let Ok(files) = fs::read_dir(&folder) else { return println!("NOT RUN: {} is not here", folder.display()) };
    let (mut good, mut bad) = (0, 0);
    for file in files {
        for line in String::from_utf8(fs::read(file.unwrap().path()).unwrap()).unwrap().lines().filter(|line| !line.is_empty()) {
            let batch = parse("json", line.as_bytes());
            let record = batch.record(0).unwrap();
            let Ok(Value::Object(map)) = serde_json::from_str::<Value>(line) else {
                assert_eq!((batch.rejects().len(), record.body().unwrap().as_str()), (1, Some(line.as_bytes())));
                bad += 1;
                continue;
            };
            check("json", line, &map);
            if let (Some(level), Some("myservice")) = (map.get("level").and_then(Value::as_i64), map.get("name").and_then(Value::as_str)) {
                assert_eq!(i64::from(record.severity_number), [1, 5, 9, 13, 17, 21][level as usize / 10 - 1], "{line}");
                assert_eq!(record.body().unwrap().as_str(), map["msg"].as_str().map(str::as_bytes));
            }
            good += 1;
        }
    }
    println!("{good} records, {bad} Rejects");
    assert!(good > 20 && bad > 0);
}

#[test]
fn applications_of_others() {
    for path in
        ["elastic-beats-oss/filebeat/module/kibana/log/test/test.log", "elastic-beats-oss/filebeat/module/kibana/log/test/log.624.log"]
    {
        let Some(text) = corpus(path) else { continue };
        for line in std::str::from_utf8(&text).unwrap().lines() {
            check("json", line, &serde_json::from_str(line).unwrap());
        }
    }
    let Some(text) = corpus("crowdsec-hub/authelia-logs/authelia-logs.log") else { return };
    for line in std::str::from_utf8(&text).unwrap().lines() {
        let format = if line.starts_with('{') { "json" } else { "logfmt" };
        let batch = parse(format, line.as_bytes());
        let record = batch.record(0).unwrap();
        assert!(!record.is_reject() && record.time_unix_nano != 0 && record.severity_number != 0, "{line}");
    }
}

#[test]
fn times_by_victorialogs() {
    let Some(cases) = corpus("victorialogs/jsonline.shared.cases.json") else { return };
    let cases: Vec<Value> = serde_json::from_slice(&cases).unwrap();
    let mut compared = 0;
    for case in cases.iter().filter(|case| case["timeField"] == "@timestamp") {
        let batch = parse("json", case["data"].as_str().unwrap().as_bytes());
        let times: Vec<_> = batch.records().map(|record| Value::from(record.time_unix_nano)).collect();
        assert_eq!(Value::Array(times), case["timestampsExpected"]);
        compared += batch.len();
    }
    assert!(compared > 3);
}

#[test]
fn a_gateways_logs_by_crowdsec() {
    let Some(text) = corpus("crowdsec-hub/envoy-logs/envoy.log") else { return };
    let mut compared = 0;
    for line in std::str::from_utf8(&text).unwrap().lines().filter_map(|line| Some(&line[line.find(" F {")? + 3..])) {
        let expected: Map<String, Value> = serde_json::from_str(line).unwrap();
        let batch = parse("envoy_json", line.as_bytes());
        assert!(batch.rejects().is_empty(), "{line}: {:?}", batch.rejects());
        let record = batch.record(0).unwrap();
        let attributes = object(record.attributes());
        let of = |name: &str| attributes.get(name).cloned().unwrap_or_default();
        let start = expected["start_time"].as_str().unwrap();
        assert_eq!(record.time_unix_nano, time::parse(start.as_bytes()).unwrap());
        for (key, name) in [
            ("method", "http.request.method"),
            ("response_code", "http.response.status_code"),
            ("bytes_sent", "http.response.body.size"),
            ("user-agent", "user_agent.original"),
            ("duration", "envoy.duration_ms"),
            ("upstream_host", "envoy.upstream.host"),
        ] {
            let value = expected.get(key).filter(|value| **value != json!("-")).cloned().unwrap_or_default();
            assert_eq!(of(name), value, "{key} of {line}");
        }
        compared += 1;
    }
    assert!(compared > 3);
}

/// The formats that are a table of keys.
const TABLES: &[&str] = &[
    "authelia",
    "azure",
    "caddy",
    "cloudflare",
    "cloudtrail",
    "elasticsearch_json",
    "gcp",
    "gelf",
    "hubble",
    "k8s_audit",
    "k8s_events",
    "kibana",
    "kong_json",
    "linkerd_json",
    "lograge",
    "mongodb_json",
    "nextcloud",
    "nginx_json",
    "postgresql_json",
    "suricata",
    "traefik_json",
    "vault",
];

/// Keys that say something, and others.
fn key() -> impl Strategy<Value = String> {
    let known =
        ["time", "ts", "level", "severity", "msg", "message", "logger", "thread", "thread.name", "trace_id", "span_id", "pid", "caller"];
    let more =
        ["error", "exception.message", "log.record.original", "@mt", "event", "service", "file", "line", "method", "response_code", "path"];
    prop_oneof![
        3 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned),
        2 => proptest::sample::select(more.to_vec()).prop_map(str::to_owned),
        4 => "[a-z]{1,3}|[a-zA-Z_.é]{1,30}",
    ]
}

fn leaf() -> impl Strategy<Value = Value> {
    let text =
        ["info", "ERROR", "main.go:12", "2026-02-03T04:05:06.789Z", "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "GET", "-", ""];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0..2_000_000_000_i64).prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        proptest::sample::select(text.to_vec()).prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            collection::btree_map("[a-z]{1,4}", inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// What stands at the ends of all paths through a value.
fn leaves(path: &str, value: &Value) -> Vec<(String, Value)> {
    match value.as_object() {
        Some(map) if !map.is_empty() => map.iter().flat_map(|(key, value)| leaves(&format!("{path}.{key}"), value)).collect(),
        _ => vec![(path.to_owned(), value.clone())],
    }
}

/// A file of a trail holds its events in a list, which may be far longer than a frame.
#[test]
fn a_trails_file_is_its_events() {
    let event = |n: usize| {
        format!(r#"{{"eventVersion":"1.11","eventTime":"2026-11-21T10:43:{:02}Z","eventName":"E{n}","pad":"{}"}}"#, n % 60, "x".repeat(900))
    };
    let events: Vec<_> = (0..3000).map(event).collect();
    let file = format!("{{ \"Records\" : [{}] }}\n", events.join(",\n"));
    for text in [file.clone(), file.replace('\n', "")] {
        let batch = parse("cloudtrail", text.as_bytes());
        assert!(text.len() > 2 << 20 && batch.rejects().is_empty());
        let names: Vec<_> = batch.records().map(|record| object(record.attributes())["aws.cloudtrail.eventName"].clone()).collect();
        assert_eq!(names, (0..3000).map(|n| Value::from(format!("E{n}"))).collect::<Vec<_>>());
        assert_eq!(batch.record(7).unwrap().body().unwrap().as_str(), Some(events[7].as_bytes()));
    }
    // One file after the other; and what is no list is an event.
    let two = format!("{{\"Records\":[{}]}}{{\"Records\":[]}}\n{}\n", events[..3].join(","), events[3]);
    assert_eq!((parse("cloudtrail", two.as_bytes()).len(), parse("cloudtrail", two.as_bytes()).rejects().len()), (4, 0));
}

/// At most one record a line, each attribute once, strings that are UTF-8.
fn well_formed(format: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
    let batch = parse(format, bytes);
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !matches!(line, [] | [b'\r'])).count();
    if format == "cloudtrail" {
        // Its frames are objects, wherever lines end.
    } else if format == "logfmt" {
        prop_assert_eq!(batch.len(), lines, "{}", format);
    } else {
        // An object may stand on several lines, and brackets around some are none.
        prop_assert!(batch.len() <= lines, "{}", format);
    }
    for record in batch.records() {
        let names: Vec<_> = record
            .attributes()
            .map(|(name, value)| {
                plain(&value);
                std::str::from_utf8(name).unwrap()
            })
            .collect();
        prop_assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{}: {:?}", format, names);
    }
    Ok(())
}

proptest! {
    #[test]
    fn nothing_that_a_json_line_says_is_lost(map in collection::btree_map(key(), value(), 0..30)) {
        let map: Map<String, Value> = map.into_iter().collect();
        let line = Value::Object(map.clone()).to_string();
        let batch = parse("json", line.as_bytes());
        prop_assert!(batch.len() == 1 && batch.rejects().is_empty(), "{}", line);
        let record = batch.record(0).unwrap();
        let attributes = object(record.attributes());
        // What the record says in a form of its own, or could not say twice.
        let elsewhere = ["trace_id", "span_id", "log.record.original"];
        for (key, value) in map.iter().filter(|(key, _)| !elsewhere.contains(&key.as_str())) {
            prop_assert!(is_kept(&record, &attributes, key, value) || record.dropped_attributes_count > 0, "{} of {}", key, line);
        }
        well_formed("envoy_json", line.as_bytes())?;
    }

    /// Every key of a line is an attribute, under its own name behind the format's, unless the table knows more of it.
    #[test]
    fn what_a_table_does_not_know_is_kept(map in collection::btree_map("[b-y]{2}_[0-9]{1,3}", value(), 1..20), table in proptest::sample::select(TABLES.to_vec())) {
        let line = Value::Object(map.into_iter().collect()).to_string();
        let batch = parse(table, line.as_bytes());
        prop_assert!(batch.len() == 1 && batch.rejects().is_empty(), "{}: {}", table, line);
        let record = batch.record(0).unwrap();
        let attributes = object(record.attributes());
        let map: Map<String, Value> = serde_json::from_str(&line).unwrap();
        for (key, value) in &map {
            let leaves = leaves(key, value);
            for (path, leaf) in leaves {
                let found = attributes.iter().any(|(name, found)| name.ends_with(&path) && same(found, &leaf))
                    || attributes.iter().any(|(name, found)| name.ends_with(key.as_str()) && same(found, value));
                prop_assert!(found || leaf.as_object().is_some_and(Map::is_empty), "{} of {} in {}: {:?}", path, line, table, attributes);
            }
        }
    }

    #[test]
    fn nothing_that_a_logfmt_line_says_is_lost(map in collection::btree_map("[a-z]{1,9}", leaf(), 1..20)) {
        let map: Map<String, Value> = map.into_iter().filter(|(_, value)| !value.is_null()).collect();
        prop_assume!(!map.is_empty());
        let mut line = String::new();
        for (key, value) in &map {
            // JSON's escapes are logfmt's; a line ends at a line feed, which they escape.
            write!(line, "{key}={value} ").unwrap();
        }
        let batch = parse("logfmt", line.as_bytes());
        prop_assert!(batch.len() == 1 && batch.rejects().is_empty(), "{}", line);
        let record = batch.record(0).unwrap();
        let attributes = object(record.attributes());
        for (key, value) in &map {
            prop_assert!(is_kept(&record, &attributes, key, value), "{} of {}", key, line);
        }
    }

    #[test]
    fn any_bytes_are_records_or_rejects(bytes: Vec<u8>, cut in any::<proptest::sample::Index>(), map in collection::btree_map(key(), value(), 0..9)) {
        let mut line = Value::Object(map.into_iter().collect()).to_string().into_bytes();
        let cut = cut.index(line.len() + 1);
        line.splice(cut..cut, bytes.iter().copied().take(4));
        for format in ["json", "logfmt", "envoy_json"].iter().chain(TABLES) {
            well_formed(format, &bytes)?;
            well_formed(format, &line)?;
        }
    }
}

/// A line that came in colours has its original from what cut it; a key of that name in the line is another thing.
#[test]
fn the_original_stands_once() {
    let line = b"\x1b[31m{\"log.record.original\":1,\"msg\":\"a\"}\x1b[0m\n";
    let batch = parse("json", line);
    let record = batch.record(0).unwrap();
    let originals: Vec<_> =
        record.attributes().filter(|(name, _)| *name == b"log.record.original").map(|(_, value)| plain(&value)).collect();
    assert_eq!(originals.len(), 1, "{originals:?}");
}
