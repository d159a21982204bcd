//! `key=value` pairs, as [go-logfmt](https://pkg.go.dev/github.com/go-logfmt/logfmt) reads them, and what others write besides.

use logloom_record::{RejectReason, Text};
use wide::u8x16;

use super::{Field, Fields, Kind, Place, Table};
use crate::{
    json::{Seen, TENS, hash},
    swar,
};

impl Fields {
    /// Gathers the pairs of a line; how many keys had a value.
    ///
    /// A key ends at `=`, at a blank or the line's end, where it has no value and is null; `key=` is empty text. An unquoted value ends at
    /// a blank and may hold anything else. A key may stand in quotes; a value without a key is the message. A whole number, a decimal of at most 15 digits that it is spelled as, `true` and `false`
    /// are typed when they stand without quotes.
    #[inline(always)]
    pub(crate) fn gather_pairs(&mut self, table: &impl Table, line: Text<'_>) -> Result<usize, RejectReason> {
        let bytes = line.bytes();
        let mut seen = Seen::default();
        let (mut at, mut pairs) = (0, 0);
        loop {
            while bytes.get(at).is_some_and(|byte| *byte <= b' ') {
                at += 1;
            }
            if at >= bytes.len() {
                return Ok(pairs);
            }
            let end = key_end(line, at);
            let key = line.slice(at..end);
            if key.is_empty() {
                let is_key = bytes.get(at) == Some(&b'"');
                at = self.unusual_pair(table, &mut seen, line, at)?;
                pairs += usize::from(is_key);
                continue;
            }
            let hash = hash(key);
            let Some(field) = self.room() else { return Ok(pairs) };
            *field = Field::new(at, key.len(), table.find(hash, key));
            at = end;
            match bytes.get(end) {
                Some(b'=') => {
                    at = field.pair(line, end + 1)?;
                    pairs += 1;
                }
                Some(b'"') => return Err(RejectReason::syntax("a key has no quotes", end)),
                _ => {}
            }
            self.keep(line, &mut seen, hash);
        }
    }

    /// A pair that begins with no plain key: with one in quotes, or with the `=`. Where it ends.
    #[cold]
    #[inline(never)]
    fn unusual_pair(&mut self, table: &impl Table, seen: &mut Seen, line: Text<'_>, at: usize) -> Result<usize, RejectReason> {
        let mut field;
        let (key, equals) = if line.bytes().get(at) == Some(&b'"') {
            let (end, has_escapes) = quoted_end(line, at + 1)?;
            if has_escapes || end == at + 1 || line.bytes().get(end + 1) != Some(&b'=') {
                return Err(RejectReason::syntax("expected a key", at));
            }
            let key = line.slice(at + 1..end);
            field = Field::new(at + 1, key.len(), table.find(hash(key), key));
            (key, end + 1)
        } else if line.bytes().get(at) == Some(&b'=') {
            let key = Text::from("_msg");
            field = Field::new(self.names.len(), key.len(), table.find(hash(key), key));
            field.place = Place::Names;
            self.names.put(key);
            (key, at)
        } else {
            return Err(RejectReason::syntax("expected a key", at));
        };
        let next = field.pair(line, equals + 1)?;
        self.push(line, seen, hash(key), field);
        Ok(next)
    }

    /// Gathers pairs between which `between` stands, each a key, `equals` and a value, which may stand in quotes; how many there are.
    /// Blanks around keys and values are no part of them.
    pub(crate) fn gather_separated(
        &mut self,
        table: &impl Table,
        line: Text<'_>,
        between: &[u8],
        equals: &[u8],
    ) -> Result<usize, RejectReason> {
        let bytes = line.bytes();
        let mut seen = Seen::default();
        let (mut at, mut pairs) = (0, 0);
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let blank = rest.iter().take_while(|byte| **byte <= b' ' && !between.contains(byte)).count();
            if blank > 0 || rest.starts_with(between) {
                at += blank.max(if blank == 0 { between.len() } else { 0 });
                continue;
            }
            let until = crate::scan::find_bytes(rest, between).unwrap_or(rest.len());
            let Some(key_len) = crate::scan::find_bytes(rest.get(..until).unwrap_or_default(), equals).filter(|len| *len > 0) else {
                // Words without a value say nothing by themselves.
                at += until;
                continue;
            };
            let key = line.slice(at..at + rest.get(..key_len).unwrap_or_default().trim_ascii_end().len());
            let mut field = Field::new(at, key.len(), table.find(hash(key), key));
            at += key_len + equals.len();
            let rest = bytes.get(at..).unwrap_or_default();
            at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t') && !between.contains(byte)).count();
            if bytes.get(at) == Some(&b'"') {
                let (end, has_escapes) = quoted_end(line, at + 1)?;
                field.place(at + 1, end, if has_escapes { Kind::Escaped } else { Kind::Text });
                at = end + 1;
            } else {
                let rest = bytes.get(at..).unwrap_or_default();
                let len = crate::scan::find_bytes(rest, between).unwrap_or(rest.len());
                field.typed(line, at, at + rest.get(..len).unwrap_or_default().trim_ascii_end().len());
                at += len;
            }
            pairs += 1;
            self.push(line, &mut seen, hash(key), field);
        }
        Ok(pairs)
    }
}

