//! Pushes to Loki and bodies for Datadog: whatever comes, each record has each name once, and nothing that was sent is missing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

#[path = "fixtures/well_formed.rs"]
mod well_formed;

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use logloom_formats::{OptionValue, Options, compile};
use logloom_record::{AnyValue, Batch, BatchWriter, BlockPool, Limits, Origin, Record};
use proptest::{collection, prelude::*};
use serde_json::{Value, json};

fn read(format: &str, options: &[(&str, &str)], given: &[(&str, &str)], bytes: &[u8]) -> Batch {
    let options = options.iter().map(|(name, value)| ((*name).to_owned(), OptionValue::Str((*value).to_owned())));
    let limits = Limits { frame_bytes_max: 4096, attributes_max: 64, ..Limits::DEFAULT };
    let mut out = BatchWriter::new(BlockPool::global(), &limits, &Arc::new(Origin::default()), 1);
    out.give(given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
    let mut decoder = compile(format, &Options(options.collect())).unwrap().open(limits.frame_bytes_max);
    decoder.feed(&Bytes::copy_from_slice(bytes), &mut out);
    decoder.flush(&mut out);
    out.finish()
}

/// The texts of a record's attributes; no name stands twice.
fn texts(record: &Record<'_>) -> Vec<(String, String)> {
    let mut names = BTreeSet::new();
    let all = record.attributes().map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value));
    let mut found = Vec::new();
    for (name, value) in all {
        assert!(names.insert(name.clone()), "{name} stands twice");
        if let AnyValue::Str(text) = value {
            found.push((name, String::from_utf8_lossy(text).into_owned()));
        }
    }
    found
}

fn has(texts: &[(String, String)], name: &str, value: &str) -> bool {
    let others =
        [name.to_owned(), format!("loki.{name}"), format!("datadog.{name}"), format!("datadog.tag.{name}"), format!("{name}_extracted")];
    texts.iter().any(|(key, text)| text == value && (others.contains(key) || key.starts_with(&format!("{name}_extracted"))))
}

fn push(labels: &[(String, String)], lines: &[(String, Vec<(String, String)>)]) -> Vec<u8> {
    let object =
        |pairs: &[(String, String)]| Value::Object(pairs.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect());
    let values: Vec<_> = lines.iter().map(|(line, metadata)| json!(["1795257660000000000", line, object(metadata)])).collect();
    json!({"streams": [{"stream": object(labels), "values": values}]}).to_string().into_bytes()
}

/// Few names, so that they meet: also some that say more than themselves.
fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    collection::vec(("[ab]|app|level|msg|trace_id|service_name|a_extracted", "[a-z\"\\\\\n{é]{1,8}"), 0..5)
}

