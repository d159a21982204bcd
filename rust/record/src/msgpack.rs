//! `MessagePack`'s heads, as far as reading and passing over needs them: [the specification](https://github.com/msgpack/msgpack/blob/master/spec.md).

/// What a value is. Of strings, bytes and extensions only the length is told: their bytes follow the head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Head {
    /// `nil`.
    Nil,
    /// A boolean.
    Bool(bool),
    /// A negative integer.
    Int(i64),
    /// An integer from 0 on.
    Uint(u64),
    /// A float of 32 or 64 bits.
    Float(f64),
    /// A string: its length in bytes. Old writers put bytes here, too.
    Str(u32),
    /// Bytes: their number.
    Bin(u32),
    /// An array: how many values follow.
    Array(u32),
    /// A map: how many pairs of values follow.
    Map(u32),
    /// An extension: its type, and how many bytes follow.
    Ext(i8, u32),
}

/// What is wrong with the bytes at some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// More bytes are needed.
    Cut,
    /// The byte 0xc1, which begins nothing.
    NoValue,
}

impl Head {
    /// The head at the start of `bytes`, and its length.
    #[inline]
    pub fn read(bytes: &[u8]) -> Result<(Self, usize), Bad> {
        let (&first, rest) = bytes.split_first().ok_or(Bad::Cut)?;
        let head = match first {
            0x00..=0x7f => (Self::Uint(u64::from(first)), 1),
            0x80..=0x8f => (Self::Map(u32::from(first & 15)), 1),
            0x90..=0x9f => (Self::Array(u32::from(first & 15)), 1),
            0xa0..=0xbf => (Self::Str(u32::from(first & 31)), 1),
            0xc0 => (Self::Nil, 1),
            0xc1 => return Err(Bad::NoValue),
            0xc2 => (Self::Bool(false), 1),
            0xc3 => (Self::Bool(true), 1),
            0xc4 => (Self::Bin(u32::from(u8::from_be_bytes(number(rest)?))), 2),
            0xc5 => (Self::Bin(u32::from(u16::from_be_bytes(number(rest)?))), 3),
            0xc6 => (Self::Bin(u32::from_be_bytes(number(rest)?)), 5),
            0xc7 => (Self::Ext(kind(rest, 1)?, u32::from(u8::from_be_bytes(number(rest)?))), 3),
            0xc8 => (Self::Ext(kind(rest, 2)?, u32::from(u16::from_be_bytes(number(rest)?))), 4),
            0xc9 => (Self::Ext(kind(rest, 4)?, u32::from_be_bytes(number(rest)?)), 6),
            0xca => (Self::Float(f64::from(f32::from_be_bytes(number(rest)?))), 5),
            0xcb => (Self::Float(f64::from_be_bytes(number(rest)?)), 9),
            0xcc => (Self::Uint(u64::from(u8::from_be_bytes(number(rest)?))), 2),
            0xcd => (Self::Uint(u64::from(u16::from_be_bytes(number(rest)?))), 3),
            0xce => (Self::Uint(u64::from(u32::from_be_bytes(number(rest)?))), 5),
            0xcf => (Self::Uint(u64::from_be_bytes(number(rest)?)), 9),
            0xd0 => (signed(i64::from(i8::from_be_bytes(number(rest)?))), 2),
            0xd1 => (signed(i64::from(i16::from_be_bytes(number(rest)?))), 3),
            0xd2 => (signed(i64::from(i32::from_be_bytes(number(rest)?))), 5),
            0xd3 => (signed(i64::from_be_bytes(number(rest)?)), 9),
            0xd4..=0xd8 => (Self::Ext(kind(rest, 0)?, 1 << (first - 0xd4)), 2),
            0xd9 => (Self::Str(u32::from(u8::from_be_bytes(number(rest)?))), 2),
            0xda => (Self::Str(u32::from(u16::from_be_bytes(number(rest)?))), 3),
            0xdb => (Self::Str(u32::from_be_bytes(number(rest)?)), 5),
            0xdc => (Self::Array(u32::from(u16::from_be_bytes(number(rest)?))), 3),
            0xdd => (Self::Array(u32::from_be_bytes(number(rest)?)), 5),
            0xde => (Self::Map(u32::from(u16::from_be_bytes(number(rest)?))), 3),
            0xdf => (Self::Map(u32::from_be_bytes(number(rest)?)), 5),
            0xe0..=0xff => (Self::Int(i64::from(first as i8)), 1),
        };
        Ok(head)
    }

    /// How many bytes of its own follow the head.
    #[inline]
    pub fn body_len(self) -> usize {
        match self {
            Self::Str(len) | Self::Bin(len) | Self::Ext(_, len) => len as usize,
            _ => 0,
        }
    }

