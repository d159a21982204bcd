//! Programs over records: what they do not name stays, byte for byte; what goes is counted.
#![cfg(feature = "vrl")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use logloom_processors::{
    Outcome, Processor,
    transform::{ERROR, Group, OnError, Transform},
};
use logloom_record::{
    AnyValue, Batch, Limits,
    overlay::{push_int, push_text},
    proto::{Fields, Value, push_field, push_string_attribute, text_field},
};
use proptest::prelude::*;

#[path = "programs/held.rs"]
mod held;

/// A record with these texts as attributes, one of whose keys may stand twice, and a field that nobody knows.
fn record(attributes: &[(String, Vec<u8>)], body: &str, severity: u8) -> Vec<u8> {
    let mut out = vec![0x10, severity];
    let mut value = Vec::new();
    push_text(&mut value, body.as_bytes());
    push_field(&mut out, 0x2a, &value);
    for (key, text) in attributes {
        push_string_attribute(&mut out, 0x32, key.as_bytes(), text);
    }
    out.extend_from_slice(&[0xfa, 0x01, 1, 7]); // field 31, of one byte
    out
}

/// A request of one resource and one scope.
fn batch(records: &[Vec<u8>]) -> Batch {
    let (mut resource, mut scope, mut scope_logs, mut logs, mut out) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    push_string_attribute(&mut resource, 0x0a, b"service.name", b"cart");
    push_string_attribute(&mut resource, 0x0a, b"k8s.pod.name", b"cart-1");
    push_field(&mut scope, 0x0a, b"library");
    push_field(&mut scope_logs, 0x0a, &scope);
    for record in records {
        push_field(&mut scope_logs, 0x12, record);
    }
    push_field(&mut logs, 0x0a, &resource);
    push_field(&mut logs, 0x12, &scope_logs);
    push_field(&mut out, 0x0a, &logs);
    Batch::from_otlp(out.into(), &Limits::DEFAULT).unwrap()
}

fn run(source: &str, on_error: OnError, batch: &Batch) -> (Batch, Outcome) {
    let transform = Transform::vrl(source, on_error).unwrap_or_else(|error| panic!("{source}: {error}"));
    let mut outcome = Outcome::default();
    let made = transform.apply(batch.clone(), &mut outcome);
    // The bytes hold what the index says.
    assert_eq!(Batch::from_otlp(made.to_otlp(), &Limits::DEFAULT).unwrap().len(), made.len());
    (made, outcome)
}

/// The whole fields of a message that `is_kept` wants.
fn fields(message: &[u8], is_kept: impl Fn(u32, &[u8]) -> bool) -> Vec<&[u8]> {
    let (mut fields, mut found) = (Fields::new(message), Vec::new());
    loop {
        let start = fields.position();
        let Some(Ok((field, value))) = fields.next() else { return found };
        let key = if let Value::Len(pair) = value { text_field(pair, 1) } else { &[] };
        if is_kept(field, if field == 6 { key } else { &[] }) {
            found.push(&message[start..fields.position()]);
        }
    }
}

fn text<'b>(batch: &'b Batch, at: usize, key: &str) -> Option<&'b [u8]> {
    batch.record(at).unwrap().attribute(key).and_then(|value| value.as_str())
}

type Attributes = Vec<(String, Vec<u8>)>;

fn attributes() -> impl Strategy<Value = Attributes> {
    proptest::collection::vec(("[a-e]{1,2}", proptest::collection::vec(any::<u8>(), 0..12)), 0..12)
}

