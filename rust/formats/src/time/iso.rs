//! [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) and its relatives.

use super::{
    Civil, TimeError,
    civil::month_len,
    days_from_civil,
    zone::{self, Zone},
};
use crate::swar;

/// Where the digits of `2026-11-21T10:40:59.509Z` stand: what is left of each word once its signs are taken off by XOR.
const SIGNS: [u64; 3] = [u64::from_le_bytes(*b"0000-00-"), u64::from_le_bytes(*b"00T00:00"), u64::from_le_bytes(*b":00.000Z")];

/// The time of exactly this shape, `2026-11-21T10:40:59.509Z`, as Envoy and JavaScript write it; `None` where the shape or a value is
/// another: then [`prefix`] knows more.
#[inline(always)]
pub fn millis_z(text: &[u8; 24]) -> Option<u64> {
    let [a, b, c] = words(text);
    if beyond_nine(a, b, c) {
        return None;
    }
    // Once the signs are zero, a pair of digits is ten times the first plus the second.
    let pairs = |word: u64| word.wrapping_mul(10).wrapping_add(word >> 8);
    let byte = |word: u64, at: u32| (word >> (8 * at)) as u32 & 0xff;
    let (ap, bp, cp) = (pairs(a), pairs(b), pairs(c));
    let year = byte(ap, 0) * 100 + byte(ap, 2);
    let (month, day, hour, minute, second) = (byte(ap, 5), byte(bp, 0), byte(bp, 3), byte(bp, 6), byte(cp, 1));
    let millis = byte(cp, 4) * 10 + byte(c, 6);
    if day.wrapping_sub(1) >= month_len(year, month) || hour > 23 || minute > 59 || second > 60 || year.wrapping_sub(1970) > 291 {
        return None;
    }
    let seconds = days_from_civil(year, month, day) as u64 * 86_400 + u64::from(hour * 3600 + minute * 60 + second);
    Some((seconds * 1000 + u64::from(millis)) * 1_000_000)
}

/// Whether the text has the shape that [`millis_z`] reads, of whatever values.
#[inline(always)]
pub fn is_millis_z(text: &[u8; 24]) -> bool {
    let [a, b, c] = words(text);
    !beyond_nine(a, b, c)
}

#[inline(always)]
fn words(text: &[u8; 24]) -> [u64; 3] {
    let word = |at: usize| text.get(at..at + 8).and_then(|part| part.first_chunk()).map_or(u64::MAX, swar::load);
    [word(0) ^ SIGNS[0], word(8) ^ SIGNS[1], word(16) ^ SIGNS[2]]
}

/// Whether a digit is none, or a sign another than it should be: such a byte is not zero.
#[inline(always)]
fn beyond_nine(a: u64, b: u64, c: u64) -> bool {
    const SIX: u64 = 0x0606_0606_0606_0606;
    const NOT_NIBBLE: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    const SIGN_A: u64 = 0xff00_00ff_0000_0000;
    const SIGN_B: u64 = 0x0000_ff00_00ff_0000;
    const SIGN_C: u64 = 0xff00_0000_ff00_00ff;
    let over = |word: u64| (word | (word & !NOT_NIBBLE).wrapping_add(SIX)) & NOT_NIBBLE;
    over(a) | over(b) | over(c) | (a & SIGN_A) | (b & SIGN_B) | (c & SIGN_C) != 0
}

/// The whole text as one time, UTC where it names no zone: `2026-11-21T10:40:59.509Z`, `2026-11-21 10:40:59,509 +0100`,
/// `2026/11/21 10:40:59`, `20261121T104059.5Z`, and Go's `2026-11-21 10:40:59.5 +0100 CET m=+0.01`.
pub fn parse(text: &[u8]) -> Result<u64, TimeError> {
    parse_in(text, Zone::UTC)
}

/// The same, in this zone where it names none.
pub fn parse_in(text: &[u8], zone: Zone) -> Result<u64, TimeError> {
    let (time, len) = prefix(text, zone)?;
    let rest = text.get(len..).unwrap_or_default();
    if rest.is_empty() || is_go_suffix(rest) {
        return Ok(time);
    }
    Err(TimeError::new("expected the end of the time", len))
}

