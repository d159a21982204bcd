//! Lines whose keys are known from the lines before give what they give as the first line of all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::{fmt::Write as _, sync::Arc, thread};

use bytes::Bytes;
use logloom_formats::{Format, Options, compile};
use logloom_record::{BatchWriter, BlockPool, Limits, Origin};
use proptest::{collection::vec, prelude::*, sample::select};

/// Those with tables of their own, for each way that an object may be read.
const FORMATS: [&str; 6] = ["json", "caddy", "gcp", "gelf", "hubble", "mongodb_json"];

const KEYS: [&str; 22] = [
    "time",
    "timestamp",
    "ts",
    "level",
    "msg",
    "message",
    "a",
    "a.b",
    "b",
    "request",
    "request.method",
    "method",
    "http.request.method",
    "headers",
    "User-Agent",
    "jsonPayload",
    "flow",
    "attr",
    "_own",
    "t",
    "with \\\"quotes\\\" {and [",
    "a key so long that what stands between two values takes more than one step of the comparison",
];

const TEXTS: [&str; 12] = [
    "",
    "-",
    "info",
    "GET",
    "203.0.113.9",
    "203.0.113.9:443",
    "/cart?item=7",
    "2026-11-21T10:43:36.826191Z",
    "a \\\"quoted\\\" word and an escape \\n in a text that is a little longer than most of them are",
    "caf\u{e9}",
    "0af7651916cd43dd8448eb211c80319c",
    "a text whose end lies some way behind the first step of sixty-four bytes, where the second one has to find it",
];

const SCALARS: [&str; 10] =
    ["0", "7", "-12", "1795257816.826191", "1795257816", "123456789012345678901234567890", "true", "false", "null", "1e400"];

/// What a line is made of, but for its values.
#[derive(Clone, Debug)]
enum Shape {
    Text,
    Scalar,
    /// A text or another value, as it comes.
    Either,
    Array(Vec<Shape>),
    Object(Vec<(&'static str, Shape)>),
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![Just(Shape::Text), Just(Shape::Text), Just(Shape::Scalar), Just(Shape::Either)];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            1 => vec(inner.clone(), 0..3).prop_map(Shape::Array),
            3 => vec((select(&KEYS[..]), inner), 0..6).prop_map(Shape::Object),
        ]
    })
}

/// Numbers by which the values are chosen.
struct Dice(u64);

impl Dice {
    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        all[(self.0 >> 33) as usize % all.len()]
    }
}

fn write(shape: &Shape, dice: &mut Dice, blank: &str, out: &mut String) {
    match shape {
        Shape::Text => write!(out, "\"{}\"", dice.of(&TEXTS)).unwrap(),
        Shape::Scalar => out.push_str(dice.of(&SCALARS)),
        Shape::Either if dice.of(&["", "x"]).is_empty() => write(&Shape::Text, dice, blank, out),
        Shape::Either => write(&Shape::Scalar, dice, blank, out),
        Shape::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                out.push_str(if n > 0 { "," } else { "" });
                write(item, dice, blank, out);
            }
            out.push(']');
        }
        Shape::Object(entries) => {
            out.push('{');
            for (n, (key, value)) in entries.iter().enumerate() {
                write!(out, "{}\"{key}\":{blank}", if n > 0 { "," } else { "" }).unwrap();
                write(value, dice, blank, out);
            }
            out.push('}');
        }
    }
}

/// The records of some lines, one a line.
fn parse(format: &Arc<dyn Format>, lines: &[u8]) -> String {
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
    let mut decoder = Arc::clone(format).open(1 << 20);
    decoder.feed(&Bytes::copy_from_slice(lines), &mut out);
    decoder.flush(&mut out);
    String::from_utf8(out.finish().to_ndjson()).unwrap()
}

/// The same in a thread that has read nothing yet.
fn parse_anew(format: &Arc<dyn Format>, line: &str) -> String {
    thread::scope(|scope| scope.spawn(|| parse(format, line.as_bytes())).join().unwrap())
}

const PAIR_FORMATS: [&str; 4] = ["cef", "leef", "auditd", "mysql_slow"];

const PAIR_KEYS: [&str; 22] = [
    "rt",
    "src",
    "srcPort",
    "spt",
    "msg",
    "act",
    "cs1",
    "cs1Label",
    "cs10",
    "devTime",
    "sev",
    "pid",
    "uid",
    "auid",
    "old auid",
    "arch",
    "a0",
    "name",
    "key",
    "Rows_sent",
    "Thread_id",
    "a_key_that_is_so_long_that_no_step_of_the_comparison_holds_it",
];

const PAIR_VALUES: [&str; 14] = [
    "",
    "7",
    "0",
    "1795257659509",
    "Nov 21 2026 10:40:59",
    "198.51.100.7",
    "two words",
    "a, b",
    "\"quoted, too\"",
    "c000003e",
    "2F62696E2F6C73",
    "1.5",
    "x=y",
    "caf\u{e9}",
];