    /// How many values follow that it holds.
    #[inline]
    pub fn values(self) -> u64 {
        match self {
            Self::Array(len) => u64::from(len),
            Self::Map(len) => 2 * u64::from(len),
            _ => 0,
        }
    }
}

fn signed(value: i64) -> Head {
    u64::try_from(value).map_or(Head::Int(value), Head::Uint)
}

fn number<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Bad> {
    bytes.first_chunk().copied().ok_or(Bad::Cut)
}

fn kind(bytes: &[u8], at: usize) -> Result<i8, Bad> {
    bytes.get(at).map(|byte| *byte as i8).ok_or(Bad::Cut)
}

/// Passes over one value, which may come piece by piece; it holds on to nothing but where it is.
#[derive(Clone, Debug, Default)]
pub struct Skipper {
    /// Where the next head stands, from the value's start.
    at: u64,
    /// How many values each open array or map still needs, the outermost first.
    open: Vec<u64>,
    begun: bool,
}

/// Why a value is not passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipError {
    /// Arrays and maps lie deeper in each other than the bound.
    Deep,
    /// The byte 0xc1 stands here.
    NoValue,
    /// It is said to be longer than the bound.
    Long,
}

impl Skipper {
    /// The length of the value that `bytes` begin with, of which each call may bring more; `None` where it does not end in them.
    pub fn skip(&mut self, bytes: &[u8], depth_max: usize, bytes_max: u64) -> Result<Option<usize>, SkipError> {
        loop {
            if self.at > bytes_max {
                return Err(SkipError::Long);
            }
            if self.begun && self.open.is_empty() {
                return Ok(usize::try_from(self.at).ok().filter(|at| *at <= bytes.len()));
            }
            let rest = usize::try_from(self.at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
            let (head, len) = match Head::read(rest) {
                Ok(read) => read,
                Err(Bad::Cut) => return Ok(None),
                Err(Bad::NoValue) => return Err(SkipError::NoValue),
            };
            self.begun = true;
            self.at += (len + head.body_len()) as u64;
            if let Some(left) = self.open.last_mut() {
                *left -= 1;
            }
            // Each value has a byte at least: what says that it holds more of them than may come is refused before they do.
            if head.values() > bytes_max {
                return Err(SkipError::Long);
            }
            if head.values() > 0 {
                if self.open.len() >= depth_max {
                    return Err(SkipError::Deep);
                }
                self.open.push(head.values());
            }
            while self.open.last() == Some(&0) {
                self.open.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        for (bytes, head) in [
            (&[0x05][..], Head::Uint(5)),
            (&[0xff], Head::Int(-1)),
            (&[0xd1, 0xff, 0x38], Head::Int(-200)),
            (&[0xd3, 0, 0, 0, 0, 0, 0, 0, 9], Head::Uint(9)),
            (&[0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], Head::Float(1.5)),
            (&[0xd9, 40], Head::Str(40)),
            (&[0xc5, 1, 0], Head::Bin(256)),
            (&[0xd7, 0], Head::Ext(0, 8)),
            (&[0xc7, 12, 0xff], Head::Ext(-1, 12)),
            (&[0xde, 0, 3], Head::Map(3)),
        ] {
            assert_eq!(Head::read(bytes), Ok((head, bytes.len())));
            assert_eq!(Head::read(&bytes[..bytes.len() - 1]), Err(Bad::Cut));
        }
        assert_eq!(Head::read(&[0xc1]), Err(Bad::NoValue));
    }

    #[test]
    fn a_value_is_passed_over_also_piece_by_piece() {
        // ["t", [[1, {"a": nil}]], {}]
        let value = [0x93, 0xa1, b't', 0x91, 0x92, 0x01, 0x81, 0xa1, b'a', 0xc0, 0x80];
        let mut more = value.to_vec();
        more.push(0x90);
        assert_eq!(Skipper::default().skip(&more, 8, 100), Ok(Some(value.len())));
        let mut skipper = Skipper::default();
        for end in 0..value.len() {
            assert_eq!(skipper.skip(&value[..end], 8, 100), Ok(None), "{end}");
        }
        assert_eq!(skipper.skip(&value, 8, 100), Ok(Some(value.len())));
        assert_eq!(Skipper::default().skip(&value, 3, 100), Err(SkipError::Deep));
        assert_eq!(Skipper::default().skip(&[0xdd, 0xff, 0xff, 0xff, 0xff], 8, 1000), Err(SkipError::Long));
        assert_eq!(Skipper::default().skip(&[0xdb, 0xff, 0xff, 0xff, 0xff], 8, 1000), Err(SkipError::Long));
    }
}
