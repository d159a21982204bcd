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
pub(crate) fn span_id(digits: &[u8]) -> Option<[u8; 8]> {
    hex16(digits.try_into().ok()?).filter(|id| *id != [0; 8])
}

/// A trace id: 32 hexadecimal digits, or 16, which are padded on the left; not all zero.
#[inline]
pub(crate) fn trace_id(digits: &[u8]) -> Option<[u8; 16]> {
    let mut id = [0; 16];
    if let Ok(digits) = <&[u8; 32]>::try_from(digits) {
        id[..8].copy_from_slice(&hex16(digits.first_chunk()?)?);
        id[8..].copy_from_slice(&hex16(digits.last_chunk()?)?);
    } else {
        id[8..].copy_from_slice(&hex16(digits.try_into().ok()?)?);
    }
    Some(id).filter(|id| *id != [0; 16])
}

/// W3C's [`traceparent`](https://www.w3.org/TR/trace-context/#traceparent-header): trace id, span id and flags.
pub(crate) fn traceparent(text: &[u8]) -> Option<([u8; 16], [u8; 8], u8)> {
    if text.len() != 55 || [2, 35, 52].iter().any(|&at| text.get(at) != Some(&b'-')) || text.get(..2) == Some(b"ff") {
        return None;
    }
    Some((trace_id(text.get(3..35)?)?, span_id(text.get(36..52)?)?, hex2(text.get(53..)?)?))
}

/// One byte from two hexadecimal digits.
pub(crate) fn hex2(digits: &[u8]) -> Option<u8> {
    let [high, low] = *<&[u8; 2]>::try_from(digits).ok()?;
    let digit = |byte: u8| (byte as char).to_digit(16).map(|value| value as u8);
    Some(digit(high)? << 4 | digit(low)?)
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
}
