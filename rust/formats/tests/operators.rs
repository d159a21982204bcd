//! Chains of the Collector's operators: whatever the bytes and however they are cut, no line is lost, no text is split, what waits is bounded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::sync::Arc;

use bytes::Bytes;
use logloom_formats::{Decoder, OptionError, OptionValue, Options, Reading, compile};
use logloom_record::{AnyValue, Batch, BatchWriter, BlockPool, Frames, Limits, Origin};
use proptest::prelude::*;

/// Operators of every type, some of which fail on nearly everything.
const OPERATORS: [&str; 34] = [
    r#"{"type":"json_parser"}"#,
    r#"{"type":"json_parser","parse_to":"body","on_error":"send_quiet"}"#,
    r#"{"type":"json_array_parser","parse_to":"attributes.list"}"#,
    r#"{"type":"regex_parser","regex":"^(?P<a>\\S+) (?P<b>.*)$","timestamp":{"parse_from":"attributes.a","layout":"%Y-%m-%d"}}"#,
    r#"{"type":"regex_parser","regex":"(?P<x>.)(?P<y>.?)","parse_to":"resource","severity":{"parse_from":"resource.x","mapping":{"warn":["a",{"min":1,"max":5}]}}}"#,
    r#"{"type":"key_value_parser"}"#,
    r#"{"type":"key_value_parser","delimiter":":","pair_delimiter":"é","parse_to":"attributes.kv"}"#,
    r#"{"type":"csv_parser","header":"a,b"}"#,
    r#"{"type":"csv_parser","header":"a|b","delimiter":"|","lazy_quotes":true}"#,
    r#"{"type":"syslog_parser","protocol":"rfc3164"}"#,
    r#"{"type":"syslog_parser","protocol":"rfc5424","enable_octet_counting":true}"#,
    r#"{"type":"uri_parser","parse_to":"attributes.uri"}"#,
    r#"{"type":"container"}"#,
    r#"{"type":"time_parser","parse_from":"attributes.a","layout_type":"epoch","layout":"s.ms"}"#,
    r#"{"type":"time_parser","parse_from":"body","layout_type":"gotime","layout":"Jan _2 15:04:05"}"#,
    r#"{"type":"severity_parser","parse_from":"attributes.a","overwrite_text":true}"#,
    r#"{"type":"trace_parser","trace_id":{"parse_from":"attributes.a"},"span_id":{"parse_from":"body"}}"#,
    r#"{"type":"scope_name_parser","parse_from":"attributes.b"}"#,
    r#"{"type":"move","from":"attributes.a","to":"resource[\"a.b\"]"}"#,
    r#"{"type":"move","from":"body","to":"body.text"}"#,
    r#"{"type":"copy","from":"body","to":"attributes.copy.deep"}"#,
    r#"{"type":"add","field":"attributes.n","value":"EXPR(len(body) + 1)"}"#,
    r#"{"type":"add","field":"attributes.t","value":"EXPR(attributes.a ?? (body contains \"é\" ? \"yes\" : \"no\"))"}"#,
    r#"{"type":"add","field":"body.x","value":{"a":[1,{"b":null}]},"if":"type(body) == \"map\""}"#,
    r#"{"type":"remove","field":"attributes.b"}"#,
    r#"{"type":"retain","fields":["body","attributes.a","attributes.copy"]}"#,
    r#"{"type":"flatten","field":"attributes.copy"}"#,
    r#"{"type":"assign_keys","field":"attributes.list","keys":["one","two"]}"#,
    r#"{"type":"regex_replace","field":"body","regex":"[aeiouä]","replace_with":"<$0>"}"#,
    r#"{"type":"unquote","field":"body"}"#,
    r#"{"type":"recombine","combine_field":"body","is_first_entry":"body matches \"^[a-zA-Z{]\"","max_unmatched_batch_size":3}"#,
    r#"{"type":"recombine","combine_field":"attributes.b","is_last_entry":"attributes.b endsWith \"x\"","overwrite_with":"newest","max_batch_size":4}"#,
    r#"{"type":"filter","expr":"body contains \"drop\"","drop_ratio":0.5}"#,
    r#"{"type":"router","routes":[{"expr":"body contains \"a\"","output":["end","end"]},{"expr":"body == \"\"","output":"end"}],"default":"end"}"#,
];

