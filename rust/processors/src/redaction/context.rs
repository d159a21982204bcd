//! What stands around a find.

/// How far before a find a word that names it may stand, in bytes.
const BEFORE_BYTES_MAX: usize = 48;

/// What people call an id of any country.
static ID_WORDS: Words = Words::new(&[
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
]);

/// Words in lower case, each of two letters at least and the first in ASCII.
#[derive(Debug)]
pub(super) struct Words {
    words: &'static [&'static str],
    /// By the first letter's place in the alphabet, those of the second ones, one bit each: nearly all that a text says is passed over by them alone.
    seconds: [u32; 32],
}

impl Words {
    pub(super) const fn new(words: &'static [&'static str]) -> Self {
        let mut seconds = [0; 32];
        let mut at = 0;
        while at < words.len() {
            if let [first, second, ..] = words[at].as_bytes() {
                seconds[(*first & 31) as usize] |= 1 << (*second & 31);
            }
            at += 1;
        }
        Self { words, seconds }
    }

    /// Whether one stands in the text as a word, or as a part of a key (`user_ssn`, `customerSsn`).
    fn are_in(&self, text: &[u8]) -> bool {
        let may_begin =
            |[first, second]: [u8; 2]| self.seconds.get(usize::from(first & 31)).is_some_and(|seconds| seconds >> (second & 31) & 1 == 1);
        let is_one = |at: usize, pair: [u8; 2], word: &&str| {
            let end = at + word.len();
            // By two letters first: to compare more is a call.
            word.as_bytes().first_chunk() == Some(&pair)
                && text.get(at..end).is_some_and(|part| part.eq_ignore_ascii_case(word.as_bytes()))
                && !text.get(end).is_some_and(u8::is_ascii_lowercase)
        };
        text.array_windows().enumerate().any(|(at, pair)| {
            may_begin(*pair)
                && begins(text, at)
                && self.words.iter().any(|word| is_one(at, pair.map(|byte| byte.to_ascii_lowercase()), word))
        })
    }
}

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
    pub(super) fn names(&self, start: usize, words: &Words) -> bool {
        let before = self.text.get(start.saturating_sub(BEFORE_BYTES_MAX)..start).unwrap_or_default();
        words.are_in(before) || words.are_in(self.key)
    }

    /// The same of an id, which has names of its own, and those that all have; or whether it is all that a body says: nobody logs a bare number
    /// that happens to have the check digit of an id.
    pub(super) fn names_id(&self, start: usize, end: usize, words: &Words) -> bool {
        self.is_all(start, end) || self.names(start, words) || self.names(start, &ID_WORDS)
    }

    /// Whether the find is all that a body says.
    pub(super) fn is_all(&self, start: usize, end: usize) -> bool {
        self.key.is_empty() && self.text.get(..start).is_some_and(is_blank) && self.text.get(end..).is_some_and(is_blank)
    }
}

fn is_blank(text: &[u8]) -> bool {
    text.iter().all(|byte| byte.is_ascii_whitespace() || byte.is_ascii_punctuation())
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
        static SSN: Words = Words::new(&["ssn"]);
        for text in ["ssn", "SSN: ", "user_ssn=", "userSsn=", "the ssn is", "ssn:"] {
            assert!(SSN.are_in(text.as_bytes()), "{text}");
        }
        for text in ["", "ss", "assn", "ssnow", "lessn"] {
            assert!(!SSN.are_in(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn all_that_a_body_says_needs_no_word() {
        let ssn = Words::new(&["ssn"]);
        assert!(Context::new(b" 123. ", b"").names_id(1, 4, &ssn));
        assert!(!Context::new(b" 123. ", b"order").names_id(1, 4, &ssn));
        assert!(!Context::new(b"n 123", b"").names_id(2, 5, &ssn));
        assert!(Context::new(b"123", b"customerSsn").names_id(0, 3, &ssn));
        assert!(Context::new(b"national ID 123", b"").names_id(12, 15, &ssn));
    }
}