/// ` CET`, ` UTC m=+0.01`: what Go's `Time.String` writes behind an offset.
fn is_go_suffix(rest: &[u8]) -> bool {
    let Some(rest) = rest.strip_prefix(b" ") else { return false };
    let name = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-')).count();
    let rest = rest.get(name..).unwrap_or_default();
    let digits = |text: &[u8]| text.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    (2..=6).contains(&name) && (rest.is_empty() || rest.strip_prefix(b" m=+").or(rest.strip_prefix(b" m=-")).is_some_and(digits))
}

/// The time that the text begins with, and its length. `zone`: of a time that names none.
///
/// Date and time of day are asked for, seconds too. Between them stands `T`, `t`, `_`, a blank or a tab; the date has `-`, `/` or nothing
/// between its parts; a fraction follows `.` or `,`; the offset is `Z`, `±hh`, `±hhmm`, `±hh:mm` or `±hh:mm:ss`, also behind a blank,
/// an abbreviation such as ` UTC` or ` CEST`, or a name such as
/// ` Europe/Berlin`.
#[inline]
pub fn prefix(text: &[u8], zone: Zone) -> Result<(u64, usize), TimeError> {
    if let Some(time) = text.first_chunk().and_then(millis_z) {
        return Ok((time, 24));
    }
    general(text, zone)
}

#[inline(never)]
fn general(text: &[u8], zone: Zone) -> Result<(u64, usize), TimeError> {
    let mut civil = Civil { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0, nanosecond: 0, offset_s: 0 };
    if let Some(usual) = text.first_chunk()
        && date_and_clock(usual, &mut civil)
    {
        return behind_seconds(text, civil, 19, zone);
    }
    let mut at = date(text, &mut civil)?;
    if !matches!(text.get(at), Some(b'T' | b't' | b' ' | b'\t' | b'_')) {
        return Err(TimeError::new("expected 'T' or a blank between date and time", at));
    }
    civil.hour = two(text, at + 1)?;
    let colon = usize::from(text.get(at + 3) == Some(&b':'));
    civil.minute = two(text, at + 3 + colon)?;
    if colon == 1 && text.get(at + 6) != Some(&b':') {
        return Err(TimeError::new("expected ':' and the seconds", at + 6));
    }
    civil.second = two(text, at + 5 + 2 * colon)?;
    at += 7 + 2 * colon;
    behind_seconds(text, civil, at, zone)
}

