//! Colours and other escape sequences of terminals: [ECMA-48](https://ecma-international.org/publications-and-standards/standards/ecma-48/).

use memchr::{memchr, memchr3};

const ESCAPE: u8 = 0x1b;

/// Appends `text` to `out` without its escape sequences; false, and nothing is appended, where there are none.
pub(crate) fn strip(text: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(first) = memchr(ESCAPE, text) else { return false };
    let mut rest = text.get(first..).unwrap_or_default();
    out.extend_from_slice(text.get(..first).unwrap_or_default());
    while !rest.is_empty() {
        let (sequence, after) = rest.split_at(sequence_len(rest).min(rest.len()));
        if sequence.is_empty() {
            // No sequence: the byte stays.
            out.extend_from_slice(after.get(..1).unwrap_or_default());
        }
        let after = after.get(usize::from(sequence.is_empty())..).unwrap_or_default();
        let (plain, next) = after.split_at(memchr(ESCAPE, after).unwrap_or(after.len()));
        out.extend_from_slice(plain);
        rest = next;
    }
    true
}

/// The length of the sequence at the start of `text`, which begins with an escape; 0 where it is none.
fn sequence_len(text: &[u8]) -> usize {
    match text.get(1) {
        // Control sequences: parameters, intermediates, one final byte.
        Some(b'[') => {
            let len = text.iter().skip(2).take_while(|byte| matches!(byte, 0x20..=0x3f)).count() + 2;
            if matches!(text.get(len), Some(0x40..=0x7e)) { len + 1 } else { 0 }
        }
        // Titles, links: up to a bell, or an escape and a backslash.
        Some(b']' | b'P' | b'_' | b'^') => match memchr3(0x07, ESCAPE, b'\n', text.get(2..).unwrap_or_default()) {
            Some(at) if text.get(at + 2) == Some(&0x07) => at + 3,
            Some(at) if text.get(at + 2..at + 4) == Some(b"\x1b\\") => at + 4,
            _ => 0,
        },
        // Character sets and the like: intermediates, one final byte.
        Some(0x20..=0x2f) => {
            let len = text.iter().skip(1).take_while(|byte| matches!(byte, 0x20..=0x2f)).count() + 1;
            if matches!(text.get(len), Some(0x30..=0x7e)) { len + 1 } else { 0 }
        }
        Some(0x30..=0x7e) => 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_gone_and_text_stays() {
        for (text, expected) in [
            ("\u{1b}[32mINFO\u{1b}[0m ready", "INFO ready"),
            ("a\u{1b}[1;38;5;208mb\u{1b}[mc\u{1b}[K", "abc"),
            ("\u{1b}]8;;https://a.example\u{1b}\\link\u{1b}]8;;\u{1b}\\ and \u{1b}]0;title\u{7}text", "link and text"),
            ("\u{1b}(Bx\u{1b}7y\u{1b}Mz", "xyz"),
            ("ends \u{1b}[3", "ends \u{1b}[3"),
            ("\u{1b}", "\u{1b}"),
            ("\u{1b}é", "\u{1b}é"),
            ("\u{1b}\u{1b}[0mx", "\u{1b}x"),
        ] {
            let mut out = Vec::new();
            assert!(strip(text.as_bytes(), &mut out));
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
        assert!(!strip(b"plain", &mut Vec::new()));
    }

    proptest::proptest! {
        #[test]
        fn text_stays_text(text in "([a-z\u{e9}\\[\\]0-9;m\\\\\u{7}]|\u{1b}){0,40}") {
            let mut out = Vec::new();
            if strip(text.as_bytes(), &mut out) {
                proptest::prop_assert!(std::str::from_utf8(&out).is_ok());
            }
        }
    }
}
