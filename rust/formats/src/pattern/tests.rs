use std::sync::Arc;

use logloom_record::{BatchWriter, BlockPool, Limits, Origin, Text};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Line, Values, alternatives};
use crate::time::Context;

/// The record that a pattern makes of a line; `None` where it does not fit.
fn read(pattern: &str, line: &str) -> Option<Value> {
    let lines: Vec<_> = alternatives(pattern).unwrap().into_iter().map(|parts| Line::new(parts).unwrap()).collect();
    let buffer = format!("{line}\" 7] and what follows it in its buffer, which goes on");
    let text = Text::of(buffer.as_bytes(), 0..line.len());
    Values::with(|values| {
        let fitting = lines.iter().find(|known| known.may_begin(text) && known.read(text, &Context::default(), values).is_ok())?;
        let mut out = BatchWriter::new(&BlockPool::new(1 << 24), &Limits::default(), &Arc::new(Origin::default()), 1 << 12);
        out.keep_original(false);
        out.attempt(|out| {
            fitting.write(text, values, out);
            Ok(())
        })
        .unwrap();
        let mut record: Value = serde_json::from_slice(&out.finish().to_ndjson()).unwrap();
        record.as_object_mut().unwrap().retain(|name, _| name != "observed_time_unix_nano");
        Some(record)
    })
}

fn attributes(pattern: &str, line: &str) -> Value {
    read(pattern, line).unwrap_or_else(|| panic!("{pattern} does not fit {line}"))["attributes"].clone()
}

#[test]
fn a_field_ends_where_the_text_behind_it_begins() {
    assert_eq!(attributes("{a:word} - [{b}] \"{c}\"", "x - [y z] \"q\""), json!({"a": "x", "b": "y z", "c": "q"}));
    assert_eq!(attributes("{a}: {b}", "x: y: z"), json!({"a": "x", "b": "y: z"}));
    assert_eq!(attributes("{a:int}ms{b}", "12ms rest"), json!({"a": 12, "b": "rest"}));
    assert_eq!(read("{a:int}ms", "xms"), None);
    assert_eq!(read("{a:word}:{b}", "x y:z"), None);
}

#[test]
fn blanks_are_one_or_many() {
    assert_eq!(attributes("{a:word}{ }{b}", "x   \ty"), json!({"a": "x", "b": "y"}));
    assert_eq!(attributes("[{a}{ }]{ }- {b}", "[INFO  ]   - y"), json!({"a": "INFO", "b": "y"}));
    assert_eq!(attributes("[{a}] {b}", "[INFO  ] y"), json!({"a": "INFO", "b": "y"}));
    assert_eq!(read("{a:word}{ }{b}", "xy"), None);
}

#[test]
fn what_is_optional_is_read_where_it_stands() {
    let pattern = "{a:word}{? ({b})?}: {c}{?, client: {d}?}";
    assert_eq!(attributes(pattern, "x (y): z, client: w"), json!({"a": "x", "b": "y", "c": "z", "d": "w"}));
    assert_eq!(attributes(pattern, "x: z, client: w"), json!({"a": "x", "c": "z", "d": "w"}));
    assert_eq!(attributes(pattern, "x (y): z"), json!({"a": "x", "b": "y", "c": "z"}));
    assert_eq!(attributes(pattern, "x: z"), json!({"a": "x", "c": "z"}));
}

