//! What values without quotes mean: hexadecimal digits, and the arguments of a command.

use logloom_record::Text;
use memchr::memchr;

use crate::ids::decode_into;

/// Resolves the value of a field: hexadecimal digits, whose NULs are blanks and whose control characters are written as `^X`; a text in
/// quotes; or the arguments `a0=… a1=…` of an EXECVE, each ended by NUL.
pub(super) fn decode(text: Text<'_>, out: &mut Vec<u8>) {
    let bytes = text.bytes();
    if bytes.starts_with(b"a0=") {
        return arguments(bytes, out);
    }
    if let Some(quoted) = bytes.strip_prefix(b"\"") {
        return out.extend_from_slice(quoted.strip_suffix(b"\"").unwrap_or(quoted));
    }
    hexadecimal(bytes, b' ', out);
}

/// Appends what the digits write, as text; as they stand where they are none.
fn hexadecimal(digits: &[u8], nul: u8, out: &mut Vec<u8>) {
    let mut decoded = Vec::new();
    if digits.is_empty() || !decode_into(&mut decoded, digits) {
        return out.extend_from_slice(digits);
    }
    while decoded.last() == Some(&0) {
        decoded.pop();
    }
    for character in String::from_utf8_lossy(&decoded).chars() {
        match character {
            '\0' => out.push(nul),
            '\x01'..='\x1f' | '\x7f' => out.extend_from_slice(&[b'^', character as u8 ^ 0x40]),
            _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Appends the values of `a0=…`, `a1=…`, each ended by NUL. One that is over the kernel's bound comes in parts: `a1_len=9000 a1[0]=… a1[1]=…`.
fn arguments(bytes: &[u8], out: &mut Vec<u8>) {
    for pair in bytes.split(|byte| matches!(byte, b' ' | 0x1d)) {
        let Some(equals) = memchr(b'=', pair) else { continue };
        let (key, value) = (pair.get(..equals).unwrap_or_default(), pair.get(equals + 1..).unwrap_or_default());
        let digits = key.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
        let suffix = key.get(1 + digits..).unwrap_or_default();
        if key.first() != Some(&b'a') || digits == 0 || !(suffix.is_empty() || suffix.starts_with(b"[")) {
            continue;
        }
        let is_more = suffix.starts_with(b"[") && suffix != b"[0]";
        if is_more && out.last() == Some(&0) {
            out.pop();
        }
        match value.strip_prefix(b"\"") {
            Some(quoted) => out.extend_from_slice(quoted.strip_suffix(b"\"").unwrap_or(quoted)),
            None => hexadecimal(value, b' ', out),
        }
        out.push(0);
    }
}