proptest! {
    #[test]
    fn what_a_program_does_not_name_stays_byte_for_byte(
        all in proptest::collection::vec((attributes(), "\\PC{0,12}", 0u8..25), 1..6), whole: bool,
    ) {
        let batch = batch(&all.iter().map(|(attributes, body, severity)| record(attributes, body, *severity)).collect::<Vec<_>>());
        // The second takes the whole object into its hands.
        let source = if whole {
            ".attributes = merge(.attributes, {\"new\": .severity_number}); del(.attributes.a)"
        } else {
            ".attributes.new = .severity_number; del(.attributes.a)"
        };
        let (made, outcome) = run(source, OnError::Pass, &batch);
        prop_assert_eq!(outcome, Outcome::default());
        prop_assert_eq!(made.len(), batch.len());
        for (old, new) in batch.records().zip(made.records()) {
            let is_other = |field: u32, key: &[u8]| field != 6 || (key != b"a" && key != b"new");
            prop_assert_eq!(fields(new.bytes(), is_other), fields(old.bytes(), is_other));
            prop_assert!(new.attribute("a").is_none());
            prop_assert!(matches!(new.attribute("new"), Some(AnyValue::Int(n)) if n == i64::from(old.severity_number)));
            prop_assert_eq!(new.resource(), old.resource());
            prop_assert_eq!(new.scope(), old.scope());
        }
    }

    #[test]
    fn what_statements_do_not_name_stays_byte_for_byte(
        all in proptest::collection::vec((attributes(), "\\PC{0,12}", 0u8..25), 1..6), whole: bool,
    ) {
        let batch = batch(&all.iter().map(|(attributes, body, severity)| record(attributes, body, *severity)).collect::<Vec<_>>());
        let delete = if whole { "delete_matching_keys(attributes, \"^a$\")" } else { "delete_key(attributes, \"a\")" };
        let statements = ["set(attributes[\"new\"], severity_number)", delete, "set(attributes[\"new\"], -1) where attributes[\"new\"] == 9"];
        let group = Group { statements: statements.map(String::from).to_vec(), propagates: true, ..Group::default() };
        let mut outcome = Outcome::default();
        let made = Transform::ottl(&[group], OnError::Pass).unwrap().apply(batch.clone(), &mut outcome);
        prop_assert_eq!(outcome, Outcome::default());
        prop_assert_eq!(made.len(), batch.len());
        for (old, new) in batch.records().zip(made.records()) {
            let is_other = |field: u32, key: &[u8]| field != 6 || (key != b"a" && key != b"new");
            prop_assert_eq!(fields(new.bytes(), is_other), fields(old.bytes(), is_other));
            prop_assert!(new.attribute("a").is_none());
            let expected = if old.severity_number == 9 { -1 } else { i64::from(old.severity_number) };
            prop_assert!(matches!(new.attribute("new"), Some(AnyValue::Int(n)) if n == expected));
            prop_assert_eq!((new.resource(), new.scope()), (old.resource(), old.scope()));
        }
    }

    /// As the fuzz target does it, with pieces of programs.
    #[test]
    fn any_program_over_any_records_holds(
        language: u8,
        words in proptest::collection::vec(proptest::sample::select(&[
            ".", "body", "attributes", "a", "=", "del(", ")", "(", "\"", "{", "}", "[", "]", "1", "if ", "set(", ", ", "\n", "upcase(", "parse_json!(",
            "TruncateTime(", "Now()", "Duration(\"1h\")", "URL(", "Decode(", "\"base64\"", "log.", "resource", " where ", " == ", "truncate_all(",
        ][..]), 0..14),
        records in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let data = [&[language][..], words.concat().as_bytes(), &[0], &records].concat();
        held::transform(&data, &Limits::DEFAULT);
    }

    #[test]
    fn no_text_of_a_statement_panics(text in "[a-z\\[\\]\\(\\){}\"',.=:+*/ 0-9-]{0,60}", inner in "\\PC{0,20}") {
        for text in [text.clone(), format!("set(body, {text})"), format!("set(attributes[\"a\"], {inner}) where {text}")] {
            let group = Group { statements: vec![text], propagates: true, ..Group::default() };
            if let Ok(transform) = Transform::ottl(&[group], OnError::Pass) {
                let mut outcome = Outcome::default();
                prop_assert_eq!(transform.apply(batch(&[record(&[], "x", 1)]), &mut outcome).len(), 1);
            }
        }
    }

    #[test]
    fn nothing_changes_where_a_program_sets_what_is_there(all in proptest::collection::vec((attributes(), "\\PC{0,12}", 0u8..25), 1..6)) {
        let batch = batch(&all.iter().map(|(attributes, body, severity)| record(attributes, body, *severity)).collect::<Vec<_>>());
        for source in [". = .", ".attributes = .attributes", ".body = .body; .severity_number = .severity_number", ".resource = .resource; .scope = .scope"] {
            prop_assert!(run(source, OnError::Pass, &batch).0.is_same(&batch), "{}", source);
        }
    }

    #[test]
    fn every_record_is_accounted_for(numbers in proptest::collection::vec(0u8..25, 1..20)) {
        let batch = batch(&numbers.iter().map(|n| record(&[], "x", *n)).collect::<Vec<_>>());
        let bad = numbers.iter().filter(|n| **n % 3 == 1).count();
        let gone = numbers.iter().filter(|n| **n % 3 == 2).count();
        let source = "n = mod(.severity_number, 3); if n == 1 { abort }\nif n == 2 { del(.) }\n.attributes.ok = true";
        let source = source.replace("del(.) }\n", "del(.) } else {\n") + " }";
        for on_error in [OnError::Pass, OnError::Drop, OnError::DeadLetter] {
            let (made, outcome) = run(&source, on_error, &batch);
            prop_assert_eq!(outcome.failed, bad as u64);
            prop_assert_eq!(made.len() as u64 + outcome.dropped + outcome.letters.len() as u64, batch.len() as u64);
            prop_assert_eq!(outcome.letters.len(), if on_error == OnError::DeadLetter { bad } else { 0 });
            prop_assert_eq!(outcome.dropped, (gone + if on_error == OnError::Drop { bad } else { 0 }) as u64);
            let marked = made.records().filter(|record| record.attribute(ERROR).is_some()).count();
            prop_assert_eq!(marked, if on_error == OnError::Pass { bad } else { 0 });
        }
    }
}

