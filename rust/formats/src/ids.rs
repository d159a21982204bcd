//! Trace and span ids as formats write them; reading their digits is the records'.

use logloom_record::ids::DIGITS;
pub(crate) use logloom_record::ids::{exact, hex2, padded, span_id, trace_id, traceparent};

use crate::proto_json::scalar::base64;

/// The id of `N` bytes whose last are these.
#[inline]
pub(crate) fn low<const N: usize>(number: [u8; 8]) -> Option<[u8; N]> {
    let mut id = [0; N];
    *id.last_chunk_mut()? = number;
    Some(id)
}

/// The trace id of 16 bytes, or of 8, which are padded on the left.
#[inline]
pub(crate) fn widened(id: &[u8]) -> Option<[u8; 16]> {
    if let Ok(id) = id.try_into() {
        return Some(id);
    }
    Some(u128::from(u64::from_be_bytes(id.try_into().ok()?)).to_be_bytes())
}

/// Appends the bytes that `digits` write; false, and nothing, where they are no pairs of digits.
pub(crate) fn decode_into(out: &mut Vec<u8>, digits: &[u8]) -> bool {
    let from = out.len();
    let mut bad = 0;
    for pair in digits.chunks(2) {
        let (high, low) = match *pair {
            [high, low] => (DIGITS[high as usize], DIGITS[low as usize]),
            _ => (0xff, 0xff),
        };
        bad |= high | low;
        out.push(high << 4 | low & 15);
    }
    if bad & 0xf0 != 0 {
        out.truncate(from);
    }
    bad & 0xf0 == 0
}

/// Appends the bytes of a tag of Jaeger's type `binary`: lower-case hexadecimal digits as its storage writes them, else
/// base64 as its API does. False, and nothing, where `text` is neither.
pub(crate) fn binary_into(out: &mut Vec<u8>, text: &[u8]) -> bool {
    if text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) && decode_into(out, text) {
        return true;
    }
    let bytes = if text.len().is_multiple_of(4) { base64(text) } else { None };
    bytes.is_some_and(|bytes| {
        out.extend_from_slice(&bytes);
        true
    })
}

/// The digits of an id of 8 bytes.
#[inline]
pub(crate) fn digits(id: [u8; 8]) -> [u8; 16] {
    let mut out = [0; 16];
    for (pair, byte) in out.chunks_exact_mut(2).zip(id) {
        pair.copy_from_slice(&digit_pair(byte));
    }
    out
}

/// The digits of an id of 16 bytes.
pub(crate) fn digits_16(id: [u8; 16]) -> [u8; 32] {
    let mut out = [0; 32];
    for (pair, byte) in out.chunks_exact_mut(2).zip(id) {
        pair.copy_from_slice(&digit_pair(byte));
    }
    out
}

#[inline(always)]
fn digit_pair(byte: u8) -> [u8; 2] {
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    [digit(byte >> 4), digit(byte & 15)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn binary_tags_are_read_as_the_api_and_as_the_storage_write_them() {
        let read = |text: &str| {
            let mut out = Vec::new();
            binary_into(&mut out, text.as_bytes()).then_some(out)
        };
        assert_eq!(read("AAAwOQ=="), Some(vec![0, 0, 0x30, 0x39]));
        assert_eq!(read("AAEC"), Some(vec![0, 1, 2]));
        assert_eq!(read("00003039"), Some(vec![0, 0, 0x30, 0x39]));
        assert_eq!(read(""), Some(vec![]));
        for bad in ["abc", "a b=", "AAAwOQ=", "caf\u{e9}"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn bytes_come_back(bytes: [u8; 8], more: [u8; 16]) {
            prop_assert_eq!(padded::<8>(&digits(bytes)), Some(bytes));
            prop_assert_eq!(padded::<16>(&digits_16(more)), Some(more));
            let mut decoded = vec![1];
            prop_assert!(decode_into(&mut decoded, &digits_16(more)));
            prop_assert_eq!(&decoded[1..], &more[..]);
            prop_assert!(!decode_into(&mut decoded, b"123"));
            prop_assert_eq!(decoded.len(), 17);
        }
    }
}
