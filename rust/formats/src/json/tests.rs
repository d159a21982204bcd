//! The reader beside `serde_json`: the same values, the same verdict on any bytes.

use std::sync::Arc;

use logloom_record::{BatchWriter, BlockPool, Limits, Origin, RejectKind, RejectReason, Tail, Text, proto};
use proptest::{collection, prelude::*, sample::Index};
use serde_core::de::IgnoredAny;
use serde_json::{Map, Number, Value as Json, json};

use super::{Scanner, Value, hash, scanner::Seen, write_value};

/// `serde_json` reads 127 levels.
const DEPTH: u32 = 127;

fn read(text: &str) -> Result<Json, RejectReason> {
    let mut scanner = Scanner::new(Text::from(text), DEPTH);
    let value = scanner.value()?;
    let tree = tree(&mut scanner, value)?;
    scanner.end()?;
    Ok(tree)
}

fn tree<'a>(scanner: &mut Scanner<'a>, value: Value<'a>) -> Result<Json, RejectReason> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => value.into(),
        Value::Int(value) => value.into(),
        Value::Double(value) => value.into(),
        Value::Digits(digits) => Json::Number(Number::from_string_unchecked(text(digits.bytes()))),
        Value::Str(value) => text(value.resolve(&mut Vec::new()).bytes()).into(),
        Value::Array => {
            let mut items = Vec::new();
            while scanner.item()? {
                let value = scanner.value()?;
                items.push(tree(scanner, value)?);
            }
            items.into()
        }
        Value::Object => {
            let mut map = Map::new();
            while let Some(key) = scanner.key()? {
                let value = scanner.value()?;
                map.insert(text(key.resolve(&mut Vec::new()).bytes()), tree(scanner, value)?);
            }
            map.into()
        }
    })
}

/// Checks only, as most of a line is read.
fn skim(text: &str) -> Result<bool, RejectReason> {
    let mut scanner = Scanner::new(Text::from(text), DEPTH);
    let value = scanner.value()?;
    scanner.skip(value)?;
    scanner.end()?;
    Ok(scanner.suspects_duplicates())
}

/// What arrives at the other end, as JSON: doubles as numbers with a point, what OTLP cannot hold as strings.
fn through_otlp(text: &str) -> Json {
    let pool = BlockPool::new(1 << 20);
    let mut out = BatchWriter::new(&pool, &Limits::DEFAULT, &Arc::new(Origin::default()), 1 << 16);
    out.attempt(|out| {
        let mut scanner = Scanner::new(Text::from(text), DEPTH);
        let mut ahead = scanner;
        let value = ahead.value()?;
        ahead.skip(value)?;
        if ahead.suspects_duplicates() {
            scanner = scanner.suspecting();
        }
        let value = scanner.value()?;
        let mut rec = out.begin(0, 0, Text::EMPTY);
        let body = rec.open(0x2a);
        write_value(&mut rec, &mut scanner, value, &mut Vec::new())?;
        rec.close(body);
        rec.finish(&Tail::default());
        Ok(())
    })
    .unwrap();
    let batch = out.finish();
    let record = batch.record_bytes(&batch.index()[0]).to_vec();
    let body = proto::Fields::new(&record).find_map(|field| match field.unwrap() {
        (5, proto::Value::Len(any)) => Some(any),
        _ => None,
    });
    from_any(body.unwrap())
}

fn from_any(any: &[u8]) -> Json {
    let Some(field) = proto::Fields::new(any).next() else { return Json::Null };
    match field.unwrap() {
        (1, proto::Value::Len(text)) => std::str::from_utf8(text).unwrap().into(),
        (2, proto::Value::Varint(value)) => (value != 0).into(),
        (3, proto::Value::Varint(value)) => (value as i64).into(),
        (4, proto::Value::Fixed64(bits)) => f64::from_bits(bits).into(),
        (5, proto::Value::Len(list)) => {
            let item = |field| if let (1, proto::Value::Len(any)) = field { from_any(any) } else { panic!("{field:?}") };
            proto::Fields::new(list).map(|field| item(field.unwrap())).collect()
        }
        (6, proto::Value::Len(list)) => {
            let mut map = Map::new();
            for field in proto::Fields::new(list) {
                let (1, proto::Value::Len(entry)) = field.unwrap() else { panic!() };
                let mut fields = proto::Fields::new(entry);
                let (1, proto::Value::Len(key)) = fields.next().unwrap().unwrap() else { panic!() };
                let (2, proto::Value::Len(value)) = fields.next().unwrap().unwrap() else { panic!() };
                let earlier = map.insert(String::from_utf8(key.to_vec()).unwrap(), from_any(value));
                assert_eq!(earlier, None, "a key stands twice");
            }
            map.into()
        }
        other => panic!("{other:?}"),
    }
}

