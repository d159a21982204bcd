use super::*;

fn names(operator: &str) -> (Role, String) {
    let target = Target::of(&Operator::parse(operator).unwrap());
    (target.role, String::from_utf8(target.name.bytes().to_vec()).unwrap())
}

#[test]
fn operators_are_read_with_their_argument_and_length() {
    let operator = |name, argument, cut_bytes| Operator { name, argument, cut_bytes };
    for (text, expected, len) in [
        ("PROTOCOL% x", operator("PROTOCOL", None, None), 9),
        ("REQ(:PATH):10%", operator("REQ", Some(":PATH"), Some(10)), 14),
        ("REQ(A?B)%%%", operator("REQ", Some("A?B"), None), 9),
        ("START_TIME(%Y-%m)%%", operator("START_TIME", Some("%Y-%m"), None), 18),
        ("START_TIME()%", operator("START_TIME", Some(""), None), 13),
        ("CEL(f(x)[0]):5%|", operator("CEL", Some("f(x)[0]"), Some(5)), 15),
        (
            r#"COALESCE({"operators": ["A", {"command": "REQ", "param": "x"}]})%"#,
            operator("COALESCE", Some(r#"{"operators": ["A", {"command": "REQ", "param": "x"}]}"#), None),
            65,
        ),
    ] {
        assert_eq!(Operator::prefix(text), Ok((expected, len)), "{text}");
        assert_eq!(Operator::parse(&text[..len - 1]), Some(expected), "{text}");
        assert_eq!(Operator::parse(&format!("%{}", &text[..len])), Some(expected), "{text}");
    }
    for (text, at) in [("", 0), ("%", 0), ("REQ", 3), ("REQ(:PATH%", 3), ("REQ(:PATH):x%", 3), ("REQ:x%", 3), ("REQ x%", 3)] {
        assert_eq!(Operator::prefix(text).map_err(|e| e.at), Err(at), "{text}");
    }
    assert_eq!(Operator::parse("text %REQ(x)%"), None);
}

#[test]
fn the_rules_name_what_the_table_does_not() {
    for (operator, role, name) in [
        ("REQ(X-ENVOY-ORIGINAL-PATH?:PATH)", Role::Path, "url.path"),
        ("REQUEST_HEADER(:authority)", Role::Address, "server.address"),
        ("REQ(X-FORWARDED-HOST?:AUTHORITY)", Role::Address, "server.address"),
        ("REQ(X-Tenant?X-Org)", Role::Header, "http.request.header.x-tenant"),
        ("RESPONSE_HEADER(Content-Type)", Role::Header, "http.response.header.content-type"),
        ("TRAILER(X)", Role::Text, "envoy.response.trailer.x"),
        ("RESPONSE_TRAILER(GRPC-STATUS)", Role::GrpcStatus, "rpc.response.status_code"),
        ("START_TIME(%s.%3f)", Role::Time, "envoy.start_time"),
        ("PATH(NQ:ORIG)", Role::Path, "url.path"),
        ("DYNAMIC_METADATA(com.test:key)", Role::Text, "envoy.dynamic_metadata.com.test.key"),
        ("COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)", Role::Int, "envoy.duration.ds_rx_beg.ds_tx_end_us"),
        ("UPSTREAM_PEER_URI_SAN", Role::Text, "envoy.upstream.peer_uri_san"),
        ("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(8)", Role::Text, "envoy.downstream.remote_address_without_port.8"),
        ("SOMETHING_NEW", Role::Text, "envoy.something_new"),
    ] {
        assert_eq!(names(operator), (role, name.into()), "{operator}");
    }
    let long = format!("REQ({})", "x".repeat(80));
    assert_eq!(names(&long).1.len(), 100);
}

#[test]
fn no_attribute_is_written_twice() {
    let all = ["REQ(:PATH)", "REQ(X-ENVOY-ORIGINAL-PATH)", "PATH(NQ)", "PATH(NQ)", "START_TIME", "START_TIME(%s)", "BYTES_SENT"];
    let targets = Target::of_all(all.iter().map(|text| Operator::parse(text).unwrap()));
    let names: Vec<_> = targets.iter().map(|t| t.as_ref().map(|t| String::from_utf8(t.name.bytes().to_vec()).unwrap())).collect();
    let expected = ["url.path", "envoy.req.x-envoy-original-path", "envoy.path.NQ", "", "envoy.start_time", "envoy.start_time.%s"];
    assert_eq!(names.iter().map(|name| name.as_deref().unwrap_or_default()).collect::<Vec<_>>()[..6], expected);
    assert_eq!(targets[5].as_ref().unwrap().role, Role::Text);
    let times = Target::of_all(["EMIT_TIME", "START_TIME(%s)"].map(|text| Operator::parse(text).unwrap()));
    assert_eq!(times.iter().map(|t| t.as_ref().unwrap().role).collect::<Vec<_>>(), [Role::Text, Role::Time]);
}

#[test]
fn the_client_is_who_envoy_says_or_else_who_was_forwarded_for() {
    let role = |all: &[&str]| Target::of_all(all.iter().map(|text| Operator::parse(text).unwrap()))[0].as_ref().unwrap().role;
    assert_eq!(role(&["REQ(X-FORWARDED-FOR)", "PROTOCOL"]), Role::ForwardedFor);
    assert_eq!(role(&["REQ(X-FORWARDED-FOR)", "DOWNSTREAM_REMOTE_ADDRESS"]), Role::Header);
}

#[test]
fn the_table_has_no_row_twice_and_names_that_fit() {
    for (i, field) in FIELDS.iter().enumerate() {
        assert!(!FIELDS[..i].iter().any(|other| (other.operator, other.argument) == (field.operator, field.argument)), "{field:?}");
        assert!(field.name.len() <= 56 && field.second.len() <= 56, "{field:?}");
    }
}

#[test]
fn addresses_are_split_where_they_have_a_port() {
    use logloom_record::Text;
    for (text, address, port) in [
        ("10.0.0.1:80", "10.0.0.1", Some(80)),
        ("10.0.0.1:65535", "10.0.0.1", Some(65_535)),
        ("10.0.0.1:65536", "10.0.0.1:65536", None),
        ("[::1]:8080", "::1", Some(8080)),
        ("[::1]", "::1", None),
        ("::1", "::1", None),
        ("2001:db8::17", "2001:db8::17", None),
        ("tcp://10.0.2.1:80", "10.0.2.1", Some(80)),
        ("shop.example", "shop.example", None),
        ("shop.example:8443", "shop.example", Some(8443)),
        ("shop.example:", "shop.example:", None),
        ("/var/run/x.sock", "/var/run/x.sock", None),
        ("envoy://connect_originate/10.0.0.1:15008", "envoy://connect_originate/10.0.0.1:15008", None),
        (":80", "", Some(80)),
        ("", "", None),
    ] {
        let (split, found) = address::split(Text::from(text));
        assert_eq!((std::str::from_utf8(split.bytes()).unwrap(), found), (address, port), "{text}");
    }
    for (text, first) in [
        ("203.0.113.9, 10.0.0.1", Some("203.0.113.9")),
        ("203.0.113.9,10.0.0.1", Some("203.0.113.9")),
        ("203.0.113.9:4711", Some("203.0.113.9")),
        ("2001:db8::17", Some("2001:db8::17")),
        ("[2001:db8::17]:80", Some("2001:db8::17")),
        ("unknown", None),
        ("", None),
        ("x\" 10.0.0.1", None),
    ] {
        let found = address::first_forwarded(Text::from(text)).map(|t| std::str::from_utf8(t.bytes()).unwrap());
        assert_eq!(found, first, "{text}");
    }
}

#[test]
fn trace_ids_are_read_from_what_tracers_send() {
    let parent = Trace::from_traceparent(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
    assert_eq!(parent.trace_id[..2], [0x4b, 0xf9]);
    assert_eq!((parent.span_id[7], parent.flags), (0xb7, 1));
    for bad in [
        &b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x"[..],
        b"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        b"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        b"00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        b"00",
    ] {
        assert_eq!(Trace::from_traceparent(bad), None);
    }
    let b3 = Trace::from_b3(b"80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90").unwrap();
    assert_eq!((b3.trace_id[0], b3.span_id[0], b3.flags), (0x80, 0xe4, 1));
    assert_eq!(parse_trace_id(b"76d03012cb23f954").unwrap()[7..9], [0, 0x76]);
    assert_eq!(parse_trace_id(b"0000000000000000"), None);
}

#[test]
fn grpc_statuses_have_one_spelling() {
    for (text, name) in
        [("InvalidArgument", Some("INVALID_ARGUMENT")), ("INVALID_ARGUMENT", Some("INVALID_ARGUMENT")), ("3", Some("INVALID_ARGUMENT"))]
    {
        assert_eq!(status::grpc_name(text.as_bytes()), name);
    }
    assert_eq!(status::grpc_name(b"Canceled"), Some("CANCELLED"));
    assert_eq!(status::grpc_name(b"OK"), Some("OK"));
    assert_eq!(status::grpc_name(b"17"), None);
    assert_eq!(status::grpc_name(b"nonsense"), None);
}

#[test]
fn the_page_is_what_the_table_says() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/envoy.md");
    let written = std::fs::read_to_string(page).unwrap_or_default();
    assert!(written == docs::markdown(), "docs/envoy.md is stale: run `make formats`");
}
