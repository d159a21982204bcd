//! The `envoy` format against other people's lines, and against lines rendered from random values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // clippy knows only #[test] functions as tests

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use bytes::Bytes;
use logloom_formats::{OptionValue, Options, compile};
use logloom_record::{AnyValue, Batch, BatchWriter, BlockPool, Limits, Origin, Record};
use proptest::prelude::*;
use serde_json::Value;

const DEFAULT: &str = r#"[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%""#;

fn options(format_string: Option<&str>) -> Options {
    let option = format_string.map(|text| ("format_string".to_owned(), OptionValue::Str(text.to_owned())));
    Options(option.into_iter().collect())
}

fn parse(format_string: Option<&str>, text: &[u8]) -> Batch {
    let format = compile("envoy", &options(format_string)).unwrap();
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
    let mut decoder = format.open(1 << 20);
    decoder.feed(&Bytes::copy_from_slice(text), &mut out);
    decoder.flush(&mut out);
    out.finish()
}

/// A record's attributes as text: numbers in digits, a list by its items.
fn attributes(record: &Record<'_>) -> BTreeMap<String, String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let print = |value: AnyValue<'_>| match value {
        AnyValue::Str(bytes) => text(bytes),
        AnyValue::Int(number) => number.to_string(),
        AnyValue::Array(items) => items.map(|item| text(item.as_str().unwrap())).collect::<Vec<_>>().join(", "),
        other => panic!("no value of ours: {other:?}"),
    };
    record.attributes().map(|(key, value)| (text(key), print(value))).collect()
}

fn corpus(path: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora").join(path);
    let text = fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("NOT RUN: {} is not here", path.display());
    }
    text
}

/// What an oracle says under its own name, and where we have it; `-` is absent.
fn check(line: &str, format_string: Option<&str>, expected: &[(&str, &str)]) {
    let batch = parse(format_string, line.as_bytes());
    assert!(batch.len() == 1 && batch.rejects().is_empty(), "{line}: {:?}", batch.rejects());
    let record = batch.record(0).unwrap();
    assert_eq!(record.body().unwrap().as_str(), Some(line.as_bytes()));
    let found = attributes(&record);
    let address = |name: &str, port: &str| match (found.get(name), found.get(port)) {
        (Some(address), Some(port)) => format!("{address}:{port}"),
        (address, _) => address.cloned().unwrap_or_else(|| "-".into()),
    };
    for (name, value) in expected {
        let actual = match *name {
            "time" => {
                assert_eq!(record.time_unix_nano, logloom_formats::time::parse(value.as_bytes()).unwrap(), "{line}");
                continue;
            }
            "url" => match found.get("url.query") {
                Some(query) => format!("{}?{query}", found["url.path"]),
                None => found.get("url.path").cloned().unwrap_or_else(|| "-".into()),
            },
            "protocol" => found.get("network.protocol.version").map_or_else(|| "-".into(), |version| format!("HTTP/{version}")),
            "server" => address("server.address", "server.port"),
            "client" => address("client.address", "client.port"),
            "local" => address("network.local.address", "network.local.port"),
            name => found.get(name).cloned().unwrap_or_else(|| "-".into()),
        };
        assert_eq!(actual, *value, "{name} of {line}");
    }
}

