//! What stands around a find.

/// How far before a find a word that names it may stand, in bytes.
const BEFORE_BYTES_MAX: usize = 48;

/// What people call an id of any country.
const ID_WORDS: &[&str] = &[
    "national id",
    "national_id",
    "nationalid",
    "identity number",
    "identity no",
    "id number",
    "id no",
    "citizen id",
    "resident number",
    "personal number",
    "government id",
];

/// A text, and the key that it is the value of.
#[derive(Debug)]
pub(super) struct Context<'a> {
    text: &'a [u8],
    /// The innermost key; empty for a body.
    key: &'a [u8],
}

impl<'a> Context<'a> {
    pub(super) fn new(text: &'a [u8], key: &'a [u8]) -> Self {
        Self { text, key }
    }

    /// Whether the key, or a word before the find, is one of these.
    pub(super) fn names(&self, start: usize, words: &[&str]) -> bool {
        let before = self.text.get(start.saturating_sub(BEFORE_BYTES_MAX)..start).unwrap_or_default();
        has_word(before, words) || has_word(self.key, words)
    }

    /// The same of an id, which has names of its own, and those that all have; or whether it is all that a body says: nobody logs a bare number
    /// that happens to have the check digit of an id.
    pub(super) fn names_id(&self, start: usize, end: usize, words: &[&str]) -> bool {
        self.is_all(start, end) || self.names(start, words) || self.names(start, ID_WORDS)
    }

    /// Whether the find is all that a body says.
    pub(super) fn is_all(&self, start: usize, end: usize) -> bool {
        self.key.is_empty() && self.text.get(..start).is_some_and(is_blank) && self.text.get(end..).is_some_and(is_blank)
    }
}

fn is_blank(text: &[u8]) -> bool {
    text.iter().all(|byte| byte.is_ascii_whitespace() || byte.is_ascii_punctuation())
}

/// Whether one of the words, in lower case, stands in the text as a word, or as a part of a key (`user_ssn`, `customerSsn`).
fn has_word(text: &[u8], words: &[&str]) -> bool {
    // The letters that they begin with: nearly all words of a text are passed over by those alone.
    let firsts = words.iter().fold(0u32, |firsts, word| firsts | letter(word.as_bytes().first()));
    let is_one = |at: usize, word: &&str| {
        let end = at + word.len();
        text.get(at..end).is_some_and(|part| part.eq_ignore_ascii_case(word.as_bytes()))
            && !text.get(end).is_some_and(u8::is_ascii_lowercase)
    };
    (0..text.len()).any(|at| firsts & letter(text.get(at)) != 0 && begins(text, at) && words.iter().any(|word| is_one(at, word)))
}

/// One bit for each letter.
#[inline(always)]
fn letter(byte: Option<&u8>) -> u32 {
    byte.filter(|byte| byte.is_ascii_alphabetic()).map_or(0, |byte| 1 << (byte & 31))
}

/// Whether a word begins here: behind what is no letter, or with a capital behind a small one.
fn begins(text: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|before| text.get(before)) else { return true };
    !before.is_ascii_alphabetic() || before.is_ascii_lowercase() && text.get(at).is_some_and(u8::is_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole() {
        for text in ["ssn", "SSN: ", "user_ssn=", "userSsn=", "the ssn is", "ssn:"] {
            assert!(has_word(text.as_bytes(), &["ssn"]), "{text}");
        }
        for text in ["", "ss", "assn", "ssnow", "lessn"] {
            assert!(!has_word(text.as_bytes(), &["ssn"]), "{text}");
        }
    }

    #[test]
    fn all_that_a_body_says_needs_no_word() {
        assert!(Context::new(b" 123. ", b"").names_id(1, 4, &["ssn"]));
        assert!(!Context::new(b" 123. ", b"order").names_id(1, 4, &["ssn"]));
        assert!(!Context::new(b"n 123", b"").names_id(2, 5, &["ssn"]));
        assert!(Context::new(b"123", b"customerSsn").names_id(0, 3, &["ssn"]));
        assert!(Context::new(b"national ID 123", b"").names_id(12, 15, &["ssn"]));
    }
}
