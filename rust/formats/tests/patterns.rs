//! Patterns of the user's own: what is said of one that is wrong, of a line that it does not match, and of one that takes too long.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use bytes::Bytes;
use logloom_formats::{OptionValue, Options, compile};
use logloom_record::{Batch, BatchWriter, BlockPool, Limits, Origin, RejectKind};
use proptest::prelude::*;

#[path = "fixtures/well_formed.rs"]
mod well_formed;

fn options(pairs: &[(&str, &str)]) -> Options {
    Options(pairs.iter().map(|(name, value)| ((*name).to_owned(), OptionValue::Str((*value).to_owned()))).collect())
}

fn error(format: &str, pairs: &[(&str, &str)]) -> String {
    compile(format, &options(pairs)).err().map_or_else(|| "no error".into(), |error| error.to_string())
}

fn read(format: &str, pairs: &[(&str, &str)], input: &str) -> Batch {
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
    let mut decoder = compile(format, &options(pairs)).unwrap_or_else(|error| panic!("{pairs:?}: {error}")).open(1 << 20);
    decoder.feed(&Bytes::copy_from_slice(input.as_bytes()), &mut out);
    decoder.flush(&mut out);
    out.finish()
}

/// The first reject: its kind, reason and place.
fn reject(format: &str, pattern: &str, line: &str) -> (RejectKind, &'static str, usize) {
    let batch = read(format, &[("pattern", pattern)], line);
    let reject = batch.rejects().first().unwrap_or_else(|| panic!("{pattern} reads {line}"));
    (reject.reason.kind, reject.reason.what, reject.reason.at as usize)
}

#[test]
fn what_is_wrong_with_a_pattern_is_said_and_where() {
    for (format, pattern, expected) in [
        ("regex", "^(?<a>x) (?<b:integr>y)$", "pattern: there is no type 'integr', types are int, double, bool, list, string (at byte 9)"),
        ("regex", "(?<a>x", "pattern: "),
        ("regex", "a (?<>x)", "pattern: the group's name is empty (at byte 2)"),
        ("regex", "\\k<b>(?<b>x)", "pattern: there is no group 'b' before this (at byte 0)"),
        ("regex", " ", "pattern: the format needs a pattern: give the option 'pattern', one pattern a line"),
        ("grok", "%{IPP:client}", "pattern: there is no pattern 'IPP', did you mean 'IP"),
        ("grok", "x %{IP", "pattern: the '%{' is not closed (at byte 2)"),
        ("dissect", "x", "pattern: there is no field: write '%{name}' (at byte 0)"),
        ("dissect", "%{a}%{b}", "pattern: nothing stands between this field and the next, so that nothing tells where it ends (at byte 0)"),
        ("dissect", "%{a} %{a}", "pattern: 'a' stands twice: write '%{+a}' to append (at byte 5)"),
        ("dissect", "%{a|in}", "pattern: there is no type 'in', did you mean 'int'? (at byte 0)"),
        ("dissect", "%{a", "pattern: the '%{' is not closed (at byte 0)"),
    ] {
        let said = error(format, &[("pattern", pattern)]);
        assert!(said.starts_with(expected), "{format} {pattern}: {said}");
    }
    assert_eq!(error("regex", &[]), "pattern: the format needs a pattern: give the option 'pattern', one pattern a line");
    let itself = OptionValue::Map(vec![("A".into(), "x%{B}".into()), ("B".into(), "%{A}".into())]);
    let mut recursive = options(&[("pattern", "%{A:a}")]);
    recursive.0.insert("pattern_definitions".into(), itself);
    assert!(compile("grok", &recursive).err().unwrap().message.contains("hold each other"));
    let keys = OptionValue::Map(vec![("leve".into(), "severity".into())]);
    let mut unknown = options(&[("pattern", "(?<level>x)")]);
    unknown.0.insert("keys".into(), keys);
    assert_eq!(compile("regex", &unknown).err().unwrap().to_string(), "keys: 'leve': the pattern has no such name, did you mean 'level'?");
    assert!(error("regex", &[("pattern", "(?<time>x)"), ("time_format", "%A")]).contains("names no moment"));
}

#[test]
fn a_reject_says_where_the_line_stops_matching() {
    for (format, pattern, line, what, at) in [
        ("grok", "%{IP:client} %{WORD:method} %{NUMBER:bytes}", "10.0.0.1 GET many", "expected '%{NUMBER:bytes}'", 13),
        ("grok", "%{COMMONAPACHELOG}", "10.0.0.1 - - [x] \"GET / HTTP/1.1\" 200 1", "expected '%{HTTPDATE:time}'", 14),
        ("regex", r"^(?<a>\d+) \[(?<b>\w+)\] (?<c>\d+)$", "12 [x] y", "expected '(?<c>\\d+)'", 7),
        ("regex", r"^a+b(?<x>c|d)", "aab?", "expected '(?<x>c|d)'", 3),
        ("dissect", "<%{a}> %{b} - %{c}", "<1> x", "expected ' - ' behind '%{b}'", 4),
        ("dissect", "<%{a}> %{b}", "1> x", "expected '<' at the beginning", 0),
    ] {
        assert_eq!(reject(format, pattern, line), (RejectKind::Syntax, what, at), "{pattern} {line}");
    }
}