fn ours(name: &str) -> Option<&'static str> {
    Some(match name {
        "START_TIME" | "timestamp" => "time",
        "REQ(:METHOD)" | "method" => "http.request.method",
        "REQ(X-ENVOY-ORIGINAL-PATH?:PATH)" | "uri_path" => "url",
        "PROTOCOL" | "protocol" => "protocol",
        "RESPONSE_CODE" | "status_code" => "http.response.status_code",
        "RESPONSE_FLAGS" | "response_flags" => "envoy.response_flags",
        "RESPONSE_CODE_DETAILS" => "envoy.response_code_details",
        "CONNECTION_TERMINATION_DETAILS" => "envoy.connection_termination_details",
        "UPSTREAM_TRANSPORT_FAILURE_REASON" => "envoy.upstream.transport_failure_reason",
        "mixer_status" => "envoy.dynamic_metadata.istio.mixer.status",
        "BYTES_RECEIVED" | "bytes_received" => "http.request.body.size",
        "BYTES_SENT" | "bytes_sent" => "http.response.body.size",
        "DURATION" | "duration" => "envoy.duration_ms",
        "RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)" | "upstream_service_time" => "envoy.upstream.service_time_ms",
        "REQ(X-FORWARDED-FOR)" => "http.request.header.x-forwarded-for",
        "REQ(USER-AGENT)" | "user_agent" => "user_agent.original",
        "REQ(X-REQUEST-ID)" | "request_id" => "http.request.header.x-request-id",
        "REQ(:AUTHORITY)" | "authority" => "server",
        "UPSTREAM_HOST" | "upstream_service" => "envoy.upstream.host",
        "UPSTREAM_CLUSTER" | "upstream_cluster" => "envoy.upstream.cluster",
        "UPSTREAM_LOCAL_ADDRESS" | "upstream_local" => "envoy.upstream.local_address",
        "DOWNSTREAM_LOCAL_ADDRESS" | "downstream_local" => "local",
        "DOWNSTREAM_REMOTE_ADDRESS" | "downstream_remote" => "client",
        "REQUESTED_SERVER_NAME" => "envoy.requested_server_name",
        "ROUTE_NAME" => "envoy.route_name",
        _ => return None,
    })
}

fn check_cases(cases: &Value, format_string: Option<&str>) {
    for case in cases.as_array().unwrap() {
        let expected: Vec<_> =
            case["expected"].as_object().unwrap().iter().map(|(k, v)| (ours(k).expect(k), v.as_str().unwrap())).collect();
        check(case["input"].as_str().unwrap(), format_string, &expected);
    }
}

#[test]
fn lines_of_istios_documentation() {
    let Some(text) = corpus("istio-docs/access_log_default_format.json") else { return };
    let case: Value = serde_json::from_str(&text).unwrap();
    check_cases(&case["cases"], None);
    check_cases(&case["cases"], case["format"].as_str());
}

#[test]
fn lines_of_engardes_documentation() {
    let Some(text) = corpus("engarde-readme/examples.json") else { return };
    check_cases(&serde_json::from_str(&text).unwrap(), None);
}

#[test]
fn lines_of_crowdsecs_tests() {
    let Some(text) = corpus("crowdsec-hub/envoy-logs/envoy.log") else { return };
    // As CRI wrote them: what stands behind the stream's tag is the line.
    let lines: Vec<_> =
        text.lines().filter_map(|line| line.split_once(" F ")).map(|(_, line)| line).filter(|l| l.starts_with('[')).collect();
    let expected = [
        [("client", "10.0.35.28"), ("http.response.status_code", "204")],
        [("client", "fd00:1234:5678::5a24"), ("url", "/test")],
        [("client", "192.168.1.100"), ("server", "proxy.example.com")],
        [("client", "fd00:1234:5678::5a24"), ("http.request.header.x-forwarded-for", "fd00:1234:5678::5a24, [fd00:1234:5678::1]:54321")],
    ];
    assert_eq!(lines.len(), expected.len());
    for (line, expected) in lines.iter().zip(&expected) {
        check(line, None, expected);
    }
}

