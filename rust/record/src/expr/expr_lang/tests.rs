//! What expressions of the Collector mean.

use super::super::Program;
use crate::{
    AnyValue, Origin,
    overlay::{push_int, push_text},
    proto::{push_field, push_string_attribute},
};

fn environment(name: &str) -> String {
    if name == "HOST" { "h1".into() } else { String::new() }
}

/// A record with a body, `attributes.level` and `attributes["log.file.name"]`, and a resource.
fn messages() -> (Vec<u8>, Vec<u8>) {
    let (mut record, mut resource, mut any, mut pair) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    push_text(&mut any, b"GET /cart 200");
    push_field(&mut record, 0x2a, &any);
    push_string_attribute(&mut record, 0x32, b"level", b"warn");
    push_string_attribute(&mut record, 0x32, b"log.file.name", b"a.log");
    any.clear();
    push_int(&mut any, 7);
    push_field(&mut pair, 0x0a, b"n");
    push_field(&mut pair, 0x12, &any);
    push_field(&mut record, 0x32, &pair);
    push_string_attribute(&mut resource, 0x0a, b"service.name", b"shop");
    (record, resource)
}

fn holds(text: &str) -> bool {
    let (record, resource) = messages();
    Program::condition(text, &environment).unwrap().holds(&record, &resource, &Origin::default())
}

fn text(text: &str) -> Option<String> {
    let (record, resource) = messages();
    let mut out = Vec::new();
    let program = Program::value(text, &environment).unwrap();
    program.compute(&record, &resource, &Origin::default(), &mut out).then(|| match AnyValue::read(&out) {
        AnyValue::Str(text) => String::from_utf8_lossy(text).into_owned(),
        other => format!("{other:?}"),
    })
}

#[test]
fn what_holds() {
    for yes in [
        r#"body matches "^GET \\S+ \\d+$""#,
        "body matches `^GET \\S+`",
        r#"body contains "cart" and not (body contains "pay")"#,
        r#"body startsWith 'GET' && body endsWith "200""#,
        r#"attributes.level == "warn" or attributes.level == "error""#,
        r#"attributes.level in ["info", "warn"]"#,
        r#"attributes.level not in ["info"]"#,
        r#"attributes["log.file.name"] matches "\\.log$""#,
        r#"resource["service.name"] == "shop""#,
        "attributes.missing == nil",
        "attributes.level != nil",
        r#""level" in attributes"#,
        r#"not ("missing" in attributes)"#,
        "attributes.n > 6 and attributes.n <= 7.0",
        "attributes.n + 1 == 8",
        "len(body) == 13",
        r#"(attributes.missing ?? "x") == "x""#,
        r#"attributes?.level == "warn""#,
        r#"attributes.n > 5 ? body contains "GET" : false"#,
        r#"lower("ABC") == "abc""#,
        "body contains attributes.missing == false",
        r#"hasPrefix(body, "GET")"#,
        r#"type(attributes.n) == "int""#,
        "true",
        "!false",
        r#"$ contains "GET""#,
    ] {
        assert!(holds(yes), "{yes}");
    }
    for no in [r#"body == "x""#, "attributes.n == \"7\"", "attributes.missing > 3", "attributes.missing", "nil == attributes.n"] {
        assert!(!holds(no), "{no}");
    }
}

#[test]
fn what_is_made() {
    for (program, made) in [
        (r#"attributes.level + "-" + resource["service.name"]"#, Some("warn-shop")),
        (r#"attributes.n > 5 ? "many" : "few""#, Some("many")),
        (r#"attributes.missing ?? env("HOST")"#, Some("h1")),
        ("upper(attributes.level)", Some("WARN")),
        (r#"replace(body, "/", "|")"#, Some("GET |cart 200")),
        (r#"trimSuffix(attributes["log.file.name"], ".log")"#, Some("a")),
        ("string(attributes.n * 2)", Some("14")),
        ("attributes.n - 8", Some("Int(-1)")),
        ("attributes.n / 2", Some("Double(3.5)")),
        ("attributes.missing", None),
        ("attributes.level - 1", None),
    ] {
        assert_eq!(text(program).as_deref(), made, "{program}");
    }
}

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    for (text, at, part) in [
        ("", 0, "empty"),
        ("bdy contains \"x\"", 0, "did you mean 'body'"),
        ("body contains", 13, "expected a value"),
        ("body matches attributes.x", 13, "pattern in quotes"),
        ("body matches \"(\"", 13, "cannot be read"),
        ("any(body, {# > 1})", 11, "means nothing here"),
        ("fromJSON(body)", 0, "not here"),
        ("body | len()", 5, "function(value)"),
        ("attributes == nil", 0, "name one"),
        ("(body == \"x\"", 12, "expected ')'"),
        ("\"x", 0, "no end"),
        ("body == \"\\d\"", 9, "no escape"),
        ("timestamp > 1", 0, "not compared"),
        ("not 'a' matches \"x\"", 0, "true or false"),
    ] {
        let error = Program::condition(text, &environment).unwrap_err();
        assert!(error.message.contains(part), "{text}: {error}");
        assert!(error.at == at || part == "true or false" || part == "name one" || part == "expected a value", "{text}: {error}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text: String, words in "([a-z\"'()\\[\\]?:.!=<>&| 0-9]|body|attributes|matches|in|not| ){0,40}") {
        for text in [text, words] {
            for program in [Program::condition(&text, &environment), Program::value(&text, &environment)].into_iter().flatten() {
                let (record, resource) = messages();
                program.holds(&record, &resource, &Origin::default());
                program.compute(&record, &resource, &Origin::default(), &mut Vec::new());
            }
        }
    }
}