proptest! {
    #[test]
    fn each_label_and_each_piece_of_metadata_is_an_attribute(
        labels in pairs(),
        lines in collection::vec(("[ -~\n]{0,30}", pairs()), 1..4),
    ) {
        let batch = read("loki", &[], &[], &push(&labels, &lines));
        prop_assert_eq!(batch.len(), lines.len());
        prop_assert!(batch.rejects().is_empty());
        for (record, (line, metadata)) in batch.records().zip(&lines) {
            prop_assert_eq!(record.body().and_then(|body| body.as_str().map(<[u8]>::to_vec)).unwrap_or_default(), line.as_bytes());
            let texts = texts(&record);
            let last = |pairs: &[(String, String)], name: &str| pairs.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value.clone());
            for (name, _) in labels.iter().chain(metadata) {
                let expected = last(&labels, name).into_iter().chain(last(metadata, name));
                for value in expected {
                    prop_assert!(has(&texts, name, &value), "{name}={value} is not in {texts:?}");
                }
            }
        }
    }

    #[test]
    fn lines_of_json_and_their_labels_have_each_name_once(labels in pairs(), own in pairs(), metadata in pairs()) {
        let line = Value::Object(own.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()).to_string();
        for inside in ["json", "auto"] {
            let body = push(&labels, &[(line.clone(), metadata.clone())]);
            let batch = read("loki", &[("inside", inside)], &[], &body);
            prop_assert_eq!(batch.len(), 1);
            for record in batch.records() {
                texts(&record);
            }
            prop_assert_eq!(well_formed::check(&body, false, &batch), Ok(()));
        }
    }

    #[test]
    fn an_entry_for_datadog_loses_nothing_to_its_message(outer in pairs(), inner in pairs(), as_text: bool, tags in "([a-c]:[a-z]{1,3},){0,4}") {
        let object = |pairs: &[(String, String)]| Value::Object(pairs.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect());
        let mut entry = object(&outer);
        let message = object(&inner);
        entry["message"] = if as_text { Value::from(message.to_string()) } else { message };
        entry["ddtags"] = Value::from(tags.as_str());
        let batch = read("datadog", &[], &[("ddtags", "env:x,given:yes")], json!([entry]).to_string().as_bytes());
        prop_assert_eq!((batch.len(), batch.rejects().len()), (1, 0));
        let record = batch.record(0).unwrap();
        let texts = texts(&record);
        prop_assert!(has(&texts, "given", "yes"), "{texts:?}");
        for name in ["a", "b"] {
            for pairs in [&outer, &inner] {
                if let Some((_, value)) = pairs.iter().rev().find(|(other, _)| other == name) {
                    let is_list = tags.matches(&format!("{name}:")).count() > 1;
                    prop_assert!(has(&texts, name, value) || is_list, "{name}={value} is not in {texts:?}");
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes: Vec<u8>, cut in 0usize..400) {
        let good = push(&[("a".into(), "b".into())], &[("x".into(), vec![])]);
        for format in ["loki", "datadog"] {
            for body in [bytes.as_slice(), good.get(..cut).unwrap_or(&good), &[b"[{\"message\":".as_slice(), &bytes].concat()] {
                prop_assert_eq!(well_formed::check(body, false, &read(format, &[], &[], body)), Ok(()));
            }
            for how in ["json", "proto", "text"] {
                if compile(format, &Options([("serialization".to_owned(), OptionValue::Str(how.into()))].into())).is_ok() {
                    read(format, &[("serialization", how)], &[], &bytes);
                }
            }
        }
    }
}

#[test]
fn many_small_records_under_long_labels_are_refused_before_any_is_written() {
    let labels = [("long".to_owned(), "x".repeat(60_000))];
    let lines = vec![(String::new(), Vec::new()); 5_000];
    let batch = read("loki", &[], &[], &push(&labels, &lines));
    assert!(batch.rejects().len() == batch.len() && !batch.is_empty(), "{} records", batch.len());
    assert!(batch.rejects()[0].reason.what.contains("256 MiB") || batch.rejects()[0].reason.what.contains("frame_bytes_max"));
    let tags = "x".repeat(60_000);
    let body = format!("[{}{{\"a\":1}}]", "{\"a\":1},".repeat(5_000));
    let batch = read("datadog", &[], &[("ddtags", &tags)], body.as_bytes());
    assert!(batch.rejects().len() == batch.len() && batch.rejects()[0].reason.what.contains("256 MiB"));
}

#[test]
fn a_line_that_cannot_be_read_is_kept_as_it_came_where_its_push_is_not_utf8() {
    let push = [
        &b"{\"streams\":[{\"stream\":{\"a\":\"\xff\"},\"values\":[[\"1\",\"good\"],"[..],
        b"[\"17\xc3\x28\",\"bad\"]",
        b",[\"2\",\"\xfe too\"]]}]}",
    ];
    let (before, bad) = (push[0].len(), push[1]);
    let batch = read("loki", &[], &[], &push.concat());
    assert_eq!(batch.len(), 3);
    let reject = &batch.rejects()[0];
    assert_eq!((batch.rejects().len(), reject.offset, reject.len as usize), (1, before as u64, bad.len()));
    let record = batch.record(reject.record as usize).unwrap();
    let original = record.attribute("log.record.original");
    assert!(matches!(original, Some(AnyValue::Bytes(bytes)) if bytes == bad), "{original:?}");
}
