//! `MessagePack` as JSON text, so that what is known of the keys of logs is known once; most records of Fluent Forward are read without it
//! (`fields/packed.rs`).

use logloom_record::{
    lossy,
    msgpack::{Bad, Head},
};

/// What is wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(crate) what: &'static str,
    pub(crate) at: usize,
}

/// Reads values one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'b> {
    bytes: &'b [u8],
    pub(crate) at: usize,
}

impl<'b> Reader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self::from(bytes, 0)
    }

    /// From `at` on.
    pub(crate) fn from(bytes: &'b [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The next head.
    #[inline]
    pub(crate) fn head(&mut self) -> Result<Head, Damage> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (head, len) = Head::read(rest).map_err(|bad| Damage {
            what: if bad == Bad::Cut { "the message is cut" } else { "the byte 0xc1 begins no value of MessagePack" },
            at: self.at,
        })?;
        self.at += len;
        Ok(head)
    }

    /// The bytes that follow a head.
    #[inline]
    pub(crate) fn body(&mut self, head: Head) -> Result<&'b [u8], Damage> {
        let body = self.at.checked_add(head.body_len()).and_then(|end| self.bytes.get(self.at..end));
        let body = body.ok_or(Damage { what: "the message is cut", at: self.at })?;
        self.at += body.len();
        Ok(body)
    }

    /// A string, or the bytes of one.
    pub(crate) fn text(&mut self) -> Result<Option<&'b [u8]>, Damage> {
        let head = self.head()?;
        if let Head::Str(_) | Head::Bin(_) = head {
            return self.body(head).map(Some);
        }
        self.rest_of(head)?;
        Ok(None)
    }

    /// Passes over the next value.
    pub(crate) fn pass(&mut self) -> Result<(), Damage> {
        let head = self.head()?;
        self.rest_of(head)
    }

    /// Passes over what is left of a value whose head was read.
    pub(crate) fn rest_of(&mut self, head: Head) -> Result<(), Damage> {
        self.body(head)?;
        let mut left = head.values();
        while left > 0 {
            let head = self.head()?;
            self.body(head)?;
            left = left - 1 + head.values();
        }
        Ok(())
    }

    /// Appends the next value as JSON; maps and arrays lie at most `depth_left` deep in each other.
    pub(crate) fn value(&mut self, depth_left: u32, out: &mut Vec<u8>) -> Result<(), Damage> {
        let at = self.at;
        let head = self.head()?;
        match head {
            Head::Nil => out.extend_from_slice(b"null"),
            Head::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            Head::Int(value) => {
                if value < 0 {
                    out.push(b'-');
                }
                digits(value.unsigned_abs(), out);
            }
            Head::Uint(value) => digits(value, out),
            // JSON has neither.
            Head::Float(value) if !value.is_finite() => string(itoa(value).as_bytes(), out),
            Head::Float(value) => {
                let text = itoa(value);
                out.extend_from_slice(text.as_bytes());
                if !text.contains(['.', 'e']) {
                    out.extend_from_slice(b".0");
                }
            }
            Head::Str(_) | Head::Bin(_) => string(self.body(head)?, out),
            Head::Ext(kind, _) => {
                let body = self.body(head)?;
                match event_time(kind, body) {
                    Some(nanos) => out.extend_from_slice(itoa(nanos).as_bytes()),
                    None => hex(body, out),
                }
            }
            Head::Array(len) => {
                let deeper = depth_left.checked_sub(1).ok_or(Damage { what: "values lie too deep in each other", at })?;
                out.push(b'[');
                for i in 0..len {
                    if i > 0 {
                        out.push(b',');
                    }
                    self.value(deeper, out)?;
                }
                out.push(b']');
            }
            Head::Map(len) => {
                let deeper = depth_left.checked_sub(1).ok_or(Damage { what: "values lie too deep in each other", at })?;
                out.push(b'{');
                self.pairs(len, deeper, out)?;
                out.push(b'}');
            }
        }
        Ok(())
    }

    /// Appends the next `len` pairs as the members of an object, without its braces.
    pub(crate) fn pairs(&mut self, len: u32, depth_left: u32, out: &mut Vec<u8>) -> Result<(), Damage> {
        for i in 0..len {
            if i > 0 {
                out.push(b',');
            }
            let key = self.key(depth_left, out)?;
            out.push(b':');
            self.named(key, depth_left, out)?;
        }
        Ok(())
    }

    /// The value of a key: the bytes of ids are written as everybody writes ids.
    pub(crate) fn named(&mut self, key: &[u8], depth_left: u32, out: &mut Vec<u8>) -> Result<(), Damage> {
        let before = *self;
        if let (b"trace_id" | b"span_id", head @ Head::Bin(8 | 16)) = (key, self.head()?) {
            hex(self.body(head)?, out);
            return Ok(());
        }
        *self = before;
        self.value(depth_left, out)
    }

    /// A key: what is no string is written as one.
    fn key(&mut self, depth_left: u32, out: &mut Vec<u8>) -> Result<&'b [u8], Damage> {
        let before = *self;
        if let Some(key) = self.text()? {
            string(key, out);
            return Ok(key);
        }
        *self = before;
        let mut text = Vec::new();
        self.value(depth_left, &mut text)?;
        string(&text, out);
        Ok(&[])
    }
}

