//! Adopting OTLP: what is taken, what is refused, and that readers see what Protobuf means.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use bytes::Bytes;
use logloom_record::{
    AnyValue, Batch, DataError, Limits, RejectKind,
    proto::{push_field, push_string_attribute, push_varint},
};
use proptest::prelude::*;

fn scan(bytes: &[u8]) -> Result<Batch, DataError> {
    Batch::from_otlp(Bytes::copy_from_slice(bytes), &Limits::DEFAULT)
}

/// A message of length-delimited fields.
fn message(fields: &[(u8, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, bytes) in fields {
        push_field(&mut out, number << 3 | 2, bytes);
    }
    out
}

fn request(record: &[u8]) -> Vec<u8> {
    message(&[(1, &message(&[(2, &message(&[(2, record)]))]))])
}

fn string(text: &str) -> Vec<u8> {
    message(&[(1, text.as_bytes())])
}

fn attributes(pairs: &[(&str, &str)], tag: u8) -> Vec<u8> {
    let mut out = Vec::new();
    for (key, value) in pairs {
        push_string_attribute(&mut out, tag, key.as_bytes(), value.as_bytes());
    }
    out
}

fn texts<'a>(pairs: impl Iterator<Item = (&'a [u8], AnyValue<'a>)>) -> Vec<(String, String)> {
    pairs.map(|(key, value)| (String::from_utf8_lossy(key).into(), format!("{value:?}"))).collect()
}

#[test]
fn the_bytes_stay_what_they_were() {
    let mut record = vec![0x09];
    record.extend_from_slice(&7u64.to_le_bytes());
    record.extend_from_slice(&[0x10, 17]);
    record.extend_from_slice(&message(&[(3, b"WARN"), (5, &string("hello")), (9, &[1; 16]), (10, &[2; 8]), (12, b"event")]));
    record.extend_from_slice(&[0xa2, 0x06, 2, 1, 2]); // field 100, unknown
    record.extend_from_slice(&attributes(&[("a", "1"), ("b", "2")], 0x32));
    let bytes = Bytes::from(request(&record));
    let batch = Batch::from_otlp(bytes.clone(), &Limits::DEFAULT).unwrap();
    assert_eq!(batch.to_otlp().as_ptr(), bytes.as_ptr(), "adopted without a copy");
    assert_eq!(batch.to_otlp(), bytes);
    let record = batch.record(0).unwrap();
    assert_eq!((record.time_unix_nano, record.severity_number, record.severity_text), (7, 17, &b"WARN"[..]));
    assert_eq!((record.trace_id, record.span_id, record.event_name), (Some([1; 16]), Some([2; 8]), &b"event"[..]));
    assert_eq!(record.body().unwrap().as_str(), Some(&b"hello"[..]));
    assert_eq!(record.attribute("b").unwrap().as_str(), Some(&b"2"[..]));
    let entry = batch.index()[0];
    assert_eq!((entry.time_unix_nano, entry.severity, entry.trace_id), (7, 17, [1; 16]));
    assert!(batch.record(1).is_none());
}

#[test]
fn the_observed_time_stands_in_for_an_unknown_time() {
    let mut record = vec![0x59];
    record.extend_from_slice(&9u64.to_le_bytes());
    let batch = scan(&request(&record)).unwrap();
    assert_eq!((batch.index()[0].time_unix_nano, batch.record(0).unwrap().time_unix_nano), (9, 0));
}

#[test]
fn nothing_is_a_valid_request() {
    assert_eq!(scan(b"").unwrap().len(), 0);
    assert!(scan(b"").unwrap().blocks().is_empty());
    let no_records = message(&[(1, &message(&[(2, b"")]))]);
    let batch = scan(&no_records).unwrap();
    assert_eq!((batch.len(), batch.groups().len(), &batch.to_otlp()[..]), (0, 1, &no_records[..]));
}

