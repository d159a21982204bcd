//! The spellings of a time that a line of no known format may have at its start.

use std::sync::OnceLock;

use crate::time::{self, Context, TimePattern};

/// The time that begins at `at`, and its length.
pub(super) fn moment(bytes: &[u8], at: usize, context: &Context) -> Option<(u64, usize)> {
    let text = bytes.get(at..)?;
    if at > 0 && bytes.get(at - 1).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let (unix_nano, len) = match text {
        [b'J' | b'F' | b'M' | b'A' | b'S' | b'O' | b'N' | b'D' | b'T' | b'W', b'a'..=b'z', b'a'..=b'z', b' ' | b',', ..] => {
            let by_pattern = || month_first().iter().find_map(|pattern| pattern.prefix(text, context).ok());
            let (moment, len) = time::bsd(text, context).ok().or_else(by_pattern)?;
            (moment?, len)
        }
        [b'0'..=b'9', ..] => digits(text, at, context)?,
        _ => return None,
    };
    let ended = !text.get(len).is_some_and(u8::is_ascii_alphanumeric);
    (ended && unix_nano > 0).then_some((unix_nano, len))
}

/// A time that begins with a digit.
fn digits(text: &[u8], at: usize, context: &Context) -> Option<(u64, usize)> {
    if let Ok(found) = time::prefix(text, context.zone) {
        return Some(found);
    }
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if matches!(count, 10 | 13 | 16) && at <= 1 {
        return epoch(text, count);
    }
    let is_dotted_year = count == 4 && text.get(4) == Some(&b'.');
    if (count > 2 || !matches!(text.get(count), Some(b'/' | b'-' | b' ' | b'.'))) && !is_dotted_year {
        return None;
    }
    patterns().iter().find_map(|pattern| {
        let (moment, len) = pattern.prefix(text, context).ok()?;
        Some((moment?, len))
    })
}

/// Seconds, milliseconds or microseconds since 1970, at the line's very start: of 2001 to 2286, with a fraction or without.
fn epoch(text: &[u8], count: usize) -> Option<(u64, usize)> {
    let fraction = match text.get(count..)? {
        [b'.', rest @ ..] => 1 + rest.iter().take_while(|byte| byte.is_ascii_digit()).count(),
        [b' ' | b'\t' | b']' | b'|' | b',', ..] => 0,
        _ => return None,
    };
    let len = count + fraction;
    Some((time::epoch::parse(text.get(..len)?).ok()?, len))
}

/// The other spellings that begin with a day or a month. Whether a month in digits stands before the day or behind it is told by dots, and by
/// AM and PM; elsewhere by nothing: none of these.
fn patterns() -> &'static [TimePattern] {
    static PATTERNS: OnceLock<Vec<TimePattern>> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        let texts = [
            "%d/%b/%Y:%H:%M:%E*S %z",
            "%d/%b/%Y:%H:%M:%E*S",
            "%d/%b/%Y %H:%M:%E*S",
            "%d-%b-%Y %H:%M:%E*S",
            "%d %b %Y %H:%M:%E*S",
            "%d.%m.%Y %H:%M:%E*S",
            "%Y.%m.%d %H:%M:%E*S", // ClickHouse's
            // Suricata's and Snort's, with a dash before the clock.
            "%m/%d/%Y-%H:%M:%E*S",
            "%m/%d/%y-%H:%M:%E*S",
            "%m/%d-%H:%M:%E*S",
            // Those who write AM and PM write the month first.
            "%m/%d/%Y, %I:%M:%S %p",
            "%m/%d/%Y %I:%M:%S %p",
            "%m-%d %H:%M:%E*S", // Android's
        ];
        texts.iter().filter_map(|text| TimePattern::compile(text).ok()).collect()
    })
}

/// Those with a comma behind the day: java.util.logging's, Plex's.
fn month_first() -> &'static [TimePattern] {
    static PATTERNS: OnceLock<Vec<TimePattern>> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        let texts = ["%b %d, %Y %I:%M:%S %p", "%b %d, %Y %H:%M:%E*S"];
        texts.iter().filter_map(|text| TimePattern::compile(text).ok()).collect()
    })
}
