//! Taking some records of a Batch.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{
    Batch, BatchWriter, BlockPool, Group, Limits, Marks, Origin, RejectReason, Tail, Text,
    proto::{Fields, push_field, push_string_attribute},
};
use proptest::prelude::*;

/// A request of `shape[resource][scope]` records, numbered by their times; every message carries an unknown field and a schema URL.
fn request(shape: &[Vec<usize>]) -> Bytes {
    let mut out = Vec::new();
    let mut time = 0u64;
    let unknown = |message: &mut Vec<u8>, text: String| push_field(message, 15 << 3 | 2, text.as_bytes());
    for (r, scopes) in shape.iter().enumerate() {
        let mut logs = Vec::new();
        let mut resource = Vec::new();
        push_string_attribute(&mut resource, 0x0a, b"service.name", format!("service {r}").as_bytes());
        push_field(&mut logs, 0x0a, &resource);
        for (s, &count) in scopes.iter().enumerate() {
            let mut scope = Vec::new();
            for _ in 0..count {
                time += 1;
                let mut record = vec![0x09];
                record.extend_from_slice(&time.to_le_bytes());
                unknown(&mut record, format!("record {time}"));
                if time.is_multiple_of(7) {
                    // A length that takes a byte more than it must.
                    scope.extend([0x12, record.len() as u8 | 0x80, 0]);
                    scope.extend_from_slice(&record);
                } else {
                    push_field(&mut scope, 0x12, &record);
                }
                if time.is_multiple_of(5) {
                    unknown(&mut scope, format!("behind {time}"));
                }
            }
            let mut name = Vec::new();
            push_field(&mut name, 0x0a, format!("scope {s}").as_bytes());
            push_field(&mut scope, 0x0a, &name); // after its records
            push_field(&mut scope, 0x1a, b"scope schema");
            unknown(&mut scope, format!("scope {r}.{s}"));
            push_field(&mut logs, 0x12, &scope);
        }
        push_field(&mut logs, 0x1a, b"resource schema");
        unknown(&mut logs, format!("resource {r}"));
        push_field(&mut out, 0x0a, &logs);
    }
    out.into()
}

/// A record, its resource, scope, time and severity.
type Seen = (Vec<u8>, String, Vec<u8>, u64, u8);

/// The records and what they stand in, as far as readers see it.
fn seen(batch: &Batch) -> Vec<Seen> {
    let entries = batch.index();
    let records = batch.records().zip(entries);
    records
        .map(|(record, entry)| {
            let resource = format!("{:?}", record.resource_attributes().collect::<Vec<_>>());
            (record.bytes().to_vec(), resource, record.scope_name().to_vec(), entry.time_unix_nano, entry.severity)
        })
        .collect()
}

/// What stands beside the records in the `ScopeLogs` of each group that has one for which it holds.
fn beside(batch: &Batch, holds: impl Fn(usize) -> bool) -> Vec<Vec<u8>> {
    let of_group = |(id, group): (usize, &Group)| {
        batch.index().iter().enumerate().find(|(at, entry)| entry.group as usize == id && holds(*at))?;
        let (block, range) = (batch.blocks()[group.block as usize].otlp(), group.scope_logs.clone());
        let message = &block[range.start as usize..range.end as usize];
        let (mut fields, mut found, mut start) = (Fields::new(message), Vec::new(), 0);
        while let Some(Ok((field, _))) = fields.next() {
            found.extend_from_slice(if field == 2 { &[] } else { &message[start..fields.position()] });
            start = fields.position();
        }
        Some(found)
    };
    batch.groups().iter().enumerate().filter_map(of_group).collect()
}

fn count(haystack: &[u8], needle: &str) -> usize {
    haystack.windows(needle.len()).filter(|window| *window == needle.as_bytes()).count()
}

