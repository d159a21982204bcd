use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::{BatchWriter, BlockPool, Key, Limits, Origin, Scalar, Tail, Text};

/// The record of `docs/conditions.md`, and a rejected line behind it.
fn batch() -> Batch {
    let origin = Arc::new(Origin {
        receiver: "filelog/mesh".into(),
        format: "envoy".into(),
        peer: "/var/log/envoy/access.log".into(),
        resource: vec![("service.name".into(), "cart".into()), ("k8s.namespace.name".into(), "shop".into())],
        ..Origin::default()
    });
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &origin, 1 << 12);
    let write = out.attempt(|out| {
        let mut rec = out.begin(1_700_000_000_000_000_000, 17, Text::from("error")).body(Text::from("GET /cart timed out"));
        rec = rec
            .attr(&Key::new("http.request.method"), Text::from("GET"))
            .attr_i64(&Key::new("http.response.status_code"), 504)
            .attr_f64(&Key::new("ratio"), 0.5)
            .attr_bool(&Key::new("cached"), false)
            .attr_scalar(Text::from("nothing"), Scalar::Null)
            .attr_scalar(Text::from("big"), Scalar::Int(9_007_199_254_740_993))
            .attr_scalar(Text::from("raw"), Scalar::Bytes(b"\xff\x00"));
        let kv = rec.open(0x32);
        rec.name(Text::from("user"));
        let any = rec.open(0x12);
        let map = rec.open(0x32);
        rec.string_entry(0x0a, Text::from("id"), Text::from("u-7"));
        let pair = rec.open(0x0a);
        rec.name(Text::from("roles"));
        let value = rec.open(0x12);
        let array = rec.open(0x2a);
        for role in ["admin", "ops"] {
            let item = rec.open(0x0a);
            rec.scalar(Scalar::Str(Text::from(role)));
            rec.close(item);
        }
        for mark in [array, value, pair, map, any, kv] {
            rec.close(mark);
        }
        rec.finish(&Tail {
            trace_id: Some([0x4b; 16]),
            span_id: Some([0, 0, 0, 0, 0, 0, 0xab, 0xcd]),
            event_name: b"http.timeout",
            ..Tail::default()
        });
        Ok(())
    });
    assert!(write.is_ok());
    out.reject(b"garbage", crate::RejectReason::syntax("expected '['", 0), 0, "envoy");
    out.finish()
}

#[test]
fn the_examples_of_the_page_say_what_they_do() {
    let page = include_str!("../../../../docs/conditions.md");
    let batch = batch();
    let mut seen = 0;
    for line in page.lines() {
        let mut cells = line.trim_matches('|').split(" | ").map(str::trim);
        let (Some(condition), Some(verdict @ ("holds" | "does not hold"))) = (cells.next(), cells.next()) else { continue };
        let condition = condition.trim_matches('`').replace("\\|", "|");
        let compiled = Condition::parse(&condition).unwrap_or_else(|error| panic!("{condition}: {error}"));
        assert_eq!(compiled.matches(&batch, 0), verdict == "holds", "{condition}");
        seen += 1;
    }
    assert!(seen > 40, "the table of examples in docs/conditions.md is gone: {seen}");
}

#[test]
fn the_errors_of_the_page_are_said_where_they_are() {
    let page = include_str!("../../../../docs/conditions.md");
    let mut seen = 0;
    for line in page.lines() {
        let mut cells = line.trim_matches('|').split(" | ").map(str::trim);
        let (Some(condition), Some(at), Some(message)) = (cells.next(), cells.next(), cells.next()) else { continue };
        let Ok(at) = at.parse::<usize>() else { continue };
        let condition = condition.trim_matches('`').replace("\\|", "|");
        let error = Condition::parse(&condition).expect_err(&condition);
        assert_eq!((error.at, error.message.as_str()), (at, message), "{condition}");
        seen += 1;
    }
    assert!(seen > 20, "the table of errors in docs/conditions.md is gone: {seen}");
}

#[test]
fn every_field_stands_in_the_page() {
    let page = include_str!("../../../../docs/conditions.md");
    for (name, ..) in tree::Field::ALL {
        assert!(page.contains(&format!("`{name}")), "docs/conditions.md does not name {name}");
    }
}

