//! Writing some records of a Batch anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use logloom_record::{
    Batch, Edit, Limits, Shared,
    proto::{Fields, Value, push_field, push_string_attribute},
};
use proptest::prelude::*;

/// A record numbered by its time, with a severity and a body.
fn record(time: u64, body: &str) -> Vec<u8> {
    let mut record = vec![0x09];
    record.extend_from_slice(&time.to_le_bytes());
    record.extend_from_slice(&[0x10, 9]);
    let mut text = Vec::new();
    push_field(&mut text, 0x0a, body.as_bytes());
    push_field(&mut record, 0x2a, &text);
    record
}

/// A Batch of `shape[resource][scope]` records.
fn batch(shape: &[Vec<usize>]) -> Batch {
    let (mut out, mut time) = (Vec::new(), 0);
    for (r, scopes) in shape.iter().enumerate() {
        let (mut logs, mut resource) = (Vec::new(), Vec::new());
        push_string_attribute(&mut resource, 0x0a, b"service.name", format!("service {r}").as_bytes());
        push_field(&mut logs, 0x0a, &resource);
        for (s, count) in scopes.iter().enumerate() {
            let (mut scope_logs, mut scope) = (Vec::new(), Vec::new());
            push_field(&mut scope, 0x0a, format!("scope {r}.{s}").as_bytes());
            push_field(&mut scope_logs, 0x0a, &scope);
            for _ in 0..*count {
                time += 1;
                push_field(&mut scope_logs, 0x12, &record(time, "old"));
            }
            push_field(&mut scope_logs, 0x1a, b"schema");
            push_field(&mut logs, 0x12, &scope_logs);
        }
        push_field(&mut out, 0x0a, &logs);
    }
    Batch::from_otlp(out.into(), &Limits::DEFAULT).unwrap()
}

type Seen = (u64, Vec<u8>, String, Vec<u8>, Vec<u8>);

fn seen(batch: &Batch) -> Vec<Seen> {
    let entries = batch.records().zip(batch.index());
    entries
        .map(|(record, entry)| {
            let resource = format!("{:?}", record.resource_attributes().collect::<Vec<_>>());
            (entry.time_unix_nano, record.bytes().to_vec(), resource, record.scope_name().to_vec(), record.scope_schema_url().to_vec())
        })
        .collect()
}

