//! A Batch that was in a journal file answers as the one that never left memory: for what every format makes of its fixtures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

#[path = "../../formats/tests/fixtures/read.rs"]
#[allow(dead_code)] // its other users ask more of it
mod read;

use std::{fs, path::Path};

use logloom_journal::{
    Entry, Part, Tally,
    format::{Sealer, check, unseal},
    keys::FreshKey,
};
use logloom_record::{Batch, Condition, arrow};

fn through_a_file(sealer: &mut Sealer, batch: &Batch) -> Batch {
    let part = Part { pipelines: vec!["logs".into()], batch: batch.clone() };
    let origin = batch.origin().clone();
    let entry = Entry { position: 1, previous: 0, time_unix_nano: 1, origin, tally: Tally::default(), parts: vec![part], fact: None };
    let mut bytes = Vec::new();
    sealer.seal(&entry, &mut bytes).unwrap();
    assert_eq!(check(&bytes).unwrap(), entry.head());
    unseal(&sealer.opener(), bytes).unwrap().parts.swap_remove(0).batch
}

#[test]
fn what_formats_make_comes_back_from_disk_as_it_was() {
    let mut sealer = Sealer::new(FreshKey::random().unwrap());
    let conditions = ["is_reject", "severity >= WARN", "body == 'x'", "attributes['logloom.reject.kind'] == 'syntax'"];
    let conditions = conditions.map(|text| Condition::parse(text).unwrap());
    let (mut read, mut rejects, mut reordered) = (0, 0, 0);
    for format in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/formats")).unwrap() {
        for file in fs::read_dir(format.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "log") {
                continue;
            }
            let case = read::Case::load(&path);
            let written = case.parse(&[case.input.len() / 3]);
            let from_disk = through_a_file(&mut sealer, &written);
            let at = path.display();
            assert_eq!(from_disk.to_otlp(), written.to_otlp(), "{at}");
            assert_eq!(from_disk.rejects(), written.rejects(), "{at}");
            assert_eq!(from_disk.origin(), written.origin(), "{at}");
            assert!(from_disk.to_ndjson() == written.to_ndjson(), "{at}: other NDJSON");
            assert!(from_disk.to_otlp_json() == written.to_otlp_json(), "{at}: other OTLP JSON");
            for (a, b) in from_disk.index().iter().zip(written.index()) {
                let known = |entry: &logloom_record::Entry| (entry.severity, entry.flags, entry.time_unix_nano, entry.trace_id);
                assert_eq!(known(a), known(b), "{at}");
            }
            for condition in &conditions {
                let answers = |batch: &Batch| (0..batch.len()).map(|i| condition.matches(batch, i)).collect::<Vec<_>>();
                assert_eq!(answers(&from_disk), answers(&written), "{at}: {}", condition.text());
            }
            let rows = |batch: &Batch| arrow::Reader::new(batch.clone()).map(Result::unwrap).collect::<Vec<_>>();
            assert!(rows(&from_disk) == rows(&written), "{at}: other Arrow");
            let half = |batch: &Batch| batch.select(|i| i % 2 == 0).to_ndjson();
            assert!(half(&from_disk) == half(&written), "{at}: other records selected");
            read += written.len();
            rejects += written.rejects().len();
            reordered += usize::from(!written.beside().order.is_empty());
        }
    }
    assert!(
        read > 1000 && rejects > 100 && reordered > 3,
        "{read} records, {rejects} rejects, {reordered} fixtures of interleaved resources"
    );
}