#[test]
fn a_wrong_format_string_is_refused_with_its_place() {
    for (text, at, part) in [
        ("[%START_TIME%] %RESPONSE_COD%", 16, "did you mean 'RESPONSE_CODE'?"),
        ("%response_code%", 1, "in capitals: 'RESPONSE_CODE'"),
        ("%REQ()%", 4, "needs the name of a header"),
        ("%REQ%", 4, "needs the name of a header"),
        ("%REQ(:PATH%", 4, "')'"),
        ("%REQ(:PATH):x%", 4, "')'"),
        ("100%", 4, "'%%'"),
        ("%START_TIME(%Y %Q)%", 15, "unknown conversion '%Q'"),
        ("%START_TIME:5%", 11, "cannot be cut"),
        ("%REQ(A)%%REQ(B)%", 8, "put a text between them"),
        ("%BYTES_SENT%%BYTES_RECEIVED%", 12, "put a text between them"),
        ("%PROTOCOL%\n%DURATION%", 10, "a line break"),
        ("no operator", 0, "has no operator"),
        ("", 0, "has no operator"),
    ] {
        let Err(error) = compile("envoy", &options(Some(text))) else { panic!("{text} was taken") };
        assert_eq!((error.option.as_str(), error.at), ("format_string", Some(at)), "{text}: {error}");
        assert!(error.to_string().contains(part), "{text}: {error}");
    }
    // Operators that only a newer Envoy has are taken.
    assert!(compile("envoy", &options(Some("%SOMETHING_NEW% %RESPONSE_CODE_CLASS(x):5%"))).is_ok());
    assert!(compile("envoy", &options(Some("%START_TIME%%RESPONSE_CODE%%PROTOCOL%\\n"))).is_ok());
}

#[test]
fn a_line_that_hides_its_ends_is_read_in_bounded_time() {
    let hostile = r#"" ""#.repeat(30_000);
    let line = format!(r#"[2026-11-21T10:43:36.826Z] "GET / HTTP/1.1" 200 - 0 0 0 - "10.0.0.1" "a{hostile}b" "id" "host" "-""#);
    let batch = parse(None, line.as_bytes());
    let agent = attributes(&batch.record(0).unwrap())["user_agent.original"].clone();
    assert_eq!(agent, format!("a{hostile}b"));
    // No quote at its end: of no format at all.
    assert_eq!(parse(None, &line.as_bytes()[..line.len() - 1]).rejects().len(), 1);
}

/// A header value as a client may send it: no control characters, no blank at either end, and not what Envoy writes for none.
fn header() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "[ -~]{0,40}",
        r#"([a-z]|"|\\| |" ")"#.prop_map(|s| s.repeat(3)),
        r#"[a-z"\\ ]{0,12}" "[a-z"\\ ]{0,12}"#,
        "[äß日🚀\"\\\\ ]{0,8}",
        "[!-~]{60,140}",
    ];
    text.prop_map(|text| text.trim_matches(' ').to_owned()).prop_filter("absent", |text| text != "-")
}

/// Values for the default format, in order, each with the attribute that holds it.
fn values() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let number = || prop_oneof![(0u64..100).prop_map(|n| n.to_string()), (0..i64::MAX as u64).prop_map(|n| n.to_string())];
    let time = (0u32..86_400_000)
        .prop_map(|ms| format!("2026-11-21T{:02}:{:02}:{:02}.{:03}Z", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000));
    (
        (time, "(GET|POST|PROPFIND|-)", "/[!-~]{0,60}", r"(1\.0|1\.1|2|3)", 100u32..600, "(-|UF|UF,URX|NR)"),
        (number(), number(), number(), "(-|[0-9]{1,5})"),
        (
            "(([1-9]{1,2}[.]){3}[1-9]{1,2}(, )?){1,2}",
            header(),
            "[0-9a-f]{8}-[0-9a-f]{12}",
            "[a-z.]{1,30}(:[1-9][0-9]{0,3})?",
            "[0-9.]{1,15}:[1-9][0-9]{1,3}",
        ),
    )
        .prop_map(
            |((time, method, path, version, code, flags), (received, sent, duration, service), (forwarded, agent, id, host, upstream))| {
                vec![
                    ("time", time),
                    ("http.request.method", method),
                    ("url", path),
                    ("protocol", format!("HTTP/{version}")),
                    ("http.response.status_code", code.to_string()),
                    ("envoy.response_flags", flags),
                    ("http.request.body.size", received),
                    ("http.response.body.size", sent),
                    ("envoy.duration_ms", duration),
                    ("envoy.upstream.service_time_ms", service),
                    ("http.request.header.x-forwarded-for", forwarded.trim_end_matches(", ").to_owned()),
                    ("user_agent.original", agent),
                    ("http.request.header.x-request-id", id),
                    ("server", host),
                    ("envoy.upstream.host", upstream),
                ]
            },
        )
}