#[test]
fn rejects_and_absent_records() {
    let batch = batch();
    let holds = |condition: &str, record| Condition::parse(condition).unwrap().matches(&batch, record);
    assert!(holds("is_reject and body == 'garbage' and attributes['logloom.reject.kind'] == 'syntax'", 1));
    assert!(!holds("is_reject", 0));
    assert!(holds("not has severity and not has trace_id and not has span_id and not has event_name and not has scope.name", 1));
    assert!(!holds("true", 2));
}

#[test]
fn bounds_are_kept() {
    let deep = |n: usize| format!("{}true{}", "(".repeat(n), ")".repeat(n));
    assert!(Condition::parse(&deep(64)).is_ok());
    assert_eq!(Condition::parse(&deep(65)).unwrap_err().message, "nested more than 64 deep");
    assert!(Condition::parse(&format!("{}true", "not ".repeat(65))).is_err());
    assert!(Condition::parse(&format!("body == '{}'", "a".repeat(20_000))).unwrap_err().message.contains("at most 16384 bytes"));
    assert!(Condition::parse("body =~ '(((a{100}){100}){100}){100}'").unwrap_err().message.contains("when compiled"));
    let many = vec!["body =~ 'a'"; 65].join(" or ");
    assert!(Condition::parse(&many).unwrap_err().message.contains("at most 64 patterns"));
}

#[test]
fn the_origin_alone_decides_where_it_can() {
    let origin = Origin { receiver: "otlp".into(), format: "zipkin".into(), ..Origin::default() };
    let known = |condition: &str| Condition::parse(condition).unwrap().known(&origin);
    assert_eq!(known("receiver == 'otlp'"), Some(true));
    assert_eq!(known("severity >= WARN"), None);
    assert_eq!(known("severity >= WARN and receiver != 'otlp'"), Some(false));
    assert_eq!(known("severity >= WARN or receiver in ['otlp', 'x']"), Some(true));
    assert_eq!(known("not (severity >= WARN or format =~ '^zip')"), Some(false));
    assert_eq!(known("has tenant"), Some(false));
    assert_eq!(known("has body"), None);
    assert_eq!(known("is_reject"), None);
}

#[test]
fn integers_beside_doubles_are_exact() {
    let batch = batch();
    let holds = |condition: &str| Condition::parse(condition).unwrap().matches(&batch, 0);
    assert!(holds("attributes['big'] == 9007199254740993"));
    assert!(!holds("attributes['big'] == 9007199254740992.0"));
    assert!(holds("attributes['big'] > 9007199254740992.0"));
    assert!(holds("-9223372036854775808 >= -9223372036854775808.0 and 9223372036854775807 < 9.3e18"));
    assert!(holds("1 < 1.5 and -1 > -1.5 and 0 == -0.0 and 2.0 == 2"));
}

proptest! {
    #[test]
    fn no_text_panics(text: String) {
        let _ = Condition::parse(&text);
    }

    #[test]
    fn words_in_any_order_do_not_panic(words in prop::collection::vec(prop::sample::select(vec![
        "severity", "attributes", "[", "]", "\"a\"", "'", "body", ".", "name", "scope", "==", "!=", "<", "=~", "in", "not", "and", "or", "(", ")",
        "has", "1", "-2.5e3", "WARN", "contains", ",", "true", "trace_id", "\\", "é",
    ]), 0..24)) {
        if let Ok(condition) = Condition::parse(&words.join(" ")) {
            let batch = batch();
            let _ = (condition.matches(&batch, 0), condition.matches(&batch, 1), condition.known(batch.origin()));
        }
    }

    #[test]
    fn any_bytes_as_a_record_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut batch = batch();
        let whole = bytes::Bytes::from(bytes);
        let len = whole.len() as u32;
        for block in &mut batch.blocks {
            block.bytes = whole.clone();
        }
        for group in &mut batch.groups {
            (group.resource, group.scope) = (0..len, 0..len);
        }
        for entry in Arc::make_mut(&mut batch.index) {
            (entry.start, entry.end) = (0, len);
        }
        for text in ["body =~ 'a' or attributes['a']['b'][0] == 1", "has resource['a'] or scope['x'] != 2", "span_id == 'a' or has body['a'][1]"] {
            let _ = Condition::parse(text).unwrap().matches(&batch, 0);
        }
    }
}

