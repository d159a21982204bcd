//! Whatever the text, the rules neither panic nor cut a character.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use logloom_processors::{
    Outcome, Processor,
    redaction::{Action, Custom, Pattern, Redaction, Rule, Settings},
};
use logloom_record::{
    Batch, Limits,
    overlay::push_text,
    proto::{push_field, push_string_attribute},
};
use proptest::prelude::*;

fn all() -> Redaction {
    Redaction::new(Settings { rules: Rule::ALL.iter().map(|rule| (*rule, Action::Mask)).collect(), ..Settings::default() })
}

/// Pieces of what the rules look for, so that their edges are met.
const PIECES: &[&str] = &[
    "4111 1111 1111 1111",
    "-----BEGIN RSA PRIVATE KEY-----",
    "-----END ",
    "eyJhbGciOiJIUzI1NiJ9.",
    "eyJzdWIiOiIxIn0",
    "password=",
    "\"token\": \"",
    "\\\"",
    "@example.com",
    "bob",
    "::1",
    "2001:db8:",
    "00:1a:2b:3c:4d:5e",
    "10.0.0.1",
    "192.168.1.1.1",
    "+49 30 123456",
    "(555) 123-4567",
    "tel ",
    "GB82 WEST 1234 5698 7654 32",
    "ghp_",
    "AKIA",
    "xoxb-",
    "https://u:p@h/",
    "https://hooks.slack.com/services/T0/B0/",
    "Authorization: Bearer ",
    "Cookie: a=b",
    "X1234567L",
    "RSSMRA85T10A562S",
    "131052-308T",
    "AB 12 34 56 C",
    "é",
    "\n",
    " ",
    "=",
    ":",
    "1",
    "a",
    "-",
    "é@é.éé",
];

fn check(text: &[u8], key: &str) -> Result<(), TestCaseError> {
    let mut end = 0;
    for (start, stop, rule) in all().find(key, text) {
        prop_assert!(end <= start && start < stop && stop <= text.len(), "{rule} {start}..{stop} behind {end} of {}", text.len());
        if let Ok(text) = std::str::from_utf8(text) {
            prop_assert!(text.is_char_boundary(start) && text.is_char_boundary(stop), "{rule} cuts a character");
        }
        end = stop;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes(bytes: Vec<u8>, key in "[a-z_.]{0,12}") {
        check(&bytes, &key)?;
    }

    #[test]
    fn any_mixture_of_pieces(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..12), cut in 0usize..40) {
        let text = pieces.concat();
        check(text.as_bytes(), "")?;
        check(text.as_bytes().get(cut..).unwrap_or_default(), "note")?;
    }
}

/// Records of a body and attributes, some of them in a map or in bytes; every third has a resource of its own.
fn batch(records: &[(String, Vec<(String, String)>)]) -> Batch {
    let mut out = Vec::new();
    for (resource, some) in records.chunks(3).enumerate() {
        let (mut scope_logs, mut logs, mut shared) = (Vec::new(), Vec::new(), Vec::new());
        push_string_attribute(&mut shared, 0x0a, b"service.name", format!("bob{resource}@example.com").as_bytes());
        for (body, attributes) in some {
            let (mut record, mut value) = (Vec::new(), Vec::new());
            push_text(&mut value, body.as_bytes());
            push_field(&mut record, 0x2a, &value);
            for (at, (key, text)) in attributes.iter().enumerate() {
                if at % 2 == 0 {
                    push_string_attribute(&mut record, 0x32, key.as_bytes(), text.as_bytes());
                    continue;
                }
                let (mut pairs, mut map, mut pair) = (Vec::new(), Vec::new(), Vec::new());
                push_string_attribute(&mut pairs, 0x0a, key.as_bytes(), text.as_bytes());
                push_field(&mut map, 0x32, &pairs);
                push_field(&mut map, 0x3a, text.as_bytes());
                push_field(&mut pair, 0x0a, b"nested");
                push_field(&mut pair, 0x12, &map);
                push_field(&mut record, 0x32, &pair);
            }
            push_field(&mut scope_logs, 0x12, &record);
        }
        push_field(&mut logs, 0x0a, &shared);
        push_field(&mut logs, 0x12, &scope_logs);
        push_field(&mut out, 0x0a, &logs);
    }
    Batch::from_otlp(out.into(), &Limits::DEFAULT).unwrap()
}

