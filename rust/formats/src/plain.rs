//! The time and the severity that a line of no known format says plainly at its start.
//!
//! Nothing is guessed: a time is one that stands among the first words and is spelt in full; a severity is a word of the usual ones that
//! stands where loggers put it: beside the time, in brackets, or in capitals before the message begins.

mod moment;

use logloom_record::Text;
use wide::u8x16;

use self::moment::moment;
use crate::{severity, time::Context};

/// How far into a line it is looked.
const LOOK_BYTES_MAX: usize = 200;
/// A time stands behind at most so many words: a level, a host, a logger.
const WORDS_BEFORE_TIME_MAX: usize = 4;
/// A severity stands behind at most so many words after the time.
const WORDS_BEFORE_SEVERITY_MAX: usize = 4;

/// The words that are a severity wherever a line says them plainly. The table of [`severity`] knows many more, which mean it only where a
/// format says that a severity is what stands there.
const LEVELS: &[&[u8]] = &[
    b"trace",
    b"verbose",
    b"finest",
    b"finer",
    b"fine",
    b"debug",
    b"dbg",
    b"info",
    b"information",
    b"inf",
    b"notice",
    b"warn",
    b"warning",
    b"wrn",
    b"error",
    b"err",
    b"severe",
    b"crit",
    b"critical",
    b"alert",
    b"emerg",
    b"emergency",
    b"fatal",
    b"panic",
];

/// The first letters that [`LEVELS`] of a length have, a bit for each letter: nearly all other words are told from them by it.
static FIRST_LETTERS: [u32; 12] = first_letters();

const fn first_letters() -> [u32; 12] {
    let mut letters = [0; 12];
    let mut i = 0;
    while i < LEVELS.len() {
        letters[LEVELS[i].len()] |= 1 << (LEVELS[i][0] - b'a');
        i += 1;
    }
    letters
}

/// What a line says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    /// In nanoseconds since 1970; 0 where the line says none.
    pub(crate) time: u64,
    /// OpenTelemetry's number; 0 where the line says none.
    pub(crate) severity: u8,
    /// The word, as it is spelt.
    pub(crate) severity_text: Text<'a>,
}

/// Whether a line begins with a time that is spelt in full, date and clock, perhaps in a bracket: it goes on with no other.
pub(crate) fn begins_with_time(line: &[u8]) -> bool {
    let at = usize::from(line.first() == Some(&b'['));
    let found = moment(line, at, &Context::default());
    found.is_some_and(|(_, len)| line.get(at..at + len).is_some_and(|time| time.contains(&b':')))
}

/// The severity that a message names before all else: `error: …`, `[WARNING] …`, `<warn> …`, `NOTICE[31]: …`.
#[inline]
pub(crate) fn first_level(message: Text<'_>) -> (u8, Text<'_>) {
    let bytes = message.bytes();
    let close = match bytes.first() {
        Some(b'[') => b']',
        Some(b'<') => b'>',
        Some(b'(') => b')',
        _ => 0,
    };
    let start = usize::from(close != 0);
    let rest = bytes.get(start..).unwrap_or_default();
    let len = rest.iter().take(FIRST_LETTERS.len()).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (word, behind) = rest.split_at(len);
    if !is_word_of_level(word) {
        return (0, Text::EMPTY);
    }
    let stands = match behind {
        [byte, ..] if close != 0 => *byte == close,
        [b':', b' ', ..] | [b':'] => true,
        [b'[' | b' ' | b':', ..] => word.iter().all(u8::is_ascii_uppercase),
        _ => false,
    };
    if !stands {
        return (0, Text::EMPTY);
    }
    let text = message.slice(start..start + len);
    (severity::of_text(text), text)
}

