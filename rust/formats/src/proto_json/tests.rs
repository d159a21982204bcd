use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{AnyValue, Batch, DataError, Limits, Origin};
use proptest::prelude::*;

use super::{is_snake, schema::LOGS_REQUEST, transcode};
use crate::formats::otlp_json::read;

fn parse(text: &[u8]) -> Result<Batch, DataError> {
    read(&Bytes::copy_from_slice(text), &Limits::DEFAULT, &Arc::new(Origin::default()))
}

/// The body of a request with this one value.
fn body(value: &str) -> Result<String, DataError> {
    let batch = parse(format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{value}}}]}}]}}]}}"#).as_bytes())?;
    let text = batch.record(0).unwrap().body().map_or(Vec::new(), |body| body.to_json());
    Ok(String::from_utf8(text).unwrap())
}

#[test]
fn names_may_be_those_of_the_proto_files() {
    assert!(is_snake(b"time_unix_nano", "timeUnixNano"));
    assert!(is_snake(b"body", "body"));
    for other in ["time_unixNano", "timeUnixNan", "time_unix_nano_", "time_unix_nan", "_time_unix_nano", ""] {
        assert!(!is_snake(other.as_bytes(), "timeUnixNano"), "{other}");
    }
    assert_eq!(body(r#"{"string_value":"a"}"#).unwrap(), r#""a""#);
    assert_eq!(body(r#"{"string\u0056alue":"a"}"#).unwrap(), r#""a""#, "an escaped key");
}

#[test]
fn integers_are_exact_or_refused() {
    for (text, value) in [
        ("9223372036854775807", "9223372036854775807"),
        (r#""-9223372036854775808""#, "-9223372036854775808"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1e3", "1000"),
        ("-0", "0"),
        ("9007199254740991.0", "9007199254740991"),
    ] {
        assert_eq!(body(&format!(r#"{{"intValue":{text}}}"#)).unwrap(), value, "{text}");
    }
    for text in [
        "9223372036854775808",
        r#""9223372036854775808""#,
        "1.5",
        "9007199254740993.0",
        r#""1.5""#,
        r#""""#,
        r#""+1""#,
        r#"" 1""#,
        "1e300",
        "true",
        "[]",
    ] {
        assert!(body(&format!(r#"{{"intValue":{text}}}"#)).is_err(), "{text}");
    }
}

#[test]
fn doubles_may_be_texts() {
    for (text, value) in [("1", "1.0"), (r#""1e-7""#, "1e-7"), (r#""Infinity""#, r#"{"$double":"Infinity"}"#), ("-0.0", "-0.0")] {
        assert_eq!(body(&format!(r#"{{"doubleValue":{text}}}"#)).unwrap(), value, "{text}");
    }
    for text in [r#""inf""#, r#""nan""#, r#""""#, r#""1e400""#, "1e400", "true"] {
        assert!(body(&format!(r#"{{"doubleValue":{text}}}"#)).is_err(), "{text}");
    }
}

#[test]
fn bytes_are_base64_of_either_alphabet() {
    for text in ["/+8=", "_-8=", "_-8", r"\/+8"] {
        assert_eq!(body(&format!(r#"{{"bytesValue":"{text}"}}"#)).unwrap(), r#"{"$bytes":"/+8="}"#, "{text}");
    }
    for text in ["/", "/+8==", "/+=8", "====", "/+8 ", "A==="] {
        assert!(body(&format!(r#"{{"bytesValue":"{text}"}}"#)).is_err(), "{text}");
    }
}

#[test]
fn null_is_absent_but_not_an_item() {
    assert_eq!(body("null").unwrap(), "");
    assert_eq!(body(r#"{"intValue":null,"stringValue":"a"}"#).unwrap(), r#""a""#);
    assert!(body(r#"{"arrayValue":{"values":[null]}}"#).is_err());
    assert_eq!(parse(br#"{"resourceLogs":null}"#).unwrap().len(), 0);
    assert!(parse(br#"{"resourceLogs":[null]}"#).is_err());
}

#[test]
fn a_map_without_what_belongs_around_it_is_kept() {
    let unwrapped = r#"{"a":{"stringValue":"v"},"b":{"intValue":2},"c":{"d":{"boolValue":true}},"e":{}}"#;
    assert_eq!(body(unwrapped).unwrap(), r#"{"a":"v","b":2,"c":{"d":true},"e":null}"#);
    // Fields that nobody knows are passed over, as ever.
    assert_eq!(body(r#"{"newValue":1}"#).unwrap(), "null");
    assert_eq!(body(r#"{"a":{},"stringValue":"v"}"#).unwrap(), r#""v""#);
    let deep = |levels: usize| format!("{}{}{}", r#"{"a":"#.repeat(levels), r#"{"intValue":1}"#, "}".repeat(levels));
    let bound = Limits::DEFAULT.depth_max as usize;
    assert!(body(&deep(bound)).is_ok() && body(&deep(bound + 1)).is_err());
}

#[test]
fn lists_that_stand_twice_are_joined() {
    let batch = parse(br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]},{"logRecords":[{}],"logRecords":[{}]}]}],"resourceLogs":[]}"#);
    assert_eq!(batch.unwrap().len(), 3);
}

#[test]
fn deep_nesting_ends_well() {
    let bound = Limits::DEFAULT.depth_max as usize;
    for levels in [1, bound, bound + 1, 200, 100_000] {
        let value = format!("{}{}{}", r#"{"arrayValue":{"values":["#.repeat(levels), r#"{"intValue":1}"#, "]}}".repeat(levels));
        assert_eq!(body(&value).is_ok(), levels <= bound, "{levels} levels");
    }
}

fn valid() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("{}".to_owned()),
        any::<i64>().prop_map(|value| format!(r#"{{"intValue":"{value}"}}"#)),
        "[a-z\\\\\\\\\"é]{0,6}".prop_map(|text| format!(r#"{{"stringValue":{text:?}}}"#)),
    ];
    let value = leaf.prop_recursive(3, 16, 3, |inner| {
        proptest::collection::vec(inner, 0..3).prop_map(|values| format!(r#"{{"arrayValue":{{"values":[{}]}}}}"#, values.join(",")))
    });
    let record = (any::<u64>(), value).prop_map(|(time, value)| format!(r#"{{"timeUnixNano":{time},"body":{value}}}"#));
    proptest::collection::vec(record, 1..4)
        .prop_map(|records| format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{}]}}]}}]}}"#, records.join(",")))
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in r#"[\[\]{}",:a-z0-9\\. ]{0,200}"#) {
        let _ = transcode(logloom_record::Text::from(text.as_str()), &LOGS_REQUEST, 8);
        let _ = parse(text.as_bytes());
    }

    #[test]
    fn what_was_written_reads_the_same(text in valid()) {
        let batch = parse(text.as_bytes()).unwrap();
        prop_assert!(batch.rejects().is_empty());
        let again = parse(&batch.to_otlp_json()).unwrap();
        prop_assert_eq!(again.to_otlp(), batch.to_otlp());
    }

    #[test]
    fn one_changed_byte_leaves_the_other_records(text in valid(), place: prop::sample::Index, byte in b' '..=b'~') {
        let mut bytes = text.clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let count = parse(text.as_bytes()).unwrap().len();
        if let Ok(batch) = parse(&bytes) {
            // A change may turn a key into an unknown one, and so hide what it holds; it never adds records.
            prop_assert!(batch.len() <= count);
            for reject in batch.rejects() {
                let kept = batch.record(reject.record as usize).and_then(|record| record.body()).unwrap();
                let at = reject.offset as usize;
                prop_assert!(matches!(kept, AnyValue::Str(text) if text == &bytes[at..at + reject.len as usize]));
            }
        }
    }

    #[test]
    fn cut_short_nothing_passes_for_whole(text in valid(), place: prop::sample::Index) {
        prop_assert!(parse(&text.as_bytes()[..place.index(text.len())]).map_or(true, |batch| batch.is_empty()));
    }
}