#[test]
fn ids_of_a_wrong_length_are_absent_and_leave_as_they_came() {
    let bytes = request(&message(&[(9, &[1; 15]), (10, &[1; 9])]));
    let batch = scan(&bytes).unwrap();
    let record = batch.record(0).unwrap();
    assert_eq!((record.trace_id, record.span_id, batch.index()[0].trace_id), (None, None, [0; 16]));
    assert_eq!(&batch.to_otlp()[..], bytes);
}

#[test]
fn resource_and_scope_may_follow_their_records() {
    let scope = message(&[(2, b""), (1, &message(&[(1, b"lib"), (2, b"1.0")]))]);
    let logs = message(&[(2, &scope), (1, &attributes(&[("service.name", "shop")], 0x0a)), (2, &scope)]);
    let batch = scan(&message(&[(1, &logs)])).unwrap();
    assert_eq!((batch.len(), batch.groups().len()), (2, 2));
    for record in batch.records() {
        assert_eq!(record.resource_attributes().next().unwrap().1.as_str(), Some(&b"shop"[..]));
        assert_eq!((record.scope_name(), record.scope_version()), (&b"lib"[..], &b"1.0"[..]));
    }
}

#[test]
fn message_fields_that_stand_twice_are_merged_for_readers_only() {
    let pair = |key: &str, value: &[u8]| message(&[(1, key.as_bytes()), (2, value)]);
    let map = |key: &str| message(&[(6, &message(&[(1, &pair(key, &string("v")))]))]);
    let twice = [map("x"), map("y")].concat(); // one AnyValue, its kvlist in two pieces
    let record = message(&[(5, &twice), (5, &map("z")), (6, &message(&[(1, b"k"), (2, &string("old")), (2, &string("new"))]))]);
    let scope = message(&[(1, &message(&[(1, b"lib")])), (2, &record), (1, &message(&[(2, b"1.0")]))]);
    let logs = message(&[(1, &attributes(&[("a", "1")], 0x0a)), (2, &scope), (1, &attributes(&[("b", "2")], 0x0a))]);
    let bytes = message(&[(1, &logs)]);
    let batch = scan(&bytes).unwrap();
    assert_eq!(&batch.to_otlp()[..], bytes);
    let record = batch.record(0).unwrap();
    let Some(AnyValue::Map(body)) = record.body() else { panic!("{:?}", record.body()) };
    assert_eq!(body.map(|(key, _)| key).collect::<Vec<_>>(), [b"x", b"y", b"z"]);
    assert_eq!(record.attribute("k").unwrap().as_str(), Some(&b"new"[..]));
    assert_eq!(texts(record.resource_attributes()).len(), 2);
    assert_eq!((record.scope_name(), record.scope_version()), (&b"lib"[..], &b"1.0"[..]));
}

#[test]
fn another_message_is_refused_with_its_place() {
    // A traces request: field 1 of a span is its trace id, of a record its time.
    let traces = request(&message(&[(1, &[7; 16])]));
    let error = scan(&traces).unwrap_err();
    assert_eq!((error.kind, error.at), (RejectKind::Syntax, 6));
    assert!(error.to_string().contains("wire type"), "{error}");
    assert_eq!(scan(b"hello").unwrap_err().at, 2, "the first bytes read as an unknown field");
    assert_eq!(scan(&[0x0a, 0x05, 0x12]).unwrap_err().kind, RejectKind::Truncated);
    assert!(scan(&[0x00, 0x00]).is_err(), "field 0");
    assert!(scan(&[0x13, 0x14]).is_err(), "groups");
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| {
        let value = (0..levels).fold(string("deep"), |value, _| message(&[(5, &message(&[(1, &value)]))]));
        request(&message(&[(5, &value)]))
    };
    let limits = Limits { depth_max: 3, ..Limits::DEFAULT };
    assert!(Batch::from_otlp(nested(3).into(), &limits).is_ok());
    assert!(Batch::from_otlp(nested(4).into(), &limits).unwrap_err().is_limit());
    let limits = Limits { depth_max: u32::MAX, ..Limits::DEFAULT };
    assert!(Batch::from_otlp(nested(272).into(), &limits).is_ok());
    assert!(Batch::from_otlp(nested(273).into(), &limits).unwrap_err().is_limit());
    assert!(Batch::from_otlp(nested(10_000).into(), &limits).unwrap_err().is_limit());
}

