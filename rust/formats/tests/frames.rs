//! What became of each frame, in numbers that add up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::sync::Arc;

use bytes::Bytes;
use logloom_formats::{Options, compile};
use logloom_record::{BatchWriter, BlockPool, Frames, Limits, Origin};

/// The counts of a source that comes in these pieces, and how many frames wait after the last one; then all of it is flushed.
fn counted(format: &str, pieces: &[&str]) -> (Frames, u64, Frames) {
    let limits = Limits { frame_bytes_max: 200, ..Limits::DEFAULT };
    let mut out = BatchWriter::new(BlockPool::global(), &limits, &Arc::new(Origin::default()), 1);
    let mut decoder = compile(format, &Options::default()).unwrap().open(limits.frame_bytes_max);
    for piece in pieces {
        decoder.feed(&Bytes::copy_from_slice(piece.as_bytes()), &mut out);
    }
    let (before, waiting) = (out.frames(), decoder.waiting());
    decoder.flush(&mut out);
    (before, waiting, out.frames())
}

#[test]
fn lines_of_a_stack_trace_join_the_record_before_them() {
    let text = "2026-11-21T10:00:00Z ERROR it broke\njava.lang.IllegalStateException: no\n\tat a.B.c(B.java:1)\n\tat a.B.d(B.java:2)\n\n2026-11-21T10:00:01Z INFO on\n";
    let (before, waiting, after) = counted("text", &[text]);
    assert_eq!((before.cut, waiting), (5, 1), "{before:?}");
    assert_eq!(after, Frames { cut: 5, parsed: 2, joined: 3, ..Frames::default() });
}

#[test]
fn parts_of_a_container_line_join_and_what_is_no_line_is_rejected() {
    let text = "2026-11-21T10:00:00Z stdout P one \n2026-11-21T10:00:00Z stdout F two\nnonsense\n2026-11-21T10:00:00Z stdout F \n2026-11-21T10:00:00Z stdout P open\n";
    let (before, waiting, after) = counted("cri", &[text]);
    assert_eq!((before.cut, before.rejected, before.passed_over), (5, 1, 1), "{before:?}");
    assert_eq!(waiting, 1);
    assert_eq!(after, Frames { cut: 5, parsed: 2, rejected: 1, joined: 1, passed_over: 1 });
}

#[test]
fn a_header_is_passed_over_and_a_line_over_the_bound_is_one_frame_however_many_records_it_makes() {
    let long = "x".repeat(700);
    let (_, _, after) = counted("csv", &["time,level,message\n1,info,a\n", &long, "\n"]);
    assert_eq!(after, Frames { cut: 3, parsed: 1, rejected: 1, passed_over: 1, ..Frames::default() });
    let (_, _, after) = counted("json", &[&long[..300], &long[300..], "\n{\"a\":1}\n{\"a\":\n"]);
    assert_eq!((after.cut, after.parsed, after.rejected), (3, 1, 2), "{after:?}");
}

#[test]
fn in_a_body_each_record_is_a_frame() {
    let body = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"}},{"body":{"stringValue":"b"}},{"timeUnixNano":{}}]}]}]}"#;
    let (_, _, after) = counted("otlp_json", &[body]);
    assert_eq!(after, Frames { cut: 3, parsed: 2, rejected: 1, ..Frames::default() });
    let (_, _, after) = counted("zipkin", &["[]"]);
    assert_eq!((after.cut, after.decided()), (after.cut, after.cut), "{after:?}");
}
