//! Offsets from UTC and their abbreviations.

use super::TimeError;

/// Abbreviations in common use, with hours east of UTC times four. Where one has several senses, the most usual in logs.
#[rustfmt::skip]
const ABBREVIATIONS: &[(&[u8], i32)] = &[
    (b"ACDT", 42), (b"ACST", 38), (b"AEDT", 44), (b"AEST", 40), (b"AKDT", -32), (b"AKST", -36), (b"ART", -12), (b"AWST", 32), (b"BRT", -12),
    (b"BST", 4), (b"CAT", 8), (b"CDT", -20), (b"CEST", 8), (b"CET", 4), (b"CST", -24), (b"EAT", 12), (b"EDT", -16), (b"EEST", 12),
    (b"EET", 8), (b"EST", -20), (b"GMT", 0), (b"HDT", -36), (b"HKT", 32), (b"HST", -40), (b"ICT", 28), (b"IDT", 12), (b"IST", 22),
    (b"JST", 36), (b"KST", 36), (b"MDT", -24), (b"MSK", 12), (b"MST", -28), (b"NZDT", 52), (b"NZST", 48), (b"PDT", -28), (b"PHT", 32),
    (b"PKT", 20), (b"PST", -32), (b"SAST", 8), (b"SGT", 32), (b"UT", 0), (b"UTC", 0), (b"WAT", 4), (b"WEST", 4), (b"WET", 0), (b"WIB", 28),
    (b"Z", 0),
];

/// The offset in seconds that `text` begins with, and its length: `Z`, `±hh`, `±hhmm`, `±hh:mm`, `±hh:mm:ss`. `None`: it is none.
#[inline(always)]
pub(crate) fn offset(text: &[u8]) -> Result<Option<(i32, usize)>, TimeError> {
    match text {
        [b'Z' | b'z', ..] => Ok(Some((0, 1))),
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let Some(hour) = two(rest, 0) else { return Ok(None) };
            let colon = usize::from(rest.get(2) == Some(&b':'));
            let minute = two(rest, 2 + colon);
            let second = if colon == 1 && minute.is_some() && rest.get(5) == Some(&b':') { two(rest, 6) } else { None };
            let len = if second.is_some() { 9 } else { 3 + minute.map_or(0, |_| 2 + colon) };
            let (minute, second) = (minute.unwrap_or(0), second.unwrap_or(0));
            // RFC 3339 allows up to 23:59, though the world ends at 14:00.
            if hour > 23 || minute > 59 || second > 59 {
                return Err(TimeError::out_of_range("the offset is out of range", 0));
            }
            let seconds = hour * 3600 + minute * 60 + second;
            Ok(Some((if *sign == b'-' { -seconds } else { seconds }, len)))
        }
        _ => Ok(None),
    }
}

fn two(text: &[u8], at: usize) -> Option<i32> {
    let [a, b] = *text.get(at..)?.first_chunk()?;
    (a.is_ascii_digit() && b.is_ascii_digit()).then(|| i32::from(a - b'0') * 10 + i32::from(b - b'0'))
}

/// The zone's abbreviation that `text` begins with, or the offset that some zones have instead of one.
pub(crate) fn abbreviation(text: &[u8]) -> Result<(i32, usize), TimeError> {
    let len = text.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let name = text.get(..len).unwrap_or_default();
    if let Some((_, quarters)) = ABBREVIATIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        return Ok((quarters * 900, len));
    }
    offset(text)?.ok_or(TimeError::new("unknown time zone: write the offset instead (%z)", 0))
}