proptest! {
    #[test]
    fn what_is_kept_stays_as_it_was(
        shape in proptest::collection::vec(proptest::collection::vec(0usize..5, 0..4), 0..4),
        more in proptest::collection::vec(proptest::collection::vec(0usize..5, 0..4), 0..4),
        bits: u64,
    ) {
        let mut batch = Batch::from_otlp(request(&shape), &Limits::DEFAULT).unwrap();
        batch.append(&Batch::from_otlp(request(&more), &Limits::DEFAULT).unwrap());
        let keep = |i: usize| bits >> (i % 64) & 1 == 1;
        let selected = batch.select(keep);
        let expected: Vec<_> = seen(&batch).into_iter().enumerate().filter(|(i, _)| keep(*i)).map(|(_, record)| record).collect();
        prop_assert_eq!(seen(&selected), &expected[..]);
        // The bytes say the same as the index, and keep what stood beside the records.
        let bytes = selected.to_otlp();
        let again = Batch::from_otlp(bytes.clone(), &Limits::DEFAULT).unwrap();
        prop_assert_eq!(seen(&again), expected);
        if selected.len() == batch.len() {
            return Ok(()); // nothing was copied
        }
        for group in selected.groups() {
            prop_assert!(!group.scope.is_empty());
        }
        prop_assert_eq!(beside(&selected, |_| true), beside(&batch, keep));
        prop_assert_eq!(&batch.marked(&Marks::all(batch.len()).filter(keep)).to_otlp(), &bytes);
        prop_assert_eq!(count(&bytes, "scope schema"), again.groups().len());
        let resources = count(&bytes, "resource schema");
        prop_assert_eq!(resources, (0..4).map(|r| count(&bytes, &format!("resource {r}"))).sum::<usize>());
        prop_assert!(resources <= again.groups().len());
    }
}

#[test]
fn all_is_the_same_batch() {
    let batch = Batch::from_otlp(request(&[vec![3]]), &Limits::DEFAULT).unwrap();
    assert_eq!(batch.select(|_| true).to_otlp().as_ptr(), batch.to_otlp().as_ptr());
    assert!(batch.select(|_| false).to_otlp().is_empty());
}

#[test]
fn rejects_follow_their_records_and_arrival_order_stays() {
    let origin = Arc::new(Origin { arrival_unix_nano: 1, ..Origin::default() });
    let mut out = BatchWriter::new(&BlockPool::new(0), &Limits::DEFAULT, &origin, 1);
    for i in 0..12u8 {
        out.use_resource(&[i % 3], |resource, _| push_string_attribute(resource, 0x0a, b"lane", &[b'0' + i % 3]));
        if i % 4 == 1 {
            out.reject(&[b'a' + i], RejectReason::syntax("odd", 0), u64::from(i), "text");
        } else {
            out.attempt(|out| {
                out.begin(u64::from(i), 0, Text::EMPTY).finish(&Tail::default());
                Ok(())
            })
            .unwrap();
        }
    }
    let selected = out.finish().select(|i| i >= 5);
    let times: Vec<_> = selected.records().map(|record| record.time_unix_nano).collect();
    assert_eq!(times, [0, 6, 7, 8, 0, 10, 11]);
    let rejects: Vec<_> = selected.rejects().iter().map(|reject| (reject.record, reject.offset)).collect();
    assert_eq!(rejects, [(0, 5), (4, 9)]);
    for (i, record) in selected.records().enumerate() {
        assert_eq!(record.is_reject(), i % 4 == 0);
        let lane = record.resource_attributes().next().map(|(_, value)| value.as_str().unwrap().to_vec());
        assert_eq!(lane, (!record.is_reject()).then(|| vec![b'0' + ((i + 5) % 3) as u8]), "a Reject is nobody's");
    }
    assert_eq!(selected.blocks().len(), 1, "small selections share one block");
}

