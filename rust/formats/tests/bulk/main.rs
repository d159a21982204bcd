//! Bodies of the bulk API: what becomes of each item, and that its answer says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

mod answered;

use std::sync::Arc;

use bytes::Bytes;
use logloom_formats::{
    Options,
    bulk::{Action, Request, answer},
    compile,
};
use logloom_record::{Batch, BatchWriter, BlockPool, Delivery, Done, Limits, Origin};
use proptest::prelude::*;

fn read(body: &Bytes, given: &[(&str, &str)]) -> Batch {
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
    out.give(given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
    let mut decoder = compile("elasticsearch_bulk", &Options::default()).unwrap().open(Limits::DEFAULT.frame_bytes_max);
    decoder.feed(body, &mut out);
    decoder.flush(&mut out);
    out.finish()
}

/// As the receiver has it: where no index is in the path, each item names its own.
fn holds(body: &[u8], filter_path: &str) -> Result<(usize, usize), String> {
    let body = Bytes::copy_from_slice(body);
    answered::check(&body, &read(&body, &[("index", "")]), filter_path)
}

const GOOD: &str = r#"{"create":{"_index":"logs-a-b","_id":"1"}}
{"@timestamp":"2026-11-21T10:00:00Z","message":"m"}
{"index":{"_index":"a\"b","routing":"r"}}
no document
{"delete":{"_index":"c","_id":"2"}}
{"update":{"_index":"c","_id":3}}
{"doc":{"message":"u"}}
"#;

#[test]
fn every_item_is_answered_wherever_a_body_ends() {
    assert_eq!(holds(GOOD.as_bytes(), ""), Ok((2, 2)));
    for end in 0..=GOOD.len() {
        holds(&GOOD.as_bytes()[..end], "").unwrap();
    }
    assert_eq!(holds(GOOD.as_bytes(), "items.*.status,errors"), Ok((2, 2)));
}

#[test]
fn bytes_that_are_no_text_spoil_their_own_document_only() {
    let body = b"{\"create\":{\"_index\":\"a\"}}\n{\"message\":\"\xff\"}\n{\"create\":{\"_index\":\"a\"}}\n{\"message\":\"good\"}\n";
    let batch = read(&Bytes::from_static(body), &[]);
    assert_eq!((batch.len(), batch.rejects().len()), (2, 0));
    let repaired: Vec<_> = batch.index().iter().map(|entry| entry.flags.is_repaired()).collect();
    assert_eq!(repaired, [true, false]);
}

#[test]
fn a_name_stands_once_also_where_the_document_has_it() {
    let body = "{\"create\":{\"_index\":\"a\"}}\n{\"elasticsearch\":{\"index\":\"own\"}}\n";
    let batch = read(&Bytes::from(body), &[]);
    let said: serde_json::Value = serde_json::from_slice(&batch.to_otlp_json()).unwrap();
    let attributes = said["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["attributes"].as_array().unwrap();
    let names: Vec<_> =
        attributes.iter().map(|one| (one["key"].as_str().unwrap(), one["value"]["stringValue"].as_str().unwrap())).collect();
    assert_eq!(names, [("elasticsearch.index", "own"), ("bulk.elasticsearch.index", "a")]);
}

#[test]
fn what_a_query_says_of_many_lines_is_bounded() {
    let options = Options([("raw".to_owned(), logloom_formats::OptionValue::Bool(true))].into());
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
    out.give(vec![("host".to_owned(), "h".repeat(1024))]);
    let mut decoder = compile("splunkhec", &options).unwrap().open(Limits::DEFAULT.frame_bytes_max);
    decoder.feed(&Bytes::from("x\n".repeat(70_000)), &mut out);
    decoder.flush(&mut out);
    let batch = out.finish();
    assert_eq!((batch.len(), batch.rejects().len()), (1, 1));
}

#[test]
fn one_document_is_answered_by_itself() {
    let body = Bytes::from_static(b"{\n \"message\": \"m\"\n}");
    let batch = read(&body, &[("action", "create"), ("index", "i"), ("id", "a\"b")]);
    assert_eq!((batch.len(), batch.rejects().len()), (1, 0));
    let request = Request { index: "i", action: Some(Action::Create), id: "a\"b", ..Request::default() };
    let told = answer(&body, &Delivery::Done(Done { accepted: 1, entry: 1, ..Done::default() }), &request);
    let said: serde_json::Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!((told.status, said["_id"].as_str(), said["result"].as_str()), (201, Some("a\"b"), Some("created")));
    let told = answer(b"{", &Delivery::Refuse("no end".into()), &request);
    assert_eq!(told.status, 400);
    let told = answer(&body, &Delivery::later(std::time::Duration::from_secs(1), "the journal is full"), &request);
    assert_eq!(told.status, 429);
}

#[test]
fn more_items_than_can_be_answered_are_refused_as_a_whole() {
    let at_most = "{\"delete\":{\"_index\":\"a\"}}\n".repeat(100_000);
    let taken = Delivery::Done(Done::default());
    assert_eq!(answer(at_most.as_bytes(), &taken, &Request::default()).status, 200);
    let more = at_most + "{\"create\":{\"_index\":\"a\"}}\n{}\n";
    let batch = read(&Bytes::from(more.clone()), &[("index", "")]);
    assert_eq!((batch.len() - batch.rejects().len(), answer(more.as_bytes(), &taken, &Request::default()).status), (0, 413));
}

proptest! {
    #[test]
    fn answers_hold_for_any_bytes(body in prop::collection::vec(any::<u8>(), 0..200)) {
        holds(&body, "").map_err(TestCaseError::fail)?;
    }

    #[test]
    fn answers_hold_for_whatever_looks_like_a_body(
        lines in prop::collection::vec(prop::sample::select(&[
            r#"{"create":{}}"#, r#"{"index":{"_index":"i","_id":"\u0041\"x"}}"#, r#"{"update":{"_index":"i"}}"#, r#"{"delete":{"_index":"i"}}"#,
            r#"{"doc":{"a":1}}"#, r#"{"message":"m"}"#, "x", "", "{", r#"{"index":{"_index":"i","op_type":"create"}}"#, "\r", "[]", "\u{feff}{}",
        ][..]), 0..12),
        cut in any::<prop::sample::Index>(),
        filter_path in prop::sample::select(&["", "errors,items.*.error,items.*.status", "items.*.status", "**.status"][..]),
    ) {
        let body = lines.join("\n");
        holds(body.as_bytes(), filter_path).map_err(TestCaseError::fail)?;
        let end = cut.index(body.len() + 1);
        if body.is_char_boundary(end) {
            holds(&body.as_bytes()[..end], filter_path).map_err(TestCaseError::fail)?;
        }
    }
}