#[test]
fn conditions_of_the_collector_say_the_same() {
    let batch = batch();
    for (text, holds) in [
        ("log.severity_number >= SEVERITY_NUMBER_WARN", true),
        ("severity_number < SEVERITY_NUMBER_WARN", false),
        (r#"attributes["http.request.method"] == "GET""#, true),
        (r#"log.attributes["user"]["id"] == "u-7" and resource.attributes["service.name"] != "pay""#, true),
        (r#"IsMatch(body, "timed")"#, true),
        (r#"not IsMatch(log.body.string, "^timed") and HasPrefix(body, "GET ")"#, true),
        (r#"HasSuffix(resource.attributes["k8s.namespace.name"], "op") or false"#, true),
        (r#"ContainsValue(attributes["user"]["roles"], "ops")"#, true),
        (r#"attributes["absent"] == nil"#, true),
        (r#"attributes["http.request.method"] == nil or attributes["cached"] != nil"#, true),
        (r#"not (log.attributes["absent"] != nil) and log.trace_id.string != nil"#, true),
        ("instrumentation_scope.name == nil", true),
        (r#"trace_id.string == "4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b""#, true),
        (r#"attributes["cached"] == false and log.time_unix_nano > 0"#, true),
    ] {
        let condition = Condition::parse_ottl(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(condition.matches(&batch, 0), holds, "{text}");
    }
}

#[test]
fn what_has_no_counterpart_is_refused_where_it_stands() {
    for (text, at, told) in [
        (
            r#"body == "x" and IsString(body)"#,
            16,
            "the function 'IsString' has no counterpart here; IsMatch, HasPrefix, HasSuffix, ContainsValue have",
        ),
        ("IsMatch(body)", 12, "expected ',' and a text"),
        ("IsMatch(body, body)", 14, "expected a text in quotes"),
        (r#"cache["x"] == "y""#, 0, "unknown field 'cache'"),
        ("== nil", 0, "expected a field before this"),
    ] {
        let error = Condition::parse_ottl(text).err().unwrap_or_else(|| panic!("{text} was read"));
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.message.starts_with(told), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn ottl_never_panics(words in proptest::collection::vec(proptest::sample::select(
        &["log", ".", "nil", "==", "!=", "IsMatch", "(", ")", ",", "\"x\"", "body", "attributes", "[", "]", "not", "and", "has", "1", "string"][..],
    ), 0..16)) {
        let _ = Condition::parse_ottl(&words.join(" "));
    }
}

proptest! {
    /// Straight from the index or by way of values, the answer is the same.
    #[test]
    fn the_index_says_what_the_values_say(severity in 0u8..=25, time in prop_oneof![Just(0u64), Just(u64::MAX), any::<u64>()], wanted in -1i64..26) {
        let mut batch = batch();
        for entry in Arc::make_mut(&mut batch.index) {
            (entry.severity, entry.time_unix_nano) = (severity, time);
        }
        for (sign, turned) in [("==", "=="), ("!=", "!="), ("<", ">"), ("<=", ">="), (">", "<"), (">=", "<=")] {
            for field in ["severity", "time_unix_nano"] {
                let [straight, round] = [format!("{field} {sign} {wanted}"), format!("{wanted} {turned} {field}")];
                let holds = |text: &str| Condition::parse(text).unwrap().matches(&batch, 0);
                prop_assert_eq!(holds(&straight), holds(&round), "{} {} {}", straight, severity, time);
            }
        }
    }

    /// A key that stands twice, far or last in its pair is the one that protobuf has.
    #[test]
    fn keys_are_those_that_protobuf_has(pair in proptest::collection::vec(prop_oneof![Just(0x0au8), Just(0x12), Just(1), Just(b'a'), Just(0), any::<u8>()], 0..12)) {
        let key = super::pairs::last(&pair, 1);
        prop_assert_eq!(super::pairs::key_of(&pair), key);
        let mut message = Vec::new();
        crate::proto::push_field(&mut message, 0x32, &pair);
        prop_assert_eq!(super::pairs::pair_of(&message, 6, key), Some(&pair[..]));
        prop_assert_eq!(super::pairs::pair_of(&message, 6, b"\x01other"), None);
    }
}
