//! Spans: against what other projects say of theirs, and against bytes that nobody would send.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // clippy knows only #[test] functions as tests
#![allow(clippy::format_collect)] // short texts

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use logloom_formats::{Options, compile, detect};
use logloom_record::{AnyValue, Attributes, Batch, BatchWriter, BlockPool, Limits, Origin, Record};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};

#[path = "fixtures/well_formed.rs"]
mod well_formed;

fn parse(format: &str, input: &[u8]) -> Batch {
    let mut out = BatchWriter::new(&BlockPool::new(1 << 20), &Limits::DEFAULT, &Arc::new(Origin::default()), input.len() * 4);
    let mut decoder = compile(format, &Options::default()).unwrap().open(Limits::DEFAULT.frame_bytes_max);
    decoder.feed(&Bytes::copy_from_slice(input), &mut out);
    decoder.flush(&mut out);
    out.finish()
}

/// The files of a folder of the corpora, or one of its files; none where the corpora are not here.
fn corpus(path: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora").join(path);
    let mut files: Vec<PathBuf> = match fs::read_dir(&path) {
        Ok(folder) => folder.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "json")).collect(),
        Err(_) if path.is_file() => vec![path],
        Err(_) => {
            println!("NOT RUN: {} is not here", path.display());
            vec![]
        }
    };
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn plain(value: &AnyValue<'_>) -> Value {
    match value {
        AnyValue::Null => Value::Null,
        AnyValue::Str(text) => String::from_utf8(text.to_vec()).unwrap().into(),
        AnyValue::Bool(value) => json!(value),
        AnyValue::Int(value) => json!(value),
        AnyValue::Double(value) => json!({"double": value.to_string()}),
        AnyValue::Bytes(bytes) => json!({"bytes": bytes}),
        AnyValue::Array(values) => values.clone().map(|value| plain(&value)).collect(),
        AnyValue::Map(pairs) => json!(map(pairs.clone())),
    }
}

fn map(pairs: Attributes<'_>) -> BTreeMap<String, Value> {
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        assert!(map.insert(String::from_utf8(key.to_vec()).unwrap(), plain(&value)).is_none(), "{key:?} stands twice");
    }
    map
}

/// All of a record but its original.
fn seen(record: &Record<'_>) -> Value {
    let mut attributes = map(record.attributes());
    attributes.remove("log.record.original");
    json!({
        "time": record.time_unix_nano, "severity": record.severity_number, "event": record.event_name, "body": record.body().map(|body| plain(&body)),
        "trace_id": record.trace_id, "span_id": record.span_id, "flags": record.flags, "attributes": attributes,
        "resource": map(record.resource_attributes()), "scope": [record.scope_name(), record.scope_version()],
    })
}

/// Jaeger's own tests say which OTLP spans these documents are: both must come to the same records.
#[test]
fn jaeger_as_its_storages_keep_it_is_what_jaeger_makes_of_it() {
    for (storage, files) in [("elasticsearch", &["es_01.json", "es_01_string_tags.json"][..]), ("cassandra", &["cas_01.json"])] {
        let folder = format!("jaeger/internal/storage/v2/{storage}/tracestore/fixtures/");
        let Some((_, otlp)) = corpus(&format!("{folder}otel_traces_01.json")).pop() else { return };
        let otlp = parse("otlp_traces_json", &otlp);
        for file in files {
            let (path, jaeger) = corpus(&format!("{folder}{file}")).pop().unwrap();
            assert_eq!(detect(&jaeger).name, "jaeger", "{}", path.display());
            let jaeger = parse("jaeger", &jaeger);
            assert!(jaeger.rejects().is_empty() && otlp.rejects().is_empty() && jaeger.len() == 3);
            for (a, b) in jaeger.records().zip(otlp.records()) {
                assert_eq!(seen(&a), seen(&b), "{}", path.display());
            }
        }
    }
}

/// Its tests also say which spans of protobuf's model a batch of thrift becomes; both are JSON by their field names.
#[test]
fn a_batch_of_thrift_is_the_spans_that_jaeger_makes_of_it() {
    let folder = "jaeger/internal/converter/thrift/jaeger/fixtures/";
    for number in ["01", "02"] {
        let Some((path, domain)) = corpus(&format!("{folder}domain_{number}.json")).pop() else { return };
        let (_, thrift) = corpus(&format!("{folder}thrift_batch_{number}.json")).pop().unwrap();
        assert_eq!((detect(&domain).name, detect(&thrift).name), ("jaeger", "jaeger"), "{}", path.display());
        let (domain, thrift) = (parse("jaeger", &domain), parse("jaeger", &thrift));
        assert!(domain.rejects().is_empty() && thrift.rejects().is_empty() && !thrift.is_empty());
        assert_eq!(domain.len(), thrift.len());
        for (a, b) in domain.records().zip(thrift.records()) {
            assert_eq!(seen(&a), seen(&b), "{}", path.display());
        }
    }
}