/// `serde_json`'s tree with its numbers in the classes that OTLP has.
fn classed(value: Json, digits_as_text: bool) -> Json {
    match value {
        Json::Number(number) => {
            let text = number.to_string();
            let double = text.parse::<f64>().unwrap();
            if let Ok(value) = text.parse::<i64>()
                && text != "-0"
            {
                value.into()
            } else if text != "-0" && !text.contains(['.', 'e', 'E']) || double.is_infinite() || (double == 0.0 && nonzero(&text)) {
                if digits_as_text { text.into() } else { Json::Number(Number::from_string_unchecked(text)) }
            } else {
                double.into()
            }
        }
        Json::Array(items) => items.into_iter().map(|item| classed(item, digits_as_text)).collect(),
        Json::Object(map) => Json::Object(map.into_iter().map(|(key, value)| (key, classed(value, digits_as_text))).collect()),
        other => other,
    }
}

fn nonzero(number: &str) -> bool {
    number.split(['e', 'E']).next().unwrap().contains(|c: char| ('1'..='9').contains(&c))
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|value| value.to_string()),
        any::<u64>().prop_map(|value| value.to_string()),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(|value| serde_json::to_string(&value).unwrap()),
        // `serde_json` gives other spellings of an exponent back as this one.
        "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,24})?(e[+-][0-9]{1,4})?",
    ]
}

fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        "[a-d]{0,2}".prop_map(|text| format!("\"{text}\"")),
        "([ -!#-\\[\\]-~ä€😀]|\\\\[\"\\\\/bfnrt]|\\\\u0{0}00[0-9a-fA-F]{2}|\\\\ud83d\\\\ude0[0-9]){0,40}"
            .prop_map(|text| format!("\"{text}\"")),
    ]
}

