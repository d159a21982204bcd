//! Protobuf's wire format, as far as OTLP needs it: [encoding](https://protobuf.dev/programming-guides/encoding/).

/// Bytes that `value` takes as a varint: 1 to 10.
#[inline(always)]
pub const fn varint_len(value: u64) -> usize {
    // 9/64 approximates 1/7 exactly for all bit lengths up to 64.
    ((64 - (value | 1).leading_zeros()) as usize * 9 + 64) / 64
}

/// Writes `value` as a varint at the start of `out`; `None` where it does not fit.
#[inline]
pub fn put_varint(out: &mut [u8], mut value: u64) -> Option<usize> {
    let len = varint_len(value);
    let out = out.get_mut(..len)?;
    let (last, rest) = out.split_last_mut()?;
    for byte in rest {
        *byte = value as u8 | 0x80;
        value >>= 7;
    }
    *last = value as u8;
    Some(len)
}

/// The varint of a value of at most 56 bits in `len` bytes, the first one lowest; what lies behind them is zero. Without a branch: how long
/// numbers are cannot be foretold.
#[inline(always)]
pub(crate) const fn spread(value: u64, len: usize) -> u64 {
    let halves = (value & 0x0fff_ffff) | (value & 0x00ff_ffff_f000_0000) << 4;
    let quarters = (halves & 0x0000_3fff_0000_3fff) | (halves & 0x0fff_c000_0fff_c000) << 2;
    let bytes = (quarters & 0x007f_007f_007f_007f) | (quarters & 0x3f80_3f80_3f80_3f80) << 1;
    bytes | (0x8080_8080_8080_8080 & ((1 << (8 * (len - 1))) - 1))
}

/// Appends `value` as a varint.
pub fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a length-delimited field.
pub fn push_field(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    push_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends `KeyValue { key, value: string }` as field `tag`.
pub fn push_string_attribute(out: &mut Vec<u8>, tag: u8, key: &[u8], value: &[u8]) {
    out.push(tag);
    push_varint(out, crate::Key::kv_len(key.len(), value.len()) as u64);
    push_field(out, 0x0a, key);
    out.push(0x12);
    push_varint(out, (1 + varint_len(value.len() as u64) + value.len()) as u64);
    push_field(out, 0x0a, value);
}

/// Reads the varint at the start of `bytes`: its value and length. `None` where it is cut or over 64 bits.
#[inline(always)]
pub fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    match *bytes {
        [a, ..] if a < 0x80 => Some((u64::from(a), 1)),
        [a, b, ..] if b < 0x80 => Some((u64::from(a & 0x7f) | u64::from(b) << 7, 2)),
        _ => long_varint(bytes),
    }
}

fn long_varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (i, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            // The tenth byte may hold only the one bit that is left of 64.
            return (i < 9 || byte <= 1).then_some((value, i + 1));
        }
    }
    None
}

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1.
    Fixed64(u64),
    /// Wire type 2.
    Len(&'a [u8]),
    /// Wire type 5.
    Fixed32(u32),
}

/// Walks the fields of one message without building anything; groups (wire types 3 and 4) are errors,
/// as OTLP never had them.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    bytes: &'a [u8],
    pos: usize,
}

/// The message is cut, or a field of it is not protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Where in the message, in bytes.
    pub at: usize,
}

impl<'a> Fields<'a> {
    /// The fields of `message`.
    #[inline(always)]
    pub fn new(message: &'a [u8]) -> Self {
        Self { bytes: message, pos: 0 }
    }

    /// Where the next field begins, in bytes from the start of the message.
    #[inline(always)]
    pub fn position(&self) -> usize {
        self.pos
    }

    /// Goes on at `position`, where a field begins or the message ends.
    #[inline(always)]
    pub(crate) fn go_to(&mut self, position: usize) {
        self.pos = position;
    }

    /// The next field, where it is length-delimited and its tag and its length take a byte each, as most do; else nothing is passed over.
    #[inline(always)]
    pub(crate) fn short(&mut self) -> Option<(u8, &'a [u8])> {
        let [tag, len @ 0..0x80, rest @ ..] = self.bytes.get(self.pos..)? else { return None };
        if tag & 0x87 != 2 || *tag == 2 {
            return None;
        }
        let content = rest.get(..usize::from(*len))?;
        self.pos += 2 + content.len();
        Some((*tag, content))
    }