#[test]
fn all_fields_are_read_and_written() {
    let mut message = record(&[("k".into(), b"v".to_vec())], "hello", 9);
    push_field(&mut message, 0x1a, b"info");
    push_field(&mut message, 0x4a, &[1; 16]);
    message.extend_from_slice(&[0x09, 1, 0, 0, 0, 0, 0, 0, 0]);
    let batch = batch(&[message]);
    let source = r#"
        .attributes.seen = [.severity_text, .trace_id, to_unix_timestamp!(.timestamp, unit: "nanoseconds"), .scope.name,
            .resource.attributes."service.name", .span_id, .observed_timestamp, .flags, .event_name]
        .body = { "text": .body, "n": [1, 2.5, true, null] }
        .severity_text = "WARN"
        .severity_number = 13
        .timestamp = t'2026-01-02T03:04:05.000000006Z'
        .observed_timestamp = 7
        .trace_id = ""
        .span_id = "00000000000000Ff"
        .flags = 1
        .event_name = "e"
        .scope.version = "2"
        .scope.attributes.a = t'2026-01-02T03:04:05Z'
        del(.resource.attributes."k8s.pod.name")
    "#;
    let (made, outcome) = run(source, OnError::Pass, &batch);
    assert_eq!(outcome, Outcome::default());
    let record = made.record(0).unwrap();
    let seen =
        format!("{:?}", record.attribute("seen").map(|value| if let AnyValue::Array(values) = value { values.collect() } else { vec![] }));
    for wanted in ["Int(1)", "Null", "Int(0)"] {
        assert!(seen.contains(wanted), "{seen}");
    }
    assert_eq!(record.severity_text, b"WARN");
    assert_eq!((record.severity_number, record.flags, record.event_name), (13, 1, &b"e"[..]));
    assert_eq!((record.time_unix_nano, record.observed_time_unix_nano), (1_767_323_045_000_000_006, 7));
    assert_eq!((record.trace_id, record.span_id), (None, Some([0, 0, 0, 0, 0, 0, 0, 255])));
    assert_eq!((record.scope_name(), record.scope_version()), (&b"library"[..], &b"2"[..]));
    assert_eq!(record.scope_attributes().next().unwrap().1.as_str(), Some(&b"2026-01-02T03:04:05Z"[..]));
    assert_eq!(record.resource_attributes().map(|pair| pair.0).collect::<Vec<_>>(), [b"service.name"]);
    let Some(AnyValue::Map(mut body)) = record.body() else { panic!() };
    assert!(matches!(body.next(), Some((b"n", AnyValue::Array(_)))));
    assert_eq!(made.index()[0].severity, 13);
}