/// A line of these pairs, of whose values some come out as others.
fn pairs(format: &str, shape: &[(&str, &str)], dice: &mut Dice) -> String {
    let (mut line, between, equals) = match format {
        "cef" => (String::from("CEF:0|Example|Gate|2.1|100|Blocked|7|"), " ", "="),
        "leef" => (String::from("LEEF:2.0|Example|Gate|2.1|101|^|"), "^", "="),
        "auditd" => (format!("type={} msg=audit(1795257659.509:7):", dice.of(&["PATH", "EXECVE", "USER_AUTH"])), " ", "="),
        _ => (String::from("# Time: 2026-11-21T10:40:59.509123Z\n#"), " ", ": "),
    };
    for (key, value) in shape {
        let value = if dice.of(&["", "", "x"]).is_empty() { value } else { dice.of(&PAIR_VALUES) };
        write!(line, "{between}{key}{equals}{value}").unwrap();
    }
    line
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn known_keys_give_what_new_ones_give(
        shapes in vec(vec((select(&KEYS[..]), shape()), 0..7), 1..4),
        lines in vec((0..4usize, any::<u64>(), any::<bool>(), proptest::option::weighted(0.1, (0..400usize, "[\\[\\]{}\",: x0]"))), 1..14),
        format in select(&FORMATS[..]),
    ) {
        let format = compile(format, &Options::default()).unwrap();
        let mut text = String::new();
        let mut expected = String::new();
        for (which, seed, is_spaced, broken) in lines {
            let mut line = String::new();
            let shape = Shape::Object(shapes[which % shapes.len()].clone());
            write(&shape, &mut Dice(seed), if is_spaced { " " } else { "" }, &mut line);
            if let Some((at, other)) = broken {
                let at = (0..=at % (line.len() + 1)).rev().find(|at| line.is_char_boundary(*at)).unwrap();
                line.insert_str(at, &other);
            }
            line.push('\n');
            expected += &parse_anew(&format, &line);
            text += &line;
        }
        prop_assert_eq!(parse(&format, text.as_bytes()), expected);
    }

    #[test]
    fn known_keys_of_pairs_give_what_new_ones_give(
        shapes in vec(vec((select(&PAIR_KEYS[..]), select(&PAIR_VALUES[..])), 0..9), 1..4),
        lines in vec((0..4usize, any::<u64>(), proptest::option::weighted(0.15, (0..200usize, "[ ,={'\"|\\\\\t:#x0-]"))), 1..14),
        format in select(&PAIR_FORMATS[..]),
    ) {
        let compiled = compile(format, &Options::default()).unwrap();
        let mut text = String::new();
        let mut expected = String::new();
        for (which, seed, broken) in lines {
            let mut dice = Dice(seed);
            let mut line = pairs(format, &shapes[which % shapes.len()], &mut dice);
            if let Some((at, other)) = broken.filter(|_| format != "mysql_slow") {
                let at = (0..=at % (line.len() + 1)).rev().find(|at| line.is_char_boundary(*at)).unwrap();
                line.insert_str(at, &other);
            }
            line.push('\n');
            expected += &parse_anew(&compiled, &line);
            text += &line;
        }
        prop_assert_eq!(parse(&compiled, text.as_bytes()), expected, "{}", text);
    }
}

/// The same keys with other values, written in other ways.
#[test]
fn what_stands_under_a_known_key_may_change() {
    for name in FORMATS {
        let format = compile(name, &Options::default()).unwrap();
        let values = [
            "7",
            "[1]",
            "[]",
            "{\"x\":1}",
            "{}",
            "{\"x\":{\"y\":[{}]}}",
            "\"GET\"",
            "\"\"",
            "null",
            "{\"x\":\"\\n\"}",
            "1e400",
            "\"",
            "{",
            "nul",
        ];
        for (first, second) in values.iter().flat_map(|first| values.iter().map(move |second| (first, second))) {
            for key in ["ts", "a", "request", "jsonPayload"] {
                let lines = [format!("{{\"{key}\":{first}}}\n"), format!("{{\"{key}\": {second}}}\n"), format!("{{\"{key}\":{second}}}\n")];
                let expected: String = lines.iter().map(|line| parse_anew(&format, line)).collect();
                assert_eq!(parse(&format, lines.concat().as_bytes()), expected, "{name}");
            }
        }
    }
}

/// As a source with ever other keys has them: all are read, whether they are learned or not.
#[test]
fn lines_of_ever_other_keys_are_read() {
    let format = compile("json", &Options::default()).unwrap();
    let line = |n: usize| format!("{{\"k{n}\":{n},\"deep{}\":[{{\"x\":{n}}}],\"same\":\"{n}\"}}\n", n % 7);
    let lines: Vec<_> = (0..3000).map(|n| line(if n % 3 == 0 { 0 } else { n })).collect();
    let expected: String = lines.iter().map(|line| parse_anew(&format, line)).collect();
    assert_eq!(parse(&format, lines.concat().as_bytes()), expected);
}

/// Several tables in turn, more than a thread keeps lines of.
#[test]
fn tables_are_not_mixed_up() {
    let formats: Vec<_> = FORMATS.iter().map(|name| compile(name, &Options::default()).unwrap()).collect();
    let line = r#"{"time":"2026-11-21T10:43:36Z","a":{"b":1},"attr":{"ns":"x"},"flow":{"verdict":"DROPPED"},"jsonPayload":{"message":"m"},"request":{"method":"GET"}}"#;
    let expected: Vec<_> = formats.iter().map(|format| parse_anew(format, line)).collect();
    for _ in 0..3 {
        for (format, expected) in formats.iter().zip(&expected) {
            assert_eq!(&parse(format, format!("{line}\n").repeat(2).as_bytes()), &expected.repeat(2));
        }
    }
}