#[test]
fn blocks_stay_bounded() {
    let mut scope = Vec::new();
    let mut record = Vec::new();
    push_field(&mut record, 15 << 3 | 2, &vec![b'x'; 1 << 20]);
    for _ in 0..20 {
        push_field(&mut scope, 0x12, &record);
    }
    let mut large = Vec::new();
    push_field(&mut large, 15 << 3 | 2, &vec![b'y'; 9 << 20]);
    push_field(&mut scope, 0x12, &large);
    let (mut logs, mut bytes) = (Vec::new(), Vec::new());
    push_field(&mut logs, 0x12, &scope);
    push_field(&mut bytes, 0x0a, &logs);
    let batch = Batch::from_otlp(bytes.into(), &Limits::DEFAULT).unwrap();
    let selected = batch.select(|i| i > 0);
    assert_eq!(seen(&selected)[..], seen(&batch)[1..]);
    let sizes: Vec<_> = selected.blocks().iter().map(|block| block.len() >> 20).collect();
    assert_eq!(sizes, [7, 7, 5, 9], "only a record over 8 MiB makes a larger block");
    assert_eq!(Batch::from_otlp(selected.to_otlp(), &Limits::DEFAULT).unwrap().len(), 20);
}

proptest! {
    #[test]
    fn pieces_hold_all_records_in_order_within_the_bound(shape in prop::collection::vec(prop::collection::vec(0usize..20, 1..4), 1..5), max in 1usize..2000) {
        let batch = Batch::from_otlp(request(&shape), &Limits::DEFAULT).unwrap();
        let pieces = batch.split(max);
        let together: Vec<Seen> = pieces.iter().flat_map(seen).collect();
        prop_assert_eq!(together, seen(&batch));
        for piece in &pieces {
            prop_assert!(piece.otlp_len() <= max || piece.len() <= 1, "{} bytes, {} records", piece.otlp_len(), piece.len());
            prop_assert_eq!(Batch::from_otlp(piece.to_otlp(), &Limits::DEFAULT).unwrap().len(), piece.len());
        }
    }
}

/// The stamp of the tests: none on every third record.
fn stamp(at: usize, _: &logloom_record::Record<'_>) -> Vec<(&'static str, String)> {
    if at % 3 == 2 { Vec::new() } else { vec![("stamp.number", at.to_string()), ("stamp.long", "x".repeat(at * 50))] }
}

proptest! {
    #[test]
    fn what_is_stamped_is_the_same_with_more_attributes(shape in prop::collection::vec(prop::collection::vec(0usize..4, 0..3), 0..4)) {
        let batch = Batch::from_otlp(request(&shape), &Limits::DEFAULT).unwrap();
        let stamped = batch.stamp(stamp);
        prop_assert_eq!(stamped.len(), batch.len());
        for (at, (new, old)) in stamped.records().zip(batch.records()).enumerate() {
            prop_assert!(new.bytes().starts_with(old.bytes()));
            let expected = if at % 3 == 2 { None } else { Some(format!("{at}")) };
            let number = new.attribute("stamp.number").map(|value| format!("{value:?}"));
            prop_assert_eq!(number.is_some(), expected.is_some());
            prop_assert_eq!(new.attributes().count(), old.attributes().count() + if expected.is_some() { 2 } else { 0 });
        }
        // And the bytes say so too, read anew.
        let again = Batch::from_otlp(stamped.to_otlp(), &Limits::DEFAULT).unwrap();
        prop_assert_eq!(seen(&again), seen(&stamped));
        let bare = |batch: &Batch| seen(batch).into_iter().map(|(_, resource, scope, time, severity)| (resource, scope, time, severity)).collect::<Vec<_>>();
        prop_assert_eq!(bare(&stamped), bare(&batch));
    }
}

#[test]
fn nothing_to_stamp_copies_nothing() {
    let batch = Batch::from_otlp(request(&[vec![3]]), &Limits::DEFAULT).unwrap();
    assert_eq!(batch.stamp(|_, _| Vec::<(&str, String)>::new()).to_otlp().as_ptr(), batch.to_otlp().as_ptr());
}
