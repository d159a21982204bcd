//! Strings: where they end, and what their escapes mean.

use logloom_record::{RejectReason, Text};
use wide::u8x32;

/// A string between its quotes, as it stands in the source: checked, not unescaped.
#[derive(Clone, Copy, Debug)]
pub struct Str<'a> {
    /// What stands between the quotes.
    pub text: Text<'a>,
    /// Whether a backslash stands in it.
    pub escapes: Escapes,
}

/// Whether a backslash stands in a string. As wide as its neighbours: a gap of seven bytes beside a `bool` is copied piece by piece, and read back
/// before it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Escapes {
    /// The source is the string.
    None,
    /// They are to be resolved.
    Some,
}

impl<'a> Str<'a> {
    /// Whether a backslash stands in it.
    #[inline(always)]
    pub fn has_escapes(self) -> bool {
        self.escapes == Escapes::Some
    }

    /// Whether the string, its escapes resolved, is `name`.
    #[inline]
    pub fn is(self, name: &[u8]) -> bool {
        if self.has_escapes() { self.is_escaped(name) } else { self.text.bytes() == name }
    }

    #[cold]
    fn is_escaped(self, name: &[u8]) -> bool {
        let mut plain = Vec::with_capacity(self.text.len());
        self.unescape_into(&mut plain);
        plain == name
    }

    /// The string with its escapes resolved: the source itself where there are none, else `scratch`, which is overwritten.
    #[inline]
    pub fn resolve<'s>(self, scratch: &'s mut Vec<u8>) -> Text<'s>
    where
        'a: 's,
    {
        if !self.has_escapes() {
            return self.text;
        }
        scratch.clear();
        self.unescape_into(scratch);
        Text::from(scratch.as_slice())
    }

    /// Appends the string with its escapes resolved; a lone surrogate becomes U+FFFD. It never grows.
    #[inline]
    pub fn unescape_into(self, out: &mut Vec<u8>) {
        unescape(self.text, out);
    }
}