/// JSON text with blanks and doubled keys, which a serializer would not write.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![Just("null".into()), Just("true".into()), Just("false".into()), number(), string()];
    let blank = "[ \t\r\n]{0,2}";
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            (collection::vec((blank, inner.clone(), blank), 0..8)).prop_map(|items| {
                let items: Vec<_> = items.into_iter().map(|(before, item, after)| format!("{before}{item}{after}")).collect();
                format!("[{}]", items.join(","))
            }),
            (collection::vec((string(), blank, inner), 0..8)).prop_map(|items| {
                let items: Vec<_> = items.into_iter().map(|(key, blank, item)| format!("{blank}{key}{blank}:{blank}{item}")).collect();
                format!("{{{}}}", items.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn values_are_those_of_serde_json(text in document()) {
        let other: Json = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(classed(read(&text).unwrap(), false), classed(other.clone(), false));
        prop_assert!(skim(&text).is_ok());
        prop_assert_eq!(through_otlp(&text), classed(other, true));
    }

    #[test]
    fn the_verdict_is_that_of_serde_json(text in document(), edits in collection::vec((any::<Index>(), any::<u8>(), 0..3u8), 1..4)) {
        let mut bytes = text.into_bytes();
        for (at, byte, what) in edits {
            // Bytes that matter to JSON, more often than chance would have them.
            let marks = b"{}[],:\"\\0123456789-+.eEtrufalsn \t\n\r/\x00\x1f\x7f";
            let byte = if byte & 1 == 0 { marks[byte as usize % marks.len()] } else { byte };
            let at = at.index(bytes.len() + 1);
            match what {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => bytes[at] = byte,
                2 if at < bytes.len() => { bytes.remove(at); }
                _ => {}
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        let other = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        prop_assert_eq!(read(&text).is_ok(), other, "{}", text);
        prop_assert_eq!(skim(&text).is_ok(), other, "{}", text);
    }

    #[test]
    fn any_text_is_no_panic(text: String) {
        prop_assert_eq!(read(&text).is_ok(), serde_json::from_str::<IgnoredAny>(&text).is_ok());
    }

    #[test]
    fn cut_anywhere_it_is_truncated_and_never_read_beyond(text in document()) {
        let text = format!("[{text}]");
        for cut in 0..text.len() {
            // The rest of the buffer follows the frame, as the next line does.
            let mut scanner = Scanner::new(Text::of(text.as_bytes(), 0..cut), DEPTH);
            let result = scanner.value().and_then(|value| scanner.skip(value));
            prop_assert_eq!(result.map_err(|reason| (reason.kind, reason.at as usize <= cut)), Err((RejectKind::Truncated, true)), "{}", cut);
        }
    }
}

#[test]
fn numbers_keep_what_they_say() {
    for (text, value) in [
        ("9223372036854775807", json!(i64::MAX)),
        ("-9223372036854775808", json!(i64::MIN)),
        ("9223372036854775808", json!("9223372036854775808")),
        ("18446744073709551615", json!("18446744073709551615")),
        ("1e400", json!("1e400")),
        ("-1e-400", json!("-1e-400")),
        ("0e400", json!(0.0)),
        ("1E5", json!(1e5)),
        ("12e05", json!(12e5)),
        ("-25E-1", json!(-2.5)),
        ("1e23", json!(1e23)),
        ("0.1", json!(0.1)),
        ("5e-324", json!(5e-324)),
        ("1.0", json!(1.0)),
    ] {
        assert_eq!(through_otlp(text), value, "{text}");
    }
    let mut scanner = Scanner::new(Text::from("-0"), 1);
    assert!(matches!(scanner.value(), Ok(Value::Double(zero)) if zero.is_sign_negative()));
}

#[test]
fn strings_keep_what_they_say() {
    for (text, value) in [
        (r#""\u0000""#, "\0"),
        (r#""\ud800""#, "\u{fffd}"),
        (r#""\udc00\ud800x""#, "\u{fffd}\u{fffd}x"),
        (r#""\ud83d\ude00""#, "😀"),
        (r#""\ud83dx\ude00""#, "\u{fffd}x\u{fffd}"),
        (r#""\/\b\f\n\r\t\"\\""#, "/\u{8}\u{c}\n\r\t\"\\"),
    ] {
        assert_eq!(through_otlp(text), json!(value), "{text}");
    }
}

#[test]
fn the_last_of_equal_keys_counts() {
    assert_eq!(through_otlp(r#"{"a": {"b": 1, "\u0062": [{"c": 1, "c": 2}]}, "d": 3}"#), json!({"a": {"b": [{"c": 2}]}, "d": 3}));
    let many: Vec<_> = (0..3000).map(|i| format!("\"k{}\": {i}", i % 1500)).collect();
    let Json::Object(map) = through_otlp(&format!("{{{}}}", many.join(","))) else { panic!() };
    assert_eq!((map.len(), &map["k7"]), (1500, &json!(1507)));
}

#[test]
fn what_is_wrong_and_where() {
    for (text, kind, what, at) in [
        (r#"{"a" 1}"#, RejectKind::Syntax, "expected ':' after the key", 5),
        (r#"{"a":1 "b":2}"#, RejectKind::Syntax, "expected ',' or '}'", 7),
        (r#"{"a":1,}"#, RejectKind::Syntax, "expected a key in quotes", 7),
        ("[1,]", RejectKind::Syntax, "expected a value", 3),
        ("[01]", RejectKind::Syntax, "a number has no leading zeros", 1),
        ("[1.]", RejectKind::Syntax, "expected a digit", 3),
        ("[tru]", RejectKind::Syntax, "expected a value", 1),
        ("[tru", RejectKind::Truncated, "the value has no end", 4),
        ("\"a\tb\"", RejectKind::Syntax, "a control character inside a string must be escaped", 2),
        (r#""\x""#, RejectKind::Syntax, "no such escape", 2),
        (r#""\u12g4""#, RejectKind::Syntax, "\\u needs four hexadecimal digits", 5),
        ("{} {}", RejectKind::Syntax, "expected nothing after the value", 3),
        ("", RejectKind::Truncated, "expected a value", 0),
    ] {
        assert_eq!(skim(text), Err(RejectReason { kind, what, at }), "{text}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    for depth_max in [0, 1, 64, 511, 512, 513, u32::MAX] {
        let bound = depth_max.min(512) as usize;
        for depth in bound.max(1) - 1..=bound + 1 {
            let text = nested(depth) + if depth == 0 { "1" } else { "" };
            let mut scanner = Scanner::new(Text::from(text.as_str()), depth_max);
            let result = scanner.value().and_then(|value| scanner.skip(value));
            assert_eq!(result.is_ok(), depth <= bound, "{depth} of {depth_max}");
            if let Err(reason) = result {
                assert_eq!((reason.kind, reason.at as usize), (RejectKind::Limit, bound));
            }
        }
    }
}

/// Where the filter errs too often, spans and objects are looked through twice for nothing: a third of their speed.
#[test]
fn different_keys_seldom_look_the_same() {
    let words = ["http", "url", "method", "node", "peer", "ipv4", "component", "status", "code", "upstream", "cluster", "name", "id"];
    let names: Vec<String> = words.iter().flat_map(|a| words.iter().map(move |b| format!("{a}.{b}"))).collect();
    let sets = 1000;
    let suspected = (0..sets).filter(|set| {
        let mut seen = Seen::default();
        (0..12).fold(false, |any, i| any | seen.add(hash(Text::from(names[(set * 31 + i * 7) % names.len()].as_str()))))
    });
    let share = suspected.count() * 100 / sets;
    assert!(share < 15, "{share} % of objects with 12 keys; chance alone makes 6 %");
}