#[test]
fn size_is_bounded() {
    let limits = Limits { batch_bytes_max: 8, ..Limits::DEFAULT };
    assert!(Batch::from_otlp(vec![0; 9].into(), &limits).unwrap_err().is_limit());
}

/// Walks all there is.
fn walk(value: &AnyValue<'_>) -> usize {
    match value {
        AnyValue::Array(values) => values.clone().map(|value| walk(&value)).sum(),
        AnyValue::Map(pairs) => pairs.clone().map(|(key, value)| key.len() + walk(&value)).sum(),
        AnyValue::Str(bytes) | AnyValue::Bytes(bytes) => bytes.len(),
        _ => 1,
    }
}

fn walk_all(batch: &Batch) -> usize {
    batch
        .records()
        .map(|record| {
            let attributes = record.attributes().chain(record.resource_attributes()).chain(record.scope_attributes());
            record.body().map_or(0, |body| walk(&body)) + attributes.map(|(_, value)| walk(&value)).sum::<usize>()
        })
        .sum()
}

fn any_value() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        Just(Vec::new()),
        any::<Vec<u8>>().prop_map(|text| message(&[(1, &text)])),
        any::<bool>().prop_map(|value| vec![0x10, value.into()]),
        any::<u64>().prop_map(|value| {
            let mut out = vec![0x18];
            push_varint(&mut out, value);
            out
        }),
        any::<f64>().prop_map(|value| [&[0x21][..], &value.to_le_bytes()].concat()),
        any::<Vec<u8>>().prop_map(|bytes| message(&[(7, &bytes)])),
        any::<Vec<u8>>().prop_map(|bytes| message(&[(15, &bytes)])), // unknown
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|values| {
                let fields: Vec<_> = values.iter().map(|value| (1, &value[..])).collect();
                message(&[(5, &message(&fields))])
            }),
            proptest::collection::vec((any::<Vec<u8>>(), inner), 0..4).prop_map(|pairs| {
                let pairs: Vec<_> = pairs.iter().map(|(key, value)| message(&[(1, key), (2, value)])).collect();
                let fields: Vec<_> = pairs.iter().map(|pair| (1, &pair[..])).collect();
                message(&[(6, &message(&fields))])
            }),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        if let Ok(batch) = scan(&bytes) {
            prop_assert_eq!(&batch.to_otlp()[..], &bytes[..]);
            walk_all(&batch);
        }
    }

    #[test]
    fn arbitrary_records_never_panic(record: Vec<u8>) {
        if let Ok(batch) = scan(&request(&record)) {
            walk_all(&batch);
        }
    }

    #[test]
    fn well_formed_requests_are_taken_and_cut_ones_are_not(bodies in proptest::collection::vec(any_value(), 1..5)) {
        let records: Vec<_> = bodies.iter().map(|body| message(&[(5, body), (6, &message(&[(1, b"key"), (2, body)]))])).collect();
        let fields: Vec<_> = records.iter().map(|record| (2, &record[..])).collect();
        let bytes = message(&[(1, &message(&[(2, &message(&fields))]))]);
        let batch = scan(&bytes).unwrap();
        prop_assert_eq!(batch.len(), bodies.len());
        for (record, body) in batch.records().zip(&bodies) {
            prop_assert_eq!(format!("{:?}", record.body().unwrap()), format!("{:?}", AnyValue::read(body)));
            prop_assert_eq!(format!("{:?}", record.attribute("key").unwrap()), format!("{:?}", AnyValue::read(body)));
        }
        for cut in 1..bytes.len() {
            prop_assert!(scan(&bytes[..cut]).is_err(), "cut at {}", cut);
        }
    }
}