/// Reads the start of a line.
pub(crate) fn head<'a>(line: Text<'a>, context: &Context) -> Head<'a> {
    let mut head = Head { time: 0, severity: 0, severity_text: Text::EMPTY };
    let bytes = line.bytes().get(..LOOK_BYTES_MAX).unwrap_or(line.bytes());
    let bytes = memchr::memchr(b'\n', bytes).and_then(|end| bytes.get(..end)).unwrap_or(bytes);
    let mut runs = Runs::new(line, bytes.len());
    let (mut at, mut words, mut only_numbers) = (0, 0, true);
    loop {
        at = runs.word_from(at);
        if at >= bytes.len() {
            break;
        }
        if head.time == 0
            && words <= WORDS_BEFORE_TIME_MAX
            && let Some((unix_nano, len)) = moment(bytes, at, context)
        {
            (head.time, words, only_numbers) = (unix_nano, 0, true);
            at += len;
            continue;
        }
        let end = runs.end_from(at).min(bytes.len());
        if head.severity == 0 && is_level(bytes, at, end, &Place { timed: head.time != 0, words, only_numbers }) {
            head.severity_text = line.slice(at..end);
            head.severity = severity::of_text(head.severity_text);
        }
        only_numbers = only_numbers && bytes.get(at..end).is_some_and(|word| word.iter().all(u8::is_ascii_digit));
        // `node-1`, `com.example.Main` and `a/b` are one word.
        words += usize::from(!matches!(at.checked_sub(1).and_then(|at| bytes.get(at)), Some(b'.' | b'-' | b'/' | b'@' | b'$')));
        at = end;
        let said = head.time != 0 && (head.severity != 0 || words > WORDS_BEFORE_SEVERITY_MAX);
        let begins = matches!(bytes.get(end..), Some([b':', b' ', ..] | [b':'])) && head.time != 0 && words > 1;
        if said || begins || words > WORDS_BEFORE_TIME_MAX {
            break;
        }
    }
    head
}

/// Where words begin and end, told for 64 bytes at once.
struct Runs<'a> {
    /// The line, and what follows it in its buffer.
    tail: &'a [u8],
    /// How much of it is looked at.
    len: usize,
    /// Where the 64 bytes begin.
    from: usize,
    /// Letters and digits, a bit for each byte.
    letters: u64,
    /// The same, with `_`, which goes on in a word and begins none.
    inside: u64,
}

impl<'a> Runs<'a> {
    #[inline(always)]
    fn new(line: Text<'a>, len: usize) -> Self {
        let mut runs = Self { tail: line.tail(), len, from: 0, letters: 0, inside: 0 };
        runs.look(0);
        runs
    }

    /// Tells the 64 bytes from `from` on.
    #[inline(always)]
    fn look(&mut self, from: usize) {
        let rest = self.tail.get(from..).unwrap_or_default();
        let short;
        let block = if let Some(block) = rest.first_chunk::<64>() {
            block
        } else {
            short = near_end(rest);
            &short
        };
        (self.from, self.letters, self.inside) = (from, 0, 0);
        for (at, part) in block.as_chunks::<16>().0.iter().enumerate() {
            let bytes = u8x16::new(*part);
            let letter = (bytes | u8x16::splat(0x20)) - u8x16::splat(b'a');
            let digit = bytes - u8x16::splat(b'0');
            let letters = (letter.min(u8x16::splat(25)).simd_eq(letter) | digit.min(u8x16::splat(9)).simd_eq(digit)).to_bitmask();
            let inside = letters | bytes.simd_eq(u8x16::splat(b'_')).to_bitmask();
            self.letters |= u64::from(letters) << (at * 16);
            self.inside |= u64::from(inside) << (at * 16);
        }
    }

    /// The first letter or digit from `at` on; `len` or more where there is none.
    #[inline(always)]
    fn word_from(&mut self, mut at: usize) -> usize {
        while at < self.len {
            if at - self.from >= 64 {
                self.look(at);
            }
            let rest = self.letters >> (at - self.from);
            if rest != 0 {
                return at + rest.trailing_zeros() as usize;
            }
            at = self.from + 64;
        }
        self.len
    }

    /// Where the word that `at` is in ends; `len` or more where it goes on up to there.
    #[inline(always)]
    fn end_from(&mut self, mut at: usize) -> usize {
        while at < self.len {
            if at - self.from >= 64 {
                self.look(at);
            }
            let rest = !self.inside >> (at - self.from);
            if rest != 0 {
                return at + rest.trailing_zeros() as usize;
            }
            at = self.from + 64;
        }
        self.len
    }
}

#[cold]
fn near_end(rest: &[u8]) -> [u8; 64] {
    let mut block = [0; 64];
    block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    block
}

/// Where a word stands: whether the time was read, how many words before it, and whether these were all numbers.
struct Place {
    timed: bool,
    words: usize,
    only_numbers: bool,
}