#[test]
fn spans_of_jaegers_storage_tests() {
    for (path, text) in corpus("jaeger/internal/storage/integration/fixtures/traces") {
        let request: Value = serde_json::from_slice(&text).unwrap();
        let mut expected = Vec::new();
        for resource in request["resourceSpans"].as_array().unwrap() {
            for span in resource["scopeSpans"].as_array().unwrap().iter().flat_map(|scope| scope["spans"].as_array().unwrap()) {
                expected.push((span["traceId"].clone(), span["spanId"].clone(), span["startTimeUnixNano"].clone(), json!("span")));
                for event in span["events"].as_array().into_iter().flatten() {
                    let name = event.get("name").cloned().unwrap_or_else(|| json!(""));
                    expected.push((span["traceId"].clone(), span["spanId"].clone(), event["timeUnixNano"].clone(), name));
                }
            }
        }
        let batch = parse("otlp_traces_json", &text);
        assert!(batch.rejects().is_empty(), "{}: {:?}", path.display(), batch.rejects());
        let hex = |id: &[u8]| json!(id.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let found: Vec<_> = batch
            .records()
            .map(|record| {
                let name = String::from_utf8(record.event_name.to_vec()).unwrap();
                (hex(&record.trace_id.unwrap()), hex(&record.span_id.unwrap()), json!(record.time_unix_nano.to_string()), json!(name))
            })
            .collect();
        assert_eq!(found, expected, "{}", path.display());
        assert_eq!(detect(&text).name, "otlp_traces_json", "{}", path.display());
    }
}

/// Each span with its ids, its times and its tags; each annotation behind it.
#[test]
fn spans_of_zipkins_and_the_collectors_tests() {
    for folder in [
        "openzipkin/zipkin-lens/testdata",
        "openzipkin/benchmarks/src/test/resources",
        "otel-collector-contrib/receiver/zipkinreceiver/testdata",
        "otel-collector-contrib/pkg/translator/zipkin/zipkinv2/testdata",
    ] {
        for (path, text) in corpus(folder) {
            let batch = parse("zipkin", &text);
            assert!(batch.rejects().is_empty(), "{}: {:?}", path.display(), batch.rejects());
            let mut records = batch.records();
            let document: Value = serde_json::from_slice(&text).unwrap();
            let spans = document.as_array().cloned().unwrap_or_else(|| vec![document.clone()]);
            for span in spans.iter().flat_map(|span| span.as_array().map_or_else(|| vec![span], |trace| trace.iter().collect())) {
                check_zipkin(span, &mut records, &path);
            }
            assert!(records.next().is_none(), "{}", path.display());
            assert_eq!(detect(&text).name, "zipkin", "{}", path.display());
        }
    }
}

fn check_zipkin<'a>(span: &Value, records: &mut impl Iterator<Item = Record<'a>>, path: &Path) {
    let record = records.next().unwrap_or_else(|| panic!("{}: a span is missing", path.display()));
    let id = |name: &str| u128::from_str_radix(span[name].as_str().unwrap_or("0"), 16).unwrap();
    let nanos = |value: &Value| value.as_u64().unwrap_or(0) * 1000;
    assert_eq!(u128::from_be_bytes(record.trace_id.unwrap()), id("traceId"), "{}", path.display());
    assert_eq!(u128::from(u64::from_be_bytes(record.span_id.unwrap())), id("id"));
    assert_eq!((record.time_unix_nano, record.event_name), (nanos(&span["timestamp"]), &b"span"[..]));
    assert_eq!(record.body().map(|body| plain(&body)), span.get("name").filter(|name| **name != "").cloned());
    let attributes = map(record.attributes());
    let parent = attributes.get("span.parent_span_id").map_or(0, |parent| u128::from_str_radix(parent.as_str().unwrap(), 16).unwrap());
    assert_eq!(parent, id("parentId"));
    assert_eq!(attributes.get("span.duration_ns"), span.get("duration").map(|duration| json!(nanos(duration))).as_ref());
    assert_eq!(map(record.resource_attributes()).get("service.name"), span["localEndpoint"].get("serviceName").filter(|name| **name != ""));
    for (name, value) in span["tags"].as_object().into_iter().flatten() {
        if name != "error" {
            assert_eq!(attributes.get(name), Some(value), "{}: {name}", path.display());
        }
    }
    let has_error = span["tags"].get("error").is_some_and(|error| error != "false");
    assert_eq!(record.severity_number, if has_error { 17 } else { 9 });
    for annotation in span["annotations"].as_array().into_iter().flatten() {
        let event = records.next().expect("an annotation is missing");
        assert_eq!(
            (event.trace_id, event.span_id, event.time_unix_nano),
            (record.trace_id, record.span_id, nanos(&annotation["timestamp"]))
        );
        assert_eq!(String::from_utf8_lossy(event.event_name), annotation["value"].as_str().unwrap());
    }
}

