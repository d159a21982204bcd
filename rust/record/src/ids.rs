//! Trace and span ids from hexadecimal digits.

/// The number that eight hexadecimal digits write, in letters of either size.
#[inline(always)]
fn hex8(digits: &[u8; 8]) -> Option<[u8; 4]> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let word = u64::from_le_bytes(*digits);
    let small = word | (0x20 * ONES);
    // A byte's high bit tells whether it reached a bound; ASCII bytes carry nothing over to the next.
    let over = |word: u64, bound: u64| word.wrapping_add((0x80 - bound) * ONES);
    let digit = over(word, 0x30) & !over(word, 0x3a);
    let letter = over(small, 0x61) & !over(small, 0x67);
    if word & HIGH != 0 || (digit | letter) & HIGH != HIGH {
        return None;
    }
    let values = (word & (0x0f * ONES)) + 9 * ((word >> 6) & ONES);
    let bytes = ((values << 4) | (values >> 8)) & 0x00ff_00ff_00ff_00ff;
    let pairs = (bytes | (bytes >> 8)) & 0x0000_ffff_0000_ffff;
    Some(((pairs | (pairs >> 16)) as u32).to_le_bytes())
}

/// The 8 bytes that 16 hexadecimal digits write.
#[inline(always)]
fn hex16(digits: &[u8; 16]) -> Option<[u8; 8]> {
    let (first, last) = (digits.first_chunk::<8>()?, digits.last_chunk::<8>()?);
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&hex8(first)?);
    bytes[4..].copy_from_slice(&hex8(last)?);
    Some(bytes)
}

/// A span id: exactly 16 hexadecimal digits, not all zero.
#[inline]
pub fn span_id(digits: &[u8]) -> Option<[u8; 8]> {
    hex16(digits.try_into().ok()?).filter(|id| *id != [0; 8])
}

/// A trace id: 32 hexadecimal digits, or 16, which are padded on the left; not all zero.
#[inline]
pub fn trace_id(digits: &[u8]) -> Option<[u8; 16]> {
    let mut id = [0; 16];
    if let Ok(digits) = <&[u8; 32]>::try_from(digits) {
        id[..8].copy_from_slice(&hex16(digits.first_chunk()?)?);
        id[8..].copy_from_slice(&hex16(digits.last_chunk()?)?);
    } else {
        id[8..].copy_from_slice(&hex16(digits.try_into().ok()?)?);
    }
    Some(id).filter(|id| *id != [0; 16])
}

/// W3C's [`traceparent`](https://www.w3.org/TR/trace-context/#traceparent-header): trace id, span id and flags. Version 00 ends behind them; a later
/// one may say more behind another dash; ff is none.
pub fn traceparent(text: &[u8]) -> Option<([u8; 16], [u8; 8], u8)> {
    let fixed: &[u8; 55] = text.first_chunk()?;
    let version = hex2(fixed.get(..2)?)?;
    let dashes = [2, 35, 52].iter().all(|&at| fixed.get(at) == Some(&b'-'));
    let ends = text.len() == 55 || (version != 0 && text.get(55) == Some(&b'-'));
    if version == 0xff || !dashes || !ends {
        return None;
    }
    Some((trace_id(fixed.get(3..35)?)?, span_id(fixed.get(36..52)?)?, hex2(fixed.get(53..)?)?))
}

/// One byte from two hexadecimal digits.
pub fn hex2(digits: &[u8]) -> Option<u8> {
    let [high, low] = *<&[u8; 2]>::try_from(digits).ok()?;
    let digit = |byte: u8| (byte as char).to_digit(16).map(|value| value as u8);
    Some(digit(high)? << 4 | digit(low)?)
}

/// The value of each digit; 0xff for what is none.
pub const DIGITS: [u8; 256] = {
    let mut table = [0xff; 256];
    let mut i = 0;
    while i < 10 {
        table[b'0' as usize + i] = i as u8;
        i += 1;
    }
    i = 0;
    while i < 6 {
        table[b'a' as usize + i] = 10 + i as u8;
        table[b'A' as usize + i] = 10 + i as u8;
        i += 1;
    }
    table
};

/// The id of `N` bytes that `digits` write; a shorter one is padded with zeros on the left: Jaeger leaves leading zeros out. `None` for no digits,
/// too many or something else; all zeros are an id here.
#[inline]
pub fn padded<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.is_empty() || digits.len() > 2 * N {
        return None;
    }
    let mut id = [0; N];
    let mut bad = 0;
    let digit = |byte: u8| DIGITS[byte as usize];
    for (byte, pair) in id.iter_mut().rev().zip(digits.rchunks(2)) {
        let (high, low) = match *pair {
            [high, low] => (digit(high), digit(low)),
            [low] => (0, digit(low)),
            _ => (0xff, 0xff),
        };
        bad |= high | low;
        *byte = high << 4 | low;
    }
    (bad & 0xf0 == 0).then_some(id)
}

/// The id of `N` bytes, 8 or 16, that exactly so many pairs of hexadecimal digits write; all zeros are an id here.
#[inline(always)]
pub fn exact<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.len() != 2 * N {
        return None;
    }
    let mut id = [0; N];
    for (bytes, digits) in id.chunks_exact_mut(8).zip(digits.chunks_exact(16)) {
        bytes.copy_from_slice(&hex16(digits.first_chunk()?)?);
    }
    Some(id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_printed_is_read(id: [u8; 16], flags: u8) {
            prop_assume!(id[8..] != [0; 8]);
            let text = format!("{:032x}", u128::from_be_bytes(id));
            prop_assert_eq!(trace_id(text.as_bytes()), Some(id));
            prop_assert_eq!(trace_id(text.to_uppercase().as_bytes()), Some(id));
            prop_assert_eq!(span_id(&text.as_bytes()[16..]), id[8..].try_into().ok());
            let parent = format!("00-{text}-{}-{flags:02x}", &text[16..]);
            prop_assert_eq!(traceparent(parent.as_bytes()), Some((id, id[8..].try_into().unwrap(), flags)));
        }

        #[test]
        fn one_wrong_byte_is_seen(at in 0..16usize, byte: u8) {
            let mut digits = *b"0123456789abcDEF";
            digits[at] = byte;
            prop_assert_eq!(span_id(&digits).is_some(), byte.is_ascii_hexdigit());
        }
    }

    #[test]
    fn ids_that_are_none() {
        for text in [
            "",
            "0",
            "00000000000000000000000000000000",
            "0000000000000000",
            "0af7651916cd43dd8448eb211c80319",
            "xaf7651916cd43dd8448eb211c80319c",
        ] {
            assert_eq!(trace_id(text.as_bytes()), None, "{text}");
        }
        assert_eq!(trace_id(b"b7ad6b7169203331"), Some([0, 0, 0, 0, 0, 0, 0, 0, 0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31]));
        assert_eq!(traceparent(b"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), None);
    }

    #[test]
    fn short_ids_are_padded_on_the_left() {
        assert_eq!(padded::<8>(b"00000000000000aB"), Some([0, 0, 0, 0, 0, 0, 0, 0xab]));
        assert_eq!(padded::<16>(b"463ac35c9f6413ad"), Some([0, 0, 0, 0, 0, 0, 0, 0, 0x46, 0x3a, 0xc3, 0x5c, 0x9f, 0x64, 0x13, 0xad]));
        assert_eq!(padded::<2>(b"abc"), Some([0x0a, 0xbc]));
        for bad in [&b""[..], b"00000000000000000", b"0x12", b"12 ", b"\xff1", b"g0"] {
            assert_eq!(padded::<8>(bad), None, "{bad:?}");
        }
    }
}