/// Whether the word is a severity.
#[inline(always)]
fn is_level(bytes: &[u8], start: usize, end: usize, place: &Place) -> bool {
    let word = bytes.get(start..end).unwrap_or_default();
    let before = start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
    let behind = bytes.get(end..).unwrap_or_default();
    if let [letter] = word {
        // `I/Tag(123)`, `2026… 1000 1000 E Tag:`, `E, [2026…`, `W [21/Nov/2026…`
        let alone = matches!(before, None | Some(b' ' | b'[' | b'|')) && matches!(behind, [b' ' | b'/' | b']' | b'|' | b',', ..]);
        let first = start == 0 && matches!(behind, [b' ', b'[', ..] | [b',', b' ', b'[', ..] | [b'/', ..]);
        // `[E 2026-…`, `(W) 2026-…`
        let enclosed = matches!((before, behind), (Some(b'['), [b' ', b'0'..=b'9', ..]) | (Some(b'('), [b')', b' ', b'0'..=b'9', ..]));
        if start == 1 && enclosed {
            return matches!(letter, b'D' | b'I' | b'N' | b'W' | b'E' | b'C');
        }
        return matches!(letter, b'V' | b'D' | b'I' | b'N' | b'W' | b'E' | b'F') && alone && (first || (place.timed && place.only_numbers));
    }
    // Without a time only the first word may be one, or the first behind a clock.
    let behind_clock = place.only_numbers && place.words >= 2;
    if (!place.timed && place.words > 0 && !behind_clock) || !is_word_of_level(word) {
        return false;
    }
    let closed = matches!(before, Some(b'[' | b'<' | b'(' | b'|')) && matches!(behind, [b']' | b'>' | b')' | b'|' | b' ' | b':', ..])
        || (before == Some(b':') && behind.first() == Some(&b']')); // [module:level]
    let named = matches!(behind, [b':' | b']', ..]);
    let capitals =
        word.iter().all(u8::is_ascii_uppercase) && matches!(behind, [] | [b' ' | b'\t' | b':' | b']' | b'|' | b',' | b'-' | b'[', ..]);
    let apart = matches!(before, None | Some(b' ' | b'\t' | b'[' | b'<' | b'(' | b'|' | b'-' | b':' | b','));
    if !place.timed {
        return apart && (closed || capitals || (start == 0 && named));
    }
    let beside = place.words == 0 && matches!(behind, [] | [b' ' | b'\t' | b':' | b']' | b'|' | b',' | b')' | b'>', ..]);
    apart
        && (beside
            || closed
            || (capitals && place.words <= WORDS_BEFORE_SEVERITY_MAX)
            || ((place.only_numbers || place.words == 1) && named))
}