#[test]
fn traces_of_jaegers_anonymizer() {
    let files = corpus("jaeger/cmd/anonymizer/app/uiconv/fixtures");
    for (path, text) in &files {
        let batch = parse("jaeger", text);
        let (name, good) = (path.file_name().unwrap().to_str().unwrap(), batch.len() - batch.rejects().len());
        match name {
            "trace_success.json" => assert_eq!((good, batch.rejects().len(), detect(text).name), (2, 0, "jaeger")),
            "trace_invalid_json.json" => assert_eq!((good, batch.rejects().len()), (0, 1), "{name}"),
            _ => assert!(!batch.is_empty(), "{name}"),
        }
    }
}

/// Work and memory grow with the input, whatever it is made of.
#[test]
fn no_input_costs_more_than_its_length_allows() {
    let many_services: String =
        (0..20_000).map(|i| format!(r#"{{"traceId":"a","id":"{i:x}1","localEndpoint":{{"serviceName":"s{i}"}}}},"#)).collect();
    let many_processes: String = (0..5000).map(|i| format!(r#""p{i}":{{"serviceName":"s{i}","tags":[]}},"#)).collect();
    let their_spans: String = (0..5000).map(|i| format!(r#"{{"traceID":"a","spanID":"{:x}","processID":"p{i}"}},"#, i + 1)).collect();
    let many_tags: String = (0..50_000).map(|i| format!(r#""{i}":"","#)).collect();
    let equal_tags = r#""a":"","#.repeat(100_000);
    let deep = format!("{}{}", "[".repeat(400_000), "]".repeat(400_000));
    let trim = |list: &str| list.trim_end_matches(',').to_owned();
    for (format, input, records) in [
        ("zipkin", format!("[{}]", trim(&many_services)), 20_000),
        ("zipkin", format!(r#"{{"traceId":"a","id":"b","tags":{{{}}}}}"#, trim(&many_tags)), 1),
        ("zipkin", format!(r#"{{"traceId":"a","id":"b","tags":{{{}}}}}"#, trim(&equal_tags)), 1),
        ("zipkin", format!(r#"{{"traceId":"a","id":"b","tags":{{"a":{deep}}}}}"#), 1),
        ("zipkin", deep.clone(), 0),
        ("zipkin", format!(r#"{{"traceId":"a","id":"b","annotations":[{}{{}}]}}"#, "{},".repeat(100_000)), 100_002),
        ("jaeger", format!(r#"{{"spans":[{}],"processes":{{{}}}}}"#, trim(&their_spans), trim(&many_processes)), 5000),
    ] {
        let batch = parse(format, input.as_bytes());
        assert_eq!(batch.len(), records, "{format}: {input:.60}");
        assert!(
            batch.memory_len() < input.len() * 64 + (1 << 20),
            "{format}: {} bytes for {}: {:.60}",
            batch.memory_len(),
            input.len(),
            input
        );
    }
}

/// A span that finds no room in its buffer is written once more: with all that it says.
#[test]
fn spans_are_whole_wherever_a_buffer_ends() {
    const TIMES: u32 = 80;
    for body in [&include_bytes!("../../../tests/formats/zipkin/thrift.log")[..], include_bytes!("../../../tests/formats/zipkin/proto.log")]
    {
        let many = match body.split_first_chunk::<5>() {
            Some(([0x0c, count @ ..], spans)) => {
                let count = u32::from_be_bytes(*count) * TIMES;
                [&[0x0c][..], &count.to_be_bytes(), &spans.repeat(TIMES as usize)].concat()
            }
            _ => body.repeat(TIMES as usize),
        };
        let once: Vec<_> = parse("zipkin", body).records().map(|record| seen(&record)).collect();
        let mut out = BatchWriter::new(&BlockPool::new(1 << 20), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
        let mut decoder = compile("zipkin", &Options::default()).unwrap().open(Limits::DEFAULT.frame_bytes_max);
        decoder.feed(&Bytes::from(many), &mut out);
        decoder.flush(&mut out);
        let all = out.finish();
        assert_eq!(all.len(), once.len() * TIMES as usize);
        for (n, record) in all.records().enumerate() {
            assert_eq!(seen(&record), once[n % once.len()], "record {n}");
        }
    }
}

#[test]
fn spans_keep_no_more_attributes_than_allowed() {
    let tags: String = (0..2000).map(|i| format!(r#""t{i}":"v","#)).collect();
    let batch = parse("zipkin", format!(r#"{{"traceId":"a","id":"b","tags":{{{}}}}}"#, tags.trim_end_matches(',')).as_bytes());
    let record = batch.record(0).unwrap();
    assert!(record.attributes().count() <= 1024 + 8);
    assert!(record.dropped_attributes_count >= 2000 - 1024);
}

const SAMPLES: [(&str, &[u8]); 17] = [
    ("jaeger", include_bytes!("../../../tests/formats/jaeger/storage.log")),
    ("jaeger", include_bytes!("../../../tests/formats/jaeger/thrift.log")),
    ("jaeger", include_bytes!("../../../tests/formats/jaeger/compact.log")),
    ("jaeger", include_bytes!("../../../tests/formats/jaeger/compact-bad.log")),
    ("jaeger", include_bytes!("../../../tests/formats/jaeger/proto.log")),
    ("jaeger", include_bytes!("../../../tests/formats/jaeger/proto-bad.log")),
    ("zipkin", include_bytes!("../../../tests/formats/zipkin/v1.log")),
    ("zipkin", include_bytes!("../../../tests/formats/zipkin/thrift.log")),
    ("zipkin", include_bytes!("../../../tests/formats/zipkin/thrift-bad.log")),
    ("zipkin", include_bytes!("../../../tests/formats/zipkin/thrift-json.log")),
    ("zipkin", include_bytes!("../../../tests/formats/zipkin/proto-bad.log")),
    ("zipkin", include_bytes!("../../../tests/formats/zipkin/lists.log")),
    ("zipkin", include_bytes!("../../../tests/formats/zipkin/bad.log")),
    ("jaeger", include_bytes!("../../../tests/formats/jaeger/answer.log")),
    ("jaeger", include_bytes!("../../../tests/formats/jaeger/spans.log")),
    ("otlp_traces", include_bytes!("../../../tests/formats/otlp_traces/request.log")),
    ("otlp_traces_json", include_bytes!("../../../tests/formats/otlp_traces_json/request.log")),
];

proptest! {
    /// What is nearly good is read or refused, and what comes out is well formed and keeps the bytes of each Reject.
    #[test]
    fn damaged_spans_are_read_or_refused(which in 0..SAMPLES.len(), edits in vec((any::<Index>(), any::<u8>(), 0..4u8), 1..6)) {
        let (format, sample) = SAMPLES[which];
        let mut bytes = sample.to_vec();
        for (at, byte, what) in edits {
            let marks = b"{}[],:\"\\0129-.eEtfn \n\xff\x00\x80";
            let byte = if byte & 1 == 0 { marks[byte as usize % marks.len()] } else { byte };
            let at = at.index(bytes.len() + 1);
            match what {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => bytes[at] = byte,
                2 if at < bytes.len() => drop(bytes.remove(at)),
                3 => bytes.truncate(at.max(1)),
                _ => {}
            }
        }
        let bytes = Bytes::from(bytes);
        let batch = parse(format, &bytes);
        if let Err(why) = well_formed::check(&bytes, false, &batch) {
            prop_assert!(false, "{format}: {why}\n{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        for format in ["zipkin", "jaeger", "otlp_traces", "otlp_traces_json", "auto"] {
            let bytes = Bytes::copy_from_slice(&bytes);
            let batch = parse(format, &bytes);
            prop_assert!(well_formed::check(&bytes, format == "auto", &batch).is_ok(), "{format}");
        }
    }
}

/// A trace id may have the bytes of an escape sequence: what is no text has no colours to be taken out.
#[test]
fn ids_that_look_like_colours_are_ids() {
    let id = b"\x1b[31m\x1b[0";
    let span = [&[0x0a, 8][..], id, &[0x1a, 8, 0, 0, 0, 0, 0, 0, 0, 1]].concat();
    let body = [&[0x0a, span.len() as u8][..], &span].concat();
    assert_eq!(logloom_formats::detect(&body).name, "zipkin");
}
