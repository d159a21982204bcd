//! Lines that make one record: whichever way a source is cut, the same lines are joined, and what waits is held.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::sync::Arc;

use bytes::Bytes;
use logloom_formats::{About, Decoder, Format, Framing, Likely, OptionError, OptionValue, Options, Reading, Spec, compile, open_framed};
use logloom_record::{AnyValue, Batch, BatchWriter, BlockPool, Limits, Origin, RejectReason, Tail, Text, lossy};
use proptest::prelude::*;

static SPEC: Spec = Spec { name: "digits", about: About { line: "", page: "", example: "" }, options: &[], compile: make };

/// A format whose records begin with a digit and have what follows as their body.
struct Digits;

#[expect(clippy::unnecessary_wraps, reason = "the shape of every row")]
fn make(_: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(Digits))
}

impl Format for Digits {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Records
    }

    fn begins(&self, line: &[u8]) -> bool {
        line.first().is_some_and(u8::is_ascii_digit)
    }

    fn likely(&self, _: &[u8]) -> Likely {
        Likely::NO
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if !self.begins(frame.bytes()) {
            return Err(RejectReason::syntax("expected a digit", 0));
        }
        out.begin(0, 0, Text::EMPTY).body(frame).finish(&Tail::default());
        Ok(())
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

fn options(pairs: &[(&str, &str)]) -> Options {
    let map = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Options([("multiline".to_owned(), OptionValue::Map(map))].into())
}

fn writer(frame_bytes_max: usize) -> BatchWriter {
    let limits = Limits { frame_bytes_max, ..Limits::DEFAULT };
    BatchWriter::new(BlockPool::global(), &limits, &Arc::new(Origin::default()), 1)
}

fn bodies(batch: &Batch) -> Vec<String> {
    let body = |position| match batch.record(position).unwrap().body() {
        Some(logloom_record::AnyValue::Str(text)) => lossy(text).into_owned(),
        other => panic!("no text: {other:?}"),
    };
    (0..batch.len()).map(body).collect()
}

/// The bodies of all records, the source fed in pieces that end at `cuts`; what is held never passes what is not in records.
fn read(decoder: Box<dyn Decoder>, input: &str, cuts: &[usize]) -> Vec<String> {
    read_bounded(decoder, Limits::DEFAULT.frame_bytes_max, input, cuts)
}

fn read_bounded(mut decoder: Box<dyn Decoder>, frame_bytes_max: usize, input: &str, cuts: &[usize]) -> Vec<String> {
    let input = Bytes::copy_from_slice(input.as_bytes());
    let (mut all, mut from) = (Vec::new(), 0);
    for &cut in cuts.iter().chain([&input.len()]) {
        let mut out = writer(frame_bytes_max);
        let to = cut.clamp(from, input.len());
        let held = decoder.feed(&input.slice(from..to), &mut out).from as usize;
        all.extend(bodies(&out.finish()));
        from = to;
        let words = |text: &str| text.split_whitespace().collect::<String>();
        assert!(held <= to);
        assert_eq!(words(&all.concat_lines()), words(std::str::from_utf8(&input[..held]).unwrap()), "held from {held}");
    }
    let mut out = writer(frame_bytes_max);
    decoder.flush(&mut out);
    all.extend(bodies(&out.finish()));
    all
}

trait ConcatLines {
    fn concat_lines(&self) -> String;
}

impl ConcatLines for Vec<String> {
    fn concat_lines(&self) -> String {
        self.join("\n")
    }
}

fn digits() -> Box<dyn Decoder> {
    Arc::new(Digits).open(1 << 20)
}

#[test]
fn lines_that_begin_no_record_belong_to_the_one_before() {
    let input = "torn\n1 one\n  more\r\n\nof it\n\n2 two\n3 three\nend";
    let expected = ["torn", "1 one\n  more\r\n\nof it", "2 two", "3 three\nend"];
    for cut in 0..input.len() {
        assert_eq!(read(digits(), input, &[cut]), expected, "cut at {cut}");
    }
}

#[test]
fn a_record_is_bounded_in_bytes_and_lines() {
    let open = || Arc::new(Digits).open(20);
    assert_eq!(read(open(), "1 234567890\nabcdefgh\ni\n2\n", &[]), ["1 234567890\nabcdefgh", "i", "2"]);
    let many = "x\n".repeat(10_000);
    let read = read(digits(), &format!("1\n{many}2\n"), &[]);
    assert_eq!((read[0].lines().count(), read.last().unwrap().as_str()), (8192, "2"));
}

#[test]
fn a_user_says_which_lines_belong_together() {
    let text = |pairs| compile("text", &options(pairs)).unwrap().open(1 << 20);
    let log = "[a] 1\n[b] 2\n on\n[c] 3\n";
    assert_eq!(read(text(&[("start", r"^\[")]), log, &[3, 9, 14]), ["[a] 1", "[b] 2\n on", "[c] 3"]);
    assert_eq!(read(text(&[("continue", r"^\s")]), log, &[7]), ["[a] 1", "[b] 2\n on", "[c] 3"]);
    assert_eq!(read(text(&[("end", r"[^\\]$")]), "a \\\nb\nc\n", &[2]), ["a \\\nb", "c"]);
    assert_eq!(read(text(&[("start", "^BEGIN"), ("end", "^END")]), "x\nBEGIN\ny\nEND\nz\n", &[]), ["x", "BEGIN\ny\nEND", "z"]);
    let off = Options([("multiline".to_owned(), OptionValue::Bool(false))].into());
    assert_eq!(read(compile("auto", &off).unwrap().open(1 << 20), "a\n\tat b\n", &[]), ["a", "\tat b"]);
}

/// What each record keeps of its source: the original where it says one, else the body; and the kind of a Reject.
fn kept(input: &[u8], frame_bytes_max: usize, cuts: &[usize]) -> Vec<(String, Option<&'static str>)> {
    let mut out = writer(frame_bytes_max);
    let mut decoder = compile("json", &Options::default()).unwrap().open(frame_bytes_max);
    let input = Bytes::copy_from_slice(input);
    let mut from = 0;
    for &cut in cuts.iter().chain([&input.len()]) {
        let to = cut.clamp(from, input.len());
        decoder.feed(&input.slice(from..to), &mut out);
        from = to;
    }
    decoder.flush(&mut out);
    let batch = out.finish();
    let of = |position| {
        let record = batch.record(position).unwrap();
        let text = match record.attribute("log.record.original").or(record.body()) {
            Some(AnyValue::Str(text) | AnyValue::Bytes(text)) => lossy(text).into_owned(),
            other => panic!("no text: {other:?}"),
        };
        let reject = batch.rejects().iter().find(|reject| reject.record as usize == position);
        (text, reject.map(|reject| reject.reason.what))
    };
    (0..batch.len()).map(of).collect()
}

#[test]
fn an_object_over_lines_keeps_the_colours_that_it_came_in() {
    let good = "{\n  \u{1b}[34m\"message\"\u{1b}[0m: \"a\",\n  \"n\": 1\n}\n";
    assert_eq!(kept(good.as_bytes(), 1000, &[]), [(good.trim_end().to_owned(), None)]);
    // No object after all: each line as it came.
    let torn = "{ \u{1b}[1m\n\"a\": \u{1b}[0m\n{\"message\": \"b\"}\n";
    let lines: Vec<_> = kept(torn.as_bytes(), 1000, &[]).into_iter().map(|(text, _)| text).collect();
    assert_eq!(lines, ["{ \u{1b}[1m", "\"a\": \u{1b}[0m", "{\"message\": \"b\"}"]);
}

#[test]
fn lines_that_are_joined_keep_what_ended_them() {
    let trace = "Error: \u{1b}[1mno cart\u{1b}[0m\r\n    at load (cart.js:3:15)\r\n    at main\n";
    for input in [trace.to_owned(), trace.replace('\u{1b}', "")] {
        let (kept, _) = kept(input.as_bytes(), 1000, &[]).remove(0);
        assert_eq!(kept, input.trim_end());
    }
}

#[test]
fn a_line_over_the_bound_is_none_to_join_wherever_it_is_cut() {
    let line = format!("{{\"message\": \"{}\n", "x".repeat(40));
    for cut in 0..line.len() {
        let whats: Vec<_> = kept(line.as_bytes(), 20, &[cut]).into_iter().map(|(_, what)| what).collect();
        assert!(whats.iter().all(|what| *what == Some("the frame is longer than frame_bytes_max")), "cut at {cut}: {whats:?}");
    }
}

#[test]
fn what_is_wrong_with_the_patterns_is_said() {
    let said = |format: &str, options: &Options| compile(format, options).map(|_| ()).unwrap_err().to_string();
    assert!(said("text", &options(&[("start", "(")])).starts_with("multiline: start: regex parse error"));
    assert_eq!(said("text", &options(&[("begin", "x")])), "multiline: begin: no such pattern: there are start, continue and end");
    assert_eq!(said("otlp", &options(&[("start", "x")])), "multiline: 'otlp' is not made of lines: leave it out");
    let number = Options([("multiline".to_owned(), OptionValue::Int(1))].into());
    assert_eq!(said("json", &number), "multiline: expected auto, off, or a map of start, continue or end to a regular expression");
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_records(
        lines in prop::collection::vec(r"([0-9a ]{0,6}|)\r?", 0..12),
        cuts in prop::collection::vec(0..80usize, 0..5),
        frame_bytes_max in 4..30usize,
        start in any::<bool>(),
    ) {
        let input = lines.join("\n");
        let mut cuts = cuts;
        cuts.sort_unstable();
        let open = || {
            let mut decoder = Arc::new(Digits).open(frame_bytes_max);
            if start {
                decoder.configure(&Reading::of(&options(&[("start", "^a")])).unwrap());
            }
            decoder
        };
        let read = |cuts| read_bounded(open(), frame_bytes_max, &input, cuts);
        prop_assert_eq!(read(&cuts), read(&[]));
    }
    #[test]
    fn any_cut_gives_the_same_objects(
        pieces in prop::collection::vec(
            prop::sample::select(vec!["{", "}", "\"a\": 1", "\"b", ",", "\n", "\n", "\r\n", "\u{1b}[1m", "\u{1b}", "[", "]", " ", "x", "Traceback", "\tat x"]),
            0..40,
        ),
        cuts in prop::collection::vec(0..80usize, 0..4),
        frame_bytes_max in 4..60usize,
    ) {
        let input = pieces.concat();
        let mut cuts = cuts;
        cuts.sort_unstable();
        prop_assert_eq!(kept(input.as_bytes(), frame_bytes_max, &cuts), kept(input.as_bytes(), frame_bytes_max, &[]));
    }
}