#[test]
fn a_resource_changes_only_for_the_records_that_change_it() {
    let batch = batch(&[record(&[], "a", 1), record(&[], "b", 2), record(&[], "c", 1)]);
    let source = "if .severity_number == 1 { .resource.attributes.\"service.name\" = \"other\" }";
    let (made, _) = run(source, OnError::Pass, &batch);
    let names: Vec<_> = made.records().map(|record| record.resource_attributes().next().unwrap().1.as_str().unwrap().to_vec()).collect();
    assert_eq!(names, [&b"other"[..], b"cart", b"other"]);
    assert_eq!(made.groups().len(), 2);
}

#[test]
fn a_record_passes_on_unchanged_where_its_program_fails_late() {
    let batch = batch(&[record(&[("a".into(), b"no json".to_vec())], "x", 1), record(&[("a".into(), b"{\"b\":1}".to_vec())], "x", 1)]);
    let (made, outcome) = run(".body = \"changed\"\n.attributes.parsed = parse_json!(.attributes.a)", OnError::Pass, &batch);
    assert_eq!((outcome.failed, made.len()), (1, 2));
    let first = made.record(0).unwrap();
    assert_eq!(first.body().unwrap().as_str(), Some(&b"x"[..]));
    assert!(String::from_utf8_lossy(text(&made, 0, ERROR).unwrap()).contains("parse_json"));
    let old = batch.record(0).unwrap();
    assert_eq!(fields(first.bytes(), |_, key| key != ERROR.as_bytes()), fields(old.bytes(), |_, _| true));
    assert_eq!(made.record(1).unwrap().body().unwrap().as_str(), Some(&b"changed"[..]));
}

#[test]
fn what_does_not_fit_a_field_fails() {
    let mut value = Vec::new();
    push_int(&mut value, 3);
    let batch = batch(&[record(&[("n".into(), b"99".to_vec())], "x", 1)]);
    for (source, why) in [
        (".severity_number = to_int!(.attributes.n)", "0 to 24"),
        (".trace_id = string!(.attributes.n)", "32 hexadecimal digits"),
        (".timestamp = -1", ".timestamp takes a timestamp"),
        (".body = [[]]\nfor_each(range!(0, 200)) -> |_i, _v| { .body = [.body] }", "nested more than"),
        ("n = 0\nfor_each(range!(0, 100000)) -> |_i, _v| { n = n + 1; n = n + 1 }\n.body = n", "expressions for one record"),
    ] {
        let (made, outcome) = run(source, OnError::Pass, &batch);
        let told = String::from_utf8_lossy(text(&made, 0, ERROR).unwrap_or_default()).into_owned();
        assert!(outcome.failed == 1 && told.contains(why), "{source}: {told}");
    }
}

#[test]
fn errors_say_where() {
    for (source, place, what) in [
        (".body = upcase(.body)", (1, 9), "upcase"),
        ("\n  .sevrity_number = 3", (2, 4), "did you mean '.severity_number'?"),
        (".severity_number = \"WARN\"", (1, 2), ".severity_number takes"),
        (".body = get_env_var!(\"HOME\")", (1, 9), "get_env_var"),
        ("log(\"x\")", (1, 1), "log"),
        (".body = %metadata", (1, 9), "metadata"),
        ("{", (1, 2), ""),
        ("", (1, 1), ""),
    ] {
        match Transform::vrl(source, OnError::Pass) {
            Ok(_) => assert!(source.is_empty(), "{source}"),
            Err(error) => {
                assert!(error.message.contains(what), "{source}: {error}");
                assert_eq!((error.line, error.column), place, "{source}: {error}");
            }
        }
    }
    assert!(Transform::vrl(&"(".repeat(100), OnError::Pass).unwrap_err().message.contains("deep"));
    assert!(Transform::vrl(&" ".repeat(70_000), OnError::Pass).unwrap_err().message.contains("bytes"));
}