impl Field {
    /// Reads the value that begins at `start`; where it ends.
    #[inline(always)]
    fn pair(&mut self, line: Text<'_>, start: usize) -> Result<usize, RejectReason> {
        let bytes = line.bytes();
        if bytes.get(start) == Some(&b'"') {
            let (end, has_escapes) = quoted_end(line, start + 1)?;
            self.place(start + 1, end, if has_escapes { Kind::Escaped } else { Kind::Text });
            return match bytes.get(end + 1) {
                Some(byte) if *byte > b' ' => Err(RejectReason::syntax("expected a blank after the quoted value", end + 1)),
                _ => Ok(end + 1),
            };
        }
        let end = value_end(line, start);
        self.typed(line, start, end);
        Ok(end)
    }

    /// Takes in a text without quotes; a number or truth value is typed where it can be written back as it stood.
    #[inline(always)]
    pub(super) fn typed(&mut self, line: Text<'_>, start: usize, end: usize) {
        self.place(start, end, Kind::Text);
        let value = line.bytes().get(start..end).unwrap_or_default();
        match value {
            [b'0'..=b'9', ..] if value.len() <= 8 && self.small(line.slice(start..end)) => {}
            [b'-' | b'0'..=b'9', ..] if value.len() <= 20 => self.number(value),
            b"true" => self.scalar_of(Kind::Bool, 1),
            b"false" => self.scalar_of(Kind::Bool, 0),
            _ => {}
        }
    }

    #[inline(always)]
    pub(super) fn place(&mut self, start: usize, end: usize, kind: Kind) {
        (self.at, self.len, self.kind) = (start as u32, (end - start) as u32, kind);
    }

    pub(super) fn scalar_of(&mut self, kind: Kind, bits: u64) {
        (self.kind, self.number) = (kind, bits);
    }

    /// Types a whole number of up to eight digits; false where it is something else, or has zeros before it.
    #[inline(always)]
    fn small(&mut self, value: Text<'_>) -> bool {
        let Some(chunk) = value.tail().first_chunk::<8>() else { return false };
        let (number, digits) = swar::leading(swar::load(chunk));
        let is_whole = digits >= value.len() && (chunk[0] != b'0' || value.len() == 1);
        if is_whole {
            // What follows the value may be digits, too.
            let number = if digits == value.len() { number } else { swar::leading(swar::load(chunk) & ((1 << (value.len() * 8)) - 1)).0 };
            self.scalar_of(Kind::Int, u64::from(number));
        }
        is_whole
    }

    /// Types a number where its text can be written back from it: versions, ids with leading zeros and the like stay text.
    fn number(&mut self, value: &[u8]) {
        let digits = value.strip_prefix(b"-").unwrap_or(value);
        let negative = digits.len() < value.len();
        let (mut number, mut whole) = (0u64, 0);
        while let Some(digit) = digits.get(whole).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
            whole += 1;
        }
        if whole == 0 || (whole > 1 && digits.first() == Some(&b'0')) {
            return;
        }
        match digits.get(whole..) {
            // Every number of 18 digits fits.
            Some([]) if whole <= 18 && !(negative && number == 0) => {
                self.scalar_of(Kind::Int, if negative { number.wrapping_neg() } else { number });
            }
            Some([]) if whole <= 18 => {}
            Some([]) => {
                if let Some(value) = std::str::from_utf8(value).ok().and_then(|text| text.parse::<i64>().ok()) {
                    self.scalar_of(Kind::Int, value as u64);
                }
            }
            Some([b'.', decimals @ .., last @ b'1'..=b'9']) if decimals.iter().all(u8::is_ascii_digit) && whole + decimals.len() < 15 => {
                let all = decimals.iter().chain([last]).fold(number, |all, digit| all * 10 + u64::from(digit - b'0'));
                // At most fifteen digits: both factors are exact, so that the quotient is the nearest double.
                let Some(ten) = TENS.get(decimals.len() + 1) else { return };
                let magnitude = all as f64 / ten;
                self.scalar_of(Kind::Double, (if negative { -magnitude } else { magnitude }).to_bits());
            }
            _ => {}
        }
    }
}

/// Where the key ends that begins at `at`: at a blank or control character, `=` or a quote.
#[inline(always)]
fn key_end(line: Text<'_>, at: usize) -> usize {
    find(line, at, |bytes| {
        let blank = bytes.min(u8x16::splat(b' ')).simd_eq(bytes);
        (blank | bytes.simd_eq(u8x16::splat(b'=')) | bytes.simd_eq(u8x16::splat(b'"'))).to_bitmask()
    })
}

/// Where the unquoted value ends that begins at `at`: at a blank or control character.
#[inline(always)]
fn value_end(line: Text<'_>, at: usize) -> usize {
    find(line, at, |bytes| bytes.min(u8x16::splat(b' ')).simd_eq(bytes).to_bitmask())
}

