//! Numbers since 1970-01-01T00:00:00Z, in seconds, milliseconds, microseconds or nanoseconds, told apart by their size.

use super::{TimeError, civil::nanos};
use crate::swar::leading_u64;

/// Under this many units a whole number counts seconds; under a thousand times as many milliseconds, and so on.
const SECONDS_UNDER: u64 = 100_000_000_000;

const TOO_LARGE: TimeError = TimeError::out_of_range("the time is after 2262-04-11", 0);

/// A whole number: under 10¹¹ seconds, under 10¹⁴ milliseconds, under 10¹⁷ microseconds, else nanoseconds.
pub fn integer(value: u64) -> Result<u64, TimeError> {
    let (unit, per_second) = match value {
        _ if value < SECONDS_UNDER => (1_000_000_000, 1),
        _ if value < SECONDS_UNDER * 1_000 => (1_000_000, 1_000),
        _ if value < SECONDS_UNDER * 1_000_000 => (1_000, 1_000_000),
        _ => (1, 1_000_000_000),
    };
    nanos((value / per_second) as i64, (value % per_second * unit) as u32)
}

/// Decimal digits, exactly: `1795257659`, `1795257659.509466`, `1795257659509.466`, `1.795257659e9`. The whole part says which unit.
pub fn parse(text: &[u8]) -> Result<u64, TimeError> {
    if text.first() == Some(&b'-') {
        return Err(TimeError::out_of_range("the time is before 1970", 0));
    }
    let (whole, n) = leading_u64(text).ok_or(TimeError::new("expected a number since 1970", 0))?;
    match text.get(n..).unwrap_or_default() {
        [] => integer(whole),
        [b'.', digits @ ..] if digits.first().is_some_and(u8::is_ascii_digit) => {
            let len = digits.iter().take_while(|b| b.is_ascii_digit()).count();
            match digits.get(len..).unwrap_or_default() {
                [] => decimal(whole, digits),
                [b'e' | b'E', ..] => exponent(text),
                _ => Err(TimeError::new("expected digits only", n + 1 + len)),
            }
        }
        [b'e' | b'E', ..] => exponent(text),
        _ => Err(TimeError::new("expected digits only", n)),
    }
}

/// The whole part and the digits of the fraction.
fn decimal(whole: u64, fraction: &[u8]) -> Result<u64, TimeError> {
    let base = integer(whole)?;
    let of_billionth = match whole {
        _ if whole < SECONDS_UNDER => 1,
        _ if whole < SECONDS_UNDER * 1_000 => 1_000,
        _ if whole < SECONDS_UNDER * 1_000_000 => 1_000_000,
        _ => 1_000_000_000,
    };
    let part = u64::from(super::iso::fraction(fraction).0 / of_billionth);
    base.checked_add(part).filter(|sum| i64::try_from(*sum).is_ok()).ok_or(TOO_LARGE)
}

/// `d.ddde±d`, as some serializers write large numbers: made plain, then read as such.
fn exponent(text: &[u8]) -> Result<u64, TimeError> {
    let bad = TimeError::new("expected a number since 1970", 0);
    let text = std::str::from_utf8(text).map_err(|_| bad)?;
    let (mantissa, power) = text.split_once(['e', 'E']).ok_or(bad)?;
    let power: i32 = power.parse().map_err(|_| bad)?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !(0..=20).contains(&power) || mantissa.len() > 40 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad);
    }
    let shifted = power as usize;
    let mut plain = String::from(whole);
    plain.extend(fraction.chars().chain(std::iter::repeat('0')).take(shifted));
    let rest = fraction.get(shifted..).unwrap_or_default();
    if !rest.is_empty() {
        plain.push('.');
        plain.push_str(rest);
    }
    parse(plain.as_bytes())
}

/// A double, as JSON has it: seconds with a fraction, or a larger unit by its size. A double holds a time of today in seconds to 2⁻²²
/// s, so its fraction is rounded to the microsecond; read the digits with [`parse`] where they are at hand.
pub fn double(value: f64) -> Result<u64, TimeError> {
    if !value.is_finite() || value < 0.0 {
        return Err(TimeError::out_of_range("the time is before 1970 or no number", 0));
    }
    if value >= i64::MAX as f64 {
        return Err(TOO_LARGE);
    }
    let whole = value as u64;
    if whole < SECONDS_UNDER {
        let micros = ((value - value.trunc()) * 1e6).round() as u64;
        return nanos((whole + micros / 1_000_000) as i64, (micros % 1_000_000 * 1_000) as u32);
    }
    integer(whole)
}
