//! Numbers, none of which loses a digit that matters.

use logloom_record::{RejectReason, Text};

use super::Value;

/// The powers of ten that a double holds exactly.
pub(crate) const TENS: [f64; 23] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];

/// Reads the number that begins at `start`; gives it and where it ends.
#[inline(always)]
pub(super) fn number(frame: Text<'_>, start: usize) -> Result<(Value<'_>, usize), RejectReason> {
    let bytes = frame.bytes();
    let negative = bytes.get(start) == Some(&b'-');
    let first = start + usize::from(negative);
    let (value, at) = digits(bytes, first, 0);
    let count = at - first;
    if count == 0 {
        return Err(expected_digit(bytes, at));
    }
    if bytes.get(first) == Some(&b'0') && count > 1 {
        return Err(RejectReason::syntax("a number has no leading zeros", first));
    }
    if matches!(bytes.get(at), Some(b'.' | b'e' | b'E')) {
        return double(frame, start, first, at, value);
    }
    if count <= 18 {
        // Every number of 18 digits fits. Minus zero is no integer.
        let value = if negative { -(value as i64) } else { value as i64 };
        let value = if negative && value == 0 { Value::Double(-0.0) } else { Value::Int(value) };
        return Ok((value, at));
    }
    Ok((large_integer(frame.slice(start..at)), at))
}

/// Adds the digits from `at` on to `value`, which wraps; where they end.
#[inline(always)]
fn digits(bytes: &[u8], mut at: usize, mut value: u64) -> (u64, usize) {
    while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10) {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    (value, at)
}

#[cold]
fn large_integer(text: Text<'_>) -> Value<'_> {
    let parsed = std::str::from_utf8(text.bytes()).ok().and_then(|digits| digits.parse().ok());
    parsed.map_or(Value::Digits(text), Value::Int)
}

/// A number with a fraction or an exponent; `value` are its digits before `at`.
#[inline]
fn double(frame: Text<'_>, start: usize, first: usize, mut at: usize, mut value: u64) -> Result<(Value<'_>, usize), RejectReason> {
    let bytes = frame.bytes();
    let mut count = at - first;
    let mut exponent = 0i64;
    if bytes.get(at) == Some(&b'.') {
        let (more, end) = digits(bytes, at + 1, value);
        let decimals = end - at - 1;
        if decimals == 0 {
            return Err(expected_digit(bytes, end));
        }
        (value, at, count, exponent) = (more, end, count + decimals, -(decimals as i64));
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = bytes.get(at + 1).copied();
        let from = at + 1 + usize::from(matches!(sign, Some(b'+' | b'-')));
        let (power, end) = digits(bytes, from, 0);
        if end == from {
            return Err(expected_digit(bytes, end));
        }
        let power = if end - from > 18 { i64::MAX / 4 } else { power as i64 };
        exponent += if sign == Some(b'-') { -power } else { power };
        at = end;
    }
    // Both factors are exact, so that one operation rounds right: Clinger's fast path.
    if count <= 19
        && value <= 1 << 53
        && let Some(ten) = TENS.get(exponent.unsigned_abs() as usize)
    {
        let magnitude = if exponent < 0 { value as f64 / ten } else { value as f64 * ten };
        return Ok((Value::Double(if first > start { -magnitude } else { magnitude }), at));
    }
    Ok((hard_double(frame.slice(start..at)), at))
}

#[cold]
fn hard_double(text: Text<'_>) -> Value<'_> {
    let Some(value) = std::str::from_utf8(text.bytes()).ok().and_then(|digits| digits.parse::<f64>().ok()) else {
        return Value::Digits(text);
    };
    let significand = text.bytes().split(|byte| matches!(byte, b'e' | b'E')).next().unwrap_or_default();
    let lost = value.is_infinite() || (value == 0.0 && significand.iter().any(|byte| matches!(byte, b'1'..=b'9')));
    if lost { Value::Digits(text) } else { Value::Double(value) }
}

#[cold]
fn expected_digit(bytes: &[u8], at: usize) -> RejectReason {
    if at < bytes.len() { RejectReason::syntax("expected a digit", at) } else { RejectReason::truncated("the number has no end", at) }
}