/// Reads exactly `2026-11-21T10:40:59`; false where it is something else, or its values might be wrong.
#[inline(always)]
fn date_and_clock(text: &[u8; 19], civil: &mut Civil) -> bool {
    const CLOCK: u64 = u64::from_le_bytes(*b"00:00:00");
    let word = |at: usize| text.get(at..at + 8).and_then(|part| part.first_chunk()).map_or(u64::MAX, swar::load);
    let (date, clock) = (word(0) ^ SIGNS[0], word(11) ^ CLOCK);
    let [.., tens, ones, _, _, _, _, _, _, _, _, _] = *text;
    let (tens, ones) = (tens ^ b'0', ones ^ b'0');
    let over = |word: u64| (word | (word & 0x0f0f_0f0f_0f0f_0f0f).wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0;
    let signs = (date & 0xff00_00ff_0000_0000) | (clock & 0x0000_ff00_00ff_0000);
    if over(date) | over(clock) | signs != 0 || tens > 9 || ones > 9 || !matches!(text.get(10), Some(b'T' | b't' | b' ' | b'\t' | b'_')) {
        return false;
    }
    let pairs = |word: u64| word.wrapping_mul(10).wrapping_add(word >> 8);
    let byte = |word: u64, at: u32| (word >> (8 * at)) as u32 & 0xff;
    let (date, clock) = (pairs(date), pairs(clock));
    civil.year = byte(date, 0) * 100 + byte(date, 2);
    civil.month = byte(date, 5);
    civil.day = u32::from(tens) * 10 + u32::from(ones);
    (civil.hour, civil.minute, civil.second) = (byte(clock, 0), byte(clock, 3), byte(clock, 6));
    true
}

/// The fraction and the zone, which begin at byte `at`.
#[inline(always)]
fn behind_seconds(text: &[u8], mut civil: Civil, mut at: usize, zone: Zone) -> Result<(u64, usize), TimeError> {
    if let Some([b'.' | b',', first, ..]) = text.get(at..)
        && first.is_ascii_digit()
    {
        let (nanosecond, digits) = fraction(text.get(at + 1..).unwrap_or_default());
        civil.nanosecond = nanosecond;
        at += 1 + digits;
    }
    match zone_suffix(text.get(at..).unwrap_or_default(), zone).map_err(|e| TimeError { at, ..e })? {
        Some((zone, len)) => Ok((civil.unix_nano_at(|local_s| zone.offset_at_local(local_s))?, at + len)),
        None => Ok((civil.unix_nano_at(|local_s| zone.offset_at_local(local_s))?, at)),
    }
}

/// Reads the date into `civil`; answers where it ends.
#[inline(always)]
fn date(text: &[u8], civil: &mut Civil) -> Result<usize, TimeError> {
    civil.year = two(text, 0)? * 100 + two(text, 2)?;
    if let Some(sign @ (b'-' | b'/')) = text.get(4) {
        civil.month = two(text, 5)?;
        if text.get(7) != Some(sign) {
            return Err(TimeError::new("expected the same sign on both sides of the month", 7));
        }
        civil.day = two(text, 8)?;
        return Ok(10);
    }
    civil.month = two(text, 4)?;
    civil.day = two(text, 6)?;
    Ok(8)
}

/// The zone that `rest` begins with, and its length; `None` where there is none.
#[inline(always)]
fn zone_suffix(rest: &[u8], zone: Zone) -> Result<Option<(Zone, usize)>, TimeError> {
    if let Some((offset_s, len)) = zone::offset(rest)? {
        return Ok(Some((Zone::fixed(offset_s), len)));
    }
    let Some(rest) = rest.strip_prefix(b" ") else { return Ok(None) };
    // A blank and a number: only the full forms are an offset, others may be the next field of the line.
    match zone::offset(rest) {
        Ok(Some((offset_s, len))) if len >= 5 && !rest.get(len).is_some_and(u8::is_ascii_digit) => {
            Ok(Some((Zone::fixed(offset_s), 1 + len)))
        }
        _ => Ok(zone::usual_abbreviation(rest, zone).map(|(zone, len)| (zone, 1 + len))),
    }
}

#[inline(always)]
fn two(text: &[u8], at: usize) -> Result<u32, TimeError> {
    let Some(&[a, b]) = text.get(at..).and_then(|rest| rest.first_chunk()) else {
        return Err(TimeError::new("the time is cut off", text.len().max(at)));
    };
    let (a, b) = (u32::from(a).wrapping_sub(48), u32::from(b).wrapping_sub(48));
    if a > 9 || b > 9 {
        return Err(TimeError::new("expected two digits", at));
    }
    Ok(a * 10 + b)
}

/// The nanoseconds of a fraction's digits, and how many digits there are.
#[inline(always)]
pub(crate) fn fraction(digits: &[u8]) -> (u32, usize) {
    const POWERS: [u32; 9] = [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10];
    if let Some(first) = digits.first_chunk() {
        let (value, n) = swar::leading(swar::load(first));
        if n < 8 {
            return (value * POWERS.get(n).copied().unwrap_or_default(), n);
        }
    }
    let (mut value, mut n) = (0, 0);
    for digit in digits.iter().take_while(|b| b.is_ascii_digit()) {
        if n < 9 {
            value = value * 10 + u32::from(digit - b'0');
        }
        n += 1;
    }
    (if n < 9 { value * POWERS.get(n).copied().unwrap_or_default() } else { value }, n)
}