/// Lines that the operators know, and others.
fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(br#"{"a":"warn","b":{"c":[1,2.5,"x"]},"a":2,"list":[1]}"#.to_vec()),
        Just(b"2026-11-21 the rest x".to_vec()),
        Just("k=v é a:1éb:2".as_bytes().to_vec()),
        Just(br#"a,"b ""c""""#.to_vec()),
        Just(b"<34>Oct 11 22:14:15 host su: 'su root' failed".to_vec()),
        Just(br#"<165>1 2026-11-21T10:40:59.003Z h app 1 ID [m@1 a="b\"c"] text"#.to_vec()),
        Just(b"2026-11-21T10:41:01Z stdout P first part,".to_vec()),
        Just(b"2026-11-21T10:41:01.2Z stderr F  the end".to_vec()),
        Just(br#"{"log":"x\n","stream":"stdout","time":"2026-11-21T10:40:59.5Z"}"#.to_vec()),
        Just(b"https://a:b@c.example:1/%41?x=1&x=%zz#f".to_vec()),
        Just(br#""quoted \u00e9 \x41""#.to_vec()),
        Just(b"[1,{\"a\":2},null]".to_vec()),
        Just(b"drop this".to_vec()),
        "[ \\t]{0,3}".prop_map(String::into_bytes),
        "\\PC{0,40}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>().prop_filter("one line", |byte| *byte != b'\n'), 0..40),
    ]
}

fn open(operators: &str) -> Box<dyn Decoder> {
    let options = Options([("operators".to_owned(), OptionValue::Str(format!(r#"{{"operators":[{operators}]}}"#)))].into());
    compile("operators", &options).unwrap_or_else(|error| panic!("{operators}: {error}")).open(4096)
}

fn chain(picked: &[usize]) -> String {
    let picked: Vec<_> = picked.iter().filter_map(|at| OPERATORS.get(*at).copied()).collect();
    let mut all = picked.join(",");
    if !all.is_empty() {
        all.push(',');
    }
    all + r#"{"type":"noop","id":"end"}"#
}

/// What a source becomes that comes in these pieces, and how its frames were counted.
fn read(operators: &str, pieces: &[&[u8]]) -> (Batch, Frames) {
    let limits = Limits { frame_bytes_max: 4096, ..Limits::DEFAULT };
    let mut out = BatchWriter::new(BlockPool::global(), &limits, &Arc::new(Origin::default()), 1);
    let mut decoder = open(operators);
    let mut fed = 0;
    for piece in pieces {
        fed += piece.len() as u64;
        let held = decoder.feed(&Bytes::copy_from_slice(piece), &mut out);
        assert!(held.from <= fed, "{} of {fed}", held.from);
        let frames = out.frames();
        assert_eq!(frames.cut, frames.decided() + decoder.waiting(), "{operators}: {frames:?}");
    }
    decoder.flush(&mut out);
    assert_eq!(decoder.waiting(), 0);
    let frames = out.frames();
    (out.finish(), frames)
}

fn whole(value: &AnyValue<'_>) {
    match value {
        AnyValue::Str(text) => assert!(std::str::from_utf8(text).is_ok()),
        AnyValue::Array(values) => values.clone().for_each(|value| whole(&value)),
        AnyValue::Map(pairs) => pairs.clone().for_each(|(key, value)| {
            assert!(std::str::from_utf8(key).is_ok());
            whole(&value);
        }),
        _ => {}
    }
}

/// The texts of all bodies.
fn bodies(batch: &Batch) -> Vec<Vec<u8>> {
    batch.records().map(|record| record.body().and_then(|body| body.as_str().map(<[u8]>::to_vec)).unwrap_or_default()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_through_any_chain(
        picked in prop::collection::vec(0..OPERATORS.len(), 0..8),
        lines in prop::collection::vec(line(), 0..20),
        cut in any::<prop::sample::Index>(),
    ) {
        let operators = chain(&picked);
        let bytes = lines.join(&b'\n');
        let (batch, frames) = read(&operators, &[&bytes]);
        prop_assert_eq!(frames.cut, frames.decided(), "{}: {:?}", operators, frames);
        for record in batch.records() {
            record.body().iter().for_each(whole);
            record.attributes().for_each(|(_, value)| whole(&value));
        }
        // However it is cut: but for UTF-16, which the first bytes tell.
        let at = cut.index(bytes.len() + 1);
        let (one, other) = bytes.split_at_checked(at).unwrap();
        let (pieces, counted) = read(&operators, &[one, other]);
        prop_assert_eq!(batch.to_otlp(), pieces.to_otlp(), "{} cut at {}", operators, at);
        prop_assert_eq!(frames, counted);
    }

    #[test]
    fn no_line_is_lost(lines in prop::collection::vec("[ \\t]?[a-zA-Z0-9é{}\"=,:<>-]{1,20}", 1..40)) {
        // None of these changes the body, or drops a record.
        let operators = chain(&[0, 3, 5, 7, 9, 11, 15, 17, 20, 21, 24]);
        let (batch, _) = read(&operators, &[lines.join("\n").as_bytes()]);
        let expected: Vec<_> = lines.iter().map(|line| line.trim().as_bytes().to_vec()).collect();
        prop_assert_eq!(bodies(&batch), expected);
    }

    #[test]
    fn what_is_combined_has_all_lines_in_order(lines in prop::collection::vec("[a1]{1,6}", 1..60)) {
        let operators = r#"{"type":"recombine","combine_field":"body","is_first_entry":"body startsWith \"a\"","max_batch_size":7}"#;
        let (batch, frames) = read(operators, &[lines.join("\n").as_bytes()]);
        prop_assert_eq!(bodies(&batch).join(&b'\n'), lines.join("\n").into_bytes());
        prop_assert_eq!(frames.cut, lines.len() as u64);
        prop_assert_eq!(frames.joined, lines.len() as u64 - batch.len() as u64);
    }
}

#[test]
fn what_waits_is_held_and_read_again() {
    let operators = r#"{"type":"recombine","combine_field":"body","is_first_entry":"body startsWith \"a\""}"#;
    let limits = Limits::DEFAULT;
    let mut out = BatchWriter::new(BlockPool::global(), &limits, &Arc::new(Origin::default()), 1);
    let mut decoder = open(operators);
    assert_eq!(decoder.feed(&Bytes::from_static(b"a1\nb\na2\nc\nd"), &mut out).from, 5);
    assert_eq!((out.len(), decoder.waiting()), (1, 2));
    // A restart goes on there.
    let mut again = open(operators);
    again.resume(5);
    again.feed(&Bytes::from_static(b"a2\nc\nd\n"), &mut out);
    again.flush(&mut out);
    assert_eq!(bodies(&out.finish()), [b"a1\nb".to_vec(), b"a2\nc\nd".to_vec()]);
}

#[test]
fn what_is_combined_is_bounded() {
    let operators =
        r#"{"type":"recombine","combine_field":"body","is_first_entry":"false","max_batch_size":0,"max_unmatched_batch_size":0}"#;
    let line = [b'x'; 4000];
    let bytes = [&line[..], b"\n"].concat().repeat(1200);
    let (batch, frames) = read(operators, &[&bytes]);
    assert_eq!(frames.cut, 1200);
    assert!(bodies(&batch).iter().all(|body| body.len() <= 1 << 20), "{} records", batch.len());
    assert_eq!(bodies(&batch).iter().map(Vec::len).sum::<usize>(), 1200 * 4001 - batch.len());
}

#[test]
fn what_waits_before_what_it_comes_from_goes_on_at_the_end() {
    let recombine = |id: &str, to: &str| {
        format!(r#"{{"type":"recombine","id":"{id}","combine_field":"body","is_first_entry":"body startsWith \"a\"","output":"{to}"}}"#)
    };
    let operators = format!(
        r#"{{"type":"noop","output":"second"}},{},{},{{"type":"noop","id":"end"}}"#,
        recombine("first", "end"),
        recombine("second", "first")
    );
    let (batch, frames) = read(&operators, &[b"a1\nb\na2\nc\n"]);
    assert_eq!(bodies(&batch), [b"a1\nb".to_vec(), b"a2\nc".to_vec()]);
    assert_eq!((frames.cut, frames.decided()), (4, 4));
}

#[test]
fn colours_go_from_joined_lines_too() {
    let operators = r#"{"operators":[{"type":"noop"}]}"#.to_owned();
    let options =
        Options([("operators".to_owned(), OptionValue::Str(operators)), ("strip_ansi".to_owned(), OptionValue::Bool(true))].into());
    let mut decoder = compile("operators", &options).unwrap().open(4096);
    let start = OptionValue::Map([("start".to_owned(), "^a".to_owned())].into());
    decoder.configure(&Reading::of(&Options([("multiline".to_owned(), start)].into())).unwrap());
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
    decoder.feed(&Bytes::from_static(b"a\x1b[31m1\x1b[0m\nb\na2\n\x1b[1mc\x1b[0m\n"), &mut out);
    decoder.flush(&mut out);
    assert_eq!(bodies(&out.finish()), [b"a1\nb".to_vec(), b"a2\nc".to_vec()]);
}

fn refused(operators: &str) -> OptionError {
    let options = Options([("operators".to_owned(), OptionValue::Str(format!(r#"{{"operators":[{operators}]}}"#)))].into());
    compile("operators", &options).err().unwrap_or_else(|| panic!("{operators} was taken"))
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (operators, place, part) in [
        (r#"{"type":"jsn_parser"}"#, "operators[0].type", "did you mean 'json_parser'"),
        (r#"{"type":"stdout"}"#, "operators[0].type", "exporter 'debug'"),
        (r#"{"type":"noop"},{"type":"regex_parser","regex":"("}"#, "operators[1].regex", ""),
        (r#"{"type":"regex_parser","regex":"a"}"#, "operators[0].regex", "no named group"),
        (r#"{"type":"json_parser","prase_from":"body"}"#, "operators[0].prase_from", "did you mean 'parse_from'"),
        (r#"{"type":"json_parser","timestamp":{"parse_from":"attributes.t"}}"#, "operators[0].timestamp", "'layout' is missing"),
        (
            r#"{"type":"json_parser","timestamp":{"parse_from":"attributes.t","layout":"%Q"}}"#,
            "operators[0].timestamp.layout",
            "no directive",
        ),
        (r#"{"type":"severity_parser","parse_from":"body","mapping":{"bad":"x"}}"#, "operators[0].mapping.bad", "no severity"),
        (r#"{"type":"add","field":"attributes","value":1}"#, "operators[0].field", "name one"),
        (r#"{"type":"move","from":"$body","to":"body"}"#, "operators[0].from", "write 'body'"),
        (r#"{"type":"noop","if":"bdy == 1"}"#, "operators[0].if", "did you mean 'body'"),
        (r#"{"type":"noop","output":"nd"},{"type":"noop","id":"end"}"#, "operators[0].output", "did you mean"),
        (r#"{"type":"noop","id":"a","output":"b"},{"type":"noop","id":"b","output":"a"}"#, "operators[1].output", "itself"),
        (r#"{"type":"noop","on_error":"ignore"}"#, "operators[0].on_error", "send_quiet"),
        (r#"{"type":"noop","id":"a"},{"type":"add","id":"a","field":"body","value":1}"#, "operators[1].id", "another operator's"),
    ] {
        let error = refused(operators);
        assert_eq!(error.option, place, "{operators}: {error}");
        assert!(error.message.contains(part), "{operators}: {error}");
    }
}
