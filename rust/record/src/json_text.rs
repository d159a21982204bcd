//! JSON's texts and numbers on their way out.

use std::io::Write as _;

use crate::lossy;

/// Appends a string. Bytes that are not UTF-8 become U+FFFD: JSON cannot hold them.
pub(crate) fn push_string(out: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.is_ascii() {
        push_escaped(out, bytes); // most are, and this is cheaper to see
    } else {
        push_escaped(out, lossy(bytes).as_bytes());
    }
}

fn push_escaped(out: &mut Vec<u8>, mut bytes: &[u8]) {
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    loop {
        let plain = plain_len(bytes);
        out.extend_from_slice(bytes.get(..plain).unwrap_or_default());
        let Some(&byte) = bytes.get(plain) else { break };
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                out.extend_from_slice(b"\\u00");
                push_hex_digits(out, &[byte]);
            }
        }
        bytes = bytes.get(plain + 1..).unwrap_or_default();
    }
    out.push(b'"');
}

/// How many bytes stand before the first that needs an escape. Blocks without a branch inside, which the compiler turns into SIMD.
#[inline]
#[expect(clippy::needless_bitwise_bool, reason = "a branch a byte would keep the compiler from SIMD")]
fn plain_len(bytes: &[u8]) -> usize {
    let special = |byte: u8| (byte < b' ') | (byte == b'"') | (byte == b'\\');
    let (blocks, rest) = bytes.as_chunks::<16>();
    for (i, block) in blocks.iter().enumerate() {
        if block.iter().fold(false, |found, byte| found | special(*byte)) {
            return i * 16 + block.iter().position(|byte| special(*byte)).unwrap_or_default();
        }
    }
    bytes.len() - rest.len() + rest.iter().position(|byte| special(*byte)).unwrap_or(rest.len())
}

/// Appends a boolean.
pub(crate) fn push_bool(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

/// Appends an integer, all its digits.
pub(crate) fn push_integer(out: &mut Vec<u8>, value: impl Into<i128>) {
    let value = value.into();
    if value < 0 {
        out.push(b'-');
    }
    let mut rest = value.unsigned_abs() as u64; // the values are those of i64 and u64
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        first -= 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(first..).unwrap_or_default());
}

/// Appends a double in the shortest form that reads back as the same; it always has a fraction or an exponent. What JSON has no
/// number for is the string that Protobuf's JSON has: `"NaN"`, `"Infinity"`, `"-Infinity"`.
pub(crate) fn push_double(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        let _ = write!(out, "{value:?}"); // a Vec takes all
    } else if value.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else {
        out.extend_from_slice(if value > 0.0 { b"\"Infinity\"" } else { b"\"-Infinity\"" });
    }
}

/// Appends lower-case hex as a string.
pub(crate) fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    push_hex_digits(out, bytes);
    out.push(b'"');
}

fn push_hex_digits(out: &mut Vec<u8>, bytes: &[u8]) {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
}

/// Appends [base64](https://www.rfc-editor.org/rfc/rfc4648#section-4) with padding, as a string.
pub(crate) fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.push(b'"');
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= three.len() { digit } else { b'=' });
        }
    }
    out.push(b'"');
}

/// Writes a comma before each item but the first.
#[derive(Clone)]
pub(crate) struct Commas(bool);

impl Commas {
    pub(crate) fn new() -> Self {
        Self(false)
    }

    pub(crate) fn next(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.0, true) {
            out.push(b',');
        }
    }

    /// A comma and a key that needs no escapes.
    pub(crate) fn key(&mut self, out: &mut Vec<u8>, name: &str) {
        self.next(out);
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn known_forms() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(text(|out| push_base64(out, plain.as_bytes())), format!("\"{coded}\""));
        }
        assert_eq!(text(|out| push_hex(out, &[0x0f, 0xa0])), "\"0fa0\"");
        assert_eq!(text(|out| push_string(out, b"a\"\\\n\x00\x1f\x7f\xff")), "\"a\\\"\\\\\\n\\u0000\\u001f\x7f\u{fffd}\"");
        assert_eq!(text(|out| push_double(out, -0.0)), "-0.0");
        assert_eq!(text(|out| push_double(out, f64::NEG_INFINITY)), "\"-Infinity\"");
    }

    proptest! {
        #[test]
        fn another_reader_reads_the_same(string: String, int: i64, large: u64, double in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            prop_assert_eq!(serde_json::from_str::<String>(&text(|out| push_string(out, string.as_bytes()))).unwrap(), string);
            prop_assert_eq!(text(|out| push_integer(out, int)), int.to_string());
            prop_assert_eq!(text(|out| push_integer(out, large)), large.to_string());
            let number: f64 = text(|out| push_double(out, double)).parse().unwrap();
            prop_assert_eq!(number.to_bits(), double.to_bits());
        }
    }
}