    #[inline(always)]
    fn read(&mut self) -> Result<(u32, Value<'a>), Malformed> {
        let at = self.pos;
        let bad = Malformed { at };
        let (tag, n) = varint(self.bytes.get(at..).unwrap_or_default()).ok_or(bad)?;
        let rest = self.bytes.get(at + n..).ok_or(bad)?;
        let field = u32::try_from(tag >> 3).map_err(|_| bad)?;
        if field == 0 || field > 0x1fff_ffff {
            return Err(bad);
        }
        let (value, used) = match tag & 7 {
            0 => varint(rest).map(|(v, n)| (Value::Varint(v), n)),
            1 => rest.first_chunk().map(|b| (Value::Fixed64(u64::from_le_bytes(*b)), 8)),
            2 => varint(rest).and_then(|(len, n)| {
                let end = n.checked_add(usize::try_from(len).ok()?)?;
                Some((Value::Len(rest.get(n..end)?), end))
            }),
            5 => rest.first_chunk().map(|b| (Value::Fixed32(u32::from_le_bytes(*b)), 4)),
            _ => None,
        }
        .ok_or(bad)?;
        self.pos = at + n + used;
        Ok((field, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), Malformed>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.pos >= self.bytes.len() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            self.pos = self.bytes.len(); // nothing after a malformed field has a known place
        }
        Some(read)
    }
}

/// The string or bytes that field `number` of `message` has: the last where it stands twice, empty where it does not stand.
pub fn text_field(message: &[u8], number: u32) -> &[u8] {
    let texts = Fields::new(message).flatten().filter_map(|field| match field {
        (field, Value::Len(text)) if field == number => Some(text),
        _ => None,
    });
    texts.last().unwrap_or_default()
}

/// The same of a number.
pub fn number_field(message: &[u8], number: u32) -> u64 {
    let numbers = Fields::new(message).flatten().filter_map(|field| match field {
        (field, Value::Varint(value)) if field == number => Some(value),
        _ => None,
    });
    numbers.last().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn varints_come_back(value: u64, shift in 0u32..64) {
            let value = value >> shift;
            let mut pushed = Vec::new();
            push_varint(&mut pushed, value);
            let mut put = [0; 10];
            let len = put_varint(&mut put, value).unwrap();
            prop_assert_eq!(&put[..len], &pushed[..]);
            prop_assert_eq!(len, varint_len(value));
            prop_assert_eq!(varint(&pushed), Some((value, len)));
            if len <= 8 {
                let mut expected = [0; 8];
                expected[..len].copy_from_slice(&pushed);
                prop_assert_eq!(spread(value, len).to_le_bytes(), expected);
            }
            prop_assert_eq!(varint(&pushed[..len - 1]), None);
        }

        #[test]
        fn fields_never_panic(bytes: Vec<u8>) {
            let _ = Fields::new(&bytes).count();
        }

        /// What is short is what is read anyhow.
        #[test]
        fn short_fields_are_fields(bytes in proptest::collection::vec(prop_oneof![Just(0x0au8), Just(0x32), Just(2), 0u8..9, any::<u8>()], 0..40)) {
            let mut fields = Fields::new(&bytes);
            loop {
                let before = fields.clone();
                let short = fields.clone().short().map(|(tag, content)| Ok((u32::from(tag >> 3), Value::Len(content))));
                let Some(read) = fields.next() else {
                    prop_assert_eq!(short, None);
                    break;
                };
                if let Some(short) = short {
                    prop_assert_eq!(&short, &read);
                    let mut passed = before;
                    passed.short();
                    prop_assert_eq!(passed.position(), fields.position());
                } else if let Ok((field, Value::Len(content))) = read {
                    prop_assert!(field > 15 || content.len() > 127 || fields.position() - before.position() != 2 + content.len());
                }
            }
        }
    }

    #[test]
    fn lengths_at_the_edges() {
        for bits in 0..64 {
            for value in [(1u64 << bits) - 1, 1 << bits, u64::MAX] {
                let mut pushed = Vec::new();
                push_varint(&mut pushed, value);
                assert_eq!(varint_len(value), pushed.len(), "{value}");
            }
        }
        assert_eq!(varint(&[0xff; 10]), None);
        assert_eq!(varint(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]), None);
    }
}