proptest! {
    #[test]
    fn what_is_written_stands_in_its_place_and_all_else_stays(
        shape in proptest::collection::vec(proptest::collection::vec(0usize..5, 0..4), 0..4),
        fates in proptest::collection::vec(0u8..4, 60),
    ) {
        let batch = batch(&shape);
        let before = seen(&batch);
        let mut at = 0;
        let edited = batch.edit(
            |was, out| {
                let fate = fates[at % fates.len()];
                at += 1;
                match fate {
                    0 => Edit::Keep,
                    1 => { out.extend_from_slice(b"what is not used"); Edit::Drop }
                    3 => { push_string_attribute(out, 0x32, b"k", b"v"); Edit::Append }
                    _ => { out.extend_from_slice(&record(was.time_unix_nano + 1000, "new")); Edit::Write }
                }
            },
            |_, _, _| false,
        );
        let fate = |i: usize| fates[i % fates.len()];
        let expected: Vec<Seen> = before.iter().enumerate().filter(|(i, _)| fate(*i) != 1).map(|(i, one)| {
            let mut more = one.1.clone();
            push_string_attribute(&mut more, 0x32, b"k", b"v");
            if fate(i) == 0 { one.clone() } else if fate(i) == 3 { (one.0, more, one.2.clone(), one.3.clone(), one.4.clone()) } else { (one.0 + 1000, record(one.0 + 1000, "new"), one.2.clone(), one.3.clone(), one.4.clone()) }
        }).collect();
        prop_assert_eq!(seen(&edited), &expected[..]);
        // The bytes say the same as the index.
        let again = Batch::from_otlp(edited.to_otlp(), &Limits::DEFAULT).unwrap();
        prop_assert_eq!(seen(&again), expected);
    }

    #[test]
    fn records_that_get_a_resource_of_their_own_leave_the_others_theirs(
        shape in proptest::collection::vec(proptest::collection::vec(0usize..5, 0..4), 0..4),
        fates in proptest::collection::vec(0u8..6, 60),
    ) {
        let batch = batch(&shape);
        let fate = |i: usize| fates[i % fates.len()];
        let mut at = 0;
        let edited = batch.edit_each(|was, anew| {
            let fate = fate(at);
            at += 1;
            anew.record.extend_from_slice(was.bytes());
            if fate == 3 || fate == 4 {
                let mut resource = Vec::new();
                push_string_attribute(&mut resource, 0x0a, b"k", &[fate]);
                anew.resource = Some(resource);
            }
            if fate >= 4 {
                let mut scope = Vec::new();
                push_field(&mut scope, 0x0a, b"other");
                anew.scope = Some(scope);
            }
            match fate { 0 => Edit::Keep, 1 => Edit::Drop, _ => Edit::Write }
        });
        let expected: Vec<Seen> = seen(&batch).into_iter().enumerate().filter(|(i, _)| fate(*i) != 1).map(|(i, mut one)| {
            if fate(i) == 3 || fate(i) == 4 {
                one.2 = format!("[([107], Str([{}]))]", fate(i));
            }
            if fate(i) >= 4 {
                one.3 = b"other".to_vec();
            }
            one
        }).collect();
        prop_assert_eq!(seen(&edited), &expected[..]);
        // The bytes hold the same records; in which order is the index's to tell.
        let mut again = seen(&Batch::from_otlp(edited.to_otlp(), &Limits::DEFAULT).unwrap());
        again.sort();
        let mut expected = expected;
        expected.sort();
        prop_assert_eq!(again, expected);
    }

    #[test]
    fn resources_and_scopes_are_asked_once_and_written_where_they_stand(
        shape in proptest::collection::vec(proptest::collection::vec(1usize..4, 1..4), 1..4),
    ) {
        let batch = batch(&shape);
        let (mut resources, mut scopes) = (0, 0);
        let edited = batch.edit(|_, _| Edit::Keep, |what, old, new| match what {
            Shared::Resource => {
                resources += 1;
                push_string_attribute(new, 0x0a, b"k", b"v");
                true
            }
            Shared::Scope => {
                scopes += 1;
                let name = Fields::new(old).flatten().find_map(|field| if let (1, Value::Len(name)) = field { Some(name.to_vec()) } else { None });
                push_field(new, 0x0a, &[&name.unwrap()[..], b" too"].concat());
                true
            }
        });
        prop_assert_eq!(resources, shape.len());
        prop_assert_eq!(scopes, shape.iter().map(Vec::len).sum::<usize>());
        for (new, old) in seen(&edited).into_iter().zip(seen(&batch)) {
            prop_assert_eq!(&new.2, r"[([107], Str([118]))]");
            prop_assert_eq!(new.3, [&old.3[..], b" too"].concat());
            prop_assert_eq!((new.0, new.1, new.4), (old.0, old.1, old.4));
        }
    }
}

#[test]
fn an_editor_that_changes_nothing_copies_nothing() {
    let batch = batch(&[vec![3, 2], vec![1]]);
    assert!(batch.edit(|_, _| Edit::Keep, |_, _, _| false).is_same(&batch));
    assert!(!batch.edit(|_, _| Edit::Drop, |_, _, _| false).is_same(&batch));
}

#[test]
fn a_record_may_become_empty() {
    let edited = batch(&[vec![2]]).edit(|_, _| Edit::Write, |_, _, _| false);
    assert_eq!(edited.len(), 2);
    assert!(edited.records().all(|record| record.bytes().is_empty()));
}