#[test]
fn a_value_that_holds_its_end_is_found_all_the_same() {
    let pattern = "\"{user_agent.original}\" \"{b}\" {c:int}";
    assert_eq!(attributes(pattern, r#""a "quoted" agent" "b" 7"#), json!({"user_agent.original": r#"a "quoted" agent"#, "b": "b", "c": 7}));
}

#[test]
fn kinds() {
    assert_eq!(attributes("{a:double} {b:bool} {c:signed}", "1.5 true -3"), json!({"a": 1.5, "b": true, "c": -3}));
    assert_eq!(attributes("{a:double}", "2"), json!({"a": 2.0}));
    assert_eq!(
        attributes("{server.address:address} {x:address}", "10.0.0.1:80 [::1]:443"),
        json!({"server.address": "10.0.0.1", "server.port": 80, "x": "::1", "x.port": 443})
    );
    assert_eq!(attributes("k={a:quoted} {b}", r#"k="x \"y\" z" w"#), json!({"a": "x \"y\" z", "b": "w"}));
    assert_eq!(attributes("m {p.:pairs}", r#"m a=1 b="x y" c=z, d"#), json!({"p.a": 1, "p.b": "x y", "p.c": "z"}));
    assert_eq!(
        attributes("{p.:brackets}", "took[4.5ms], took_millis[4], types[], source[{\"a\":[1], \"b\":2}],"),
        json!({"p.took": "4.5ms", "p.took_millis": 4, "p.source": "{\"a\":[1], \"b\":2}"})
    );
    assert_eq!(
        attributes("{client.address:remote} {x:remote}", "10.0.0.1(5432) [local]"),
        json!({"client.address": "10.0.0.1", "client.port": 5432, "x": "[local]"})
    );
    assert_eq!(attributes("{_:brackets r>x[]}", "r=[a, b], s=[c]"), json!({"x": ["a", "b"], "s": "c"}));
    assert_eq!(attributes("{a:code b M>master} {c:code d}", "M X"), json!({"a": "M", "b": "master", "c": "X"}));
    assert_eq!(attributes("[{a:name}] {b}", "[x   ] [y]"), json!({"a": "x", "b": "[y]"}));
    assert_eq!(attributes("{p.:pairs a>x.a b>b}", "a=1 b=2 c=3"), json!({"x.a": 1, "b": 2, "p.c": 3}));
    assert_eq!(attributes("{_:brackets}", "a=[x[y]], b=[1,2]"), json!({"a": "x[y]", "b": "1,2"}));
    assert_eq!(attributes("[{~}{a}]{~}{b}", "[ x ]y"), json!({"a": "x", "b": "y"}));
    assert_eq!(attributes("{_} {a}{outcome=failure}", "x y"), json!({"a": "y", "outcome": "failure"}));
    assert_eq!(attributes("{a} {b:status} {c}", "- 0 x"), json!({"c": "x"}));
    assert_eq!(attributes("{url.path:path} {v:protocol}", "/a?b=1 HTTP/2"), json!({"url.path": "/a", "url.query": "b=1", "v": "2"}));
}

#[test]
fn request_lines() {
    let of = |line: &str| attributes("\"{request:request}\"", &format!("\"{line}\""));
    assert_eq!(
        of("GET /a/b?c=d&e HTTP/1.1"),
        json!({"http.request.method": "GET", "url.path": "/a/b", "url.query": "c=d&e", "network.protocol.version": "1.1"})
    );
    assert_eq!(of("PRI * HTTP/2.0"), json!({"http.request.method": "PRI", "url.path": "*", "network.protocol.version": "2.0"}));
    assert_eq!(
        of("GET http://x.example:80/p?q HTTP/1.0"),
        json!({"http.request.method": "GET", "url.full": "http://x.example:80/p?q", "url.path": "/p", "url.query": "q", "network.protocol.version": "1.0"})
    );
    assert_eq!(
        of("CONNECT x.example:443 HTTP/1.1"),
        json!({"http.request.method": "CONNECT", "url.original": "x.example:443", "network.protocol.version": "1.1"})
    );
    assert_eq!(of("GET /with blanks in it HTTP/1.1")["url.path"], "/with blanks in it");
    assert_eq!(of("GET /old"), json!({"http.request.method": "GET", "url.path": "/old"}));
    assert_eq!(of(r"\x16\x03\x01"), json!({"url.original": r"\x16\x03\x01"}));
}

#[test]
fn the_fields_of_the_record() {
    let record = read(
        "{time:%Y-%m-%d %H:%M:%S,%3f} {severity}{ }{traceparent} {log.logger:word} - {body}",
        "2026-11-21 10:40:59,509 WARN  00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 a.b.C - it - happens",
    )
    .unwrap();
    assert_eq!(record["time"], "2026-11-21T10:40:59.509Z");
    assert_eq!(record["severity"], "WARN");
    assert_eq!(record["severity_text"], "WARN");
    assert_eq!(record["body"], "it - happens");
    assert_eq!(record["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(record["span_id"], "b7ad6b7169203331");
    assert_eq!(record["attributes"], json!({"log.logger": "a.b.C"}));
    assert_eq!(read("{severity}: {body}", "nonsense: x"), None, "what is no severity does not fit");
    assert_eq!(read("{severity:python} {body}", "40 x").unwrap()["severity"], "ERROR");
    let record = read("{a:word} {body>}Failed for {user.name}", "x Failed for ann").unwrap();
    assert_eq!((&record["body"], &record["attributes"]), (&json!("Failed for ann"), &json!({"a": "x", "user.name": "ann"})));
    assert_eq!(read("{body}{severity=ERROR}", "x").unwrap()["severity"], "ERROR");
}

#[test]
fn what_cannot_be_compiled_is_told_with_its_place() {
    for (pattern, message, at) in [
        ("{a", "without its closing brace", 0),
        ("a}", "without an opening one", 1),
        ("{a:nokind}", "unknown kind 'nokind'", 3),
        ("x {?{a}", "without its end", 7),
        ("{?a{?b?}?}", "inside another", 3),
        ("{}", "needs a name", 1),
        ("{time:%Q}", "unknown conversion '%Q'", 6),
    ] {
        let error = alternatives(pattern).unwrap_err();
        assert!(error.message.contains(message), "{pattern}: {}", error.message);
        assert_eq!(error.at, at, "{pattern}");
    }
    let twice = alternatives("{a} {a}").unwrap().remove(0);
    assert!(Line::new(twice).unwrap_err().message.contains("'a' twice"));
    let adjacent = alternatives("{a}{b}").unwrap().remove(0);
    assert!(Line::new(adjacent).unwrap_err().message.contains("nothing stands between"));
}

proptest! {
    #[test]
    fn no_line_is_too_strange(line in "[-a-z0-9\"\\\\ :\\[\\]=.\t\u{e9}]{0,60}") {
        for pattern in [
            "[{time:iso}] {a:word} \"{b}\" {c:int}{ }{d:double}{? {e:quoted}?} {f:pairs}",
            "{a}: \"{r:request}\" {b:address} {c:forwarded}",
            "{severity} {x:quoted}{body}",
        ] {
            let _ = read(pattern, &line);
        }
    }

    #[test]
    fn values_come_back_as_they_are(a in "[a-zA-Z0-9._/]{1,12}", b in "[a-z][a-z \"]{0,18}[a-z]", n in 0i64.., d in -1e9f64..1e9) {
        let line = format!("{a} [{b}] {n} {d:?} \"{b}\"");
        let found = attributes("{a:word} [{b}] {n:int} {d:double} \"{c}\"", &line);
        prop_assert_eq!(found, json!({"a": a, "b": b, "n": n, "d": d, "c": b}));
    }
}