fn itoa(value: impl std::fmt::Display) -> String {
    value.to_string()
}

/// A whole number: most values of logs that are no text.
pub(crate) fn digits(mut value: u64, out: &mut Vec<u8>) {
    let (mut text, mut at) = ([0_u8; 20], 20);
    loop {
        at -= 1;
        text[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Whether nothing in these bytes must be escaped or repaired: printable ASCII without quote and backslash, eight bytes at a time.
fn is_plain(bytes: &[u8]) -> bool {
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let (chunks, rest) = bytes.as_chunks::<8>();
    let found = chunks.iter().fold(0, |found, chunk| {
        let word = u64::from_le_bytes(*chunk);
        // Below 0x20, above 0x7f; `"`; `\`.
        found | (word.wrapping_sub(ONES * 0x20) & HIGH) | (word & HIGH) | has_zero(word ^ (ONES * 0x22)) | has_zero(word ^ (ONES * 0x5c))
    });
    found == 0 && rest.iter().all(|byte| (0x20..0x80).contains(byte) && *byte != b'"' && *byte != b'\\')
}

/// Whether a string of JSON has these bytes as they are: UTF-8 in which nothing must be escaped.
#[inline]
pub(crate) fn is_verbatim(bytes: &[u8]) -> bool {
    let is_escaped = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
    is_plain(bytes) || (simdutf8::basic::from_utf8(bytes).is_ok() && !bytes.iter().any(is_escaped))
}

/// Fluentd's `EventTime`, in nanoseconds since the epoch: an extension of type 0 with seconds and nanoseconds.
pub(crate) fn event_time(kind: i8, body: &[u8]) -> Option<i64> {
    let (seconds, nanos) = (body.first_chunk::<4>()?, body.get(4..8)?.first_chunk::<4>()?);
    // Fluent Bit's groups have -1 and -2 here; no log is from after 2106, nor from before 1970.
    let seconds = u32::from_be_bytes(*seconds);
    let seconds = if seconds >= u32::MAX - 1 { i64::from(seconds as i32) } else { i64::from(seconds) };
    (kind == 0 && body.len() == 8).then(|| seconds * 1_000_000_000 + i64::from(u32::from_be_bytes(*nanos)))
}

fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
    out.push(b'"');
}

/// A string of JSON; what is no UTF-8 is repaired.
pub(crate) fn string(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    if is_plain(bytes) {
        out.extend_from_slice(bytes);
        out.push(b'"');
        return;
    }
    let text = lossy(bytes);
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(text.as_bytes().get(plain..at).unwrap_or_default());
        plain = at + 1;
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            _ => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(text.as_bytes().get(plain..).unwrap_or_default());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_string_is_read_back_by_another_implementation(bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40),
            "[ -~]{0,40}".prop_map(String::into_bytes),
            r#"[a-z"\\\x00-\x20\x7f]{0,40}"#.prop_map(String::into_bytes),
        ]) {
            let mut out = Vec::new();
            string(&bytes, &mut out);
            let read: String = serde_json::from_slice(&out).expect("JSON");
            prop_assert_eq!(read, lossy(&bytes).into_owned());
        }

        #[test]
        fn whole_numbers_are_written_as_they_are(value in any::<u64>(), shift in 0_u32..64) {
            let mut out = Vec::new();
            digits(value >> shift, &mut out);
            prop_assert_eq!(out, (value >> shift).to_string().into_bytes());
        }
    }
}
