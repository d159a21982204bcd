//! What severity a word or number means: the one table for all formats.
//!
//! The numbers are those of the
//! [OpenTelemetry data model](https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber), 1 to 24; 0 is unspecified.
//! The original spelling is what a format writes as `severity_text`.

use logloom_record::Text;

/// The severity of what is nothing out of the ordinary.
pub const INFO: u8 = 9;

/// Words, in small letters, by what they mean. Where two families differ on a word, the reading is the milder one's or the more common one's:
/// `critical` is syslog's (ERROR2), `panic` that of Go's loggers (FATAL), `verbose` that of Serilog and Android (TRACE).
#[rustfmt::skip]
const WORDS: &[(u8, &[&str])] = &[
    (1, &[
        "trace", "trc", "trce", "trac", "t",
        "trace1", "trace2", "trace3", "trace4", "trace5", "trace6", "trace7", "trace8", // Apache
        "verbose", "vrb", "v", "finest", "silly",
    ]),
    (5, &[
        "debug", "debg", "debu", "dbug", "dbg", "deb", "d", "finer", "diagnostic",
        "debug1", "debug2", "debug3", "debug4", "debug5", // PostgreSQL
        "d1", "d2", "d3", "d4", "d5", // MongoDB
        "hint", "detail", "statement", "context", "query", // PostgreSQL: what it says of the message before
        ".", // Redis
    ]),
    (6, &["fine"]), // java.util.logging
    (7, &["config"]),
    (9, &[
        "info", "information", "informational", "inf", "inform", "i", "log", "http", "ok", "normal", "audit",
        "system", // MySQL
        "audit success", "successaudit", "audit_success", // Windows
        "low", // CEF and the findings of scanners
    ]),
    (10, &["notice", "note", "notification", "noti", "ntc", "n", "success", "e_notice", "e_user_notice", "e_strict", "*"]),
    (13, &[
        "warning", "warn", "wrn", "warni", "w", "deprecation", "deprecated", "medium", "#",
        "e_warning", "e_user_warning", "e_core_warning", "e_deprecated", // PHP
    ]),
    (17, &[
        "error", "err", "eror", "erro", "e", "fail", "failure", "severe", "high", "incident_error",
        "audit failure", "failureaudit", "audit_failure",
        "e_error", "e_user_error", "parse error",
    ]),
    (18, &["critical", "crit", "crt", "c", "dpanic", "very-high", "fault"]),
    (19, &["alert", "alrt", "alr"]),
    (21, &[
        "fatal", "ftl", "pnc", "fata", "f", "emergency", "emerg", "emgc", "emg", "panic", "pani", "assert",
        "fatal error", "e_parse", "e_core_error", "e_compile_error",
    ]),
];

/// What a bare number is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Syslog's 0 (emergency) to 7 (debug); 100 to 800 are Google Cloud's, the rest as for [`Level`](Scale::Level).
    Severity,
    /// What loggers call a level: 10 to 60 as pino and bunyan have it, 0 to 7 syslog's (GELF), 100 to 600 Monolog's, thousands Logback's;
    /// below 0 it is a debug level of zap or slog.
    Level,
    /// Python's 10 (DEBUG) to 50 (CRITICAL).
    Python,
    /// The levels of Windows events: 1 (critical) to 5 (verbose); 0 is logged always.
    Windows,
    /// An HTTP status: a client's error is a warning, a server's an error. For those who ask for it: it says nothing of the record itself.
    HttpStatus,
    /// OpenTelemetry's own 1 to 24.
    OpenTelemetry,
}

/// The severity that a word means, in letters of any size; 0 where it means none. Go's `slog` writes `INFO+2`: two steps above.
#[inline]
pub fn of_text(word: Text<'_>) -> u8 {
    let folded = fold(word);
    let mut slot = slot(folded);
    while let Some(&(name, severity)) = TABLE.get(slot) {
        if name == folded && severity != 0 {
            return severity;
        }
        if severity == 0 {
            break;
        }
        slot = (slot + 1) % SLOTS;
    }
    of_offset(word.bytes())
}

/// The severity that a number means on its scale; 0 where it means none.
#[inline]
pub fn of_number(number: i64, scale: Scale) -> u8 {
    let pick = |steps: &[u8], index: i64| usize::try_from(index).ok().and_then(|at| steps.get(at)).copied().unwrap_or_default();
    match (scale, number) {
        (Scale::OpenTelemetry, 1..=24) => number as u8,
        (Scale::Python, 1..=59) => pick(&[1, 5, 9, 13, 17, 18], number / 10),
        (Scale::Windows, 0..=5) => pick(&[9, 18, 17, 13, 9, 1], number),
        (Scale::HttpStatus, 100..=599) => pick(&[0, 9, 9, 9, 13, 17], number / 100),
        (Scale::OpenTelemetry | Scale::Python | Scale::Windows | Scale::HttpStatus, _) => 0,
        (Scale::Level, -16..=-1) => 5,
        (_, 0..=7) => pick(&[21, 19, 18, 17, 13, 10, 9, 5], number),
        (_, 10..=69) => pick(&[0, 1, 5, 9, 13, 17, 21], number / 10),
        (Scale::Severity, 100..=899) => pick(&[0, 5, 9, 10, 13, 17, 18, 19, 21], number / 100),
        (Scale::Level, 100..=699) => pick(&[0, 0, 5, 5, 9, 10, 13, 13, 17, 17, 18, 19, 21, 21], number / 50),
        (_, 5_000..=50_000) => pick(&[1, 5, 9, 13, 17, 21], number / 10_000),
        _ => 0,
    }
}

