//! Whatever the text, the rules neither panic nor cut a character.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use logloom_processors::redaction::{Action, Redaction, Rule, Settings};
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
