//! Detection: of whole inputs, and of sources that come in pieces.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::sync::Arc;

use bytes::Bytes;
use logloom_formats::{Decoder, FORMATS, Options, compile, detect};
use logloom_record::{Batch, BatchWriter, BlockPool, Limits, Origin};

fn open() -> Box<dyn Decoder> {
    compile("auto", &Options::default()).unwrap().open(Limits::DEFAULT.frame_bytes_max)
}

/// Feeds the next bytes (or the end) and gives what came of them, and from where on bytes are still needed.
fn feed(decoder: &mut dyn Decoder, bytes: Option<&[u8]>) -> (Batch, u64) {
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
    let held = if let Some(bytes) = bytes {
        decoder.feed(&Bytes::copy_from_slice(bytes), &mut out).from
    } else {
        decoder.flush(&mut out);
        0
    };
    (out.finish(), held)
}

fn bodies(batch: &Batch) -> Vec<String> {
    batch.records().map(|record| String::from_utf8(record.body().unwrap().as_str().unwrap().to_vec()).unwrap()).collect()
}

#[test]
fn every_format_is_known_by_its_example() {
    for spec in FORMATS {
        // These are no text: what stands there describes them.
        let is_binary = matches!(spec.name, "auto" | "fluentforward" | "otlp" | "otlp_traces");
        // What a user must say the pattern of is nobody's to guess.
        let needs_options = (spec.compile)(&Options::default()).is_err();
        if !is_binary && !needs_options {
            let lines = format!("{}\n", spec.about.example);
            // Apache's usual lines are NGINX's as well: nobody can tell them apart, and both read them alike.
            let name = if spec.name == "apache" { "nginx" } else { spec.name };
            assert_eq!(detect(lines.as_bytes()).name, name, "{}", spec.about.example);
        }
    }
}

#[test]
fn what_is_nothing_else_is_text() {
    for text in [
        &b""[..],
        b"\n\n",
        b"\x00\x01\x02",
        b"[",
        b"{",
        b"[1, 2]",
        b"<1300>1 - - -",
        b"key",
        b"\xff\xfe{\x00",
        b"{\"traceId\": \"an id in a log line\", \"id\": 7",
    ] {
        assert_eq!(detect(text).name, "text", "{}", text.escape_ascii());
    }
}

#[test]
fn a_banner_costs_no_more_than_itself() {
    let mut decoder = open();
    assert_eq!(decoder.format(), "auto");
    let banner = b"Picked up options\nlistening\n{\"time\":\"2026-03-01T10:";
    let (batch, held) = feed(&mut *decoder, Some(banner));
    assert_eq!((bodies(&batch), decoder.format(), held), (vec!["Picked up options".into()], "text", 18));
    let (batch, _) = feed(&mut *decoder, Some(b"00:00Z\",\"level\":\"warn\",\"msg\":\"slow\"}\n"));
    assert_eq!((bodies(&batch), decoder.format(), batch.rejects().len()), (vec!["listening".into(), "slow".into()], "json", 0));
    // What was found stays; offsets go on counting from the start of the source.
    feed(&mut *decoder, Some(b"plain again\n"));
    let (batch, _) = feed(&mut *decoder, None);
    assert_eq!((decoder.format(), batch.rejects()[0].offset), ("json", banner.len() as u64 + 37));
}

/// The last line waits for the next, which may be a part of the same trace.
#[test]
fn lines_do_not_wait_for_a_better_guess() {
    let mut decoder = open();
    let (mut fed, mut before) = (0, None);
    for line in ["one\n", "two words\n", "three = 3 or so\n"] {
        let (batch, held) = feed(&mut *decoder, Some(line.as_bytes()));
        assert_eq!((bodies(&batch), held), (Vec::from_iter(before), fed));
        fed += line.len() as u64;
        before = Some(line.trim_end().to_owned());
    }
}

/// Byte by byte a body of many lines is still one body.
#[test]
fn a_body_in_pieces_is_found() {
    for (name, body) in [
        ("zipkin", &include_bytes!("../../../tests/formats/zipkin/lists.log")[..]),
        ("jaeger", include_bytes!("../../../tests/formats/jaeger/answer.log")),
        ("otlp_traces", include_bytes!("../../../tests/formats/otlp_traces/request.log")),
        ("otlp_traces_json", include_bytes!("../../../tests/formats/otlp_traces_json/request.log")),
    ] {
        let whole = {
            let mut decoder = open();
            feed(&mut *decoder, Some(body)).0.len() + feed(&mut *decoder, None).0.len()
        };
        let mut decoder = open();
        let mut records = 0;
        for piece in body.chunks(700) {
            records += feed(&mut *decoder, Some(piece)).0.len();
        }
        records += feed(&mut *decoder, None).0.len();
        assert_eq!((decoder.format(), records), (name, whole));
    }
}

#[test]
fn lines_of_another_format_are_read_by_it() {
    let access = r#"203.0.113.9 - - [21/Nov/2026:10:40:59 +0000] "GET /a HTTP/1.1" 200 612 "-" "curl/8.9.1""#;
    let error = "2026/11/21 10:40:59 [error] 7#7: *1 no such file, client: 203.0.113.9, server: a";
    let lines = format!("{access}\n{access}\n{access}\n{error}\nneither\n{access}\n");
    let mut decoder = open();
    let mut out = BatchWriter::new(&BlockPool::new(1 << 24), &Limits::default(), &Arc::new(Origin::default()), 1 << 12);
    decoder.feed(&lines.into_bytes().into(), &mut out);
    decoder.flush(&mut out);
    let batch = out.finish();
    let severities: Vec<_> = batch.records().map(|record| record.severity_number).collect();
    assert_eq!(severities, [0, 0, 0, 17, 0, 0]);
    assert_eq!(batch.rejects().len(), 1);
}