/// Patterns with letters that must be there, in any case, in one of several ways, or at all.
const PATTERNS: &[&str] = &[
    "[a-z0-9._%+-]+@[a-z0-9.-]+\\.[a-z]{2,}",
    "(?i)BOB|cookie",
    "(?i)tel",
    "gh[po]_|xox[ab]-",
    "[a-z]+",
    r"\d+",
    "é.?",
    "(?:@|::)[a-z0-9]+",
    "#",
    "a|",
    r"(?-u:\xc3)",
    "^password",
    "nested|n",
];

/// Rules of which each find has letters that most texts lack, and others.
const SOUGHT: &[Rule] = &[
    Rule::Email,
    Rule::UrlPassword,
    Rule::Jwt,
    Rule::PrivateKey,
    Rule::AwsAccessKey,
    Rule::GcpKey,
    Rule::GithubToken,
    Rule::SlackToken,
    Rule::CreditCard,
    Rule::KeyValueSecret,
    Rule::IpAddress,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    /// Records that are passed over unread have nothing that would have been found.
    #[test]
    fn what_is_passed_over_has_nothing(
        records in proptest::collection::vec((
            proptest::collection::vec(proptest::sample::select(PIECES), 0..5).prop_map(|pieces| pieces.concat()),
            proptest::collection::vec((
                proptest::sample::select(&["note", "user@host", "password", "n", "bob"][..]).prop_map(str::to_owned),
                proptest::collection::vec(proptest::sample::select(PIECES), 0..3).prop_map(|pieces| pieces.concat()),
            ), 0..4),
        ), 0..9),
        rules in proptest::sample::subsequence(SOUGHT, 0..4),
        custom in proptest::sample::subsequence(PATTERNS, 0..3),
        blocked in proptest::sample::subsequence(PATTERNS, 0..2),
        allowed in proptest::option::of(Just(vec!["note".to_owned()])),
        action in proptest::sample::select(&[Action::Mask, Action::Drop][..]),
    ) {
        let pattern = |text: &&str| Pattern::new(text).unwrap();
        let settings = Settings {
            rules: rules.into_iter().map(|rule| (rule, action)).collect(),
            custom: custom.iter().map(|text| Custom { name: (*text).to_owned(), pattern: pattern(text), action }).collect(),
            blocked_keys: blocked.iter().map(pattern).collect(),
            allowed_values: vec![Pattern::new("ghp_").unwrap()],
            ignored_keys: vec!["n".to_owned()],
            allowed_keys: allowed,
            ..Settings::default()
        };
        let batch = batch(&records);
        let (mut found, mut expected) = (Outcome::default(), Outcome::default());
        let made = Redaction::new(settings.clone()).apply(batch.clone(), &mut found);
        let walked = Redaction::new(settings).walking_all().apply(batch, &mut expected);
        prop_assert_eq!(found, expected);
        prop_assert_eq!(made.to_otlp(), walked.to_otlp());
    }
}

#[test]
fn what_is_not_wanted_is_not_found() {
    let text = b"bob@example.com 4111111111111111 10.0.0.1 password=hunter2 +49 30 12345678";
    for rule in [Rule::Email, Rule::CreditCard, Rule::IpAddress, Rule::KeyValueSecret, Rule::Phone] {
        let one = Redaction::new(Settings { rules: vec![(rule, Action::Mask)], ..Settings::default() });
        let found: Vec<_> = one.find("", text).into_iter().map(|(_, _, name)| name).collect();
        assert_eq!(found, [rule.name()]);
    }
}

/// A megabyte of what begins like something and never ends: were each beginning followed to the end of the text, this would take hours.
#[test]
fn what_never_ends_is_walked_once() {
    for piece in [
        "eyJ-",
        "eyJ-eyJabcdefgh.",
        "token=${",
        "password={{ ",
        "a@",
        "://u:",
        "1 ",
        "+1 ",
        "::",
        "tel (",
        "-----BEGIN ",
        "xoxb-",
        "Cookie: $(",
        "secret=\"\\\"",
    ] {
        let text = piece.repeat((1 << 20) / piece.len());
        check(text.as_bytes(), "").unwrap();
    }
}

#[test]
fn a_telephone_number_is_no_health_number() {
    let only = Redaction::new(Settings { rules: vec![(Rule::UkNhs, Action::Mask)], ..Settings::default() });
    assert!(only.find("", b"call 401-023-2137 now").is_empty());
    assert_eq!(only.find("", b"NHS number 401-023-2137").len(), 1);
}
