//! Eight bytes at a time in a `u64`: decimal digits.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Eight bytes as a number whose lowest byte is the first one.
#[inline(always)]
pub(crate) fn load(bytes: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*bytes)
}

/// The high bit of each byte that is not an ASCII digit; each was `XORed` with `0x30` before.
#[inline(always)]
fn not_digits(word: u64) -> u64 {
    // No carry crosses bytes: 0x7f + 0x76 is under 0x100.
    (((word & !HIGH).wrapping_add(0x76 * ONES)) | word) & HIGH
}

/// The number of eight digit values, the most significant in the lowest byte.
#[inline(always)]
pub(crate) fn number(digits: u64) -> u32 {
    let pairs = (digits.wrapping_mul(10).wrapping_add(digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(10_000).wrapping_add(fours >> 32)) as u32
}

/// The number that the eight bytes begin with, and how many digits it has: 0 to 8.
#[inline(always)]
pub(crate) fn leading(chunk: u64) -> (u32, usize) {
    let digits = chunk ^ (0x30 * ONES);
    let n = not_digits(digits).trailing_zeros() as usize / 8;
    if n == 0 {
        return (0, 0);
    }
    (number(digits << (64 - 8 * n)), n)
}

/// Which of the eight bytes is the last one that equals `byte`.
#[inline(always)]
pub(crate) fn last_of(chunk: u64, byte: u8) -> Option<usize> {
    let differs = chunk ^ (ONES * u64::from(byte));
    // The high bit of each byte that is zero; exact, as no carry crosses bytes.
    let equal = !(((differs & !HIGH) + !HIGH) | differs | !HIGH);
    (equal != 0).then(|| 7 - equal.leading_zeros() as usize / 8)
}

const TENS: [u64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// The number that `text` begins with, and how many digits it has; `None` where it has none or does not fit.
#[inline(always)]
pub(crate) fn leading_u64(text: &[u8]) -> Option<(u64, usize)> {
    if let Some(first) = text.first_chunk::<8>() {
        let (value, n) = leading(load(first));
        if n < 8 {
            return (n > 0).then_some((u64::from(value), n));
        }
        // What follows, and nothing behind the text's end.
        let second = match text.get(8..16).and_then(<[u8]>::first_chunk) {
            Some(second) => load(second),
            None => text.last_chunk().map_or(0, load).checked_shr(8 * (16 - text.len() as u32)).unwrap_or_default(),
        };
        let (more, m) = leading(second);
        if let Some(ten) = TENS.get(m) {
            return Some((u64::from(value) * ten + u64::from(more), 8 + m));
        }
        // Nanoseconds since 1970 have nineteen digits; all numbers of so many fit.
        let third = text.get(16..).unwrap_or_default();
        let digits = third.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        if digits < 4 {
            let sixteen = u64::from(value) * 100_000_000 + u64::from(more);
            let number = third.iter().take(digits).fold(sixteen, |number, digit| number * 10 + u64::from(digit - b'0'));
            return Some((number, 16 + digits));
        }
    }
    leading_u64_slow(text)
}

#[inline(never)]
fn leading_u64_slow(text: &[u8]) -> Option<(u64, usize)> {
    let n = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let mut value = 0u64;
    for &digit in text.get(..n)? {
        value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    (n > 0).then_some((value, n))
}

/// A whole number as it would be written: no sign but a minus, no leading zeros, and one that fits.
#[inline]
pub(crate) fn canonical_i64(text: &[u8]) -> Option<i64> {
    let (digits, negative) = text.strip_prefix(b"-").map_or((text, false), |digits| (digits, true));
    let first = digits.first().filter(|byte| byte.is_ascii_digit())?;
    if *first == b'0' {
        return (text.len() == 1).then_some(0);
    }
    let (value, len) = leading_u64(digits)?;
    if len != digits.len() {
        return None;
    }
    if negative { 0i64.checked_sub_unsigned(value) } else { i64::try_from(value).ok() }
}

/// A decimal number, digits around a point, whose double is exact in one step; others are for the standard library.
#[inline]
pub(crate) fn short_decimal(text: &[u8]) -> Option<f64> {
    let (whole, len) = leading_u64(text)?;
    let value = match text.get(len..)? {
        [] => whole as f64,
        [b'.', decimals @ ..] => {
            let (fraction, digits) = leading_u64(decimals).filter(|(_, digits)| *digits == decimals.len())?;
            let ten = crate::json::TENS.get(digits)?;
            let value = whole.checked_mul(10u64.checked_pow(digits as u32)?)?.checked_add(fraction)?;
            return (value <= 1 << 53).then(|| value as f64 / ten);
        }
        _ => return None,
    };
    (whole <= 1 << 53).then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_read_as_the_standard_library_reads_them(value: u64, shift in 0u32..64, rest in "[^0-9]?.{0,12}") {
            let value = value >> shift;
            let text = format!("{value}x{rest}");
            prop_assert_eq!(leading_u64(text.as_bytes()), Some((value, value.to_string().len())));
        }

        #[test]
        fn whole_numbers_are_those_that_would_be_written_so(text in "-?0?[0-9]{0,20}x?") {
            let parsed = text.parse::<i64>().ok().filter(|number| number.to_string() == text);
            prop_assert_eq!(canonical_i64(text.as_bytes()), parsed);
        }

        #[test]
        fn decimal_numbers_are_the_standard_library_s(text in "-?[0-9]{0,17}[.]?[0-9]{0,9}e?") {
            if let Some(number) = short_decimal(text.as_bytes()) {
                prop_assert_eq!(text.parse::<f64>().map(f64::to_bits), Ok(number.to_bits()));
            }
        }

        #[test]
        fn the_last_of_a_byte_is_found(mut bytes: [u8; 8], byte: u8, at in 0usize..9) {
            if let Some(place) = bytes.get_mut(at) { *place = byte; }
            prop_assert_eq!(last_of(load(&bytes), byte), bytes.iter().rposition(|b| *b == byte));
        }

        #[test]
        fn a_run_of_digits_ends_where_it_ends(bytes: [u8; 8]) {
            let n = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
            let value = std::str::from_utf8(&bytes[..n]).unwrap().parse().unwrap_or(0);
            prop_assert_eq!(leading(load(&bytes)), (value, n));
        }
    }

    #[test]
    fn short_numbers_are_read_in_one_step() {
        assert_eq!(
            (canonical_i64(b"-42"), canonical_i64(b"-9223372036854775808"), canonical_i64(b"-0")),
            (Some(-42), Some(i64::MIN), None)
        );
        assert_eq!((short_decimal(b"0.012"), short_decimal(b"17"), short_decimal(b"1.")), (Some(0.012), Some(17.0), None));
    }

    #[test]
    fn what_does_not_fit_is_none() {
        assert_eq!(leading_u64(b"18446744073709551615"), Some((u64::MAX, 20)));
        assert_eq!(leading_u64(b"18446744073709551616"), None);
        assert_eq!(leading_u64(b""), None);
        assert_eq!(leading_u64(b"-1"), None);
        assert_eq!(leading_u64(b"007"), Some((7, 3)));
    }
}