/// `INFO+2`, `DEBUG-4`.
#[cold]
fn of_offset(word: &[u8]) -> u8 {
    let Some(sign) = word.iter().position(|byte| matches!(byte, b'+' | b'-')).filter(|&at| at > 1) else { return 0 };
    let (name, offset) = (word.get(..sign).unwrap_or_default(), word.get(sign..).unwrap_or_default());
    let Some(offset) = std::str::from_utf8(offset).ok().and_then(|digits| digits.parse::<i8>().ok()) else { return 0 };
    let base = of_text(Text::from(name));
    if base == 0 { 0 } else { (i16::from(base) + i16::from(offset)).clamp(1, 24) as u8 }
}

/// The longest word of the table.
const WORD_LEN_MAX: usize = 16;
/// A power of two well over the number of words, so that few share a place.
const SLOTS: usize = 256;
const SMALL: u128 = u128::from_le_bytes([0x20; 16]);

/// The word in small letters as a number; 0 for one that is too long.
#[inline(always)]
fn fold(word: Text<'_>) -> u128 {
    let n = word.len();
    if n == 0 || n > WORD_LEN_MAX {
        return 0;
    }
    let block = word.tail().first_chunk::<16>().copied().unwrap_or_else(|| near_end(word.bytes()));
    (u128::from_le_bytes(block) | SMALL) & (u128::MAX >> (128 - n * 8))
}

#[cold]
fn near_end(word: &[u8]) -> [u8; 16] {
    let mut block = [0; 16];
    for (to, from) in block.iter_mut().zip(word) {
        *to = *from;
    }
    block
}

#[inline(always)]
const fn slot(folded: u128) -> usize {
    let mixed = (folded as u64 ^ (folded >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 56) as usize
}

/// [`WORDS`] by their [`slot`].
static TABLE: [(u128, u8); SLOTS] = table();

const fn table() -> [(u128, u8); SLOTS] {
    let mut table = [(0, 0); SLOTS];
    let mut row = 0;
    while row < WORDS.len() {
        let (severity, words) = WORDS[row];
        let mut word = 0;
        while word < words.len() {
            let bytes = words[word].as_bytes();
            assert!(bytes.len() <= WORD_LEN_MAX);
            let mut folded = 0;
            let mut at = bytes.len();
            while at > 0 {
                at -= 1;
                folded = folded << 8 | bytes[at] as u128 | 0x20;
            }
            let mut slot = slot(folded);
            while table[slot].1 != 0 {
                assert!(table[slot].0 != folded, "a word stands twice");
                slot = (slot + 1) % SLOTS;
            }
            table[slot] = (folded, severity);
            word += 1;
        }
        row += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_in_any_case_and_nothing_else() {
        for (severity, words) in WORDS {
            for word in *words {
                let line = format!("{word} and what follows it in its buffer");
                assert_eq!(of_text(Text::of(line.as_bytes(), 0..word.len())), *severity, "{word}");
                assert_eq!(of_text(Text::from(word.to_uppercase().as_str())), *severity, "{word}");
                assert_eq!(of_text(Text::from(format!("{word}x").as_str())), 0, "{word}x");
            }
        }
        for word in ["", "unknown", "debugging", "\u{1}nfo", "@LERT", "INFO2", "a word that is longer than any in the table"] {
            assert_eq!(of_text(Text::from(word)), 0, "{word}");
        }
    }

    #[test]
    fn steps_of_slog() {
        for (word, severity) in
            [("INFO+2", 11), ("DEBUG-4", 1), ("DEBUG-128", 1), ("ERROR+100", 24), ("WARN-1", 12), ("X+1", 0), ("INFO+x", 0), ("+1", 0)]
        {
            assert_eq!(of_text(Text::from(word)), severity, "{word}");
        }
    }

    #[test]
    fn numbers_by_their_scale() {
        for (scale, pairs) in [
            (
                Scale::Level,
                &[(10, 1), (20, 5), (30, 9), (40, 13), (50, 17), (60, 21), (35, 9), (6, 9), (3, 17), (-1, 5), (250, 10), (40_000, 17)][..],
            ),
            (Scale::Python, &[(10, 5), (20, 9), (30, 13), (40, 17), (50, 18), (25, 9), (5, 1), (0, 0)]),
            (
                Scale::Severity,
                &[(0, 21), (1, 19), (2, 18), (3, 17), (4, 13), (5, 10), (6, 9), (7, 5), (8, 0), (400, 13), (800, 21), (30, 9)],
            ),
            (Scale::Windows, &[(0, 9), (1, 18), (2, 17), (3, 13), (4, 9), (5, 1), (6, 0), (-1, 0)]),
            (Scale::HttpStatus, &[(200, 9), (302, 9), (404, 13), (503, 17), (0, 0), (600, 0), (99, 0)]),
            (Scale::OpenTelemetry, &[(1, 1), (24, 24), (25, 0), (0, 0)]),
        ] {
            for &(number, severity) in pairs {
                assert_eq!(of_number(number, scale), severity, "{number} in {scale:?}");
            }
            for number in [i64::MIN, i64::MAX, -17, 8, 9, 70, 99, 900, 4_999, 50_001] {
                assert!(of_number(number, scale) <= 24);
            }
        }
    }
}
