//! Scalars as Protobuf's JSON has them. Each is `None` for what is none of its kind.

use crate::{json::Value, swar};

/// An integer: a number, also one like `1.0`, or a string of digits.
pub(super) fn integer<T: TryFrom<i128>>(value: Value<'_>) -> Option<T> {
    let number = match value {
        Value::Int(value) => value.into(),
        Value::Double(value) if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 => value as i128,
        Value::Digits(text) => digits(text.bytes())?,
        Value::Str(text) => digits(text.text.bytes())?,
        _ => return None,
    };
    T::try_from(number).ok()
}

#[inline]
fn digits(bytes: &[u8]) -> Option<i128> {
    if let Some((number, len)) = swar::leading_u64(bytes)
        && len == bytes.len()
        && len <= 20
    {
        return Some(number.into());
    }
    other_digits(bytes)
}

/// Digits behind a minus, or more of them than a number of 64 bits has.
#[inline(never)]
fn other_digits(bytes: &[u8]) -> Option<i128> {
    let unsigned = bytes.strip_prefix(b"-").unwrap_or(bytes);
    // 20 digits hold every integer of 64 bits.
    if unsigned.is_empty() || unsigned.len() > 20 || !unsigned.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// An enum's number: itself, or its name.
pub(super) fn enumeration(value: Value<'_>, names: &[&str]) -> Option<i32> {
    if let Value::Str(text) = value
        && let Some(number) = names.iter().position(|name| text.is(name.as_bytes()))
    {
        return i32::try_from(number).ok();
    }
    integer(value)
}

/// A double: a number, or a string of one, `NaN`, `Infinity` or `-Infinity`.
pub(super) fn double(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Double(value) => Some(value),
        Value::Int(value) => Some(value as f64),
        Value::Digits(text) => number(text.bytes()),
        Value::Str(text) => match text.text.bytes() {
            b"NaN" => Some(f64::NAN),
            b"Infinity" => Some(f64::INFINITY),
            b"-Infinity" => Some(f64::NEG_INFINITY),
            other => number(other),
        },
        _ => None,
    }
}

/// A number in digits; one too large for a double is none.
fn number(bytes: &[u8]) -> Option<f64> {
    if !bytes.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// Base64 of either alphabet, with or without its padding.
pub(crate) fn base64(plain: &[u8]) -> Option<Vec<u8>> {
    let padding = plain.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = plain.get(..plain.len() - padding)?;
    if padding > 2 || digits.len() % 4 == 1 || (padding > 0 && !plain.len().is_multiple_of(4)) {
        return None;
    }
    let mut out = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for four in digits.chunks(4) {
        let mut bits = 0u32;
        for &byte in four {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' | b'-' => 62,
                b'/' | b'_' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(digit);
        }
        let [_, three @ ..] = (bits << (6 * (4 - four.len()))).to_be_bytes();
        out.extend_from_slice(three.get(..four.len() - 1)?);
    }
    Some(out)
}
