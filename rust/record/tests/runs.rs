//! A record keeps its key, whatever Batch it comes to stand in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::sync::Arc;

use logloom_record::{Batch, BatchWriter, BlockPool, Limits, Origin, RecordKey, Tail, Text};
use proptest::prelude::*;

const JOURNAL: [u8; 16] = [0xab; 16];

/// Records whose bodies are their keys.
fn entry(position: u64, ordinal: u32, records: u32) -> Batch {
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
    for i in 0..records {
        let body = if position == 0 { "none".to_owned() } else { format!("{position}.{}", ordinal + i) };
        out.begin(0, 0, Text::EMPTY).body(Text::from(&*body)).finish(&Tail::default());
    }
    let batch = out.finish();
    if position == 0 { batch } else { batch.with_place(JOURNAL, position, ordinal) }
}

fn check(batch: &Batch) {
    for (i, record) in batch.records().enumerate() {
        let told = batch.key(i).map_or_else(|| "none".to_owned(), |key| format!("{}.{}", key.position, key.ordinal));
        let bytes = record.bytes();
        let found = bytes.windows(told.len()).any(|window| window == told.as_bytes());
        assert!(found, "record {i} says {:?}, its key {told}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(batch.key(batch.len()), None);
}

proptest! {
    #[test]
    fn keys_follow_their_records(
        parts in proptest::collection::vec((0u64..4, 0u32..1000, 0u32..5), 0..6),
        more in proptest::collection::vec((0u64..4, 0u32..1000, 0u32..5), 0..6),
        bits: u64,
        size in 1usize..200,
    ) {
        let merged = |parts: &[(u64, u32, u32)]| parts.iter().fold(Batch::default(), |mut all, &(position, ordinal, records)| {
            all.append(&entry(position, ordinal, records));
            all
        });
        let mut batch = merged(&parts);
        check(&batch);
        batch = batch.select(|i| bits >> (i % 64) & 1 == 1);
        check(&batch);
        batch.append(&merged(&more));
        check(&batch);
        let mut again = Batch::default();
        for piece in batch.split(size) {
            check(&piece);
            again.append(&piece);
        }
        check(&again);
        prop_assert_eq!(again.len(), batch.len());
        prop_assert!((0..batch.len()).all(|i| again.key(i) == batch.key(i)));
    }
}

#[test]
fn entries_in_order_are_one_run_each_and_a_key_has_a_text() {
    let mut batch = entry(7, 0, 3);
    batch.append(&entry(7, 3, 2));
    batch.append(&entry(9, 1, 1));
    assert_eq!(batch.runs().len(), 2);
    assert_eq!(batch.key(4).unwrap().to_string(), format!("{}/7.4", "ab".repeat(16)));
    assert_eq!(batch.key(5), Some(RecordKey { journal: JOURNAL, position: 9, ordinal: 1 }));
}
