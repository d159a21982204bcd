//! Whatever the bytes, correlation changes nothing but what it names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use logloom_processors::{Correlate, Outcome, Processor, correlate::Settings};
use logloom_record::{
    Batch, Limits,
    proto::{Fields, Value, push_field, push_string_attribute, text_field},
};
use proptest::{collection::vec, prelude::*};

fn correlate() -> Correlate {
    let texts = vec!["original".to_owned()];
    Correlate::new(Settings { body: true, texts, request_id: "http.request.id".to_owned(), request_id_keys: vec!["corr-id".to_owned()] })
        .unwrap()
}

/// Pieces of what is looked for, so that its edges are met.
const PIECES: &[&str] = &[
    "trace_id",
    "traceId",
    "TRACEPARENT",
    "span_id",
    "SpanId",
    "X-B3-TraceId",
    "X-B3-SpanId",
    "X-B3-Sampled",
    "b3",
    "uber-trace-id",
    "X-Amzn-Trace-Id",
    "x-cloud-trace-context",
    "request_id",
    "x-request-id",
    "corr-id",
    "=",
    ":",
    ": ",
    "\"",
    "\\\"",
    "'",
    " ",
    "\n",
    ";",
    "[",
    "-",
    "Root=1-463ac35c-9f6413ad48485a3953bb6124",
    "463ac35c9f6413ad48485a3953bb6124",
    "00f067aa0ba902b7",
    "00000000000000000000000000000000",
    "00-463ac35c9f6413ad48485a3953bb6124-00f067aa0ba902b7-01",
    "/1;o=1",
    "é",
    "0:1",
    "%3A",
    "1",
];

fn text() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec(proptest::sample::select(PIECES), 0..12).prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![pieces, any::<Vec<u8>>()]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![proptest::sample::select(PIECES).prop_map(str::to_owned), "[a-z_.]{0,8}", Just("original".to_owned())]
}

fn batch(records: &[Vec<u8>]) -> Batch {
    let (mut scope, mut resource, mut request) = (Vec::new(), Vec::new(), Vec::new());
    for record in records {
        push_field(&mut scope, 0x12, record);
    }
    push_field(&mut resource, 0x12, &scope);
    push_field(&mut request, 0x0a, &resource);
    Batch::from_otlp(request.into(), &Limits::DEFAULT).unwrap()
}

/// All fields, whole, but for the ids, the flags and the request's attribute.
fn untouched(message: &[u8]) -> Vec<Vec<u8>> {
    let mut fields = Fields::new(message);
    let mut whole = Vec::new();
    loop {
        let start = fields.position();
        let Some(Ok((field, value))) = fields.next() else { return whole };
        let is_request = matches!(value, Value::Len(pair) if field == 6 && text_field(pair, 1) == b"http.request.id");
        if !matches!(field, 8..=10) && !is_request {
            whole.push(message[start..fields.position()].to_vec());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn nothing_else_changes(
        records in vec((text(), vec((key(), text()), 0..4), vec(any::<u8>(), 0..20), any::<bool>()), 0..5),
    ) {
        let records: Vec<Vec<u8>> = records.iter().map(|(body, attributes, trace_id, unknown)| {
            let (mut record, mut value) = (Vec::new(), Vec::new());
            push_field(&mut value, 0x0a, body);
            push_field(&mut record, 0x2a, &value);
            for (key, value) in attributes {
                push_string_attribute(&mut record, 0x32, key.as_bytes(), value);
            }
            push_field(&mut record, 0x4a, trace_id);
            if *unknown {
                record.extend_from_slice(&[0xfa, 0x01, 1, 7]); // field 31, of one byte
            }
            record
        }).collect();
        let given = batch(&records);
        let mut outcome = Outcome::default();
        let made = correlate().apply(given.clone(), &mut outcome);
        prop_assert_eq!(made.len(), given.len());
        prop_assert_eq!(outcome.dropped + outcome.added + outcome.failed, 0);
        for (was, is) in given.records().zip(made.records()) {
            prop_assert_eq!(untouched(was.bytes()), untouched(is.bytes()));
            if let Some(id) = was.trace_id {
                prop_assert_eq!(is.trace_id, Some(id));
            } else if let Some(entry) = made.index().iter().find(|entry| made.record_bytes(entry) == is.bytes()) {
                prop_assert_eq!(entry.trace_id, is.trace_id.unwrap_or_default(), "the index knows it");
            }
            if let Some(value) = is.attribute("http.request.id").and_then(|value| value.as_str()) {
                prop_assert!(value.is_ascii() || was.attribute("http.request.id").is_some());
            }
        }
        prop_assert!(Batch::from_otlp(made.to_otlp(), &Limits::DEFAULT).is_ok());
        let again = correlate().apply(made.clone(), &mut Outcome::default());
        prop_assert!(again.is_same(&made), "what was found once is not written twice");
    }
}

/// A megabyte of keys without an end: were each followed far, this would take hours.
#[test]
fn a_hostile_text_is_walked_once() {
    for piece in ["trace_id", "trace_id=", "trace_id=\"", "b3:", "span_id: ", "request_id", "-", "race"] {
        let mut record = Vec::new();
        let mut value = Vec::new();
        push_field(&mut value, 0x0a, piece.repeat((1 << 20) / piece.len()).as_bytes());
        push_field(&mut record, 0x2a, &value);
        correlate().apply(batch(&[record]), &mut Outcome::default());
    }
}