/// Appends the text of a string, which was checked, with its escapes resolved.
pub(crate) fn unescape(text: Text<'_>, out: &mut Vec<u8>) {
    let mut rest = text.bytes();
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let used = unescape_one(rest, out);
        rest = rest.get(used..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// Resolves the escape at the start of `rest`, which was checked; its length.
#[inline]
fn unescape_one(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let plain = match rest.get(1) {
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(b'u') => return unescape_unicode(rest, out),
        Some(&byte) => byte, // a quote, a backslash or a slash
        None => return 1,
    };
    out.push(plain);
    2
}

/// Resolves `\uXXXX`, with the low surrogate that follows a high one.
#[cold]
fn unescape_unicode(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let unit = hex4(rest.get(2..).unwrap_or_default()).unwrap_or_default();
    let mut used = 6;
    let mut code = u32::from(unit);
    if (0xd800..0xdc00).contains(&unit)
        && rest.get(6..8) == Some(b"\\u")
        && let Some(low) = hex4(rest.get(8..).unwrap_or_default()).filter(|low| (0xdc00..0xe000).contains(low))
    {
        code = 0x1_0000 + ((code - 0xd800) << 10) + (u32::from(low) - 0xdc00);
        used = 12;
    }
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    used
}

fn hex4(digits: &[u8]) -> Option<u16> {
    digits.first_chunk::<4>()?.iter().try_fold(0, |value, &digit| Some(value << 4 | (digit as char).to_digit(16)? as u16))
}

/// Reads the string whose opening quote stands before `start`; gives it and where the next token may begin.
#[inline(always)]
pub(super) fn string(frame: Text<'_>, start: usize) -> Result<(Str<'_>, usize), RejectReason> {
    string_from(frame, start, start)
}

/// The same, of which all before `at` is text.
#[inline(always)]
fn string_from(frame: Text<'_>, start: usize, at: usize) -> Result<(Str<'_>, usize), RejectReason> {
    let end = special(frame.tail(), at);
    if end < frame.len() && frame.tail().get(end) == Some(&b'"') {
        return Ok((Str { text: frame.slice(start..end), escapes: Escapes::None }, end + 1));
    }
    let end = escaped_end(frame, end)?;
    Ok((Str { text: frame.slice(start..end), escapes: Escapes::Some }, end + 1))
}

/// The same of a value, which may well be longer than a key: twice as much is looked at in one step.
#[inline(always)]
pub(crate) fn long_string(frame: Text<'_>, start: usize) -> Result<(Str<'_>, usize), RejectReason> {
    let tail = frame.tail();
    if let Some(block) = tail.get(start..).and_then(|rest| rest.first_chunk::<64>()) {
        let (first, second) = block.split_at(32);
        let found = first.first_chunk().map_or(0, specials) | second.first_chunk().map_or(0, specials) << 32;
        let end = start + found.trailing_zeros() as usize;
        if found == 0 {
            return string_from(frame, start, end);
        }
        if end < frame.len() && tail.get(end) == Some(&b'"') {
            return Ok((Str { text: frame.slice(start..end), escapes: Escapes::None }, end + 1));
        }
    }
    string(frame, start)
}

/// Where the array ends that was opened before `start`, if nothing is in it but one string without escapes, as headers have their values.
#[inline(always)]
pub(super) fn only_string(frame: Text<'_>, start: usize) -> Option<usize> {
    let tail = frame.tail();
    if tail.get(start) != Some(&b'"') {
        return None;
    }
    let end = special(tail, start + 1);
    (end + 1 < frame.len() && tail.get(end..end + 2) == Some(b"\"]")).then_some(end + 2)
}

/// The end of a string that has an escape, or something wrong, at `at`.
#[inline(never)]
fn escaped_end(frame: Text<'_>, mut at: usize) -> Result<usize, RejectReason> {
    let bytes = frame.bytes();
    loop {
        match bytes.get(at) {
            None => return Err(RejectReason::truncated("the string has no end", bytes.len())),
            Some(b'"') => return Ok(at),
            Some(b'\\') => {}
            Some(_) => return Err(RejectReason::syntax("a control character inside a string must be escaped", at)),
        }
        at = match bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at + 2,
            Some(b'u') => {
                let digits = bytes.get(at + 2..).unwrap_or_default();
                let good = digits.iter().take(4).take_while(|digit| digit.is_ascii_hexdigit()).count();
                if good < 4 {
                    let bad = at + 2 + good;
                    return Err(if bad < bytes.len() {
                        RejectReason::syntax("\\u needs four hexadecimal digits", bad)
                    } else {
                        RejectReason::truncated("the string has no end", bad)
                    });
                }
                at + 6
            }
            Some(_) => return Err(RejectReason::syntax("no such escape", at + 1)),
            None => return Err(RejectReason::truncated("the string has no end", at + 1)),
        };
        at = special(frame.tail(), at);
    }
}

/// Where, from `at` on, the first quote, backslash or control character stands; at or behind the buffer's end where there is none.
#[inline(always)]
fn special(buffer: &[u8], mut at: usize) -> usize {
    while let Some(block) = buffer.get(at..).and_then(|rest| rest.first_chunk::<32>()) {
        let mask = specials(block);
        if mask != 0 {
            return at + mask.trailing_zeros() as usize;
        }
        at += 32;
    }
    special_near_end(buffer, at)
}

/// Which bytes are a quote, a backslash or a control character: a bit for each.
#[inline(always)]
fn specials(block: &[u8; 32]) -> u64 {
    let bytes = u8x32::from(*block);
    let found = bytes.simd_eq(u8x32::splat(b'"')) | bytes.simd_eq(u8x32::splat(b'\\')) | bytes.min(u8x32::splat(0x1f)).simd_eq(bytes);
    u64::from(found.to_bitmask())
}

/// Whether a text is printable ASCII without quote and backslash: a string of JSON has it as it is.
#[inline(always)]
pub(crate) fn is_plain(text: Text<'_>) -> bool {
    let mut at = 0;
    while at < text.len() {
        let Some(block) = text.tail().get(at..).and_then(|rest| rest.first_chunk::<32>()) else { return is_plain_near_end(text.after(at)) };
        let found = specials(block) | u64::from(u8x32::from(*block).to_bitmask());
        let left = text.len() - at;
        if left < 32 {
            return found & !(u64::MAX << left) == 0;
        }
        if found != 0 {
            return false;
        }
        at += 32;
    }
    true
}

#[inline(never)]
fn is_plain_near_end(text: Text<'_>) -> bool {
    text.bytes().iter().all(|byte| (0x20..0x80).contains(byte) && *byte != b'"' && *byte != b'\\')
}

#[inline(never)]
fn special_near_end(buffer: &[u8], at: usize) -> usize {
    let rest = buffer.get(at..).unwrap_or_default();
    at + rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20).unwrap_or(rest.len())
}

/// A hash of a short text: all of its bytes up to 16, the first and last 8 of a longer one.
#[inline(always)]
pub(crate) fn hash(text: Text<'_>) -> u32 {
    let n = text.len();
    let (a, b) = if let Some(block) = text.tail().first_chunk::<16>() {
        let whole = u128::from_le_bytes(*block);
        if n >= 16 {
            let last = text.tail().get(n - 8..).and_then(|rest| rest.first_chunk::<8>()).copied().unwrap_or_default();
            (whole as u64, u64::from_le_bytes(last))
        } else {
            let whole = whole & ((1 << (n * 8)) - 1);
            (whole as u64, (whole >> 64) as u64)
        }
    } else {
        hash_parts_near_end(text.bytes())
    };
    let mixed = (a ^ (n as u64) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    (mixed >> 32) as u32
}

#[inline(never)]
fn hash_parts_near_end(bytes: &[u8]) -> (u64, u64) {
    let mut block = [0; 16];
    if bytes.len() >= 16 {
        block.copy_from_slice(bytes.get(..16).unwrap_or(&[0; 16]));
        let last = bytes.last_chunk::<8>().copied().unwrap_or_default();
        return (u128::from_le_bytes(block) as u64, u64::from_le_bytes(last));
    }
    if let Some(part) = block.get_mut(..bytes.len()) {
        part.copy_from_slice(bytes);
    }
    let whole = u128::from_le_bytes(block);
    (whole as u64, (whole >> 64) as u64)
}