/// Where the closing quote stands, and whether a backslash stands before it.
#[inline(always)]
fn quoted_end(line: Text<'_>, start: usize) -> Result<(usize, bool), RejectReason> {
    let mut at = start;
    let mut has_escapes = false;
    loop {
        let mark = |bytes: u8x16| (bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\'))).to_bitmask();
        at = find(line, at, mark);
        match line.bytes().get(at) {
            Some(b'"') => return Ok((at, has_escapes)),
            Some(_) => {
                has_escapes = true;
                at += 2;
            }
            None => return Err(RejectReason::truncated("the quoted value has no end", line.len())),
        }
    }
}

/// The first byte from `at` on that `mask` marks; the line's length where there is none.
#[inline(always)]
fn find(line: Text<'_>, mut at: usize, mask: impl Fn(u8x16) -> u32) -> usize {
    while at < line.len() {
        let rest = line.tail().get(at..).unwrap_or_default();
        let block = rest.first_chunk().copied().unwrap_or_else(|| {
            let mut block = [0; 16];
            block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            block
        });
        let found = mask(u8x16::from(block));
        if found != 0 {
            return (at + found.trailing_zeros() as usize).min(line.len());
        }
        at += 16;
    }
    line.len()
}

/// Appends a quoted value with its escapes resolved: those of JSON and of Go. What is no escape stays as it is; `\xNN` of half a
/// character, which Go writes for bytes that are not UTF-8, becomes U+FFFD.
pub(crate) fn unescape_pair(text: Text<'_>, out: &mut Vec<u8>) {
    let mut rest = text.bytes();
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let used = unescape_one(rest, out);
        rest = rest.get(used..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// Resolves the escape at the start of `rest`; its length.
fn unescape_one(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let plain = match rest.get(1) {
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'a') => 0x07,
        Some(b'b') => 0x08,
        Some(b'v') => 0x0b,
        Some(b'f') => 0x0c,
        Some(byte @ (b'"' | b'\\' | b'/' | b'\'')) => *byte,
        Some(b'x') => return unescape_code(rest, 2, out),
        Some(b'u') => return unescape_code(rest, 4, out),
        Some(b'U') => return unescape_code(rest, 8, out),
        _ => {
            out.push(b'\\');
            return 1;
        }
    };
    out.push(plain);
    2
}

/// Resolves `\xNN`, `\uNNNN`, also two of them for one character, and `\UNNNNNNNN`.
fn unescape_code(rest: &[u8], digits: usize, out: &mut Vec<u8>) -> usize {
    let code = |from: usize| {
        let text = rest.get(from..from + digits).filter(|text| text.iter().all(u8::is_ascii_hexdigit))?;
        u32::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()
    };
    let Some(mut value) = code(2) else {
        out.push(b'\\');
        return 1;
    };
    let mut used = 2 + digits;
    if (0xd800..0xdc00).contains(&value)
        && rest.get(used..used + 2) == Some(b"\\u")
        && let Some(low) = code(used + 2).filter(|low| (0xdc00..0xe000).contains(low))
    {
        value = 0x1_0000 + ((value - 0xd800) << 10) + (low - 0xdc00);
        used *= 2;
    }
    let half = digits == 2 && value >= 0x80;
    let character = char::from_u32(value).filter(|_| !half).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    used
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unescaped(text: &str) -> String {
        let mut out = Vec::new();
        unescape_pair(Text::from(text), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn escapes_of_json_and_of_go() {
        for (text, value) in [
            (r#"a\"b\\c\/d\'e"#, "a\"b\\c/d'e"),
            (r"\n\t\r\a\b\v\f", "\n\t\r\x07\x08\x0b\x0c"),
            (r"\u00e4\ud83d\ude00\U0001F600\x41", "ä😀😀A"),
            (r"\xe4\ud83d\U00110000", "\u{fffd}\u{fffd}\u{fffd}"),
            (r"C:\dir\x4\u12\", r"C:\dir\x4\u12\"),
            (r"\ud83d\u0041", "\u{fffd}A"),
        ] {
            assert_eq!(unescaped(text), value, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_rust_escapes_comes_back(text: String) {
            let escaped: String = text.chars().map(|c| match c {
                '"' | '\\' => format!("\\{c}"),
                c if c.is_ascii_control() => format!("\\x{:02x}", c as u32),
                c if (c as u32) > 0xffff => format!("\\U{:08x}", c as u32),
                c => c.to_string(),
            }).collect();
            prop_assert_eq!(unescaped(&escaped), text);
        }

        #[test]
        fn numbers_are_typed_only_where_nothing_is_lost(text in "-?[0-9]{0,9}(\\.[0-9]{0,9})?|-?[0-9]{15,20}") {
            let mut field = Field::new(0, 0, None);
            field.number(text.as_bytes());
            match field.kind {
                Kind::Int => prop_assert_eq!((field.number as i64).to_string(), text),
                Kind::Double => prop_assert_eq!(f64::from_bits(field.number).to_string(), text),
                _ => {
                    let whole = text.strip_prefix('-').unwrap_or(&text);
                    let canonical = text.parse::<i64>().is_ok_and(|value| value.to_string() == text);
                    prop_assert!(!canonical || whole.is_empty(), "{} is an integer", text);
                }
            }
        }
    }
}