/// Whether the word is one of [`LEVELS`], in letters of any size.
#[inline(always)]
fn is_word_of_level(word: &[u8]) -> bool {
    let Some(letter) = word.first().map(|letter| (letter | 0x20).wrapping_sub(b'a')).filter(|letter| *letter < 26) else { return false };
    FIRST_LETTERS.get(word.len()).is_some_and(|letters| letters & 1 << letter != 0)
        && LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_begin_and_end_where_they_do(line: Vec<u8>, words in "[a-zA-Z0-9_ .-]{0,200}", cut in 0..400usize) {
            let line = [words.as_bytes(), &line].concat();
            let len = cut.min(line.len());
            let mut runs = Runs::new(Text::from(line.as_slice()), len);
            let mut at = 0;
            while at < len {
                let rest = &line[at..len];
                let begin = rest.iter().position(u8::is_ascii_alphanumeric).map_or(len, |n| at + n);
                prop_assert_eq!(runs.word_from(at).min(len), begin);
                let rest = &line[begin..len];
                let end = rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_')).map_or(len, |n| begin + n);
                prop_assert_eq!(runs.end_from(begin).min(len), end);
                at = end;
            }
        }
    }

    fn said(line: &str) -> (String, String) {
        let context = Context { arrival_unix_nano: 1_795_268_509_000_000_000, ..Context::default() };
        let head = head(Text::of(line.as_bytes(), 0..line.len()), &context);
        let time = if head.time == 0 { "-".into() } else { (head.time / 1_000_000).to_string() };
        (time, format!("{} {}", head.severity, String::from_utf8_lossy(head.severity_text.bytes())))
    }

    #[test]
    fn times_and_levels_where_loggers_put_them() {
        for (line, time, level) in [
            ("2026-11-21 10:40:59,509 INFO started", "1795257659509", "9 INFO"),
            ("2026-11-21T10:40:59Z warn wcp [x] slow", "1795257659000", "13 warn"),
            ("[2026-11-21T10:40:59Z ERROR main] gone", "1795257659000", "17 ERROR"),
            ("[DEBUG 2026-11-21 10:40:59 main] x", "1795257659000", "5 DEBUG"),
            ("E, [2026-11-21T10:40:59.509 #11479] ERROR -- : x", "1795257659509", "17 E"),
            ("W [21/Nov/2026:10:40:59 +0000] unknown directive", "1795257659000", "13 W"),
            ("[Sat Nov 21 10:40:59.509 2026] [core:error] [pid 1] x", "1795257659509", "17 error"),
            ("[Thu Nov 21 10:40:59 2019] [error] [pid 1] x", "1574332859000", "17 error"),
            ("11-21 10:40:59.509  1000 23402 23402 V Camera: x", "1795257659509", "1 V"),
            ("21-Nov-2026 10:40:59.509 queries: info: client", "1795257659509", "9 info"),
            ("2026/11/21 10:40:59 [crit] 1#1: x", "1795257659000", "18 crit"),
            ("[1795257659] CURRENT HOST STATE: a;UP", "1795257659000", "0 "),
            ("1795257659.509 GET x", "1795257659509", "0 "),
            ("WARN  cannot open", "-", "13 WARN"),
            ("21.11.2026 10:40:59 ERROR x", "1795257659000", "17 ERROR"),
            ("11/21/2026-10:40:59.509000  [**] [1:22:2] x", "1795257659509", "0 "),
            ("11/21/26-10:40:59.509000 [**] [1:22:2] x", "1795257659509", "0 "),
            ("11/21-10:40:59.509000 [**] [1:22:2] x", "1795257659509", "0 "),
            ("2026.11.21 10:40:59.509123 [ 12 ] {} <Error> Application: x", "1795257659509", "17 Error"),
            ("[Nest] 7  - 11/21/2026, 10:40:59 AM    WARN [Auth] x", "1795257659000", "13 WARN"),
            ("[2026-11-21 10:40:59] NOTICE[2183] chan_sip.c: x", "1795257659000", "10 NOTICE"),
            ("[E 2026-11-21 10:40:59.509 ServerApp] x", "1795257659509", "17 E"),
            ("(W) 2026-11-21T10:40:59 - x", "1795257659000", "13 W"),
            ("[10:40:59] INFO: x", "-", "9 INFO"),
            ("Nov 21, 2026 10:40:59.509 [0x7f12] WARN - x", "1795257659509", "13 WARN"),
            ("Nov 21, 2026 10:40:59 AM a.b.C main", "1795257659000", "0 "),
            ("INFO[0012] x", "-", "9 INFO"),
            ("error: no such file", "-", "17 error"),
            ("[INFO] done", "-", "9 INFO"),
            ("node-1 com.example.Main 2026-11-21 10:40:59 FATAL x", "1795257659000", "21 FATAL"),
        ] {
            assert_eq!(said(line), (time.to_owned(), level.to_owned()), "{line}");
        }
    }

    #[test]
    fn what_a_message_names_first() {
        for (message, level) in [
            ("error: no such file", 17),
            ("warning: unknown[192.0.2.1]: SASL LOGIN failed", 13),
            ("[WARNING] x", 13),
            ("<warn> x", 13),
            ("NOTICE[31]: chan_sip.c: x", 10),
            ("INFO started", 9),
            ("ERR:", 17),
            ("error, relay=x", 0),
            ("errors: 3", 0),
            ("Information is power", 0),
            ("[warning", 0),
            ("[WARNING) x", 0),
            ("info started", 0),
            ("session opened", 0),
            ("", 0),
            ("[", 0),
        ] {
            assert_eq!(first_level(Text::of(message.as_bytes(), 0..message.len())).0, level, "{message}");
        }
    }

    #[test]
    fn words_of_a_message_are_no_level() {
        for line in [
            "Server listening on 0.0.0.0:8080",
            "an error was found at 2026",
            "There was an ERROR in it",
            "Information is power",
            "2026 was a good year",
            "debugging since 10:40:59",
            "    at com.example.Error.info(Error.java:5)",
            "A B C D E F",
            "1795257659509123 is a number",
        ] {
            assert_eq!(said(line).1, "0 ", "{line}");
        }
        assert_eq!(said("2026-11-21 10:40:59 user saw an error here").1, "0 ");
        assert_eq!(said("1795257659-1 is an id").0, "-");
    }
}