#[test]
fn a_sample_that_does_not_match_is_refused_with_the_place() {
    for (format, pattern, expected) in [
        (
            "grok",
            "%{WORD:method} %{NUMBER:bytes}",
            "sample: it matches up to byte 4, 'GET '; then '%{NUMBER:bytes}' (byte 15 of the pattern) was expected, and 'many' stands there",
        ),
        (
            "dissect",
            "%{a} -> %{b}",
            "sample: it matches up to byte 0, where 'GET many' stands: expected ' -> ' behind '%{a}' (byte 0 of the pattern)",
        ),
        ("grok", "%{WORD:method} %{WORD:what}", "no error"),
        ("regex", "^(?<a>P)(?<b>.*)\n^GET (?<c>.*)", "no error"),
    ] {
        assert_eq!(error(format, &[("pattern", pattern), ("sample", "GET many")]), expected);
    }
}

#[test]
fn a_pattern_that_takes_too_many_steps_is_a_reject() {
    let line = format!("{}!", "a".repeat(200));
    let (kind, what, _) = reject("regex", r"^(?<x>(a|a)*)(?<!b)$", &line);
    assert_eq!(kind, RejectKind::Limit, "{what}");
    // What the linear engine can do has no such end.
    assert_eq!(reject("regex", r"^(?<x>(a|a)*)$", &line).0, RejectKind::Syntax);
}

#[test]
fn names_of_any_kind_and_the_order_of_patterns() {
    let batch =
        read("regex", &[("pattern", "^(?P<[a][b.c]:int>\\d+)$\n^(?'a-b'x)(?#comment)|(?<a-b>y)$\n^(?<rest>.*)$")], "12\ny\nx\nzzz\n");
    let ndjson = String::from_utf8(batch.to_ndjson()).unwrap();
    assert_eq!(reject("dissect", "%{a#2}-%{b}", "xé-y"), (RejectKind::Syntax, "expected '-' behind '%{a#2}'", 0));
    for part in [r#"{"a.b.c":12}"#, r#"{"a-b":"y"}"#, r#"{"a-b":"x"}"#, r#"{"rest":"zzz"}"#] {
        assert!(ndjson.contains(part), "{part} in {ndjson}");
    }
}

#[test]
fn patterns_of_a_folder() {
    let folder = std::env::temp_dir().join(format!("logloom-patterns-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("shop"), "# a comment\nORDER [A-Z]{2}\\d+\n\nLINE order %{ORDER:shop.order}\n").unwrap();
    let batch = read("grok", &[("pattern", "^%{LINE}$"), ("patterns_dir", folder.to_str().unwrap())], "order DE12\n");
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(String::from_utf8(batch.to_ndjson()).unwrap().contains(r#"{"shop.order":"DE12"}"#));
    assert!(error("grok", &[("pattern", "%{IP}"), ("patterns_dir", "/no/such/folder")]).starts_with("patterns_dir: /no/such/folder: "));
}

/// Every pattern of the library compiles, under both names of its fields.
#[test]
fn the_whole_library_compiles() {
    for (name, _) in grok::patterns() {
        for names in ["otel", "as_written"] {
            let said = error("grok", &[("pattern", &format!("%{{{name}}}")), ("field_names", names)]);
            assert_eq!(said, "no error", "{name}");
        }
    }
}

/// HAProxy's own formats, as its documentation writes them out: what they compile to reads what the built-in ones read.
const HAPROXY: [&str; 4] = [
    "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r",
    "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r \
     %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc",
    "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq",
    "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq \
     %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc",
];

#[test]
fn a_program_s_own_format_written_out_is_the_built_in_one() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/formats");
    let seen = |name: &str, options: &[(&str, &str)], line: &str| {
        let batch = read(name, options, line);
        batch.rejects().is_empty().then(|| String::from_utf8(batch.to_ndjson()).unwrap())
    };
    let log = std::fs::read_to_string(folder.join("haproxy/all.log")).unwrap();
    let mut count = [0; 4];
    for line in log.lines() {
        // A line of the longer formats is one of the shorter with a request that was cut.
        let found =
            HAPROXY.iter().enumerate().rev().find_map(|(i, format)| Some((i, seen("haproxy", &[("format_string", format)], line)?)));
        if let Some((i, record)) = found {
            assert_eq!(Some(record), seen("haproxy", &[], line), "{line}");
            count[i] += 1;
        }
    }
    assert_eq!(count, [4, 1, 1, 0]);
    let squid = "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt";
    for line in std::fs::read_to_string(folder.join("squid/all.log")).unwrap().lines() {
        let record = seen("squid", &[("format_string", squid)], line);
        assert!(record.is_some() && record == seen("squid", &[], line), "{line}: {record:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_pattern_is_refused_or_reads_any_line(
        format in prop::sample::select(vec!["regex", "grok", "dissect"]),
        pattern in r"([a-c .\-]|\\[dwskZ.\[]|\(\?<[a-b]{1,2}(:int|__bool)?>|\(\?[=!:>]|\(|\)|\[\^?[a-c\]\[-]|\]|[*+?|{}1,]|%\{[+?*&]?[a-b]?(->|/1|#2|\|int)?\}|%\{(IP|WORD|DATA)(:[ab])?\}){0,12}",
        line in r"([a-c0-9 .\-\[\]]|é){0,40}",
    ) {
        let options = options(&[("pattern", &pattern)]);
        if let Ok(format) = compile(format, &options) {
            let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
            let mut decoder = format.open(1 << 20);
            decoder.feed(&Bytes::from(line.clone()), &mut out);
            decoder.flush(&mut out);
            let batch = out.finish();
            well_formed::check(line.as_bytes(), false, &batch).map_err(TestCaseError::fail)?;
        }
    }
}
