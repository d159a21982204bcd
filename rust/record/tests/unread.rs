//! What nobody has looked through answers as what was looked through does, whoever asks and in whatever order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{
    Batch, BatchWriter, BlockPool, Condition, Limits, Origin, Tail, Text,
    proto::{push_field, push_string_attribute},
};
use proptest::prelude::*;

fn message(fields: &[(u8, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, bytes) in fields {
        push_field(&mut out, number << 3 | 2, bytes);
    }
    out
}

/// A `LogRecord` with a severity and a body; where it is twice, Protobuf merges them.
fn record(severity: u8, body: &[u8], is_twice: bool) -> Vec<u8> {
    let mut out = vec![0x10, severity];
    let body = message(&[(1, body)]);
    push_field(&mut out, 0x2a, &body);
    if is_twice {
        push_field(&mut out, 0x2a, &message(&[(1, b"the last one counts")]));
    }
    push_string_attribute(&mut out, 0x32, b"number", severity.to_string().as_bytes());
    out
}

/// The records of a scope: severity, body, whether that stands twice.
type Records = Vec<(u8, Vec<u8>, bool)>;

/// Resources of scopes of records, with fields in between that nobody knows.
fn request(resources: &[Vec<Records>]) -> Bytes {
    let mut out = Vec::new();
    for (number, scopes) in resources.iter().enumerate() {
        let mut resource_logs = Vec::new();
        let mut resource = Vec::new();
        push_string_attribute(&mut resource, 0x0a, b"service.name", format!("service-{number}").as_bytes());
        push_field(&mut resource_logs, 0x0a, &resource);
        for records in scopes {
            let mut scope_logs = message(&[(1, &message(&[(1, b"scope")])), (9, b"unknown")]);
            for (severity, body, is_twice) in records {
                push_field(&mut scope_logs, 0x12, &record(*severity, body, *is_twice));
            }
            push_field(&mut scope_logs, 0x1a, b"https://schema");
            push_field(&mut resource_logs, 0x12, &scope_logs);
        }
        resource_logs.extend_from_slice(&[0xa2, 0x06, 2, 1, 2]); // field 100
        push_field(&mut out, 0x0a, &resource_logs);
    }
    out.into()
}

fn requests() -> impl Strategy<Value = Bytes> {
    let record = (0u8..30, prop::collection::vec(any::<u8>(), 0..9), prop::bool::weighted(0.02));
    let scopes = prop::collection::vec(prop::collection::vec(record, 0..6), 0..4);
    prop::collection::vec(scopes, 0..4).prop_map(|all| request(&all))
}

fn read(bytes: &Bytes) -> Batch {
    Batch::from_otlp(bytes.clone(), &Limits::DEFAULT).unwrap()
}

fn unread(bytes: &Bytes) -> Batch {
    Batch::from_known_otlp(bytes.clone()).unwrap()
}

/// All that can be asked, each of a copy that nobody has asked anything yet.
fn assert_same(unread: &dyn Fn() -> Batch, read: &Batch) {
    let one = unread();
    assert_eq!((one.len(), one.is_empty(), one.otlp_len()), (read.len(), read.is_empty(), read.otlp_len()));
    assert_eq!((one.to_otlp(), one.runs(), one.rejects()), (read.to_otlp(), read.runs(), read.rejects()));
    assert!((0..=read.len()).all(|at| one.key(at) == read.key(at)));
    assert_eq!(one.origin(), read.origin());
    assert_eq!(unread().index(), read.index());
    assert_eq!(unread().groups(), read.groups());
    assert!(unread().memory_len() <= read.memory_len());
    assert_eq!(unread().to_ndjson(), read.to_ndjson());
    assert_eq!(unread().to_otlp_json(), read.to_otlp_json());
    let texts = |batch: Batch| batch.records().map(|record| (record.bytes().to_vec(), record.resource().to_vec())).collect::<Vec<_>>();
    assert_eq!(texts(unread()), texts(read.clone()));
    let odd = |batch: Batch| batch.select(|at| at % 2 == 1).to_otlp();
    assert_eq!(odd(unread()), odd(read.clone()));
    let pieces = |batch: Batch| batch.split(50).iter().map(Batch::to_otlp).collect::<Vec<_>>();
    assert_eq!(pieces(unread()), pieces(read.clone()));
    assert_eq!(unread().compact().to_otlp(), read.compact().to_otlp());
    assert_eq!(unread().beside(), read.beside());
    let condition = Condition::parse("severity >= WARN").unwrap();
    let held = |batch: &Batch| (0..batch.len()).map(|at| condition.matches(batch, at)).collect::<Vec<_>>();
    assert_eq!(held(&unread()), held(read));
    let view = |batch: Batch| batch.record(0).map(|record| record.view(record.bytes()));
    assert_eq!(view(unread()), view(read.clone()));
    let twice = |mut batch: Batch| {
        batch.append(&batch.clone());
        (batch.to_otlp(), batch.index().to_vec(), batch.runs().to_vec())
    };
    assert_eq!(twice(unread()), twice(read.clone()));
    let with_beside = |batch: Batch| batch.with_beside(read.beside()).unwrap().index().to_vec();
    assert_eq!(with_beside(unread()), read.index());
}

proptest! {
    #[test]
    fn a_request_is_the_same_unread(bytes in requests()) {
        assert_same(&|| unread(&bytes), &read(&bytes));
    }

    #[test]
    fn requests_one_behind_the_other_are_the_same_unread(all in prop::collection::vec((requests(), 0u64..5), 0..5)) {
        let placed = |batch: Batch, at: usize, position: u64| {
            let origin = Arc::new(Origin { receiver: at.to_string(), ..Origin::default() });
            let batch = batch.with_origin(origin);
            if position == 0 { batch } else { batch.with_place([7; 16], position, 3) }
        };
        let each = |read: &dyn Fn(&Bytes) -> Batch| -> Vec<Batch> {
            all.iter().enumerate().map(|(at, (bytes, position))| placed(read(bytes), at, *position)).collect()
        };
        let mut appended: Option<Batch> = None;
        for batch in each(&read) {
            match &mut appended {
                Some(appended) => appended.append(&batch),
                None => appended = Some(batch),
            }
        }
        let appended = appended.unwrap_or_default();
        assert_same(&|| Batch::joined(each(&read)), &appended);
        assert_same(&|| Batch::joined(each(&unread)), &appended);
        let halves = || {
            let mut first = each(&unread);
            let second = first.split_off(first.len() / 2);
            Batch::joined(vec![Batch::joined(first), Batch::joined(second)])
        };
        let joined = halves();
        prop_assert_eq!(joined.index(), appended.index());
        prop_assert_eq!(joined.to_otlp(), appended.to_otlp());
    }

    #[test]
    fn whatever_the_bytes_there_are_as_many_records_as_are_told(mut bytes in requests().prop_map(|bytes| bytes.to_vec()), at: prop::sample::Index, byte: u8) {
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let bytes = Bytes::from(bytes);
        let read = Batch::from_otlp(bytes.clone(), &Limits::DEFAULT);
        match Batch::from_known_otlp(bytes.clone()) {
            Ok(unread) => {
                let told = unread.len();
                prop_assert_eq!(unread.index().len(), told);
                prop_assert_eq!(unread.to_otlp(), bytes);
                prop_assert!(read.is_err() || read.unwrap().len() == told);
            }
            Err(_) => prop_assert!(read.is_err()),
        }
    }
}

#[test]
fn what_a_writer_made_is_the_same_unread() {
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
    for at in 0..500_u32 {
        out.begin(u64::from(at), (at % 24) as u8, Text::EMPTY).body(Text::from(&*format!("line {at}"))).finish(&Tail::default());
    }
    let made = out.finish();
    let bytes = made.to_otlp();
    assert_same(&|| unread(&bytes), &read(&bytes));
    assert_eq!(unread(&bytes).to_ndjson(), made.to_ndjson());
}

#[test]
fn a_record_that_cannot_be_read_stays_where_the_heads_say() {
    let records = [record(9, b"good", false), vec![0x2a, 2, 0x0a, 99], record(17, b"good, too", false)];
    let scope_logs = message(&[(2, &records[0]), (2, &records[1]), (2, &records[2])]);
    let bytes = Bytes::from(message(&[(1, &message(&[(2, &scope_logs)]))]));
    assert!(Batch::from_otlp(bytes.clone(), &Limits::DEFAULT).is_err());
    let batch = unread(&bytes);
    assert_eq!(batch.len(), 3);
    let found: Vec<_> = batch.records().map(|record| record.bytes().to_vec()).collect();
    assert_eq!(found, records);
    assert_eq!(batch.to_otlp(), bytes);
}

#[test]
fn adopted_bytes_are_one_index() {
    let bytes = request(&[vec![vec![(9, b"one".to_vec(), false), (17, b"two".to_vec(), false)]]]);
    let other = read(&bytes);
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 0);
    out.adopt(&other);
    out.adopt(&unread(&bytes));
    out.begin(1, 9, Text::EMPTY).body(Text::from("three")).finish(&Tail::default());
    let all = out.finish();
    let bodies: Vec<_> = all.records().map(|record| record.body().unwrap().as_str().unwrap().to_vec()).collect();
    assert_eq!(bodies, [&b"one"[..], b"two", b"one", b"two", b"three"]);
    assert_eq!(all.to_otlp(), [other.to_otlp(), other.to_otlp(), all.blocks()[2].otlp()].concat());
    let mut alone = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 0);
    alone.adopt(&other);
    assert_eq!(alone.finish().index().as_ptr(), other.index().as_ptr(), "nothing is copied");
}