/// A line as Envoy would write it: each operator in its turn.
fn render(format_string: &str, values: &[(&str, String)]) -> String {
    let mut values = values.iter();
    let mut line = String::new();
    let mut rest = format_string;
    while let Some((literal, operator)) = rest.split_once('%') {
        line.push_str(literal);
        let value = &values.next().unwrap().1;
        line.push_str(if value.is_empty() { "-" } else { value });
        rest = operator.split_once('%').unwrap().1;
    }
    line + rest
}

/// What is expected of a value: a number without its leading zeros, nothing of an empty one.
fn plain(values: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
    let number = |name: &str, value: &str| match value.parse::<u64>() {
        Ok(number) if name.starts_with("http.re") || name.starts_with("envoy.") => number.to_string(),
        _ if value.is_empty() => "-".to_owned(),
        _ => value.to_owned(),
    };
    values.iter().map(|(name, value)| (*name, number(name, value))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Header values are not escaped: quotes, blanks and backslashes in a user agent come out as they went in.
    #[test]
    fn what_envoy_would_write_is_read(values in values()) {
        let line = render(DEFAULT, &values);
        let expected = plain(&values);
        let expected: Vec<_> = expected.iter().map(|(name, value)| (*name, value.as_str())).collect();
        check(&line, None, &expected);
        check(&line, Some(DEFAULT), &expected);
    }

    /// The same fields in another order and with other text between them.
    #[test]
    fn what_another_format_would_write_is_read(values in values(), order in Just((0..15).collect::<Vec<usize>>()).prop_shuffle(), between in prop::collection::vec(r"[|;\t]|%% |]\[| <-> | [a-z]=", 16)) {
        let operators: Vec<_> = DEFAULT.split('%').skip(1).step_by(2).collect();
        let plain_text = |literal: &str| literal.replace("%%", "%");
        // What a value must not hold here, so that there is one way only to divide the line.
        let values: Vec<_> = values.into_iter().map(|(name, value)| (name, value.replace(['|', ';', '%', '[', ']', '<', '=', '>'], "_"))).collect();
        let mut format_string = String::from("<");
        let mut line = String::from("<");
        for (place, &which) in order.iter().enumerate() {
            let literal = &between[place];
            let value = &values[which].1;
            format_string.extend(["%", operators[which], "%", literal]);
            line.push_str(if value.is_empty() { "-" } else { value });
            line.push_str(&plain_text(literal));
        }
        let expected = plain(&values);
        let expected: Vec<_> = expected.iter().map(|(name, value)| (*name, value.as_str())).collect();
        check(&line, Some(&format_string), &expected);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, near in r#"\[[-0-9T:.Z]{0,26}\] "[A-Z/ 0-9."-]{0,60}("[a-z]{0,5}" ?){0,6}[ -~]{0,30}"#) {
        for text in [&bytes[..], near.as_bytes()] {
            parse(None, text);
            parse(Some("%REQ(A)% %START_TIME(%s)%%PROTOCOL%|%BYTES_SENT%"), text);
        }
    }

    #[test]
    fn any_format_string_is_compiled_or_refused(text in "([%()?:A-Z_a-z \"]|%[A-Z_]{1,12}(\\([A-Z:?]{0,5}\\))?%){0,12}", line in "[ -~]{0,40}") {
        if compile("envoy", &options(Some(&text))).is_ok() {
            parse(Some(&text), line.as_bytes());
        }
    }

    /// A line cut anywhere is a record or a Reject whose bytes are all there.
    #[test]
    fn a_line_may_end_anywhere(values in values(), cut in 0.0..1.0f64) {
        let line = render(DEFAULT, &values);
        let part = &line.as_bytes()[..(line.len() as f64 * cut) as usize];
        let batch = parse(None, part);
        prop_assert!(batch.len() == 1 || (batch.is_empty() && part.is_empty()));
        if let (Some(record), Ok(text)) = (batch.record(0), std::str::from_utf8(part)) {
            prop_assert_eq!(record.body().unwrap().as_str(), Some(text.as_bytes()));
        }
    }
}
